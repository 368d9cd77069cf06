"""Recognised messages for people: what it is, what it means, what this host says, what to do."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from dmaragent.iommu.no_table import Absence
from dmaragent.messages.host_match import HostMatch, Why
from dmaragent.messages.model import QUARANTINE, Message, MessageSeverity, Recognised
from dmaragent.messages.numbers import FAULT_REASONS, error_name
from dmaragent.present.text.resolve_head import shorten
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.why_here import here_words
from dmaragent.present.wording import absence_words, count

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
    for each in why.matches:
        by_message.setdefault(each.recognised.message.id, []).append(each)
    lines = sum(one.count for one in recognition.found)
    yield (
        f"{count(len(by_message), 'known message')}, found {count(lines, 'time')} in "
        f"{count(recognition.line_count, 'line')}"
    )
    explained = any(
        one.message.weight in (MessageSeverity.REFUSAL, MessageSeverity.FAULT)
        for one in recognition.found
    )
    wrong = explained or any(
        one.message.weight is MessageSeverity.FIRMWARE for one in recognition.found
    )
    consequences, notes = [], []
    for ties in by_message.values():
        weight = ties[0].recognised.message.weight
        if explained and weight is MessageSeverity.CONSEQUENCE:
            consequences.append(ties)
        elif wrong and weight is MessageSeverity.NOTE and len(by_message) > _MOST_BLOCKS:
            notes.append(ties)
        else:
            yield ""
            yield from _block_lines(ties, table_known=bool(why.table_known))
    if consequences:
        yield ""
        yield "What follows from it"
        for ties in consequences:
            yield from paragraph(_consequence_words(ties), indent=2, hang=2)
    if notes:
        yield ""
        yield "Nothing is wrong with"
        for ties in notes:
            yield from paragraph(_consequence_words(ties), indent=2, hang=2)
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


def means_words(recognised: Recognised) -> str:
    """Say what a message means, with what its numbers add."""
    return " ".join([recognised.message.meaning, *_number_words(recognised)])


def advice_words(recognised: Recognised) -> str:
    """Say what to do about a message."""
    message = recognised.message
    if recognised.names.domain == QUARANTINE and message.in_quarantine:
        return message.in_quarantine
    return message.advice


def printer_words(message: Message) -> str:
    """Say who prints a message, and which releases of it."""
    name = message.printer.value
    if message.releases.startswith(name):
        return message.releases
    return f"{name}, {message.releases}"


def _number_words(recognised: Recognised) -> Iterator[str]:
    message, names = recognised.message, recognised.names
    if names.error is not None:
        other = f"The error is {error_name(names.error)}."
        yield message.by_error.get(names.error, other)
    if message.by_reason and names.reason in FAULT_REASONS:
        yield f"Reason {names.reason:#04x}: {FAULT_REASONS[names.reason]}."
    if names.domain == QUARANTINE:
        yield (
            f"Domain {QUARANTINE} (DOMID_IO, d[IO]) is no guest: it is Xen's quarantine, where a "
            "device waits that no guest has."
        )


def _block_lines(ties: Sequence[HostMatch], *, table_known: bool) -> Iterator[str]:
    """Explain one message once, for all that it was printed of."""
    found = [each.recognised for each in ties]
    message = found[0].message
    yield from paragraph(message.title, hang=2)
    for one in found[:_MOST_LINES]:
        text = shorten(one.text, _MOST_TEXT)
        yield from paragraph(f"{_where(one)}: {text}", indent=2, hang=2)
    rest = found[_MOST_LINES:]
    if rest:
        lines = count(sum(one.count for one in rest), "more line")
        yield f"  {lines} of this kind, about other devices or guests"
    yield from labelled("From", printer_words(message))
    numbers = dict.fromkeys(words for one in found for words in _number_words(one))
    yield from labelled("Means", " ".join([message.meaning, *islice(numbers, _MOST_LINES)]))
    here = (words for each in ties for words in here_words(each, table_known=table_known))
    yield from _under("Here", here)
    for advice in dict.fromkeys(map(advice_words, found)):
        yield from labelled("Do", advice)
    yield from _under("Next", (_command_words(one, each) for each in ties for one in each.commands))


def _under(name: str, texts: Iterable[str]) -> Iterator[str]:
    """Set several texts under one name, each once."""
    said = list(dict.fromkeys(texts))
    for text in said[:_MOST_SAID]:
        yield from labelled(name, text)
        name = ""
    if len(said) > _MOST_SAID:
        yield from labelled("", f"and {len(said) - _MOST_SAID} more: --json has all")


def _where(found: Recognised) -> str:
    place = f"line {found.lines[0]}"
    if found.split:
        place += ", split"
    if found.cut:
        place += ", cut"
    return place + (f" and {found.count - 1} more" if found.count > 1 else "")


def _consequence_words(ties: Sequence[HostMatch]) -> str:
    found = [each.recognised for each in ties]
    errors = {error_name(one.names.error) for one in found if one.names.error is not None}
    named = f" ({', '.join(sorted(errors))})" if errors else ""
    more = sum(one.count for one in found) - 1
    place = f"line {found[0].lines[0]}" + (f" and {more} more" if more else "")
    return f"{place}: {found[0].message.printer.value}: {found[0].message.title}{named}"


def _command_words(command: str, each: HostMatch) -> str:
    if command == "dmaragent check" and each.findings:
        return f"{command}  ({', '.join(each.findings)})"
    return command


def _remarks(why: Why, absence: Absence | None, *, live: bool) -> Iterator[str]:
    lines = []
    if not why.table_known and absence is not None:
        what, hint = absence_words(absence)
        lines.append(f"Regions cannot be named: {what}. To name them: {hint}.")
    elif not why.table_known:
        lines.append("Regions cannot be named: the table cannot be decoded (dmaragent decode).")
    if live and any(one.devices or one.spans for one in why.matches):
        lines.append('"Here" is this machine; --host PATH names the one that printed it.')
    if why.recognition.left_out:
        more = count(why.recognition.left_out, "more line")
        lines.append(f"{more} with known messages: too many different ones to tell apart.")
    if lines:
        yield ""
    for line in lines:
        yield from paragraph(line, hang=2)
