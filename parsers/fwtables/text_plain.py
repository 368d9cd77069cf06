"""Rows of bytes without offsets: held against the table's own length and checksum."""

import re

from fwtables.constants import SIGNATURES
from fwtables.text_dumps import LARGEST, SMALLEST, Dump, row_before, trim
from fwtables.text_rows import Reader, Row, line_ends
from fwtables.text_units import HEX

_BLANK = 2
"""Blank lines that may stand between two rows."""
_DIGITS = re.compile(r"[\s>|]*([0-9A-Fa-f]+)[\s\"',;]*$")


def read_plain(reader: Reader) -> Dump | None:
    """Return the dump of rows without offsets that `reader` is at, or None if it is no table."""
    if reader.is_within():
        return None
    first = reader.first(SMALLEST)
    if len(first.data) >= 8 and not _is_length(int.from_bytes(first.data[4:8], "little")):
        return None
    first = reader.first(LARGEST)
    dump = Dump(reader, first, bytearray(first.data), first.end)
    rows = [first]
    single = reader.style is HEX and not reader.marker and len(first.data) * 2 == first.width
    if single and len(first.data) >= 8:
        _read_digits(dump, rows)
    elif reader.is_plain(first) or _has_ascii(first):
        _read_rows(dump, rows)
    trim(dump)
    if len(dump.data) < SMALLEST or not _is_length(dump.declared):
        return None
    if row_before(reader, first) is not None:
        if not dump.sound:
            return None
        del dump.data[dump.declared :]
    if not dump.sound:
        _check_rows(dump, rows)
    return dump


def _is_length(length: int) -> bool:
    return SMALLEST <= length <= LARGEST


def _has_ascii(first: Row) -> bool:
    return first.rest.startswith("  ") and any(each.decode() in first.rest for each in SIGNATURES)


def _read_rows(dump: Dump, rows: list[Row]) -> None:
    width = len(dump.first.data) if _has_ascii(dump.first) else None
    blank = 0
    for start, end in line_ends(dump.reader.text, dump.first.end + 1):
        row = dump.reader.row(start, end, width)
        if row is None:
            blank += 1
            if blank > _BLANK or dump.reader.text[start:end].strip(" \t>|"):
                break
            continue
        if width is None and not dump.reader.is_plain(row):
            break
        if dump.complete and (
            row.data[:4] in SIGNATURES or len(rows[-1].data) < len(dump.first.data)
        ):
            break
        blank = 0
        rows.append(row)
        dump.data += row.data
        dump.end = end
        if len(dump.data) > LARGEST:
            break


def _read_digits(dump: Dump, rows: list[Row]) -> None:
    """Read digits that were broken into lines anywhere, between the two of a byte, too."""
    digits = []
    size = 0
    for start, end in line_ends(dump.reader.text, dump.first.end + 1):
        found = _DIGITS.match(dump.reader.text, dump.reader.body(start, end), end)
        held = 2 * len(dump.data) + size
        if not found or (held >= 2 * dump.declared and len(found[1]) != dump.first.width):
            break
        digits.append(found[1])
        size += len(found[1])
        rows.append(Row(start, end, "", bytes(len(found[1]) // 2), len(found[1]), ""))
        dump.end = end
        if size > 2 * LARGEST:
            break
    joined = "".join(digits)
    dump.data += bytes.fromhex(joined[: len(joined) // 2 * 2])
    if len(joined) % 2:
        dump.fail(rows[-1], "half a byte stands at the end")


def _check_rows(dump: Dump, rows: list[Row]) -> None:
    """Name a row that is shorter than the others, in a table that is not sound."""
    widest = max(len(row.data) for row in rows)
    for row in rows[:-1]:
        if len(row.data) < widest and not dump.problem:
            dump.fail(row, f"this row holds {len(row.data)} bytes, others {widest}")
