"""Rules about the damage that fwtables finds: the effects of each kind on Xen and on Linux.

``RULES`` is a table with an entry for the kinds of damage that have the same effect.
"""

from dmaragent.checks.common.damage import (
    COPY,
    REPORT,
    SHOWN,
    cut_effects,
    damage_rule,
    padding_rule,
    structure_at,
    unreadable_rule,
    within_table,
)
from dmaragent.checks.common.model import Rule, Severity
from dmaragent.checks.vtd.facts import TableFacts
from fwtables import ATSR, Damage, DamageKind, structure_name

_COPY_FROM = "The table is /sys/firmware/acpi/tables/DMAR (RMAD in a Xen dom0)."
_FIRMWARE = "Copy the table again. If it is the same, update the firmware."
_BYTES = "Report it to the vendor with the bytes shown."
_WALKS = (
    "VT-d 8.2; Xen vtd/dmar.c, acpi_parse_dmar and acpi_dmar_check_length; Linux "
    "intel/dmar.c, dmar_walk_remapping_entries and dmar_dev_scope_init"
)
_SCOPES = (
    "VT-d 8.3.1; Xen vtd/dmar.c, scope_device_count and acpi_parse_dev_scope; Linux "
    "intel/dmar.c, dmar_alloc_dev_scope and dmar_insert_dev_scope"
)
_XEN_OFF = "Xen switches VT-d off (EINVAL): no device can be passed through."
_XEN_OFF_SINCE_4_19 = (
    "Xen 4.19 and later switches VT-d off for the whole host (EINVAL). Older releases: no effect."
)
_TYPES = ("DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP")
_ALL_PORTS = "ATSR with ALL_PORTS"
_SKIPPED = ("ANDD", "SIDP")
"""Structures that no release of Xen parses."""


def _type_at(facts: TableFacts, offset: int) -> str:
    """Return the name of the structure whose length is at `offset`, two bytes after its type."""
    kind = int.from_bytes(facts.content[offset - 2 : offset], "little")
    return _TYPES[kind] if kind < len(_TYPES) else f"type {kind}"


def _structure_at(facts: TableFacts, offset: int) -> str:
    """Return the name of the structure that contains `offset`; an ATSR may have an unread scope."""
    _, structure = structure_at(facts.structures, offset)
    name = structure_name(structure)
    return _ALL_PORTS if isinstance(structure, ATSR) and structure.all_ports else name


def _comes_to_zero(facts: TableFacts, entry: int) -> bool:
    """Return whether Linux, which steps from `entry` by lengths of any size, reaches one of 0.

    A length byte beyond the structure is the next structure's; beyond the table it is unknown.
    """
    start, _ = structure_at(facts.structures, entry)
    end = start + int.from_bytes(facts.content[start + 2 : start + 4], "little")
    while entry < end and entry + 1 < len(facts.content):
        if not facts.content[entry + 1]:
            return True
        entry += facts.content[entry + 1]
    return False


def _short_structure_effects(_facts: TableFacts, damage: Damage, owner: str) -> tuple[str, str]:
    if damage.kind is DamageKind.STRUCTURE_LENGTH_ZERO:
        return "", (
            "Linux hangs at boot at this structure (seen with 6.1, with and without "
            "intel_iommu=on)."
        )
    if damage.kind is DamageKind.STRUCTURE_LENGTH_BELOW_HEADER:
        return "", "Linux continues inside the structure and reads its bytes as other structures."
    if owner in _SKIPPED:
        return f"No effect: Xen does not read {owner} structures.", ""
    return (_XEN_OFF_SINCE_4_19 if owner == "SATC" else ""), ""


def _short_scope_effects(facts: TableFacts, damage: Damage, owner: str) -> tuple[str, str]:
    if owner in (_ALL_PORTS, "SIDP"):
        none = f"No effect: the scope of an {owner} is not read."
        return none, none
    linux = ""
    if damage.kind is DamageKind.SCOPE_LENGTH_ZERO:
        linux = "Linux never gets past the entry and hangs at boot."
    elif _comes_to_zero(facts, damage.offset - 1):
        linux = (
            "Linux reads what follows the entry as entries, comes to one of length 0 and hangs at "
            "boot."
        )
    return (_XEN_OFF_SINCE_4_19 if owner == "SATC" else ""), linux


def _extra_byte_effects(facts: TableFacts, damage: Damage, owner: str) -> tuple[str, str]:
    if owner in (_ALL_PORTS, "RHSA", "SIDP"):
        return "", ""
    xen = (
        "Unknown: Xen reads the byte as a scope entry whose length is beyond the structure. A "
        "length below 8 switches VT-d off."
    )
    if _comes_to_zero(facts, damage.offset):
        return xen, (
            "Linux reads the byte as a scope entry, and the next structure's type (0) as its "
            "length: it hangs at boot."
        )
    return xen, ("Unknown: Linux reads the byte as an entry with a length from beyond it.")


RULES: tuple[Rule, ...] = (
    unreadable_rule(
        "table-unreadable",
        "DMAR",
        "VT-d",
        details=_COPY_FROM,
        source="VT-d 8.1; ACPI 6.5, 5.2.6",
    ),
    damage_rule(
        "table-length",
        Severity.CRITICAL,
        "The table's length does not match its structures",
        DamageKind.TABLE_LENGTH_TOO_SHORT,
        DamageKind.TABLE_LENGTH_TOO_LONG,
        shown=4,
        xen="Xen trusts the length: it misses structures, or reads unknown memory.",
        linux='Linux trusts it too. If it ends within a structure, Linux rejects the table ("Record '
        'passes table end") and uses no IOMMU.',
        advice=COPY,
        details=f"If the length is too short, Xen misses what comes after it. If it is too long, Xen reads "
        f"whatever follows in memory, and the effect is unknown. {_COPY_FROM}",
        source=_WALKS,
    ),
    damage_rule(
        "structure-too-short",
        Severity.CRITICAL,
        "A structure is too short for its type",
        DamageKind.STRUCTURE_LENGTH_ZERO,
        DamageKind.STRUCTURE_LENGTH_BELOW_HEADER,
        DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM,
        shown=2,
        owner=_type_at,
        effects=_short_structure_effects,
        xen=_XEN_OFF,
        linux="Linux reads the missing fields from what follows the structure.",
        advice=_FIRMWARE,
        details=_BYTES,
        source=_WALKS,
    ),
    damage_rule(
        "structure-past-end",
        Severity.CRITICAL,
        "A structure runs past the table's end",
        DamageKind.STRUCTURE_PAST_END,
        shown=2,
        owner=_type_at,
        effects=cut_effects,
        xen="Xen does not check this. It reads what follows the table as part of the structure: the "
        "effect is unknown.",
        linux='Linux rejects the table ("Record passes table end") and uses no IOMMU.',
        advice=COPY,
        details=_COPY_FROM,
        source=_WALKS,
    ),
    damage_rule(
        "scope-too-short",
        Severity.CRITICAL,
        "A device scope entry is too short to name a device",
        DamageKind.SCOPE_LENGTH_ZERO,
        DamageKind.SCOPE_LENGTH_TOO_SMALL,
        shown=1,
        owner=_structure_at,
        effects=_short_scope_effects,
        xen=_XEN_OFF,
        linux="Linux steps by the entry's length and reads what follows as entries.",
        advice=_FIRMWARE,
        details=_BYTES,
        source=_SCOPES,
    ),
    damage_rule(
        "scope-past-structure",
        Severity.ERROR,
        "A device scope entry runs past its structure",
        DamageKind.SCOPE_PAST_STRUCTURE,
        shown=1,
        owner=_structure_at,
        xen="Xen does not check this. It reads the path on into the next structure and finds some "
        "other device: which one is unknown.",
        linux="Linux does not check this either: it looks for a device at that path.",
        advice=_FIRMWARE,
        details=_BYTES,
        source=_SCOPES,
    ),
    damage_rule(
        "scope-length-odd",
        Severity.WARNING,
        "A device scope entry ends with half a step",
        DamageKind.SCOPE_LENGTH_ODD,
        shown=1,
        owner=_structure_at,
        xen="No effect: Xen rounds the number of steps down.",
        linux="No effect: Linux rounds the number of steps down.",
        advice=REPORT,
        source=_SCOPES,
    ),
    damage_rule(
        "structure-extra-bytes",
        Severity.WARNING,
        "A structure has bytes after its last field",
        DamageKind.STRUCTURE_TRAILING_BYTES,
        shown=1,
        owner=_structure_at,
        effects=_extra_byte_effects,
        xen="No effect: Xen goes by the structure's length.",
        linux="No effect: Linux goes by the structure's length.",
        advice=_FIRMWARE,
        details=_BYTES,
        source=_WALKS,
    ),
    damage_rule(
        "bytes-after-structures",
        Severity.ERROR,
        "The table has bytes after its last structure",
        DamageKind.TRAILING_BYTES,
        shown=SHOWN,
        where=within_table,
        xen="Unknown: Xen reads them as a structure. If it reads a length below 4, it switches VT-d "
        "off (EINVAL).",
        linux='Linux rejects the table ("Record passes table end") and uses no IOMMU, unless a length '
        "of 0 happens to follow.",
        advice=_FIRMWARE,
        details="If there are too few bytes for a length, Xen and Linux read it from beyond the table. "
        f"{_BYTES}",
        source=_WALKS,
    ),
    padding_rule("bytes-after-table", source=_WALKS),
    damage_rule(
        "checksum-wrong",
        Severity.WARNING,
        "The table's checksum is wrong",
        DamageKind.CHECKSUM,
        shown=1,
        xen="Xen only warns, in every release (built without ACPI_CHECKSUM_ABORT).",
        linux='Linux only warns ("Incorrect checksum in table [DMAR]") and uses the table.',
        advice="If someone patched the table, correct the checksum (dmaragent encode); otherwise "
        "update the firmware. Check the table before you trust it.",
        source="ACPI 6.5, 5.2.6; Xen and Linux, ACPICA's acconfig.h, ACPI_CHECKSUM_ABORT",
    ),
)
