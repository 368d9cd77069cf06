"""Dumps in text: rows of bytes, from the row that begins with a table's signature."""

from dataclasses import dataclass

from fwtables.signatures import DECODED_SIGNATURES
from fwtables.table_or_text import SMALLEST
from fwtables.text.layout import AHEAD, number_of
from fwtables.text.rows import LONGEST_ROW, Reader, Row, line_ends
from fwtables.text.units import CHARACTERS, HEX

LARGEST = 1 << 24
"""Maximum bytes of a table in text; the largest captured table has 2 KiB."""
_LEAST = 8
"""Bytes of a signature and a length: fewer bytes at an offset are not a table."""


@dataclass(slots=True)
class Dump:
    """Bytes that were read from rows."""

    reader: Reader
    first: Row
    data: bytearray
    end: int
    """Where the last line that was read ends."""
    base: int = 0
    """The base of the offsets; 0 without offsets."""
    problem: str = ""
    problem_at: int = 0
    """Where the line with the problem begins."""
    closed: bool = False
    """Whether the dump's last line has its length."""
    filled: Row | None = None
    """The first row of characters to which blanks were added at the end."""

    @property
    def declared(self) -> int:
        """The length in the table's header; 0 if the header was not read."""
        return int.from_bytes(self.data[4:8], "little") if len(self.data) >= 8 else 0

    @property
    def complete(self) -> bool:
        """Whether all bytes that the header declares were read."""
        return SMALLEST <= self.declared <= len(self.data)

    @property
    def ended(self) -> bool:
        """Whether the header has no possible length, or its bytes were read."""
        held = len(self.data)
        return held >= _LEAST and not (held < self.declared <= LARGEST)

    @property
    def sound(self) -> bool:
        """Whether the table is complete and its checksum is right."""
        return self.complete and sum(self.data[: self.declared]) % 256 == 0

    def fail(self, row: Row | int, problem: str) -> None:
        """Keep the first problem with its line."""
        if not self.problem:
            self.problem = problem
            self.problem_at = row if isinstance(row, int) else row.start


def read_offsets(reader: Reader, base: int, width: int) -> Dump | None:
    """Return the dump with offsets in `base` and `width` bytes a row; None if it is not a table's.

    A dump of ``od -a`` is not read, because it lacks a bit of each byte.
    """
    first = reader.first(width)
    short = first
    if reader.style is CHARACTERS:
        first = _pad_row(first, width)
        if len(first.data) < width:
            return None
    begin = number_of(first.offset, base)
    dump = Dump(reader, first, bytearray(first.data), first.end, base)
    dump.filled = short if first is not short else None
    within = begin != 0 and _is_within(dump, begin)
    _Follower(dump, begin, width, within=within).follow()
    trim(dump)
    if dump.filled and not dump.sound:
        held = len(dump.filled.data)
        dump.fail(dump.filled, f"this row has {held} characters, the others {width}")
    return _check_begin(dump, within=within)


class _Follower:
    """Reads the rows of a dump from the second one on."""

    def __init__(self, dump: Dump, begin: int, width: int, *, within: bool) -> None:
        self.within = within
        """Whether the table is in a larger dump: it ends where its header says, or is not a table."""
        self.dump = dump
        self.reader = dump.reader
        self.begin = begin
        self.width = width
        self.last = dump.first
        self.repeated = False
        """Whether the previous line is a ``*``, for rows that equal the last one."""
        self.others = 0
        """Number of lines since the last row that are not rows."""
        self.other = -1
        """Where the first of these lines begins that is not blank; -1 without one."""

    def follow(self) -> None:
        """Read the rows until one does not follow the one before."""
        for start, end in line_ends(self.reader.text, self.dump.first.end + 1):
            if self.within and self.dump.ended:
                return
            row = self.reader.row(start, end, self.width)
            offset = -1 if row is None else number_of(row.offset, self.dump.base)
            if row is None or offset < 0:
                goes_on = self._pass_line(start, end)
            else:
                goes_on = self._take_row(row, offset)
            if not goes_on or len(self.dump.data) > LARGEST:
                return

    def _pass_line(self, start: int, end: int) -> bool:
        """Process a line that is not a row; return whether rows can follow it."""
        if self.reader.is_repeated(start, end):
            self.repeated = True
            return True
        total = number_of(self.reader.total(start, end) or "-", self.dump.base)
        if total >= 0:
            _close(self.dump, start, total - self.begin, self.last if self.repeated else None)
            self.dump.end = end
            return False
        if not self.others and self.reader.text[start:end].strip():
            self.other = start
        self.others += 1
        return self.others <= AHEAD and not self.dump.complete

    def _take_row(self, row: Row, offset: int) -> bool:
        """Add a row to the dump; return whether others can follow it."""
        dump = self.dump
        if offset == self.begin or (offset == 0 and row.data[:4] in DECODED_SIGNATURES):
            return False  # another dump
        if self.repeated and not _repeat(dump, self.last, offset - self.begin):
            dump.fail(row, f"the offset is 0x{offset:x}: * replaces an unknown number of rows")
            return False
        self.repeated = False
        expected = self.begin + len(dump.data)
        if offset != expected:
            if not (dump.complete and offset < expected):
                self._fail_offset(row, offset, expected)
            return False
        if self.reader.style is CHARACTERS:
            short = row
            row = _pad_row(row, min(self.width, max(0, dump.declared - len(dump.data))))
            dump.filled = dump.filled or (short if row is not short else None)
        if not _is_sound(dump, row, self.width):
            return False
        dump.data += row.data
        dump.end, self.last, self.others, self.other = row.end, row, 0, -1
        return True

    def _fail_offset(self, row: Row, offset: int, expected: int) -> None:
        """Add the problem of this row, or of the previous one if that is too short."""
        held = len(self.last.data)
        if held < self.width and offset == expected - held + self.width:
            self.dump.fail(self.last, f"this row has {held} bytes, the others {self.width}")
            if self.last is not self.dump.first:
                del self.dump.data[-held:]
            return
        if self.other >= 0 and offset > expected:
            self.dump.fail(self.other, f"no row at 0x{expected:x}; the next row is at 0x{offset:x}")
            return
        self.dump.fail(
            row,
            f"the offset is 0x{offset:x} and should be 0x{expected:x}; lines are missing or moved",
        )


def _pad_row(row: Row, width: int) -> Row:
    """Return the row of characters with the blanks at its end that were cut off."""
    missing = width - len(row.data)
    if missing <= 0 or row.rest.strip():
        return row
    return Row(row.start, row.end, row.offset, row.data + b" " * missing, row.width, "")


def _repeat(dump: Dump, last: Row, size: int) -> bool:
    """Repeat the last row until there are `size` bytes; return whether that is possible."""
    missing = size - len(dump.data)
    if missing < 0 or not last.data or missing % len(last.data) or size > LARGEST:
        return False
    dump.data += last.data * (missing // len(last.data))
    return True


def _close(dump: Dump, start: int, size: int, repeated: Row | None) -> None:
    """Compare the bytes that were read with the length in the last line."""
    if repeated is not None and size > len(dump.data):
        missing = size - len(dump.data)
        if size <= LARGEST and repeated.data:
            dump.data += (repeated.data * (missing // len(repeated.data) + 1))[:missing]
    surplus = len(dump.data) - size if size >= 0 else 0  # the last offset may be below the first
    if 0 < surplus < dump.reader.style.width or (surplus > 0 and dump.reader.style is CHARACTERS):
        del dump.data[size:]
    dump.closed = len(dump.data) == size
    if not dump.closed:
        dump.fail(
            start, f"the dump ends at 0x{max(size, 0):x}, its rows have 0x{len(dump.data):x} bytes"
        )


def _is_sound(dump: Dump, row: Row, width: int) -> bool:
    """Return whether all of `row` is bytes; if not, keep the bytes before the first other word."""
    reader, missing = dump.reader, dump.declared - len(dump.data)
    blanks = len(row.rest) - len(row.rest.lstrip())
    cut = len(row.data) < min(width, missing) and bool(row.rest.strip())
    if cut and blanks <= reader.gap + reader.style.gap:
        dump.data += row.data
        dump.fail(
            row, f"{len(row.data)} bytes, then {row.rest.strip()[:20]!r}, which is not a byte"
        )
        return False
    if not dump.first.rest.strip() and reader.style.unit.match(row.rest.strip()):
        dump.fail(row, f"this row has more than {width} bytes")
        return False
    fixed = dump.first.rest.strip() and not reader.marker and reader.style.base != 10
    if fixed and len(row.data) == width and row.width != dump.first.width:
        dump.fail(row, "the bytes are not in the columns of the others")
        return False
    return True


def trim(dump: Dump) -> None:
    """Remove the padding of the last word of a table with an odd number of bytes."""
    surplus = len(dump.data) - dump.declared
    width = dump.reader.style.width
    filled = 0 < surplus < width and len(dump.data) % width == 0
    filled = filled or dump.reader.style is CHARACTERS
    if not dump.closed and dump.complete and surplus > 0 and filled:
        tail = dump.data[dump.declared :]
        if not any(tail) or dump.reader.style is CHARACTERS:
            del dump.data[dump.declared :]


def _check_begin(dump: Dump, *, within: bool) -> Dump | None:
    """Return the dump; None if it begins within another dump and its table is not sound."""
    if len(dump.data) < _LEAST or _is_swapped(dump):
        return None
    if not within:
        return dump
    if not dump.sound:
        return None
    del dump.data[dump.declared :]
    dump.problem = ""
    return dump


def _is_swapped(dump: Dump) -> bool:
    """Return whether groups of bytes are numbers, low byte first, as in ``xxd -e`` of a RAMD."""
    unit = dump.reader.style.unit.match(dump.reader.text, dump.reader.at)
    grouped = unit is not None and len(unit[1]) > 2 and dump.reader.style is HEX
    swapped = int.from_bytes(dump.data[4:8], "big")
    return grouped and dump.declared > LARGEST and SMALLEST <= swapped <= LARGEST


def _is_within(dump: Dump, begin: int) -> bool:
    """Return whether the line above the first row belongs to the same dump."""
    span = _line_before(dump.reader, dump.first)
    if span and dump.reader.is_repeated(*span):
        return True
    before = row_before(dump.reader, dump.first)
    return before is not None and 0 <= number_of(before.offset, dump.base) < begin


def _line_before(reader: Reader, first: Row) -> tuple[int, int] | None:
    """Return where the line above `first` begins and ends; None if it is too long for a row."""
    if first.start == 0:
        return None
    end = first.start - 1
    start = reader.text.rfind("\n", 0, end) + 1
    return (start, end) if end - start <= 4 * LONGEST_ROW else None


def row_before(reader: Reader, first: Row) -> Row | None:
    """Return the row on the line above the first row, if it has the same shape."""
    span = _line_before(reader, first)
    row = reader.row(*span, LONGEST_ROW) if span else None
    if row is None or (not reader.has_offset and not reader.is_plain(row)):
        return None
    return row
