"""Xen's ``rmrr=`` option in words: what was written, what to do with it, what Xen makes of one."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.boot_option.boot_loaders import grub_default, one_word
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    JudgedRange,
    RefusedRegion,
    WrittenOption,
)
from dmaragent.boot_option.rmrr_writer import PageRange
from dmaragent.present.escaping import shorten
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.rmrr_option import (
    AFTER_BOOT,
    BEFORE_USE,
    GRUB_LINE,
    GRUB_LINES,
    GRUB_ONE_WORD,
    LINUX_FAULTS_ALONE,
    NOTHING_LEFT,
    OPTION_WORD,
    OPTION_WORDS,
    WITHOUT_GRUB,
    checked_headline,
    faults_headline,
    range_read_as,
    region_refused,
    written_headline,
)


def written_text(option: WrittenOption) -> list[str]:
    """Give the lines of an option that was written: the option first, then what to do."""
    return list(_written(option))


def checked_text(option: CheckedOption) -> list[str]:
    """Give the lines of an option that was checked, range by range."""
    return list(_checked(option))


def faults_text(faults: FaultOption) -> list[str]:
    """Give the lines of an option for the faults of a log: what they show comes first."""
    return list(_faults(faults))


def _written(option: WrittenOption) -> Iterator[str]:
    ranges = option.ranges
    yield from paragraph(written_headline(option), hang=2)
    yield from _refused(option.refused)
    if ranges:
        yield from _forms(ranges, one_word(ranges, option.on.longest_word))
    yield from _notes(option.notes)


def _refused(refused: Sequence[RefusedRegion]) -> Iterator[str]:
    if refused:
        yield ""
        yield "Not written"
    for region in refused:
        yield from paragraph(region_refused(region), indent=2, hang=2)


def _forms(ranges: Sequence[PageRange], together: str | None) -> Iterator[str]:
    """Give what is to be pasted, unwrapped, and the steps after it."""
    yield ""
    several = len(ranges) > 1
    yield from paragraph(OPTION_WORDS if several else OPTION_WORD)
    for page_range in ranges:
        yield f"  {page_range.word}"
    yield ""
    yield GRUB_LINES if several else GRUB_LINE
    for page_range in ranges:
        yield f"  {grub_default(page_range.word)}"
    if several and together is not None:
        yield GRUB_ONE_WORD
        yield f"  {grub_default(together)}"
    yield "then, as root"
    yield "  update-grub    # Fedora, Qubes OS: grub2-mkconfig -o /boot/grub2/grub.cfg"
    yield from paragraph(WITHOUT_GRUB)
    yield ""
    yield AFTER_BOOT
    yield "  xl dmesg | grep -i rmrr"
    yield "  dmaragent rmrr-option --check"
    yield "  dmaragent inventory"


def _notes(notes: Iterable[str]) -> Iterator[str]:
    notes = list(notes)
    if notes:
        yield ""
        yield "To note"
    for note in notes:
        yield from paragraph(note, indent=2, hang=2)


def _checked(option: CheckedOption) -> Iterator[str]:
    yield from paragraph(checked_headline(option), hang=2)
    for number, judged in enumerate(option.ranges, 1):
        yield ""
        yield from _range(number, judged, "well formed" if option.on.table is None else "unknown")
    yield from _notes(option.notes)


def _range(number: int, judged: JudgedRange, unknown: str) -> Iterator[str]:
    word = {True: "taken", False: "not taken", None: unknown}[judged.taken]
    text = shorten(judged.read.text) or "(nothing)"
    yield from paragraph(f"{number}  {text}: {word}", hang=3)
    lead = "But: " if judged.taken else "Why: "
    if judged.reason:
        yield from paragraph(f"{lead}{judged.reason}", indent=3, hang=2)
    place = range_read_as(judged.read)
    if place:
        yield from paragraph(place, indent=3, hang=2)
    lead = "Hint: " if judged.taken is False else "Beware: "
    for advice in judged.advice:
        yield from paragraph(f"{lead}{advice}", indent=3, hang=2)


def _faults(faults: FaultOption) -> Iterator[str]:
    yield from paragraph(faults_headline(faults), hang=2)
    yield from paragraph(BEFORE_USE)
    if faults.by_linux:
        yield from paragraph(LINUX_FAULTS_ALONE)
    for title, lines in (
        ("Already given by the table", faults.given),
        ("Left out", faults.dropped),
    ):
        if lines:
            yield ""
            yield title
        for line in lines:
            yield from paragraph(line, indent=2, hang=2)
    yield ""
    if faults.option.written or faults.option.refused:
        yield from _written(faults.option)
    else:
        yield NOTHING_LEFT
