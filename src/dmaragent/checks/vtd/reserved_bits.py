"""Rules about reserved bits that are set: newer than VT-d 4.1, or never cleared."""

from collections.abc import Iterator

from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field, header_field, scope_field
from dmaragent.checks.vtd.subjects import subject_of
from fwtables import DRHD, SIDP, Structure, UnknownStructure, structure_name
from fwtables.dmar.constants import FLAGS_OF

_WATCH = (
    "No action needed. If a newer specification defines the bits, look for a newer dmaragent; "
    "otherwise report it to the firmware's vendor."
)
_SIZE_BITS = 0xF
"""Bits 3:0 of a DRHD's size: the exponent of its number of pages, VT-d 8.3."""


def _reserved_bits(of: str, flags: int) -> int:
    """Return the bits of `flags` that VT-d 4.1 reserves."""
    for known in FLAGS_OF[of]:
        flags &= ~int(known)
    return flags


@rule(
    "reserved-in-header",
    Severity.INFO,
    "Reserved bits of the table's header are set",
    xen="No effect: Xen ignores them.",
    linux="No effect: Linux ignores them.",
    advice=_WATCH,
    source="VT-d 8.1; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, parse_dmar_table",
)
def reserved_in_header(facts: TableFacts) -> Iterator[Hit]:
    """Find reserved flags, and reserved bytes that are not 0."""
    if facts.table is None:
        return
    if bits := _reserved_bits("DMAR", facts.table.flags):
        yield Hit(
            message=f"The reserved bits {bits:#x} of the table's flags are set.",
            subject=f"DMAR flags {bits:#x}",
            evidence=(header_field(facts, "flags", f"{facts.table.flags:#x}"),),
        )
    if any(facts.table.reserved):
        value = facts.table.reserved.hex(" ")
        yield Hit(
            message=f"The reserved bytes after the flags are {value}.",
            subject=f"DMAR reserved {value}",
            evidence=(header_field(facts, "reserved", value),),
        )


@rule(
    "reserved-in-structure",
    Severity.INFO,
    "Reserved bits of a structure are set",
    xen="No effect: Xen ignores them.",
    linux="No effect: Linux ignores them.",
    advice=_WATCH,
    source="VT-d 8.3 to 8.9; Xen vtd/dmar.c; Linux intel/dmar.c, intel/iommu.c, dmar_parse_one_*",
)
def reserved_in_structure(facts: TableFacts) -> Iterator[Hit]:
    """Find reserved flags and bytes of every kind of structure."""
    for offset, structure in facts.structures:
        for message, shown in _reserved_of_structure(facts, offset, structure):
            yield Hit(
                message=f"{subject_of(structure)}: {message}.",
                subject=f"{subject_of(structure)} {shown.field}",
                evidence=(shown,),
            )


def _reserved_of_structure(
    facts: TableFacts, offset: int, structure: Structure
) -> Iterator[tuple[str, Evidence]]:
    """Yield the reserved flags and bytes of `structure` that are set, with their evidence."""
    if isinstance(structure, UnknownStructure):
        return
    name = structure_name(structure)
    flags: int = getattr(structure, "flags", 0)
    if name in FLAGS_OF and (bits := _reserved_bits(name, flags)):
        shown = field(facts, offset, structure, "flags", f"{flags:#x}")
        yield f"the reserved bits {bits:#x} of its flags are set", shown
    held: bytes = getattr(structure, "reserved", b"")
    if any(held):
        shown = field(facts, offset, structure, "reserved", held.hex(" "))
        yield f"its reserved bytes are {held.hex(' ')}", shown


@rule(
    "reserved-in-scope",
    Severity.INFO,
    "Reserved bits of a device scope entry are set",
    xen="No effect: Xen ignores them.",
    linux="No effect: Linux ignores them.",
    advice=_WATCH,
    source="VT-d 8.3.1; Xen vtd/dmar.c, acpi_parse_dev_scope; Linux intel/dmar.c, "
    "dmar_insert_dev_scope",
)
def reserved_in_scope(facts: TableFacts) -> Iterator[Hit]:
    """Find flags outside SIDP, reserved ones within, and a reserved byte that is not 0."""
    for entry in facts.entries:
        scope, place = entry.scope, f"{subject_of(entry.structure)}, {entry.written}"
        sidp = isinstance(entry.structure, SIDP)
        bits = _reserved_bits("SIDP scope", scope.flags) if sidp else scope.flags
        if bits:
            yield Hit(
                message=f"{place}: the reserved flags {bits:#x} of the scope entry are set.",
                subject=f"{place} flags {bits:#x}",
                evidence=(scope_field(facts, entry, "flags", f"{scope.flags:#x}"),),
            )
        if any(scope.reserved):
            value = scope.reserved.hex(" ")
            yield Hit(
                message=f"{place}: the reserved byte of the scope entry is {value}.",
                subject=f"{place} reserved {value}",
                evidence=(scope_field(facts, entry, "reserved", value),),
            )


@rule(
    "reserved-in-unit-size",
    Severity.WARNING,
    "Reserved bits of a unit's size are set",
    xen="No effect: Xen ignores the size.",
    linux="Linux (6.3, at least, and newer) asks for far too much register space. If it is refused, "
    'Linux uses no IOMMU ("Can\'t reserve memory").',
    advice="Update the firmware, and report the bytes to the vendor.",
    details="Linux reads the whole byte as the exponent of the size.",
    source="VT-d 8.3; Linux intel/dmar.c, dmar_parse_one_drhd and map_iommu",
)
def reserved_in_unit_size(facts: TableFacts) -> Iterator[Hit]:
    """Find DRHD structures whose size has more than an exponent."""
    for offset, drhd in facts.of(DRHD):
        if drhd.size & ~_SIZE_BITS:
            yield Hit(
                message=f"{subject_of(drhd)}: its size is {drhd.size:#04x}, but bits 7:4 are reserved.",
                subject=f"{subject_of(drhd)} size",
                evidence=(field(facts, offset, drhd, "size", f"{drhd.size:#04x}"),),
            )


RULES: tuple[Rule, ...] = (
    reserved_in_header,
    reserved_in_structure,
    reserved_in_scope,
    reserved_in_unit_size,
)
