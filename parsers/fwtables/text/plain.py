"""Rows of bytes without offsets, compared with the table's own length and checksum."""

import re
from collections.abc import Iterator

from fwtables.signatures import DECODED_SIGNATURES
from fwtables.table_or_text import SMALLEST
from fwtables.text.dumps import LARGEST, Dump, row_before, trim
from fwtables.text.rows import Reader, Row, line_ends
from fwtables.text.units import HEX

_BLANK = 2
"""Maximum number of blank lines between two rows."""
_COMMENT = re.compile(r"[\s,]*(?:/\*|//|#|;)\s*(?:0[xX])?([0-9A-Fa-f]{2,8})\b")
_BROKEN_OFF = 24
"""Minimum bytes before a damaged row: fewer are not a table, but an example in prose."""
_DIGITS = re.compile(r"[\s>|]*([0-9A-Fa-f]+)[\s\"',;]*$")


def read_plain(reader: Reader) -> Dump | None:
    """Return the dump of rows without offsets at `reader`; None if it is not a table."""
    if reader.is_within():
        return None
    first = reader.first(SMALLEST)
    if len(first.data) >= 8 and not _is_length(int.from_bytes(first.data[4:8], "little")):
        return None
    first = reader.first(LARGEST)
    dump = Dump(reader, first, bytearray(first.data), first.end)
    rows = [first]
    within = row_before(reader, first) is not None
    single = reader.style is HEX and not reader.marker and len(first.data) * 2 == first.width
    if single and len(first.data) >= 8:
        _read_digits(dump, rows, within=within)
    elif reader.is_plain(first) or _has_ascii(first):
        _read_rows(dump, rows, within=within)
        _check_comments(dump, rows)
    trim(dump)
    if len(dump.data) < (_BROKEN_OFF if dump.problem else SMALLEST) or not _is_length(
        dump.declared
    ):
        return None
    if within:
        if not dump.sound:
            return None
        del dump.data[dump.declared :]
    if not dump.sound:
        _check_rows(dump, rows)
    return dump


def _is_length(length: int) -> bool:
    return SMALLEST <= length <= LARGEST


def _has_ascii(first: Row) -> bool:
    return first.rest.startswith("  ") and any(
        signature.decode() in first.rest for signature in DECODED_SIGNATURES
    )


def _read_rows(dump: Dump, rows: list[Row], *, within: bool) -> None:
    """Read the rows from the second one on; `within` a larger dump, to the end of the table."""
    width = len(dump.first.data) if _has_ascii(dump.first) else None
    blank = 0
    for start, end in _lines(dump, within=within):
        row = dump.reader.row(start, end, width)
        if row is None:
            blank += 1
            other = dump.reader.text[start:end].strip(" \t>|")
            if other and not dump.complete:
                dump.fail(start, f"{other[:20]!r} is not a row of bytes")
            if blank > _BLANK or other:
                break
            continue
        if width is None and not dump.reader.is_plain(row):
            if not dump.complete:
                other = row.rest.strip()[:20]
                dump.fail(row, f"{len(row.data)} bytes, then {other!r}, which is not a byte")
            break
        if _is_wider(dump, start, end):
            dump.fail(row, "it begins with a number that is longer than the others: an offset?")
            break
        if dump.complete and (
            row.data[:4] in DECODED_SIGNATURES or len(rows[-1].data) < len(dump.first.data)
        ):
            break
        blank = 0
        rows.append(row)
        dump.data += row.data
        dump.end = end
        if len(dump.data) > LARGEST or (len(dump.data) >= 8 and not _is_length(dump.declared)):
            break


def _lines(dump: Dump, *, within: bool) -> Iterator[tuple[int, int]]:
    """Yield the lines after the first row, `within` a larger dump only those of the table."""
    for start, end in line_ends(dump.reader.text, dump.first.end + 1):
        if within and dump.ended:
            return
        yield start, end


def _is_wider(dump: Dump, start: int, end: int) -> bool:
    """Return whether the first number of a row has more digits than the dump's first number."""
    reader = dump.reader
    first = reader.style.unit.match(reader.text, reader.at)
    unit = reader.style.unit.match(reader.text, reader.body(start, end), end)
    if reader.style is not HEX or first is None or unit is None or dump.complete:
        return False
    return len(unit[1]) > max(len(first[1]), 2)


def _check_comments(dump: Dump, rows: list[Row]) -> None:
    """Compare offsets in comments after the rows, if there are any, with the number of bytes."""
    offsets = [_COMMENT.match(row.rest) for row in rows]
    if len(rows) < 2 or not offsets[0] or int(offsets[0][1], 16):
        return
    held = 0
    for row, offset in zip(rows, offsets, strict=True):
        if held >= dump.declared:
            return
        if offset and int(offset[1], 16) != held:
            if row is not rows[1]:
                dump.fail(row, f"its comment says 0x{int(offset[1], 16):x}, not 0x{held:x}")
            return
        held += len(row.data)


def _read_digits(dump: Dump, rows: list[Row], *, within: bool) -> None:
    """Read digits with line breaks anywhere, even between the two digits of a byte.

    If they are `within` other digits, they end with the table.
    """
    digits = []
    size = 0
    for start, end in line_ends(dump.reader.text, dump.first.end + 1):
        match = _DIGITS.match(dump.reader.text, dump.reader.body(start, end), end)
        held = 2 * len(dump.data) + size
        if within and held >= 2 * dump.declared:
            break
        if not match and held < 2 * dump.declared and dump.reader.text[start:end].strip():
            other = dump.reader.text[start:end].strip()[:20]
            dump.fail(start, f"{other!r} is not a row of bytes")
        if not match or (held >= 2 * dump.declared and len(match[1]) != dump.first.width):
            break
        digits.append(match[1])
        size += len(match[1])
        rows.append(Row(start, end, "", bytes(len(match[1]) // 2), len(match[1]), ""))
        dump.end = end
        if size > 2 * LARGEST:
            break
    joined = "".join(digits)
    dump.data += bytes.fromhex(joined[: len(joined) // 2 * 2])
    if len(joined) % 2:
        dump.fail(rows[-1], "the digits end with half a byte")


def _check_rows(dump: Dump, rows: list[Row]) -> None:
    """Add the problem of a row that is too short, if the table is not sound."""
    widest = max(len(row.data) for row in rows)
    for row in rows[:-1]:
        if len(row.data) < widest and not dump.problem:
            dump.fail(row, f"this row holds {len(row.data)} bytes, others {widest}")
