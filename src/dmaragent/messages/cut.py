"""Messages whose end or beginning a pager (``less -S``) or a narrow terminal cut off.

The end of a line is compared with the beginnings of the wordings.  A short beginning counts only
if the line is marked as cut.  A beginning that two messages share does not count.  A line can
also begin within the longest text of a wording, as in the right part of a pager: it names nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from dmaragent.messages.model import Message, Wording
from dmaragent.messages.template import Part, Value

MARKED = 16
"""How many characters of a wording a line must have if it is marked as cut."""
UNMARKED = 24
"""The same for other lines, which must also have two thirds of the wording."""
_KEY = 8
"""How many characters of a wording are searched for first."""
_MARK = re.compile(r"(?:>|\u2026|\.{3}|\u00bb)[\"'\s]*$")
_SHORTENS = re.compile(r"(?:>|\u2026)\s*")
_ONE_QUOTE = str.maketrans('`"', "''")
_BEGUN = re.compile(r"[\w:.\[-]{0,16}")
"""Characters that can begin a value."""
_NEED_END = frozenset({"linux-pte-set-twice", "linux-pte-taken"})
"""Messages that differ in their end only."""


class Cut(NamedTuple):
    """The beginning of a message at the end of a line."""

    start: int
    message: Message
    wording: Wording
    values: Mapping[str, str]
    """The values, without one that the end of the line may have shortened."""
    length: int
    """How many characters of the wording the line has, without values."""


class _Beginning(NamedTuple):
    """A wording split at its first longer text: what precedes it and what follows."""

    message: Message
    wording: Wording
    key: str
    head: tuple[Part, ...]
    tail: tuple[Part, ...]
    length: int


class CutReader:
    """Finds messages whose end is missing."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._by_key: dict[str, list[_Beginning]] = {}
        self._by_end: dict[str, list[tuple[Message, Wording]]] = {}
        for message in messages:
            for wording in message.wordings:
                if len(wording.template.anchor) > UNMARKED:
                    end = wording.template.anchor[-_KEY:]
                    self._by_end.setdefault(end, []).append((message, wording))
                beginning = _beginning(message, wording)
                if beginning is not None:
                    self._by_key.setdefault(beginning.key, []).append(beginning)

    def read(self, line: str) -> Cut | None:
        """Return the message that `line` has a part of; None: none, or several are possible."""
        mark = _MARK.search(line)
        end = len(line.rstrip()) if mark is None else mark.start()
        text = line[:end].translate(_ONE_QUOTE)
        best: list[Cut] = []
        for at in range(len(text) - _KEY + 1):
            for beginning in self._by_key.get(text[at : at + _KEY], ()):
                cut = _cut(text, at, beginning, marked=mark is not None)
                if cut is not None and (not best or cut.length >= best[0].length):
                    best = [
                        *(candidate for candidate in best if candidate.length == cut.length),
                        cut,
                    ]
        best = best or list(self._with_missing_beginning(text.lstrip("< ")))
        if len({candidate.message.id for candidate in best}) != 1:
            return None
        return best[0]

    def _with_missing_beginning(self, text: str) -> Iterator[Cut]:
        """Yield the messages whose longest text has the beginning of `text`."""
        for at in range(UNMARKED - _KEY, len(text) - _KEY + 1):
            rest = text[: at + _KEY]
            for message, wording in self._by_end.get(rest[at:], ()):
                anchor = wording.template.anchor
                if anchor != rest and anchor.endswith(rest):
                    yield Cut(0, message, wording, {}, len(rest))


def shortened(match: re.Match[str]) -> frozenset[str]:
    """Return the names of the values that the end of a line may have cut.

    After a ``<`` in the line, a ``>`` closes it and is not the mark of a pager.
    """
    line = match.string
    if not _SHORTENS.fullmatch(line, match.end()) or "<" in line[: match.end()]:
        return frozenset()
    return frozenset(name for name in match.groupdict() if match.end(name) == match.end())


def _beginning(message: Message, wording: Wording) -> _Beginning | None:
    parts = wording.template.parts
    if message.id in _NEED_END:
        return None
    for index, part in enumerate(parts):
        if isinstance(part, str) and len(part) >= _KEY:
            tail = parts[index:]
            length = sum(len(piece) for piece in tail if isinstance(piece, str))
            key = part[:_KEY].translate(_ONE_QUOTE)
            return _Beginning(message, wording, key, parts[:index], tail, length)
    return None


def _cut(text: str, at: int, beginning: _Beginning, *, marked: bool) -> Cut | None:
    values: dict[str, str] = {}
    length = _length_at_end(beginning.tail, text, at, values)
    if length is None or length < (MARKED if marked else UNMARKED):
        return None
    if not marked and 3 * length < 2 * beginning.length:
        return None
    start = _start_before(beginning.head, text, at, values)
    if start is None:
        return None
    return Cut(start, beginning.message, beginning.wording, values, length)


def _length_at_end(
    parts: tuple[Part, ...], text: str, at: int, values: dict[str, str]
) -> int | None:
    """Return how many characters of `parts` the end of `text` has; None: the end is elsewhere."""
    length = 0
    for index, part in enumerate(parts):
        if isinstance(part, str):
            rest = text[at : at + len(part)]
            if not part.translate(_ONE_QUOTE).startswith(rest):
                return None
            length += len(rest)
            at += len(rest)
            if len(rest) < len(part):
                return length
        elif isinstance(part, Value):
            match = part.pattern.match(text, at)
            if match is None:
                return length if _BEGUN.fullmatch(text, at) else None
            if match.end() == len(text):
                return length
            if part.name:
                values[part.name] = match[0]
            at = match.end()
        else:
            more: dict[str, str] = {}
            inside = _length_at_end((*part.parts, *parts[index + 1 :]), text, at, more)
            if inside is not None:
                values.update(more)
                return length + inside
    return None


def _start_before(
    parts: tuple[Part, ...], text: str, at: int, values: dict[str, str]
) -> int | None:
    """Return where the `parts` that end at `at` begin; None: they are absent."""
    for part in reversed(parts):
        if isinstance(part, str):
            if not text.endswith(part.translate(_ONE_QUOTE), 0, at):
                return None
            at -= len(part)
        elif isinstance(part, Value):
            ends = (
                begin
                for begin in range(max(0, at - 40), at)
                if part.pattern.fullmatch(text, begin, at)
            )
            start = next(ends, None)
            if start is None:
                return None
            values[part.name] = text[start:at]
            at = start
        else:
            more: dict[str, str] = {}
            start = _start_before(part.parts, text, at, more)
            if start is not None:
                values.update(more)
                at = start
    return at
