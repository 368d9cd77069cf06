"""Text output of ``dmaragent boot-option`` for ``ivmd=``: a written option, and a checked one."""

from collections.abc import Iterator, Sequence

from dmaragent.boot_option.boot_loaders import Reader, boot_setup, steps_to_add
from dmaragent.boot_option.ivmd_model import (
    CheckedIvmd,
    FaultIvmd,
    JudgedIvmd,
    RefusedIvmd,
    WrittenIvmd,
)
from dmaragent.present.escaping import shorten
from dmaragent.present.text.boot_steps import boot_steps
from dmaragent.present.text.rmrr_option import sifted_faults
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.ivmd_option import (
    AFTER_BOOT,
    OPTION_WORD,
    OPTION_WORDS,
    advice_words,
    checked_headline,
    place_words,
    range_headline,
    read_as,
    reason_words,
    region_refused,
    written_headline,
)
from dmaragent.present.words.rmrr_option import NOT_WRITTEN, NOTES, nothing_left


def written_ivmd_text(option: WrittenIvmd) -> list[str]:
    """Return the lines of an option that was written: the option first, then what to do."""
    return list(_written(option))


def faults_ivmd_text(faults: FaultIvmd) -> list[str]:
    """Return the lines of an option for the faults of a log: the faults come first."""
    left = faults.option.written or faults.option.refused
    rest = _written(faults.option) if left else [nothing_left("ivmd=")]
    return [*sifted_faults(faults.faults), "", *rest]


def checked_ivmd_text(option: CheckedIvmd) -> list[str]:
    """Return the lines of an option that was checked, range by range."""
    return list(_checked(option))


def _written(option: WrittenIvmd) -> Iterator[str]:
    yield from paragraph(written_headline(option), hang=2)
    yield from _refused(option.refused)
    if option.written:
        yield from _steps(option)
    yield from _notes(option.notes)


def _refused(refused: Sequence[RefusedIvmd]) -> Iterator[str]:
    if refused:
        yield ""
        yield NOT_WRITTEN
    for region in refused:
        yield from paragraph(region_refused(region), indent=2, hang=2)


def _steps(option: WrittenIvmd) -> Iterator[str]:
    """Yield the option, unwrapped for pasting, how to set it, and how to check it."""
    yield ""
    yield from paragraph(OPTION_WORDS if len(option.words) > 1 else OPTION_WORD)
    for word in option.words:
        yield f"  {word}"
    yield ""
    yield from boot_steps(steps_to_add(option.words, boot_setup(option.on.host, Reader.XEN)))
    yield ""
    yield AFTER_BOOT
    yield "  xl dmesg | grep -E 'IVMD|AMD-Vi'"
    yield "  dmaragent boot-option --check"
    yield "  dmaragent inventory"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield ""
        yield NOTES
    for note in notes:
        yield from paragraph(note, indent=2, hang=2)


def _checked(option: CheckedIvmd) -> Iterator[str]:
    yield from paragraph(checked_headline(option), hang=2)
    if option.iommu_disabled:
        yield from paragraph(f"Reason: {option.iommu_disabled}", indent=2, hang=2)
    for number, judged in enumerate(option.ranges, 1):
        yield ""
        yield from _range(number, judged, checked=option.on.ivrs is not None)
    yield from _notes(option.notes)


def _range(number: int, judged: JudgedIvmd, *, checked: bool) -> Iterator[str]:
    text = shorten(judged.read.text)
    yield from paragraph(f"{number}  {range_headline(judged, text, checked=checked)}", hang=3)
    place = place_words(judged)
    for sentence in (
        *([place] if place else []),
        *([reason_words(judged)] if judged.reason else []),
        *([read_as(judged.read)] if read_as(judged.read) else []),
        *advice_words(judged),
    ):
        yield from paragraph(sentence, indent=3, hang=2)
