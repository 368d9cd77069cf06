"""A decoded table for people: structure by structure, or one line."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from dmaragent.present.escaping import identifier, visible
from dmaragent.present.text.tables import paragraph
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
    DamageKind,
    Decoded,
    DeviceScope,
    Structure,
    UnknownStructure,
    located,
    structure_length,
    structure_name,
)
from fwtables.dmar.constants import flag_names

_MOST_KINDS = 20
"""Kinds of structures that a line names: seven are known, more are made up."""


def decode_line(decoded: Decoded) -> str:
    """Sum `decoded` up in one line."""
    table = decoded.table
    if table is None:
        return f"not decoded: {decoded.damage[0]}"
    numbers = Counter(map(structure_name, table.structures))
    counts = ", ".join(f"{number} {name}" for name, number in islice(numbers.items(), _MOST_KINDS))
    if len(numbers) > _MOST_KINDS:
        counts += f" and {len(numbers) - _MOST_KINDS} kinds more"
    line = f"{visible(table.signature.decode('latin-1'))}, {table.length} bytes: {counts or 'no structures'}"
    if decoded.damage:
        line += f"; DAMAGED: {decoded.damage[0]}"
        more = len(decoded.damage) - 1
        line += f" (and {more} more)" if more else ""
    return line


def decode_text(decoded: Decoded) -> list[str]:
    """Give the lines of ``dmaragent decode`` for one table."""
    lines = []
    if decoded.damage:
        lines.append(f"DAMAGED: {count(len(decoded.damage), 'thing')} wrong with these bytes")
        for damage in decoded.damage:
            lines += paragraph(str(damage), indent=2, hang=2)
    if decoded.table is not None:
        lines += _table(decoded.table, decoded)
        for offset, structure in located(decoded.table):
            lines += ["", *_structure(offset, structure)]
    if decoded.undecoded:
        lines += [
            "",
            f"{count(len(decoded.undecoded), 'byte')} not decoded:",
            *_dump(decoded.undecoded),
        ]
    return lines


def _table(table: DMAR, decoded: Decoded) -> Iterator[str]:
    kinds = {damage.kind for damage in decoded.damage}
    checked = "WRONG" if DamageKind.CHECKSUM in kinds else "ok"
    if kinds & {DamageKind.TABLE_LENGTH_TOO_LONG, DamageKind.TABLE_LENGTH_TOO_SHORT}:
        checked = "not checked, as the length is wrong"
    yield from paragraph(
        f"{visible(table.signature.decode('latin-1'))}  length {table.length}, "
        f"revision {table.revision}, checksum 0x{table.checksum:02x} {checked}",
        hang=2,
    )
    yield from paragraph(
        f"OEM {identifier(table.oem_id)} {identifier(table.oem_table_id)} "
        f"revision 0x{table.oem_revision:x}, creator {identifier(table.creator_id)} "
        f"revision 0x{table.creator_revision:x}",
        indent=2,
        hang=2,
    )
    yield from paragraph(
        f"{table.host_address_bits}-bit addresses, flags: {_flags('DMAR', table.flags)}",
        indent=2,
        hang=2,
    )
    if any(table.reserved):
        yield f"  reserved bytes not zero: {table.reserved.hex(' ')}"


def _structure(offset: int, structure: Structure) -> Iterator[str]:
    head = f"0x{offset:03x}  {structure_name(structure)}  length {structure_length(structure)}"
    yield from paragraph(f"{head}  {_facts(structure)}", hang=7)
    if isinstance(structure, UnknownStructure):
        yield from _dump(structure.body)
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
        yield from _dump(structure.undecoded)


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
            return f"type {structure.type}, kept as it is"


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


def _dump(data: bytes) -> Iterator[str]:
    shown = data[:256]
    for at in range(0, len(shown), 16):
        yield f"       {shown[at : at + 16].hex(' ')}"
    if len(data) > len(shown):
        yield f"       … and {count(len(data) - len(shown), 'byte')} more (--json has them all)"
