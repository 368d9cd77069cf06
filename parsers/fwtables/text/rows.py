"""Rows of bytes in text: their place in a line, and whether one follows another.

A row has four parts: a lead (a mail's ``>``, a log's time, a number), an offset if there is one,
the bytes, and a rest (the same in ASCII, a comment).  Offsets prove that rows follow each other;
rows without offsets are compared with the table's own length and checksum.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fwtables.text.units import CHARACTERS, Anchor, Style, characters

LONGEST_ROW = 1024
"""Maximum bytes of a row with an offset."""
_LONGEST_PREFIX = 200
"""Maximum characters before the bytes; more is a line of other text around them."""
_WINDOW = 4096
"""Maximum characters before the bytes in which the begin of their line is searched."""
_LINE = 128
"""Characters of a usual line: those of hexdump -C have 78, after a log's time about 100."""
_LEAD = r"[\s>|]*"
_OFFSET = re.compile(r"(?<![0-9A-Za-z`])(?:0[xX])?([0-9A-Fa-f`]{1,17})(h?[\s:>|)\]}*/\-=.]{1,16})$")
_SEPARATOR = re.compile(r"\s*(?:[,;:+\"'\-]+\s*)*")
_SEPARATOR_OF_NUMBERS = re.compile(r"\s*(?:[,;]+\s*)*")
"""Of decimal numbers, which may be negative."""
_LAST_WORD = re.compile(r"([^\s,:;\-]+)[\s,:;\-]*$")
_LONG_NUMBER = re.compile(r"[0-9A-Fa-f]{6,17}")
_MARKER = re.compile(
    r"(?P<c>0[xX])|(?P<string>\\x)|(?P<dollar>\$)|(?P<assembly>0[0-9a-fA-F]{2}[hH])"
)
_WORD = re.compile(r"\d+|\s+|[^\d\s]+")
_REPEATED = re.compile(r"\*\s*$")


@dataclass(frozen=True, slots=True)
class Row:
    """The bytes of one line."""

    start: int
    """Where the line begins."""
    end: int
    offset: str
    """As it is written; empty without one."""
    data: bytes
    width: int
    """Columns from the first unit to the end of the last."""
    rest: str
    """What follows the units."""
    gaps: tuple[int, ...] = ()
    """Numbers of bytes after which there are more blanks than between others."""


def line_ends(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the begin and the end of each line from the one that begins at `at`."""
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield at, end
        at = end + 1


def _template(words: str) -> str:
    """Return a regular expression for `words` with other numbers and other blanks.

    Its quantifiers keep what they matched: a long run of digits would otherwise be divided among
    many numbers in all ways.
    """
    return "".join(
        r"\d++" if word[0].isdigit() else r"\s*+" if word[0].isspace() else re.escape(word)
        for word in _WORD.findall(words)
    )


class Reader:
    """Reads lines with the shape of the line of `anchor`."""

    def __init__(self, text: str, anchor: Anchor) -> None:
        self.text = text
        self.style: Style = anchor.style
        self.at = anchor.start
        window = max(0, anchor.start - _WINDOW)
        self.begin = max(window, text.rfind("\n", window, anchor.start) + 1)
        prefix = text[self.begin : anchor.start]
        self.inside = len(prefix) > _LONGEST_PREFIX
        """Whether the bytes are in a long line of other text."""
        prefix = prefix[-_LONGEST_PREFIX:]
        match = None if self.inside else _OFFSET.search(prefix)
        self.marker = self._marker(anchor.start)
        self._separator = _SEPARATOR_OF_NUMBERS if self.style.base == 10 else _SEPARATOR
        self.has_offset = match is not None
        self.lines = 0
        """The lines that were read, and again for each `_LINE` characters of a longer one."""
        self.numbered = False
        """Whether the number before the bytes is a line number."""
        lead = prefix[: match.start(1)] if match else prefix
        self.after = match[2] if match else ""
        self.first_offset = match[1].replace("`", "") if match else ""
        lead = re.sub(rf"^{_LEAD}", "", lead)
        self.lead = lead = lead.rpartition("\v")[2]
        body = _template(lead)
        self._lead = _LEAD + (body if match and re.search(r"\d", lead) else f"(?:{body})?")
        self.gap = self._first_gap(anchor.start)
        self._compile()

    def _compile(self) -> None:
        after = _template(self.after.strip())
        after = rf"\s*{after}\s*" if after else r"\s+"
        offset = r"(?<![0-9A-Fa-f`])([0-9A-Fa-f`]{1,17})"
        self._row = re.compile(
            self._lead + (offset + after if self.has_offset else r"[{(\[\"'\s]*")
        )
        self._end = re.compile(rf"{self._lead}{offset}[:h]*\s*$")
        self._star = re.compile(rf"(?:{self._lead}|{_LEAD}){_REPEATED.pattern}")

    def number_lines(self) -> None:
        """Treat the number before the bytes as the line's number: there is no offset."""
        self._lead += r"\d++" + _template(self.after) + r"\s*"
        self.lead = ""
        self.has_offset, self.numbered = False, True
        self._compile()

    def drop_offset(self) -> None:
        """Treat the number before the bytes as a word: there is no offset."""
        word = _template(self.first_offset + self.after)
        self._lead = f"(?:{_LEAD}{_template(self.lead)}{word})?{_LEAD}"
        self.has_offset = False
        self._compile()

    def _marker(self, start: int) -> str:
        """Return the name of the mark that makes each unit a number; empty without one."""
        match = _MARKER.match(self.text, start)
        return match.lastgroup or "" if match else ""

    def _first_gap(self, start: int) -> int:
        unit = self.style.unit.match(self.text, start)
        if unit is None:
            return 1
        separator = self._separator.match(self.text, unit.end())
        return max(1, len(separator[0]) if separator else 1)

    def is_within(self) -> bool:
        """Return whether another unit is before the signature on its line."""
        if self.numbered:
            return False
        return self._is_unit(_LAST_WORD.search(self.text[max(self.begin, self.at - 40) : self.at]))

    def offset_is_unit(self) -> bool:
        """Return whether the word in the place of an offset looks like a unit."""
        return ":" not in self.after and self._is_unit(_LAST_WORD.search(self.first_offset))

    def is_within_row(self) -> bool:
        """Return whether the offset could be a unit, with another number before it."""
        if self.style is CHARACTERS:
            return len(self.first_offset) < 6  # a cell: od and hexdump write seven digits
        if not self._is_unit(_LAST_WORD.search(self.first_offset)):
            return False
        before = _LAST_WORD.search(self.lead[-40:])
        return self._is_unit(before) or bool(before and _LONG_NUMBER.fullmatch(before[1]))

    def _is_unit(self, match: re.Match[str] | None) -> bool:
        """Return whether the word that was found is a unit like the first unit of the signature."""
        unit = self.style.unit.match(self.text, self.at)
        if not match or not unit:
            return False
        before = self.style.unit.fullmatch(match[1])
        marker = _MARKER.match(match[1])
        return bool(
            before
            and (marker.lastgroup if marker else "") == self.marker
            and (self.marker != "" or self.style.base == 10 or len(match[1]) == len(unit[0]))
        )

    def first(self, most: int | None = None) -> Row:
        """Return the row that begins with the signature, of at most `most` bytes."""
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        return self._take(self.begin, end, self.first_offset, self.at, most)

    def row(self, start: int, end: int, most: int | None) -> Row | None:
        """Return the row on the line from `start` to `end`; None if it has another shape."""
        self.lines += 1 + (end - start) // _LINE
        match = self._row.match(self.text, start, end)
        if not match:
            return None
        offset = match[1].replace("`", "") if self.has_offset else ""
        row = self._take(start, end, offset, match.end(), most)
        return row if row.data else None

    def body(self, start: int, end: int) -> int:
        """Return where the bytes begin on the line from `start` to `end`, without an offset."""
        self.lines += 1 + (end - start) // _LINE
        match = self._row.match(self.text, start, end)
        return match.end() if match else start

    def total(self, start: int, end: int) -> str:
        """Return the offset that is alone on a line, the number of bytes; empty without one."""
        match = self._end.match(self.text, start, end) if self.has_offset else None
        return match[1].replace("`", "") if match else ""

    def is_repeated(self, start: int, end: int) -> bool:
        """Return whether the line is a ``*``, for rows that equal the one before it."""
        return bool(self._star.match(self.text, start, end))

    def _take(self, start: int, end: int, offset: str, at: int, most: int | None) -> Row:
        if self.style is CHARACTERS:
            return self._characters(start, end, offset, at, most)
        data, first, last, gaps = bytearray(), at, at, []
        while most is None or len(data) < most:
            unit = self.style.unit.match(self.text, at, end)
            value = self.style.value(unit[1]) if unit else b""
            if not unit or not value or self._marker(at) != self.marker:
                break
            wide = at - last - self.gap if data else 0
            partial = 2 * self.style.width - len(unit[1])
            if self.style.base == 16 and len(value) < self.style.width:
                if data and wide != partial:
                    break
            elif wide > self.style.gap and not self.marker:
                break
            if wide > 0:
                gaps.append(len(data))
            if most is not None and len(data) + len(value) > most:
                break
            data += value
            last = unit.end()
            separator = self._separator.match(self.text, last, end)
            at = separator.end() if separator else last
        rest = self.text[last:end]
        return Row(start, end, offset, bytes(data), last - first, rest, tuple(gaps))

    def _characters(self, start: int, end: int, offset: str, at: int, most: int | None) -> Row:
        begin = self._cells(start, at)
        cells = self.text[begin:end]
        data = characters(cells, LONGEST_ROW if most is None else most)
        return Row(start, end, offset, data, 4 * len(data), cells[4 * len(data) :])

    def _cells(self, start: int, at: int) -> int:
        """Return where the first cell of four columns begins."""
        match = re.compile(rf"{self._lead}[0-9A-Fa-f`]{{1,17}}").match(self.text, start)
        return match.end() if match and self.has_offset else at - 3

    def is_plain(self, row: Row) -> bool:
        """Return whether the line of `row` has only bytes, apart from comments."""
        rest = row.rest.strip(" \t\v,;:\"'\\})]>+|=`")
        if self.marker:
            return True
        return not rest or rest.startswith(("//", "/*", "#", ";"))
