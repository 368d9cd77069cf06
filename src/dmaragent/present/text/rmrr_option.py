"""Text output of ``dmaragent boot-option`` for ``rmrr=``."""

from dmaragent.boot_option.model import CheckedOption, FaultOption, JudgedRange, WrittenOption
from dmaragent.present.escaping import shorten
from dmaragent.present.text.boot_option import (
    JudgedLines,
    OptionTexts,
    checked_lines,
    faults_lines,
    written_lines,
)
from dmaragent.present.words.boot_option import advice_words
from dmaragent.present.words.rmrr_option import (
    OPTION_WORDS,
    checked_headline,
    range_headline,
    range_read_as,
    reason_words,
    written_headline,
)

_RMRR = OptionTexts("rmrr=", OPTION_WORDS, "-i rmrr")


def written_text(option: WrittenOption) -> list[str]:
    """Return the lines of an option that was written: the option first, then what to do."""
    return written_lines(option, written_headline(option), _RMRR)


def checked_text(option: CheckedOption) -> list[str]:
    """Return the lines of an option that was checked, range by range."""
    has_table = option.on.table is not None
    ranges = (_range(judged, checked=has_table) for judged in option.ranges)
    return checked_lines(checked_headline(option), "", ranges, option.notes)


def faults_text(faults: FaultOption) -> list[str]:
    """Return the lines of an option for the faults of a log: the faults come first."""
    headline = written_headline(faults.option)
    return faults_lines(faults.faults, faults.option, headline, _RMRR)


def _range(judged: JudgedRange, *, checked: bool) -> JudgedLines:
    reason = reason_words(judged) if judged.reason else ""
    read = range_read_as(judged.read)
    headline = range_headline(judged, shorten(judged.read.text), checked=checked)
    return JudgedLines(headline, [*filter(None, (reason, read)), *advice_words(judged)])
