"""The lines of ``dmaragent boot-option`` that ``rmrr=`` and ``ivmd=`` have in common."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from dmaragent.boot_option.boot_loaders import Reader, boot_setup, steps_to_add
from dmaragent.boot_option.model import OptionHost, SiftedFaults
from dmaragent.boot_option.wanted import Refused
from dmaragent.present.text.boot_steps import boot_steps
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.boot_option import (
    AFTER_BOOT,
    BEFORE_USE,
    FAULTS_IN_TABLE,
    FAULTS_LEFT_OUT,
    LINUX_FAULTS_ALONE,
    NOT_WRITTEN,
    NOTES,
    OPTION_WORD,
    faults_headline,
    nothing_left,
    region_refused,
)


class Written(Protocol):
    """An option that was written, of either kind."""

    @property
    def on(self) -> OptionHost:
        """The host."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command line; empty: nothing was written."""

    @property
    def refused(self) -> Sequence[Refused[object]]:
        """The regions without a word."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes, a sentence each."""


class OptionTexts(NamedTuple):
    """The differences between the two options."""

    name: str
    """With ``=``."""
    several_words: str
    """The title above several words."""
    messages: str
    """What to search in Xen's log after the boot."""


class JudgedLines(NamedTuple):
    """A range that was checked: a headline, and sentences."""

    headline: str
    sentences: list[str]


def written_lines(option: Written, headline: str, texts: OptionTexts) -> list[str]:
    """Return the lines of an option that was written: the option first, then what to do."""
    return list(_written(option, headline, texts))


def faults_lines(
    faults: SiftedFaults, option: Written, headline: str, texts: OptionTexts
) -> list[str]:
    """Return the lines of an option for the faults of a log: the faults come first."""
    left = option.words or option.refused
    rest = _written(option, headline, texts) if left else [nothing_left(texts.name)]
    return [*_sifted(faults), "", *rest]


def checked_lines(
    headline: str, reason: str, ranges: Iterable[JudgedLines], notes: Sequence[str]
) -> list[str]:
    """Return the lines of an option that was checked, range by range.

    `reason` is that of the headline; it can be empty.
    """
    return list(_checked(headline, reason, ranges, notes))


def _written(option: Written, headline: str, texts: OptionTexts) -> Iterator[str]:
    yield from paragraph(headline, hang=2)
    yield from _titled(NOT_WRITTEN, map(region_refused, option.refused))
    if option.words:
        yield from _steps(option, texts)
    yield from _titled(NOTES, option.notes)


def _steps(option: Written, texts: OptionTexts) -> Iterator[str]:
    """Yield the option, unwrapped for pasting, how to set it, and how to check it."""
    yield ""
    yield from paragraph(texts.several_words if len(option.words) > 1 else OPTION_WORD)
    for word in option.words:
        yield f"  {word}"
    yield ""
    yield from boot_steps(steps_to_add(option.words, boot_setup(option.on.host, Reader.XEN)))
    yield ""
    yield AFTER_BOOT
    yield f"  xl dmesg | grep {texts.messages}"
    yield "  dmaragent boot-option --check"
    yield "  dmaragent inventory"


def _checked(
    headline: str, reason: str, ranges: Iterable[JudgedLines], notes: Sequence[str]
) -> Iterator[str]:
    yield from paragraph(headline, hang=2)
    if reason:
        yield from paragraph(f"Reason: {reason}", indent=2, hang=2)
    for number, judged in enumerate(ranges, 1):
        yield ""
        yield from paragraph(f"{number}  {judged.headline}", hang=3)
        for sentence in judged.sentences:
            yield from paragraph(sentence, indent=3, hang=2)
    yield from _titled(NOTES, notes)


def _sifted(faults: SiftedFaults) -> Iterator[str]:
    """Yield the lines about the faults themselves, which come before the option."""
    yield from paragraph(faults_headline(faults), hang=2)
    yield from paragraph(BEFORE_USE)
    if faults.by_linux:
        yield from paragraph(LINUX_FAULTS_ALONE)
    yield from _titled(FAULTS_IN_TABLE, faults.given)
    yield from _titled(FAULTS_LEFT_OUT, faults.dropped)


def _titled(title: str, sentences: Iterable[str]) -> Iterator[str]:
    """Yield an empty line, `title` and `sentences`; nothing if there are none."""
    for number, sentence in enumerate(sentences):
        if not number:
            yield ""
            yield title
        yield from paragraph(sentence, indent=2, hang=2)
