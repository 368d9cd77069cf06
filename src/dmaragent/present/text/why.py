"""Text output of ``dmaragent why``: for each message the reason on this host, fixes, next commands."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from dmaragent.iommu.kinds import Absence
from dmaragent.messages.host_match import HostMatch, Why
from dmaragent.messages.model import Message, MessageSeverity
from dmaragent.present.escaping import shorten
from dmaragent.present.text.boot_steps import boot_steps
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.words.messages import (
    CONSEQUENCES,
    HARMLESS,
    HERE_IS_THIS_MACHINE,
    OTHERS,
    REGIONS_UNKNOWN_DAMAGED,
    advice_words,
    found_words,
    here_words,
    left_out_words,
    line_words,
    meaning_words,
    more_lines_words,
    more_words,
    next_words,
    number_words,
    one_line_words,
    printer_words,
    regions_unknown_words,
    sentence,
)

_MOST_TEXT = 300
_MOST_LINES = 4
"""How many different lines of one message are shown; the rest is counted."""
_MOST_BLOCKS = 6
"""With more messages than this, --details shows a note in one line."""
_MOST_SENTENCES = 8
"""How many sentences about the host, or next commands, are shown for one message."""
_SCREEN = 36
"""How many lines the explained messages may fill without --details; the first one always fits."""

Matches = Sequence[HostMatch]
"""One message, for each device, address or guest that it names."""


def why_text(  # noqa: PLR0913 - each is a fact of its own, of a type of its own
    why: Why,
    absence: Absence | None,
    *,
    live: bool,
    details: bool = False,
    host: str = "",
    found: Collection[str] | None = None,
) -> Iterator[str]:
    """Yield the lines of the answer, the most severe message first; `live`: it is this machine.

    `found` are the findings of the host, of which the causes of a message are named.

    `host` is added to the next commands: `` --host PATH``, quoted, or empty.

    Without `details`, messages that do not fit the screen get one line each.
    """
    by_message: dict[str, list[HostMatch]] = {}
    for match in why.matches:
        by_message.setdefault(match.recognised.message.id, []).append(match)
    blocks, consequences, notes = _sorted(list(by_message.values()), details=details)
    known = bool(why.table_known)
    shown = 0
    others = []
    for number, matches in enumerate(blocks):
        lines = list(_block_lines(matches, host, found, table_known=known, details=details))
        if not details and number and shown + len(lines) > _SCREEN:
            others.append(matches)
            continue
        yield from lines if not number else ["", *lines]
        shown += len(lines) + 1
    for title, group in ((OTHERS, others), (CONSEQUENCES, consequences), (HARMLESS, notes)):
        if group:
            yield from ["", title]
        for matches in group:
            yield from paragraph(one_line_words(matches), indent=2, hang=2)
    yield from _remarks(why, absence, live=live, messages=len(by_message), details=details)


def known_text(messages: Iterable[Message]) -> Iterator[str]:
    """Yield a line or two for each known message, by the program that prints it."""
    printer = None
    for message in messages:
        if message.printer is not printer:
            if printer is not None:
                yield ""
            printer = message.printer
            yield printer.value
        yield from paragraph(f"{message.id}: {message.title}", indent=2, hang=2)


def _sorted(
    messages: Sequence[Matches], *, details: bool
) -> tuple[list[Matches], list[Matches], list[Matches]]:
    """Return the messages to explain, the consequences of them, and those without a problem."""
    severities = {_severity(matches) for matches in messages}
    explained = bool(severities & {MessageSeverity.REFUSAL, MessageSeverity.FAULT})
    wrong = explained or MessageSeverity.FIRMWARE in severities
    few = details and len(messages) <= _MOST_BLOCKS
    blocks, consequences, notes = [], [], []
    for matches in messages:
        if explained and _severity(matches) is MessageSeverity.CONSEQUENCE:
            consequences.append(matches)
        elif wrong and _severity(matches) is MessageSeverity.NOTE and not few:
            notes.append(matches)
        else:
            blocks.append(matches)
    return blocks, consequences, notes


def _severity(matches: Matches) -> MessageSeverity:
    return matches[0].recognised.message.weight


def _block_lines(
    matches: Matches,
    host: str,
    found: Collection[str] | None,
    *,
    table_known: bool,
    details: bool,
) -> Iterator[str]:
    """Yield one message: what happened, its place, why on this host, fixes, next commands."""
    lines = [match.recognised for match in matches]
    message = lines[0].message
    yield from paragraph(message.title, hang=2)
    most = _MOST_LINES if details else 1
    for line in lines[:most]:
        text = shorten(line.text, _MOST_TEXT)
        yield from paragraph(f"{line_words(line)}: {text}", indent=2, hang=2, whole_paths=False)
    rest = sum(line.count for line in lines[most:])
    if rest:
        yield f"  {more_lines_words(rest)}"
    here = (
        sentence(words)
        for match in matches
        for words in here_words(match, table_known=table_known, details=details)
    )
    yield from _under("Here", here)
    numbers = dict.fromkeys(words for match in matches for words in number_words(match))
    meaning = meaning_words(matches[0])
    yield from labelled("Meaning", " ".join([meaning, *islice(numbers, _MOST_LINES)]))
    for advice in dict.fromkeys(map(advice_words, matches)):
        for number, part in enumerate(advice.split("\n")):
            yield from labelled("" if number else "Fix", part)
    ways = next((match.option_steps for match in matches if match.option_steps), ())
    if ways:
        yield from boot_steps(ways, indent=9)
    commands = dict.fromkeys(
        next_words(command, match, host, found) for match in matches for command in match.commands
    )
    for number, (command, note) in enumerate(islice(commands, _MOST_SENTENCES)):
        yield f"{'' if number else 'Next':9}{command}"  # in one line, for pasting
        if note:
            yield from labelled("", note)
    if len(commands) > _MOST_SENTENCES:
        yield from labelled("", more_words(len(commands) - _MOST_SENTENCES))
    if details:
        yield from labelled("From", printer_words(message))


def _under(name: str, texts: Iterable[str]) -> Iterator[str]:
    """Yield several texts under one label, each once."""
    distinct = list(dict.fromkeys(texts))
    for text in distinct[:_MOST_SENTENCES]:
        yield from labelled(name, text)
        name = ""
    if len(distinct) > _MOST_SENTENCES:
        yield from labelled("", more_words(len(distinct) - _MOST_SENTENCES))


def _remarks(
    why: Why, absence: Absence | None, *, live: bool, messages: int, details: bool
) -> Iterator[str]:
    """Yield what limits the answer, and how much of the text it explains."""
    remarks = []
    if not why.table_known:
        unknown = REGIONS_UNKNOWN_DAMAGED if absence is None else regions_unknown_words(absence)
        remarks.append(unknown)
    named = any(match.devices or match.spans for match in why.matches)
    if why.regions_doubt and named:
        remarks.append(why.regions_doubt)
    if live and named:
        remarks.append(HERE_IS_THIS_MACHINE)
    if why.recognition.left_out:
        remarks.append(left_out_words(why.recognition.left_out))
    remarks.append(found_words(why.recognition, messages, details=details))
    yield ""
    for remark in remarks:
        yield from paragraph(remark, hang=2)
