"""Text output of ``dmaragent boot-option`` for ``ivmd=``."""

from dmaragent.boot_option.ivmd_model import CheckedIvmd, FaultIvmd, JudgedIvmd, WrittenIvmd
from dmaragent.present.escaping import shorten
from dmaragent.present.text.boot_option import (
    JudgedLines,
    OptionTexts,
    checked_lines,
    faults_lines,
    written_lines,
)
from dmaragent.present.words.boot_option import advice_words
from dmaragent.present.words.ivmd_option import (
    OPTION_WORDS,
    checked_headline,
    place_words,
    range_headline,
    read_as,
    reason_words,
    written_headline,
)

_IVMD = OptionTexts("ivmd=", OPTION_WORDS, "-E 'IVMD|AMD-Vi'")


def written_ivmd_text(option: WrittenIvmd) -> list[str]:
    """Return the lines of an option that was written: the option first, then what to do."""
    return written_lines(option, written_headline(option), _IVMD)


def checked_ivmd_text(option: CheckedIvmd) -> list[str]:
    """Return the lines of an option that was checked, range by range."""
    has_table = option.on.ivrs is not None
    ranges = (_range(judged, checked=has_table) for judged in option.ranges)
    return checked_lines(checked_headline(option), option.iommu_disabled, ranges, option.notes)


def faults_ivmd_text(faults: FaultIvmd) -> list[str]:
    """Return the lines of an option for the faults of a log: the faults come first."""
    headline = written_headline(faults.option)
    return faults_lines(faults.faults, faults.option, headline, _IVMD)


def _range(judged: JudgedIvmd, *, checked: bool) -> JudgedLines:
    reason = reason_words(judged) if judged.reason else ""
    sentences = (place_words(judged), reason, read_as(judged.read))
    headline = range_headline(judged, shorten(judged.read.text), checked=checked)
    warned = [f"Warning: {warning}" for warning in judged.warnings]
    return JudgedLines(headline, [*filter(None, sentences), *warned, *advice_words(judged)])
