"""Rules about damage, which fwtables finds: what each kind does on Xen and on Linux.

``RULES`` is a table, a line for the kinds of damage that have the same effect.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import evidence, rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.readings import Missing
from fwtables import ATSR, Damage, DamageKind, structure_name

_COPY = (
    "Read the table again as root, whole: cp /sys/firmware/acpi/tables/DMAR (RMAD in a Xen "
    "dom0). If the machine's own table is like this, update the firmware."
)
_FIRMWARE = (
    "Update the firmware, and report it to the vendor with the bytes shown. First read the "
    "table again, in case the copy is damaged and not the table."
)
_WALKS = (
    "VT-d 8.2; Xen vtd/dmar.c, acpi_parse_dmar and acpi_dmar_check_length; Linux "
    "intel/dmar.c, dmar_walk_remapping_entries and dmar_dev_scope_init"
)
_SCOPES = (
    "VT-d 8.3.1; Xen vtd/dmar.c, scope_device_count and acpi_parse_dev_scope; Linux "
    "intel/dmar.c, dmar_alloc_dev_scope and dmar_insert_dev_scope"
)
_XEN_OFF = "Xen switches VT-d off for the whole host (EINVAL): no device can be passed through."
_XEN_OFF_SINCE_4_19 = (
    "From 4.19 on Xen switches VT-d off for the whole host (EINVAL); before, none."
)
_SHOWN = 8
"""How many bytes of what belongs to nothing are shown."""
_NO_FIELD = {"structures": "no structure", "undecoded": "no field"}
"""What fwtables calls bytes that belong to nothing, and what they are called here."""
_TYPES = ("DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP")
_ALL_PORTS = "ATSR with ALL_PORTS"
_SKIPPED = ("ANDD", "SIDP")
"""Structures that no release of Xen parses."""

_Owner = Callable[[TableFacts, int], str]
"""Names the structure that a damage at an offset is in."""
_Effects = Callable[[TableFacts, Damage, str], tuple[str, str]]
"""Returns the effect of one damage on Xen and on Linux; empty: what the rule says."""


def _type_at(facts: TableFacts, offset: int) -> str:
    """Name the structure whose length stands two bytes after its type, at `offset`."""
    kind = int.from_bytes(facts.content[offset - 2 : offset], "little")
    return _TYPES[kind] if kind < len(_TYPES) else f"type {kind}"


def _structure_at(facts: TableFacts, offset: int) -> str:
    """Name the structure that `offset` lies in, and say of an ATSR that its scope is not read."""
    place = bisect_right(facts.structures, offset, key=itemgetter(0)) - 1
    structure = facts.structures[place][1]
    name = structure_name(structure)
    return _ALL_PORTS if isinstance(structure, ATSR) and structure.all_ports else name


def _comes_to_zero(facts: TableFacts, entry: int) -> bool:
    """Return whether Linux, which goes from `entry` on by lengths of any size, finds one of 0.

    A length byte beyond the structure is the next structure's, or beyond the table not known.
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
            "Linux hangs at boot: it never gets past the structure (seen with 6.1, with and "
            "without intel_iommu=on)."
        )
    if damage.kind is DamageKind.STRUCTURE_LENGTH_BELOW_HEADER:
        return "", "Linux goes on within the structure and takes its bytes for other structures."
    if owner in _SKIPPED:
        return f"None: Xen does not look into {owner} structures.", ""
    return (_XEN_OFF_SINCE_4_19 if owner == "SATC" else ""), ""


def _short_scope_effects(facts: TableFacts, damage: Damage, owner: str) -> tuple[str, str]:
    if owner in (_ALL_PORTS, "SIDP"):
        none = f"None: it does not look for devices in an {owner}."
        return none, none
    linux = ""
    if damage.kind is DamageKind.SCOPE_LENGTH_ZERO:
        linux = "Linux never gets past the entry: it hangs at boot."
    elif _comes_to_zero(facts, damage.offset - 1):
        linux = (
            "Linux takes what follows the entry for the next ones and comes to a length of 0, "
            "which it never gets past: it hangs at boot."
        )
    return (_XEN_OFF_SINCE_4_19 if owner == "SATC" else ""), linux


def _extra_byte_effects(facts: TableFacts, damage: Damage, owner: str) -> tuple[str, str]:
    if owner in (_ALL_PORTS, "RHSA", "SIDP"):
        return "", ""
    xen = (
        "Xen takes the byte for the start of another scope entry, and the length of that "
        "from beyond the structure: one below 8 switches VT-d off. Not predicted."
    )
    if _comes_to_zero(facts, damage.offset):
        return xen, (
            "Linux takes the byte for the start of another scope entry, and the type of the "
            "next structure, 0, for its length, which it never gets past: it hangs at boot."
        )
    return xen, (
        "Linux takes the byte for the start of another scope entry, and the length of "
        "that from beyond the structure."
    )


def _within_table(facts: TableFacts, damage: Damage) -> bool:
    return facts.table is not None and damage.offset < facts.table.length


def _beyond_table(facts: TableFacts, damage: Damage) -> bool:
    return facts.table is not None and damage.offset >= facts.table.length


def _bytes_evidence(facts: TableFacts, offset: int, size: int, name: str) -> Evidence:
    """Show the bytes of a damage: a length as a number, all else as bytes."""
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
    owner: _Owner | None = None,
    effects: _Effects = _no_other_effects,
    where: Callable[[TableFacts, Damage], bool] | None = None,
) -> Rule:
    """Return the rule that finds damage of `kinds`, and shows the bytes of each.

    `owner` names the structure that the damage is in; None: it is in none.  With `where`, damage
    elsewhere is left out.
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
            evidence=(bytes_shown,),
            xen=xen,
            linux=linux,
        )

    make = rule(name, severity, title, xen=xen, linux=linux, advice=advice, source=source)
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
        "These bytes are no whole DMAR table",
        DamageKind.NOT_A_TABLE,
        DamageKind.ANOTHER_TABLE,
        DamageKind.TRUNCATED_HEADER,
        shown=0,
        xen="Xen finds the table by its signature: what is not one it does not see, and VT-d "
        "stays off.",
        linux="Linux finds it by its signature too: there is no Intel IOMMU then.",
        advice=_COPY,
        source="VT-d 8.1; ACPI 6.5, 5.2.6",
    ),
    _damage_rule(
        "table-length",
        Severity.CRITICAL,
        "The table's length is not that of its structures",
        DamageKind.TABLE_LENGTH_TOO_SHORT,
        DamageKind.TABLE_LENGTH_TOO_LONG,
        shown=4,
        xen="Xen believes the length: too short, it misses what comes after; too long, it reads on "
        "in whatever follows in memory, which is not predicted.",
        linux="Linux believes the length too. Where it ends within a structure, Linux gives up on "
        'the table ("Record passes table end") and uses no IOMMU.',
        advice=_COPY,
        source=_WALKS,
    ),
    _damage_rule(
        "structure-too-short",
        Severity.CRITICAL,
        "A structure is shorter than its type must be",
        DamageKind.STRUCTURE_LENGTH_ZERO,
        DamageKind.STRUCTURE_LENGTH_BELOW_HEADER,
        DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM,
        shown=2,
        owner=_type_at,
        effects=_short_structure_effects,
        xen=_XEN_OFF,
        linux="Linux reads the missing fields out of what follows the structure.",
        advice=_FIRMWARE,
        source=_WALKS,
    ),
    _damage_rule(
        "structure-past-end",
        Severity.CRITICAL,
        "A structure runs past the table's end",
        DamageKind.STRUCTURE_PAST_END,
        shown=2,
        owner=_type_at,
        xen="Xen does not check this, and reads what follows the table in memory as part of the "
        "structure: what it makes of it is not predicted.",
        linux='Linux gives up on the table ("Record passes table end") and uses no IOMMU.',
        advice=_COPY,
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
        linux="Linux goes on by the entry's length, and takes what follows for entries.",
        advice=_FIRMWARE,
        source=_SCOPES,
    ),
    _damage_rule(
        "scope-past-structure",
        Severity.ERROR,
        "A device scope entry runs past its structure",
        DamageKind.SCOPE_PAST_STRUCTURE,
        shown=1,
        owner=_structure_at,
        xen="Xen does not check this, and reads the path on into the next structure: it takes the "
        "entry for some other device. What it reads is not predicted.",
        linux="Linux does not check this either, and looks for a device at the path so read.",
        advice=_FIRMWARE,
        source=_SCOPES,
    ),
    _damage_rule(
        "scope-length-odd",
        Severity.WARNING,
        "A device scope entry has half a step at its end",
        DamageKind.SCOPE_LENGTH_ODD,
        shown=1,
        owner=_structure_at,
        xen="None: Xen rounds the number of steps down.",
        linux="None: Linux rounds the number of steps down.",
        advice="Nothing need be done; report it to the firmware's vendor.",
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
        xen="None: Xen goes by the structure's length.",
        linux="None: Linux goes by the structure's length.",
        advice=_FIRMWARE,
        source=_WALKS,
    ),
    _damage_rule(
        "bytes-after-structures",
        Severity.ERROR,
        "The table has bytes after its last structure",
        DamageKind.TRAILING_BYTES,
        shown=_SHOWN,
        where=_within_table,
        xen="Xen takes them for a structure, and its length from beyond the table where they are "
        "too few: one below 4 switches VT-d off (EINVAL). What it reads is not predicted.",
        linux="Linux takes them for a structure too: unless a length of 0 happens to follow, it "
        'gives up on the table ("Record passes table end") and uses no IOMMU.',
        advice=_FIRMWARE,
        source=_WALKS,
    ),
    _damage_rule(
        "bytes-after-table",
        Severity.INFO,
        "There are bytes after the table's end",
        DamageKind.TRAILING_BYTES,
        shown=_SHOWN,
        where=_beyond_table,
        xen="None: Xen stops at the table's length.",
        linux="None: Linux stops at the table's length.",
        advice="Nothing need be done: a copy of the table was padded, most likely.",
        source=_WALKS,
    ),
    _damage_rule(
        "checksum-wrong",
        Severity.WARNING,
        "The table's checksum is wrong",
        DamageKind.CHECKSUM,
        shown=1,
        xen="Xen only warns, in any release (it is built without ACPI_CHECKSUM_ABORT).",
        linux='Linux only warns ("Incorrect checksum in table [DMAR]") and uses the table.',
        advice="If somebody patched the table, make the checksum right (dmaragent encode does); "
        "else update the firmware. Nothing is refused for it, but do not trust the table unseen.",
        source="ACPI 6.5, 5.2.6; Xen and Linux, ACPICA's acconfig.h, ACPI_CHECKSUM_ABORT",
    ),
)
