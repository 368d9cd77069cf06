"""Rules about damage, which fwtables finds: what comes of it on Xen and on Linux."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter

from dmaragent.checks.common.facts import TableFacts
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import evidence, rule
from fwtables import ATSR, Damage, DamageKind, Decoded, structure_name

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
_SHOWN = 8
"""How many bytes of what belongs to nothing are shown."""
_NO_FIELD = {"structures": "no structure", "undecoded": "no field"}
"""What fwtables calls bytes that belong to nothing, and what they are called here."""
_TYPES = ("DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP")
_ALL_PORTS = "ATSR with ALL_PORTS"
_SKIPPED = ("ANDD", "SIDP")
"""Structures that no release of Xen parses."""


def _hits(facts: TableFacts, size: int, *kinds: DamageKind) -> Iterator[tuple[Damage, Hit]]:
    """Make a hit of each damage of `kinds`, with `size` bytes of where it is."""
    decoded = facts.inventory.table
    for each in decoded.damage if isinstance(decoded, Decoded) else ():
        if each.kind in kinds:
            reason = each.reason[0].upper() + each.reason[1:]
            shown = _shown(facts, each.offset, size, each.field)
            message = f"{reason} (offset {each.offset:#x})."
            yield each, Hit(message=message, subject=each.kind.value, evidence=(shown,))


def _shown(facts: TableFacts, offset: int, size: int, name: str) -> Evidence:
    """Show the bytes of a damage: a length as a number, all else as bytes."""
    data = facts.content[offset : offset + size]
    value = str(int.from_bytes(data, "little")) if "length" in name else data.hex(" ")
    return evidence(facts, offset, size, _NO_FIELD.get(name, name), value)


def _owned(hit: Hit, owner: str, xen: str = "", linux: str = "") -> Hit:
    """Name the structure that `hit` is in."""
    message = f"{owner}: {hit.message[0].lower()}{hit.message[1:]}"
    return replace(hit, message=message, subject=f"{owner} {hit.subject}", xen=xen, linux=linux)


def _type_at(facts: TableFacts, offset: int) -> str:
    """Name the structure whose length stands two bytes after its type, at `offset`."""
    kind = int.from_bytes(facts.content[offset - 2 : offset], "little")
    return _TYPES[kind] if kind < len(_TYPES) else f"type {kind}"


def _comes_to_zero(facts: TableFacts, entry: int) -> bool:
    """Tell whether Linux, which goes from `entry` on by lengths of any size, finds one of 0.

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


def _structure_at(facts: TableFacts, offset: int) -> str:
    """Name the structure that `offset` lies in, and say of an ATSR that its scope is not read."""
    place = bisect_right(facts.structures, offset, key=itemgetter(0)) - 1
    structure = facts.structures[place][1]
    name = structure_name(structure)
    return _ALL_PORTS if isinstance(structure, ATSR) and structure.all_ports else name


@rule(
    "table-unreadable",
    Severity.CRITICAL,
    "These bytes are no whole DMAR table",
    xen="Xen finds the table by its signature: what is not one it does not see, and VT-d "
    "stays off.",
    linux="Linux finds it by its signature too: there is no Intel IOMMU then.",
    advice=_COPY,
    source="VT-d 8.1; ACPI 6.5, 5.2.6",
)
def unreadable(facts: TableFacts) -> Iterator[Hit]:
    """Find what is no table: another one, other bytes, or too few of them."""
    kinds = (DamageKind.NOT_A_TABLE, DamageKind.ANOTHER_TABLE, DamageKind.TRUNCATED_HEADER)
    for _, hit in _hits(facts, 0, *kinds):
        yield replace(hit, evidence=(_shown(facts, 0, _SHOWN, "signature and what follows"),))


@rule(
    "table-length",
    Severity.CRITICAL,
    "The table's length is not that of its structures",
    xen="Xen believes the length: too short, it misses what comes after; too long, it reads on "
    "in whatever follows in memory, which is not predicted.",
    linux="Linux believes the length too. Where it ends within a structure, Linux gives up on "
    'the table ("Record passes table end") and uses no IOMMU.',
    advice=_COPY,
    source=_WALKS,
)
def table_length(facts: TableFacts) -> Iterator[Hit]:
    """Find a header whose length is not that of the bytes."""
    kinds = (DamageKind.TABLE_LENGTH_TOO_SHORT, DamageKind.TABLE_LENGTH_TOO_LONG)
    yield from (hit for _, hit in _hits(facts, 4, *kinds))


@rule(
    "structure-too-short",
    Severity.CRITICAL,
    "A structure is shorter than its type must be",
    xen="Xen switches VT-d off for the whole host (EINVAL): no device can be passed through.",
    linux="Linux reads the missing fields out of what follows the structure.",
    advice=_FIRMWARE,
    source=_WALKS,
)
def structure_too_short(facts: TableFacts) -> Iterator[Hit]:
    """Find structures of length 0, of less than their header, of less than their type's."""
    kinds = (
        DamageKind.STRUCTURE_LENGTH_ZERO,
        DamageKind.STRUCTURE_LENGTH_BELOW_HEADER,
        DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM,
    )
    for each, hit in _hits(facts, 2, *kinds):
        owner = _type_at(facts, each.offset)
        xen = linux = ""
        if each.kind is DamageKind.STRUCTURE_LENGTH_ZERO:
            linux = (
                "Linux hangs at boot: it never gets past the structure (seen with 6.1, with and "
                "without intel_iommu=on)."
            )
        elif each.kind is DamageKind.STRUCTURE_LENGTH_BELOW_HEADER:
            linux = "Linux goes on within the structure and takes its bytes for other structures."
        elif owner in _SKIPPED:
            xen = f"None: Xen does not look into {owner} structures."
        elif owner == "SATC":
            xen = "From 4.19 on Xen switches VT-d off for the whole host (EINVAL); before, none."
        yield _owned(hit, owner, xen, linux)


@rule(
    "structure-past-end",
    Severity.CRITICAL,
    "A structure runs past the table's end",
    xen="Xen does not check this, and reads what follows the table in memory as part of the "
    "structure: what it makes of it is not predicted.",
    linux='Linux gives up on the table ("Record passes table end") and uses no IOMMU.',
    advice=_COPY,
    source=_WALKS,
)
def structure_past_end(facts: TableFacts) -> Iterator[Hit]:
    """Find the structure that the table does not hold whole."""
    for each, hit in _hits(facts, 2, DamageKind.STRUCTURE_PAST_END):
        yield _owned(hit, _type_at(facts, each.offset))


@rule(
    "scope-too-short",
    Severity.CRITICAL,
    "A device scope entry is too short to name a device",
    xen="Xen switches VT-d off for the whole host (EINVAL): no device can be passed through.",
    linux="Linux goes on by the entry's length, and takes what follows for entries.",
    advice=_FIRMWARE,
    source=_SCOPES,
)
def scope_too_short(facts: TableFacts) -> Iterator[Hit]:
    """Find scope entries of length 0, or without one step of a path."""
    kinds = DamageKind.SCOPE_LENGTH_ZERO, DamageKind.SCOPE_LENGTH_TOO_SMALL
    for each, hit in _hits(facts, 1, *kinds):
        owner = _structure_at(facts, each.offset)
        xen = linux = ""
        if owner in (_ALL_PORTS, "SIDP"):
            xen = linux = f"None: it does not look for devices in an {owner}."
        elif each.kind is DamageKind.SCOPE_LENGTH_ZERO:
            linux = "Linux never gets past the entry: it hangs at boot."
        elif _comes_to_zero(facts, each.offset - 1):
            linux = (
                "Linux takes what follows the entry for the next ones and comes to a length of 0, "
                "which it never gets past: it hangs at boot."
            )
        if owner == "SATC":
            xen = "From 4.19 on Xen switches VT-d off for the whole host (EINVAL); before, none."
        yield _owned(hit, owner, xen, linux)


@rule(
    "scope-past-structure",
    Severity.ERROR,
    "A device scope entry runs past its structure",
    xen="Xen does not check this, and reads the path on into the next structure: it takes the "
    "entry for some other device. What it reads is not predicted.",
    linux="Linux does not check this either, and looks for a device at the path so read.",
    advice=_FIRMWARE,
    source=_SCOPES,
)
def scope_past_structure(facts: TableFacts) -> Iterator[Hit]:
    """Find scope entries that their structure does not hold whole."""
    for each, hit in _hits(facts, 1, DamageKind.SCOPE_PAST_STRUCTURE):
        yield _owned(hit, _structure_at(facts, each.offset))


@rule(
    "scope-length-odd",
    Severity.WARNING,
    "A device scope entry has half a step at its end",
    xen="None: Xen rounds the number of steps down.",
    linux="None: Linux rounds the number of steps down.",
    advice="Nothing need be done; report it to the firmware's vendor.",
    source=_SCOPES,
)
def scope_length_odd(facts: TableFacts) -> Iterator[Hit]:
    """Find scope entries of an odd length."""
    for each, hit in _hits(facts, 1, DamageKind.SCOPE_LENGTH_ODD):
        yield _owned(hit, _structure_at(facts, each.offset))


@rule(
    "structure-extra-bytes",
    Severity.WARNING,
    "A structure has bytes after its last field",
    xen="None: Xen goes by the structure's length.",
    linux="None: Linux goes by the structure's length.",
    advice=_FIRMWARE,
    source=_WALKS,
)
def structure_extra_bytes(facts: TableFacts) -> Iterator[Hit]:
    """Find bytes within a structure that belong to no field."""
    for each, hit in _hits(facts, 1, DamageKind.STRUCTURE_TRAILING_BYTES):
        owner = _structure_at(facts, each.offset)
        xen = linux = ""
        if owner not in (_ALL_PORTS, "RHSA", "SIDP"):
            xen = (
                "Xen takes the byte for the start of another scope entry, and the length of that "
                "from beyond the structure: one below 8 switches VT-d off. Not predicted."
            )
            linux = (
                "Linux takes the byte for the start of another scope entry, and the length of "
                "that from beyond the structure."
            )
            if _comes_to_zero(facts, each.offset):
                linux = (
                    "Linux takes the byte for the start of another scope entry, and the type of the "
                    "next structure, 0, for its length, which it never gets past: it hangs at boot."
                )
        yield _owned(hit, owner, xen, linux)


@rule(
    "bytes-after-structures",
    Severity.ERROR,
    "The table has bytes after its last structure",
    xen="Xen takes them for a structure, and its length from beyond the table where they are "
    "too few: one below 4 switches VT-d off (EINVAL). What it reads is not predicted.",
    linux="Linux takes them for a structure too: unless a length of 0 happens to follow, it gives "
    'up on the table ("Record passes table end") and uses no IOMMU.',
    advice=_FIRMWARE,
    source=_WALKS,
)
def bytes_after_structures(facts: TableFacts) -> Iterator[Hit]:
    """Find bytes within the table's length that are too few for a structure."""
    for each, hit in _hits(facts, _SHOWN, DamageKind.TRAILING_BYTES):
        if facts.table is not None and each.offset < facts.table.length:
            yield hit


@rule(
    "bytes-after-table",
    Severity.INFO,
    "There are bytes after the table's end",
    xen="None: Xen stops at the table's length.",
    linux="None: Linux stops at the table's length.",
    advice="Nothing need be done: a copy of the table was padded, most likely.",
    source=_WALKS,
)
def bytes_after_table(facts: TableFacts) -> Iterator[Hit]:
    """Find bytes beyond the table's length."""
    for each, hit in _hits(facts, _SHOWN, DamageKind.TRAILING_BYTES):
        if facts.table is not None and each.offset >= facts.table.length:
            yield hit


@rule(
    "checksum-wrong",
    Severity.WARNING,
    "The table's checksum is wrong",
    xen="Xen only warns, in any release (it is built without ACPI_CHECKSUM_ABORT).",
    linux='Linux only warns ("Incorrect checksum in table [DMAR]") and uses the table.',
    advice="If somebody patched the table, make the checksum right (dmaragent encode does); "
    "else update the firmware. Nothing is refused for it, but do not trust the table unseen.",
    source="ACPI 6.5, 5.2.6; Xen and Linux, ACPICA's acconfig.h, ACPI_CHECKSUM_ABORT",
)
def checksum_wrong(facts: TableFacts) -> Iterator[Hit]:
    """Find a table whose bytes do not add up to 0."""
    yield from (hit for _, hit in _hits(facts, 1, DamageKind.CHECKSUM))


RULES: tuple[Rule, ...] = (
    unreadable,
    table_length,
    structure_too_short,
    structure_past_end,
    scope_too_short,
    scope_past_structure,
    scope_length_odd,
    structure_extra_bytes,
    bytes_after_structures,
    bytes_after_table,
    checksum_wrong,
)
