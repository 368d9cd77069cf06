"""The text of ``dmaragent decode``: all structures of a table, or one line."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from dmaragent.present.escaping import identifier, visible
from dmaragent.present.text.decode_dmar import facts_of_dmar, structure_lines
from dmaragent.present.text.decode_ivrs import block_lines, facts_of_ivrs
from dmaragent.present.text.tables import bytes_lines, paragraph
from dmaragent.present.words.numbers import count
from fwtables import DMAR, DamageKind, Decoded, Table, block_name, structure_name

_MOST_KINDS = 20
"""A line names this many kinds of structures; only seven exist, so more means a broken table."""


def decode_line(decoded: Decoded[Table]) -> str:
    """Return a summary of `decoded` in one line."""
    table = decoded.table
    if table is None:
        return f"not decoded: {decoded.damage[0]}"
    if isinstance(table, DMAR):
        numbers = Counter(map(structure_name, table.structures))
    else:
        numbers = Counter(map(block_name, table.blocks))
    counts = ", ".join(f"{number} {name}" for name, number in islice(numbers.items(), _MOST_KINDS))
    if len(numbers) > _MOST_KINDS:
        counts += f" and {len(numbers) - _MOST_KINDS} more kinds"
    nothing = "no structures" if isinstance(table, DMAR) else "no blocks"
    line = (
        f"{visible(table.signature.decode('latin-1'))}, {table.length} bytes: {counts or nothing}"
    )
    if decoded.damage:
        line += f"; damaged: {decoded.damage[0]}"
        more = len(decoded.damage) - 1
        line += f" (and {more} more)" if more else ""
    return line


def decode_text(decoded: Decoded[Table]) -> list[str]:
    """Return the lines of ``dmaragent decode`` for one table."""
    lines = []
    if decoded.damage:
        lines.append(f"Warning: the table is damaged ({count(len(decoded.damage), 'error')})")
        for damage in decoded.damage:
            lines += paragraph(str(damage), indent=2, hang=2)
    if decoded.table is not None:
        lines += _table(decoded.table, decoded)
        lines += _structures(decoded.table)
    if decoded.undecoded:
        lines += [
            "",
            f"{count(len(decoded.undecoded), 'byte')} not decoded:",
            *bytes_lines(decoded.undecoded),
        ]
    return lines


def _table(table: Table, decoded: Decoded[Table]) -> Iterator[str]:
    kinds = {damage.kind for damage in decoded.damage}
    checked = "ok"
    if kinds & {DamageKind.TABLE_LENGTH_TOO_LONG, DamageKind.TABLE_LENGTH_TOO_SHORT}:
        checked = "not checked, because the length is wrong"
    if DamageKind.CHECKSUM in kinds:
        checked = "wrong"
    yield from paragraph(
        f"{visible(table.signature.decode('latin-1'))}  length {table.length}, "
        f"revision {table.revision}, checksum 0x{table.checksum:02x} ({checked})",
        hang=2,
    )
    yield from paragraph(
        f"OEM {identifier(table.oem_id)} {identifier(table.oem_table_id)} "
        f"revision 0x{table.oem_revision:x}, creator {identifier(table.creator_id)} "
        f"revision 0x{table.creator_revision:x}",
        indent=2,
        hang=2,
    )
    facts = facts_of_dmar(table) if isinstance(table, DMAR) else facts_of_ivrs(table)
    yield from paragraph(facts, indent=2, hang=2)
    if any(table.reserved):
        yield f"  reserved bytes not zero: {table.reserved.hex(' ')}"


def _structures(table: Table) -> Iterator[str]:
    return structure_lines(table) if isinstance(table, DMAR) else block_lines(table)
