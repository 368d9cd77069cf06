"""The structures of a DMAR table as text."""

from collections.abc import Iterator

from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import bytes_lines, paragraph
from dmaragent.present.words.numbers import count, size_words
from dmaragent.present.words.table import scope_words
from fwtables import (
    ANDD,
    ATSR,
    DMAR,
    DRHD,
    RHSA,
    RMRR,
    SATC,
    SIDP,
    DeviceScope,
    Structure,
    UnknownStructure,
    located,
    structure_length,
    structure_name,
)
from fwtables.dmar.constants import flag_names


def facts_of_dmar(table: DMAR) -> str:
    """Return the fields of the fixed part of `table` after the header."""
    return f"{table.host_address_bits}-bit addresses, flags: {_flags('DMAR', table.flags)}"


def structure_lines(table: DMAR) -> Iterator[str]:
    """Yield the lines of each structure of `table`, an empty line before it."""
    for offset, structure in located(table):
        yield ""
        yield from _structure(offset, structure)


def _structure(offset: int, structure: Structure) -> Iterator[str]:
    head = f"0x{offset:03x}  {structure_name(structure)}  length {structure_length(structure)}"
    yield from paragraph(f"{head}  {_facts(structure)}", hang=7)
    if isinstance(structure, UnknownStructure):
        yield from bytes_lines(structure.body)
        return
    if isinstance(structure, DRHD | RMRR | ATSR | SATC | SIDP):
        for scope in structure.device_scope:
            yield from paragraph(_scope(structure, scope), indent=7, hang=2)
        if not structure.device_scope:
            yield "       no device scope"
    reserved = b"" if isinstance(structure, DRHD) else structure.reserved
    if any(reserved):
        yield f"       reserved bytes not zero: {reserved.hex(' ')}"
    if structure.undecoded:
        yield f"       {count(len(structure.undecoded), 'byte')} not decoded:"
        yield from bytes_lines(structure.undecoded)


def _facts(structure: Structure) -> str:
    match structure:
        case DRHD():
            return (
                f"segment {structure.segment_number:04x}, "
                f"registers 0x{structure.register_base_address:x} "
                f"({size_words(structure.register_set_size)}), "
                f"flags: {_flags('DRHD', structure.flags)}"
            )
        case RMRR():
            base, limit = structure.base_address, structure.limit_address
            size = size_words(limit + 1 - base) if limit >= base else "limit below base"
            return f"segment {structure.segment_number:04x}, 0x{base:x}-0x{limit:x} ({size})"
        case ATSR():
            return (
                f"segment {structure.segment_number:04x}, flags: {_flags('ATSR', structure.flags)}"
            )
        case RHSA():
            return (
                f"registers 0x{structure.register_base_address:x}, "
                f"proximity domain {structure.proximity_domain}"
            )
        case ANDD():
            return f"device {structure.acpi_device_number}, {visible(structure.name)}"
        case SATC():
            return (
                f"segment {structure.segment_number:04x}, flags: {_flags('SATC', structure.flags)}"
            )
        case SIDP():
            return f"segment {structure.segment_number:04x}"
        case UnknownStructure():
            return f"unknown type {structure.type}; its bytes follow"


def _scope(structure: Structure, scope: DeviceScope) -> str:
    path = " > ".join(map(str, scope.path)) or "no path"
    line = f"{scope_words(scope.type):21}  bus {scope.start_bus_number:02x}  {path}"
    if scope.enumeration_id:
        line += f"  id {scope.enumeration_id}"
    if scope.flags:
        of = "SIDP scope" if isinstance(structure, SIDP) else "scope"
        line += f"  flags: {_flags(of, scope.flags)}"
    if any(scope.reserved):
        line += f"  reserved byte {scope.reserved.hex()}"
    return line + (f"  odd byte {scope.undecoded.hex()}" if scope.undecoded else "")


def _flags(of: str, value: int) -> str:
    return ", ".join(flag_names(of, value)) or "none"
