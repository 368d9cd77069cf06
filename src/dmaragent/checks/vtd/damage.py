"""Rules about the damage that fwtables finds: the effects of each kind on Xen and on Linux.

``RULES`` is a table with an entry for the kinds of damage that have the same effect.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import evidence, rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.readings import Missing
from fwtables import ATSR, Damage, DamageKind, structure_name

_COPY = "Copy the table again as root. If it is the same, update the firmware."
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
_SHOWN = 8
"""How many bytes are shown of those that belong to no structure or field."""
_NO_FIELD = {"structures": "no structure", "undecoded": "no field"}
"""The names in fwtables of bytes that belong to nothing, and their names here."""
_TYPES = ("DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP")
_ALL_PORTS = "ATSR with ALL_PORTS"
_SKIPPED = ("ANDD", "SIDP")
"""Structures that no release of Xen parses."""

_Owner = Callable[[TableFacts, int], str]
"""Returns the name of the structure that a damage at an offset is in."""
_Effects = Callable[[TableFacts, Damage, str], tuple[str, str]]
"""Returns the effect of one damage on Xen and on Linux; empty: the rule's own."""


def _type_at(facts: TableFacts, offset: int) -> str:
    """Return the name of the structure whose length is at `offset`, two bytes after its type."""
    kind = int.from_bytes(facts.content[offset - 2 : offset], "little")
    return _TYPES[kind] if kind < len(_TYPES) else f"type {kind}"


def _structure_at(facts: TableFacts, offset: int) -> str:
    """Return the name of the structure that contains `offset`; an ATSR may have an unread scope."""
    place = bisect_right(facts.structures, offset, key=itemgetter(0)) - 1
    structure = facts.structures[place][1]
    name = structure_name(structure)
    return _ALL_PORTS if isinstance(structure, ATSR) and structure.all_ports else name


def _comes_to_zero(facts: TableFacts, entry: int) -> bool:
    """Return whether Linux, which steps from `entry` by lengths of any size, reaches one of 0.

    A length byte beyond the structure is the next structure's; beyond the table it is unknown.
    """
    place = bisect_right(facts.structures, entry, key=itemgetter(0)) - 1
    start = facts.structures[place][0]
    end = start + int.from_bytes(facts.content[start + 2 : start + 4], "little")
    while entry < end and entry + 1 < len(facts.content):
        if not facts.content[entry + 1]:
            return True
        entry += facts.content[entry + 1]
    return False


def _no_other_effects(_facts: TableFacts, _damage: Damage, _owner: str) -> tuple[str, str]:
    return "", ""


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


def _within_table(facts: TableFacts, damage: Damage) -> bool:
    return facts.table is not None and damage.offset < facts.table.length


def _beyond_table(facts: TableFacts, damage: Damage) -> bool:
    return facts.table is not None and damage.offset >= facts.table.length


def _bytes_evidence(facts: TableFacts, offset: int, size: int, name: str) -> Evidence:
    """Return the bytes of a damage as evidence: a length as a number, all else as bytes."""
    data = facts.content[offset : offset + size]
    value = str(int.from_bytes(data, "little")) if "length" in name else data.hex(" ")
    return evidence(facts, offset, size, _NO_FIELD.get(name, name), value)


def _damage_rule(  # noqa: PLR0913 - a rule's facts, each by its name
    name: str,
    severity: Severity,
    title: str,
    *kinds: DamageKind,
    shown: int,
    xen: str,
    linux: str,
    advice: str,
    source: str,
    details: str = "",
    owner: _Owner | None = None,
    effects: _Effects = _no_other_effects,
    where: Callable[[TableFacts, Damage], bool] | None = None,
) -> Rule:
    """Return the rule that finds damage of `kinds`, and shows the bytes of each.

    `owner` returns the name of the damaged structure; None: the damage is in no structure.
    `where` restricts the rule to damage at certain places.
    """

    def find(facts: TableFacts) -> Iterator[Hit]:
        for damage in _damage_of(facts, kinds):
            if where is None or where(facts, damage):
                yield _hit(facts, damage)

    def _hit(facts: TableFacts, damage: Damage) -> Hit:
        reason, subject, xen, linux = damage.reason, damage.kind.value, "", ""
        if owner is None:
            message = f"{reason[0].upper()}{reason[1:]}"
        else:
            structure = owner(facts, damage.offset)
            message = f"{structure}: {reason[0].lower()}{reason[1:]}"
            subject = f"{structure} {subject}"
            xen, linux = effects(facts, damage, structure)
        bytes_shown = (
            _bytes_evidence(facts, damage.offset, shown, damage.field)
            if shown
            else _bytes_evidence(facts, 0, _SHOWN, "signature and what follows")
        )
        return Hit(
            message=f"{message} (offset {damage.offset:#x}).",
            subject=subject,
            brief=f"{message}.",
            evidence=(bytes_shown,),
            xen=xen,
            linux=linux,
        )

    make = rule(
        name,
        severity,
        title,
        xen=xen,
        linux=linux,
        advice=advice,
        details=details,
        source=source,
    )
    return make(find)


def _damage_of(facts: TableFacts, kinds: Iterable[DamageKind]) -> Iterator[Damage]:
    table = facts.inventory.iommu
    for damage in () if isinstance(table, Missing) else table.damage:
        if damage.kind in kinds:
            yield damage


RULES: tuple[Rule, ...] = (
    _damage_rule(
        "table-unreadable",
        Severity.CRITICAL,
        "This is not a whole DMAR table",
        DamageKind.NOT_A_TABLE,
        DamageKind.ANOTHER_TABLE,
        DamageKind.TRUNCATED_HEADER,
        shown=0,
        xen="Xen looks for the table by its signature. If it finds none, VT-d is off.",
        linux="Linux also looks for the signature. If it finds none, it has no IOMMU.",
        advice=_COPY,
        details=_COPY_FROM,
        source="VT-d 8.1; ACPI 6.5, 5.2.6",
    ),
    _damage_rule(
        "table-length",
        Severity.CRITICAL,
        "The table's length does not match its structures",
        DamageKind.TABLE_LENGTH_TOO_SHORT,
        DamageKind.TABLE_LENGTH_TOO_LONG,
        shown=4,
        xen="Xen trusts the length: it misses structures, or reads unknown memory.",
        linux='Linux trusts it too. If it ends within a structure, Linux rejects the table ("Record '
        'passes table end") and uses no IOMMU.',
        advice=_COPY,
        details=f"If the length is too short, Xen misses what comes after it. If it is too long, Xen reads "
        f"whatever follows in memory, and the effect is unknown. {_COPY_FROM}",
        source=_WALKS,
    ),
    _damage_rule(
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
    _damage_rule(
        "structure-past-end",
        Severity.CRITICAL,
        "A structure runs past the table's end",
        DamageKind.STRUCTURE_PAST_END,
        shown=2,
        owner=_type_at,
        xen="Xen does not check this. It reads what follows the table as part of the structure: the "
        "effect is unknown.",
        linux='Linux rejects the table ("Record passes table end") and uses no IOMMU.',
        advice=_COPY,
        details=_COPY_FROM,
        source=_WALKS,
    ),
    _damage_rule(
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
    _damage_rule(
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
    _damage_rule(
        "scope-length-odd",
        Severity.WARNING,
        "A device scope entry ends with half a step",
        DamageKind.SCOPE_LENGTH_ODD,
        shown=1,
        owner=_structure_at,
        xen="No effect: Xen rounds the number of steps down.",
        linux="No effect: Linux rounds the number of steps down.",
        advice="No action needed. Report it to the firmware's vendor.",
        source=_SCOPES,
    ),
    _damage_rule(
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
    _damage_rule(
        "bytes-after-structures",
        Severity.ERROR,
        "The table has bytes after its last structure",
        DamageKind.TRAILING_BYTES,
        shown=_SHOWN,
        where=_within_table,
        xen="Unknown: Xen reads them as a structure. If it reads a length below 4, it switches VT-d "
        "off (EINVAL).",
        linux='Linux rejects the table ("Record passes table end") and uses no IOMMU, unless a length '
        "of 0 happens to follow.",
        advice=_FIRMWARE,
        details="If there are too few bytes for a length, Xen and Linux read it from beyond the table. "
        f"{_BYTES}",
        source=_WALKS,
    ),
    _damage_rule(
        "bytes-after-table",
        Severity.INFO,
        "There are bytes after the table's end",
        DamageKind.TRAILING_BYTES,
        shown=_SHOWN,
        where=_beyond_table,
        xen="No effect: Xen stops at the table's length.",
        linux="No effect: Linux stops at the table's length.",
        advice="No action needed: most likely a copy of the table was padded.",
        source=_WALKS,
    ),
    _damage_rule(
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
