"""Finding the known messages in a text, in old and new wordings.

The text can be a pasted line or a boot log of many megabytes.  It is searched for one fixed
piece of each wording, and a pattern is tried only around the places of such a piece.  So the time
grows only with the text.  Pieces with words that are not in the text are skipped.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from dmaragent.messages.anchors import AnchorSearch
from dmaragent.messages.cleaning import cleaned
from dmaragent.messages.counting import Occurrence, Tally, keep, without_nameless
from dmaragent.messages.cut import CutReader, shortened
from dmaragent.messages.model import Message, Names, Program, Recognition, Wording
from dmaragent.messages.names import names_of
from dmaragent.messages.prefix import by_xen, device_before
from dmaragent.messages.retyped import folded, lower
from dmaragent.messages.split import Piece, put_together
from dmaragent.messages.template import AFTER, BEFORE

MOST_IN_LINE = 1000
"""How many places of one line are tried: a line of megabytes is not a message, but takes time."""
MOST_JOINED = 1 << 16
"""The largest text, in characters, whose lines are also joined: a paste, not a log."""
_MARKS = re.compile(r"^(?:[>|\u2502]+ ?)+")
_AFTER = re.compile(r"\s*[=\\|\u2502]?\s*$")
"""Characters that a mail, a table or an editor puts around the parts of a line."""


class _Match(NamedTuple):
    """One wording found in a line of the text."""

    start: int
    end: int
    message: Message
    names: Names
    vendor: str = ""
    cut: bool = False
    continued: bool = False
    """Whether its device is in the line before the one that it begins in."""

    @property
    def order(self) -> tuple[int, int]:
        """The first match in the text wins, then the longest."""
        return self.start, -self.end


class Recogniser:
    """Finds the messages of a table in texts."""

    def __init__(self, messages: Iterable[Message], *, folds: bool = False) -> None:
        self._folds = folds  # the anchors are in small letters
        self._messages = tuple(messages)
        self._by_anchor: dict[str, list[tuple[Message, Wording]]] = {}
        self._cut: CutReader | None = None
        self._anchors: AnchorSearch | None = None
        self._folded: Recogniser | None = None
        for message in self._messages:
            for wording in message.wordings:
                wordings = self._by_anchor.setdefault(wording.template.anchor, [])
                wordings.append((message, wording))

    def recognise(self, text: str) -> Recognition:
        """Return the known messages in `text`."""
        kept: dict[tuple[str, str, Names], Tally] = {}
        left_out = sum(not keep(kept, occurrence) for occurrence in self.occurrences(text))
        recognised = without_nameless([tally.recognised for tally in kept.values()])
        recognised.sort(key=lambda entry: (entry.message.weight.rank, entry.lines))
        lines = text.count("\n") + bool(text and not text.endswith("\n"))
        return Recognition(found=tuple(recognised), line_count=lines, left_out=left_out)

    def occurrences(self, text: str) -> Iterator[Occurrence]:
        """Yield the known messages in `text` one by one.

        A paste is also searched for messages that were split, cut, or typed in other letters.
        """
        clean = cleaned(text)
        counter = _Lines(clean)
        if len(clean) > MOST_JOINED:
            for match in self._matches(clean):
                yield _occurrence(match, counter)
            return
        pieces = [
            Piece(_occurrence(match, counter), clean[match.start : match.end])
            for match in self._matches(clean)
        ]
        taken = {piece.seen.number for piece in pieces}
        for number, last, line, match in (
            self._matches_over_lines(clean) if "\n" in clean.strip() else ()
        ):
            joined = Occurrence(
                match.message, match.names, number, line, split=True, vendor=match.vendor
            )
            if put_together(pieces, joined, last, continued=match.continued):
                taken.update(range(number, last + 1))
        yield from (piece.seen for piece in pieces)
        for occurrence in [*self._cut_messages(clean, taken)]:
            taken.add(occurrence.number)
            yield occurrence
        yield from self._retyped_messages(clean, taken)

    def _retyped_messages(self, text: str, taken: Container[int]) -> Iterator[Occurrence]:
        """Yield the messages whose letters were changed to lower or upper case."""
        lines = enumerate(text.split("\n"), 1)
        if not any(line.strip() for number, line in lines if number not in taken):
            return
        if self._folded is None:
            self._folded = Recogniser(filter(None, map(folded, self._messages)), folds=True)
        printed = {message.id: message for message in self._messages}
        counter = _Lines(text)
        for match in self._folded._matches(text):  # noqa: SLF001 - its own class
            occurrence = _occurrence(match, counter)
            if occurrence.number not in taken:
                yield occurrence._replace(message=printed[occurrence.message.id])

    def _matches(self, text: str, lines: Sequence[int] = ()) -> Iterator[_Match]:
        """Yield the matches in `text`, in its order; of matches that overlap, the first.

        `lines` are the places where lines began that were joined to `text`.
        """
        if self._anchors is None:
            self._anchors = AnchorSearch(self._by_anchor)
        places = self._anchors.places(lower(text) if self._folds else text)
        end = 0
        bounded = _first_of_each_line(text, places)
        for _, group in groupby(_with_group_numbers(text, bounded), key=lambda place: place[0]):
            near = [
                match for _, place in group for match in self._matches_around(text, *place, lines)
            ]
            for match in sorted(near, key=lambda hit: hit.order):
                if match.start >= end:
                    yield match
                    end = match.end

    def _matches_around(
        self, text: str, at: int, anchor: str, lines: Sequence[int]
    ) -> Iterator[_Match]:
        """Yield the wordings around the `anchor` at a place of `text`."""
        start = max(at - BEFORE, text.rfind("\n", max(at - BEFORE, 0), at) + 1)
        newline = text.find("\n", at, at + AFTER)
        window = text[start : at + AFTER if newline < 0 else newline]
        for message, wording in self._by_anchor[anchor]:
            for match in wording.template.pattern.finditer(window):
                if match.start() <= at - start < match.end():
                    begin, end = start + match.start(), start + match.end()
                    lost = shortened(match)
                    values = {k: v for k, v in match.groupdict().items() if k not in lost}
                    hit = _Match(
                        begin, end, message, names_of(values), wording.vendor, cut=bool(lost)
                    )
                    yield from _with_prefix(hit, text, start, lines)

    def _matches_over_lines(self, text: str) -> Iterator[tuple[int, int, str, _Match]]:
        """Yield the matches across ends of lines, with their first and last line and their text.

        A mail splits between words and marks what it quotes; a terminal splits anywhere.
        """
        for lines, glue in _line_joinings(text.split("\n")):
            starts, at = [], 0
            for line in lines:
                starts.append(at)
                at += len(line) + len(glue)
            whole = glue.join(lines)
            for match in self._matches(whole, starts):
                first = bisect_left(starts, match.start + 1) - match.continued
                last = bisect_left(starts, match.end)
                if first < last:
                    yield first, last, whole[match.start : match.end], match

    def _cut_messages(self, text: str, taken: Container[int]) -> Iterator[Occurrence]:
        """Yield the messages that the end of a line cuts off, except in the lines `taken`."""
        if self._cut is None:
            self._cut = CutReader(self._messages)
        for number, line in enumerate(text.split("\n"), 1):
            if number in taken or len(line) > AFTER:
                continue
            cut = self._cut.read(line)
            if cut is None:
                continue
            names = _names(cut.message, names_of(cut.values), line[: cut.start])
            if names is not None:
                yield Occurrence(
                    cut.message, names, number, line.strip(), cut=True, vendor=cut.wording.vendor
                )


def _occurrence(match: _Match, counter: "_Lines") -> Occurrence:
    """Return `match` with the number and the text of its line."""
    number, line, below = counter.at(match.start)
    return Occurrence(
        match.message, match.names, number, line, below, cut=match.cut, vendor=match.vendor
    )


def _line_joinings(lines: list[str]) -> Iterator[tuple[list[str], str]]:
    """Yield the possible ways to join the `lines`, with the separator.

    A terminal that splits at a blank keeps it at the end of the line or the begin of the next, or
    loses it at the end: that line is then a character shorter than the widest.
    """
    bare = [_MARKS.sub("", line) for line in lines]
    parts = [_AFTER.sub("", line) for line in bare]
    yield [part.lstrip(" ") for part in parts], " "
    width = max(map(len, bare))
    yield [line if line.endswith(" ") else part for line, part in zip(bare, parts, strict=True)], ""
    if any(len(line) == width - 1 for line in bare):
        yield [f"{part} " if len(part) == width - 1 else part for part in parts], ""


class _Lines:
    """Counts the lines of a text up to places that come in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._number = 1

    def at(self, place: int) -> tuple[int, str, str]:
        """Return the number of the line at `place`, the line and the next, shortened if very long."""
        self._number += self._text.count("\n", self._at, place)
        self._at = place
        start = max(place - BEFORE, self._text.rfind("\n", max(place - BEFORE, 0), place) + 1)
        end = self._text.find("\n", place, place + AFTER)
        line = self._text[start : place + AFTER if end < 0 else end].strip()
        below = "" if end < 0 else self._text[end + 1 : end + 1 + AFTER].partition("\n")[0]
        return self._number, line, below


def _first_of_each_line(text: str, places: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the first `places` of each line."""
    end = seen = 0
    for at, anchor in places:
        if at >= end:
            newline = text.find("\n", at)
            end, seen = len(text) if newline < 0 else newline, 0
        seen += 1
        if seen <= MOST_IN_LINE:
            yield at, anchor


def _with_group_numbers(
    text: str, places: Iterable[tuple[int, str]]
) -> Iterator[tuple[int, tuple[int, str]]]:
    """Yield each place with a number, the same for places that are close in one line."""
    number, last = 0, -1
    for at, anchor in places:
        if last < 0 or at - last > BEFORE or text.find("\n", last, at) >= 0:
            number += 1
        last = at
        yield number, (at, anchor)


def _with_prefix(match: _Match, text: str, start: int, lines: Sequence[int]) -> Iterator[_Match]:
    """Yield `match` with the device before it in its line, unless that text rules it out.

    `start` is where its line, or what is looked at of it, begins; `lines` are the places where
    lines began that were joined to `text`.
    """
    line = bisect_right(lines, match.start) - 1
    names = _names(match.message, match.names, text[max([start, *lines[line:][:1]]) : match.start])
    if names is None:
        return
    if line > 0 and not names.devices:
        names = _names(match.message, names, text[max(start, lines[line - 1]) : match.start])
        if names is not None and names.devices:
            match = match._replace(names=names, continued=True)
    elif names is not match.names:
        match = match._replace(names=names)
    yield match


def _names(message: Message, names: Names, before: str) -> Names | None:
    """Return `names` with the device that the kernel printed before `message`, if they have none.

    None: what is `before` it in its line shows that another program printed it.
    """
    if message.printer is not Program.LINUX:
        return names
    if by_xen(before):
        return None
    device = None if names.devices else device_before(before)
    return names if device is None else replace(names, devices=(device,))
