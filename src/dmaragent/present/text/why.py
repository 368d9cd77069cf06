"""Recognised messages for people: what it is, what it means, what this host says, what to do."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from dmaragent.iommu.no_table import Absence
from dmaragent.messages.host_match import HostMatch, Why
from dmaragent.messages.model import Message, MessageSeverity, Recognised
from dmaragent.messages.numbers import error_name
from dmaragent.present.escaping import shorten
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.words.host import absence_words
from dmaragent.present.words.messages import advice_words, here_words, number_words, printer_words
from dmaragent.present.words.numbers import count

_MOST_TEXT = 300
_MOST_LINES = 4
"""Different lines that are shown of one message; the rest is counted."""
_MOST_BLOCKS = 6
"""Messages that are explained in full, notes included; of more, a note gets one line."""
_MOST_SAID = 8
"""Sentences about the host, and lines to go on with, that are shown of one message."""


def why_text(why: Why, absence: Absence | None, *, live: bool) -> Iterator[str]:
    """Give the lines of the answer; `live` says that the host is this machine."""
    recognition = why.recognition
    by_message: dict[str, list[HostMatch]] = {}
    for match in why.matches:
        by_message.setdefault(match.recognised.message.id, []).append(match)
    lines = sum(recognised.count for recognised in recognition.found)
    yield (
        f"{count(len(by_message), 'known message')}, found {count(lines, 'time')} in "
        f"{count(recognition.line_count, 'line')}"
    )
    explained = any(
        recognised.message.weight in (MessageSeverity.REFUSAL, MessageSeverity.FAULT)
        for recognised in recognition.found
    )
    wrong = explained or any(
        recognised.message.weight is MessageSeverity.FIRMWARE for recognised in recognition.found
    )
    consequences, notes = [], []
    for matches in by_message.values():
        weight = matches[0].recognised.message.weight
        if explained and weight is MessageSeverity.CONSEQUENCE:
            consequences.append(matches)
        elif wrong and weight is MessageSeverity.NOTE and len(by_message) > _MOST_BLOCKS:
            notes.append(matches)
        else:
            yield ""
            yield from _block_lines(matches, table_known=bool(why.table_known))
    if consequences:
        yield ""
        yield "What follows from it"
        for matches in consequences:
            yield from paragraph(_consequence_words(matches), indent=2, hang=2)
    if notes:
        yield ""
        yield "Nothing is wrong with"
        for matches in notes:
            yield from paragraph(_consequence_words(matches), indent=2, hang=2)
    yield from _remarks(why, absence, live=live)


def known_text(messages: Iterable[Message]) -> Iterator[str]:
    """Give a line or two for each message that is known, by who prints it."""
    printer = None
    for message in messages:
        if message.printer is not printer:
            if printer is not None:
                yield ""
            printer = message.printer
            yield printer.value
        yield from paragraph(f"{message.id}: {message.title}", indent=2, hang=2)


def _block_lines(matches: Sequence[HostMatch], *, table_known: bool) -> Iterator[str]:
    """Explain one message once, for all that it was printed of."""
    lines = [match.recognised for match in matches]
    message = lines[0].message
    yield from paragraph(message.title, hang=2)
    for line in lines[:_MOST_LINES]:
        text = shorten(line.text, _MOST_TEXT)
        yield from paragraph(f"{_where(line)}: {text}", indent=2, hang=2)
    rest = lines[_MOST_LINES:]
    if rest:
        more = count(sum(line.count for line in rest), "more line")
        yield f"  {more} of this kind, about other devices or guests"
    yield from labelled("From", printer_words(message))
    numbers = dict.fromkeys(words for line in lines for words in number_words(line))
    yield from labelled("Means", " ".join([message.meaning, *islice(numbers, _MOST_LINES)]))
    here = (words for match in matches for words in here_words(match, table_known=table_known))
    yield from _under("Here", here)
    for advice in dict.fromkeys(map(advice_words, lines)):
        yield from labelled("Do", advice)
    yield from _under(
        "Next", (_command_words(command, match) for match in matches for command in match.commands)
    )


def _under(name: str, texts: Iterable[str]) -> Iterator[str]:
    """Set several texts under one name, each once."""
    distinct = list(dict.fromkeys(texts))
    for text in distinct[:_MOST_SAID]:
        yield from labelled(name, text)
        name = ""
    if len(distinct) > _MOST_SAID:
        yield from labelled("", f"and {len(distinct) - _MOST_SAID} more: --json has all")


def _where(recognised: Recognised) -> str:
    place = f"line {recognised.lines[0]}"
    if recognised.split:
        place += ", split"
    if recognised.cut:
        place += ", cut"
    return place + (f" and {recognised.count - 1} more" if recognised.count > 1 else "")


def _consequence_words(matches: Sequence[HostMatch]) -> str:
    lines = [match.recognised for match in matches]
    errors = {error_name(line.names.error) for line in lines if line.names.error is not None}
    named = f" ({', '.join(sorted(errors))})" if errors else ""
    more = sum(line.count for line in lines) - 1
    place = f"line {lines[0].lines[0]}" + (f" and {more} more" if more else "")
    return f"{place}: {lines[0].message.printer.value}: {lines[0].message.title}{named}"


def _command_words(command: str, match: HostMatch) -> str:
    if command == "dmaragent check" and match.findings:
        return f"{command}  ({', '.join(match.findings)})"
    return command


def _remarks(why: Why, absence: Absence | None, *, live: bool) -> Iterator[str]:
    lines = []
    if not why.table_known and absence is not None:
        what, hint = absence_words(absence)
        lines.append(f"Regions cannot be named: {what}. To name them: {hint}.")
    elif not why.table_known:
        lines.append("Regions cannot be named: the table cannot be decoded (dmaragent decode).")
    if live and any(match.devices or match.spans for match in why.matches):
        lines.append('"Here" is this machine; --host PATH names the one that printed it.')
    if why.recognition.left_out:
        more = count(why.recognition.left_out, "more line")
        lines.append(f"{more} with known messages: too many different ones to tell apart.")
    if lines:
        yield ""
    for line in lines:
        yield from paragraph(line, hang=2)
