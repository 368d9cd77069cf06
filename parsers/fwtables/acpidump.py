"""acpidump text: hexadecimal dumps of several tables in one file.

The format is what ACPICA's acpidump writes and acpixtract reads.  A table begins
with ``DMAR @ 0x0000000000000000``; lines of an offset, up to sixteen bytes in hexadecimal and
the same in ASCII follow; the next heading, a blank line or the end closes it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADING = re.compile(rb"^(?:\xef\xbb\xbf)?([ -~]{4}) @ (?:(?:0x)?([0-9A-Fa-f]{1,16})|\(nil\))\s*$")
_LINE = re.compile(rb"^\s*([0-9A-Fa-f]{1,8}):((?: [0-9A-Fa-f]{2}){1,16})(?:\s\s|\s*$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpedTable:
    """One table of a dump: its signature, its bytes, and the damage of its text.

    `address` is the physical address in the dump; `line` is the line of the heading, from 1;
    `data` are the table's bytes.  `damage` is a sentence with its line number, or empty; the
    bytes up to that line are kept.
    """

    signature: bytes
    address: int
    line: int
    data: bytes
    damage: str = ""


def is_acpidump(data: bytes) -> bool:
    """Return whether `data` is acpidump text: whether a line of it is the heading of a table.

    Text has no NUL; every table has one, in its length.
    """
    if b"\0" in data or b" @ " not in data:
        return False
    return any(_HEADING.match(line) for line in data.splitlines())


def read_acpidump(data: bytes) -> tuple[DumpedTable, ...]:
    """Read every table of acpidump text, in order.  Never raises; see ``DumpedTable.damage``.

    The form is that of ACPICA's acpidump and acpixtract: a heading ``DMAR @ 0x...`` and lines
    of an offset and up to sixteen bytes, in hexadecimal.
    """
    return tuple(_tables(data.splitlines()))


def _tables(lines: list[bytes]) -> Iterator[DumpedTable]:
    heading: re.Match[bytes] | None = None
    start = 0
    for number, line in enumerate(lines, 1):
        match = _HEADING.match(line)
        if match:
            if heading:
                yield _table(heading, start, lines[start : number - 1])
            heading, start = match, number
    if heading:
        yield _table(heading, start, lines[start:])


def _table(heading: re.Match[bytes], start: int, lines: list[bytes]) -> DumpedTable:
    """Read the `lines` below the `heading` on line `start`."""
    data = bytearray()
    damage = ""
    closed = False
    for number, line in enumerate(lines, start + 1):
        if not line.strip():
            closed = bool(data)
            continue
        match = _LINE.match(line)
        if not match and (closed or 0 < int.from_bytes(data[4:8], "little") <= len(data)):
            break  # text of another program follows the table
        problem = _problem(match, data)
        if problem:
            damage = f"line {number}: {problem}"
            break
        if match:
            data += bytes.fromhex(match[2].decode("ascii"))
    if not damage:
        damage = _length_damage(start, data)
    return DumpedTable(
        signature=heading[1],
        address=int(heading[2] or b"0", 16),
        line=start,
        data=bytes(data),
        damage=damage,
    )


def _problem(line: re.Match[bytes] | None, data: bytearray) -> str:
    """Return why `line` cannot follow the bytes read so far; empty if it can."""
    if not line:
        return "not an offset and bytes in hexadecimal; the rest of this table is not read"
    offset = int(line[1], 16)
    if offset != len(data):
        return (
            f"the offset is 0x{offset:x} and should be 0x{len(data):x}; lines are missing or moved"
        )
    return ""


def _length_damage(start: int, data: bytearray) -> str:
    """Return how the table's own length and the dumped bytes differ; empty if they agree."""
    length = int.from_bytes(data[4:8], "little")
    if len(data) < 8 or length <= len(data):
        return "" if data else f"line {start}: no bytes follow this heading"
    return f"line {start}: the table's length is {length} bytes, the dump has {len(data)}"
