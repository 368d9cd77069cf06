"""Text output of ``dmaragent boot-option``: a written option, a checked one, one for faults."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.boot_option.boot_loaders import Reader, boot_setup, steps_to_add
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    JudgedRange,
    RefusedRegion,
    SiftedFaults,
    WrittenOption,
)
from dmaragent.present.escaping import shorten
from dmaragent.present.text.boot_steps import boot_steps
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.rmrr_option import (
    AFTER_BOOT,
    BEFORE_USE,
    FAULTS_IN_TABLE,
    FAULTS_LEFT_OUT,
    LINUX_FAULTS_ALONE,
    NOT_WRITTEN,
    NOTES,
    OPTION_WORD,
    OPTION_WORDS,
    advice_words,
    checked_headline,
    faults_headline,
    nothing_left,
    range_headline,
    range_read_as,
    reason_words,
    region_refused,
    written_headline,
)


def written_text(option: WrittenOption) -> list[str]:
    """Return the lines of an option that was written: the option first, then what to do."""
    return list(_written(option))


def checked_text(option: CheckedOption) -> list[str]:
    """Return the lines of an option that was checked, range by range."""
    return list(_checked(option))


def faults_text(faults: FaultOption) -> list[str]:
    """Return the lines of an option for the faults of a log: the faults come first."""
    return list(_faults(faults))


def _written(option: WrittenOption) -> Iterator[str]:
    yield from paragraph(written_headline(option), hang=2)
    yield from _refused(option.refused)
    if option.ranges:
        yield from _steps(option)
    yield from _notes(option.notes)


def _refused(refused: Sequence[RefusedRegion]) -> Iterator[str]:
    if refused:
        yield ""
        yield NOT_WRITTEN
    for region in refused:
        yield from paragraph(region_refused(region), indent=2, hang=2)


def _steps(option: WrittenOption) -> Iterator[str]:
    """Yield the option, unwrapped for pasting, how to set it, and how to check it."""
    options = [pages.word for pages in option.ranges]
    yield ""
    yield from paragraph(OPTION_WORDS if len(options) > 1 else OPTION_WORD)
    for word in options:
        yield f"  {word}"
    yield ""
    yield from boot_steps(steps_to_add(options, boot_setup(option.on.host, Reader.XEN)))
    yield ""
    yield AFTER_BOOT
    yield "  xl dmesg | grep -i rmrr"
    yield "  dmaragent boot-option --check"
    yield "  dmaragent inventory"


def _notes(notes: Iterable[str]) -> Iterator[str]:
    notes = list(notes)
    if notes:
        yield ""
        yield NOTES
    for note in notes:
        yield from paragraph(note, indent=2, hang=2)


def _checked(option: CheckedOption) -> Iterator[str]:
    yield from paragraph(checked_headline(option), hang=2)
    for number, judged in enumerate(option.ranges, 1):
        yield ""
        yield from _range(number, judged, checked=option.on.table is not None)
    yield from _notes(option.notes)


def _range(number: int, judged: JudgedRange, *, checked: bool) -> Iterator[str]:
    text = shorten(judged.read.text)
    yield from paragraph(f"{number}  {range_headline(judged, text, checked=checked)}", hang=3)
    if judged.reason:
        yield from paragraph(reason_words(judged), indent=3, hang=2)
    place = range_read_as(judged.read)
    if place:
        yield from paragraph(place, indent=3, hang=2)
    for advice in advice_words(judged):
        yield from paragraph(advice, indent=3, hang=2)


def _faults(faults: FaultOption) -> Iterator[str]:
    yield from sifted_faults(faults.faults)
    yield ""
    if faults.option.written or faults.option.refused:
        yield from _written(faults.option)
    else:
        yield nothing_left("rmrr=")


def sifted_faults(faults: SiftedFaults) -> Iterator[str]:
    """Yield the lines about the faults themselves, which come before the option."""
    yield from paragraph(faults_headline(faults), hang=2)
    yield from paragraph(BEFORE_USE)
    if faults.by_linux:
        yield from paragraph(LINUX_FAULTS_ALONE)
    for title, lines in ((FAULTS_IN_TABLE, faults.given), (FAULTS_LEFT_OUT, faults.dropped)):
        if lines:
            yield ""
            yield title
        for line in lines:
            yield from paragraph(line, indent=2, hang=2)
