"""Counting messages: equal ones are counted as one, with their first lines and addresses."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from dmaragent.messages.model import Message, MessageAddress, Names, Recognised, Span
from dmaragent.messages.names import reason_below

MOST_LINES = 20
"""How many line numbers of a message are kept."""
MOST_SPANS = 16
"""How many different addresses of a message are kept."""
MOST_FOUND = 1000
"""How many different messages are kept: no genuine log names more devices."""


class Occurrence(NamedTuple):
    """One known message at one place of a text."""

    message: Message
    names: Names
    number: int
    """The line it is on, from 1."""
    text: str
    below: str = ""
    """The next line; empty if the message was joined from several."""
    split: bool = False
    cut: bool = False
    vendor: str = ""

    @property
    def key(self) -> tuple[str, str, Names]:
        """What makes two messages equal: all but the addresses."""
        return self.message.id, self.vendor, replace(self.names, spans=())


@dataclass(slots=True)
class Tally:
    """The lines, addresses, reasons and flags of one message."""

    first: Recognised
    count: int = 0
    lines: list[int] = field(default_factory=list)
    spans: dict[Span, None] = field(default_factory=dict)
    more_spans: int = 0
    reasons: set[int] = field(default_factory=set)
    """The reasons in the lines below it."""
    flags: dict[int, None] = field(default_factory=dict)

    def add(self, line: int, names: Names, reason: int | None) -> None:
        """Count one more line."""
        self.count += 1
        spans = names.spans
        self.flags.update(dict.fromkeys(names.flags))
        if reason is not None:
            self.reasons.add(reason)
        if len(self.lines) < MOST_LINES:
            self.lines.append(line)
        new = [span for span in spans if span not in self.spans]
        if len(self.spans) + len(new) > MOST_SPANS:
            self.more_spans += 1
        else:
            self.spans.update(dict.fromkeys(new))

    @property
    def recognised(self) -> Recognised:
        """Return the message with all its lines."""
        names = replace(self.first.names, spans=tuple(self.spans), flags=tuple(self.flags))
        if len(self.reasons) == 1:
            names = replace(names, reason=next(iter(self.reasons)))
        return replace(
            self.first,
            names=names,
            count=self.count,
            lines=tuple(self.lines),
            more_spans=self.more_spans,
        )


def keep(kept: dict[tuple[str, str, Names], Tally], occurrence: Occurrence) -> bool:
    """Count `occurrence` with its equals; return whether there is room for it."""
    key = occurrence.key
    if key not in kept:
        if len(kept) >= MOST_FOUND:
            return False
        kept[key] = Tally(
            Recognised(
                message=occurrence.message,
                names=occurrence.names,
                count=0,
                lines=(),
                text=occurrence.text,
                split=occurrence.split,
                cut=occurrence.cut,
                vendor=occurrence.vendor,
            )
        )
    kept[key].add(occurrence.number, occurrence.names, _reason_below(occurrence))
    return True


def without_nameless(recognised: list[Recognised]) -> list[Recognised]:
    """Return `recognised` without messages that name nothing, if the same one also names something."""
    named = {occurrence.message.id for occurrence in recognised if occurrence.names != Names()}
    return [
        occurrence
        for occurrence in recognised
        if occurrence.names != Names() or occurrence.message.id not in named
    ]


def _reason_below(occurrence: Occurrence) -> int | None:
    """Return the reason of a DMA fault from the line below it; None: none, or it has its own."""
    message = occurrence.message
    if (
        occurrence.names.reason is None
        and message.by_reason
        and message.address is MessageAddress.ACCESS
    ):
        return reason_below(occurrence.below)
    return None
