"""Xen's ``rmrr=`` option in words: what was written, what to do with it, what Xen makes of one."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.boot_option.boot_loaders import grub_default, one_word
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    Judged,
    Refused,
    WrittenOption,
)
from dmaragent.boot_option.rmrr_writer import PageRange
from dmaragent.present.escaping import shorten
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.numbers import count
from dmaragent.present.words.rmrr_option import range_read_as, release_words
from dmaragent.xen.hypervisor.rmrr_words import MOST_RANGES


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
    wanted = len(option.written) + len(option.refused)
    if not ranges:
        regions = "the region" if wanted == 1 else f"any of the {wanted} regions"
        yield from paragraph(f"No rmrr= for {regions} ({release_words(option.on)})", hang=2)
    else:
        regions = count(len(option.written), "region")
        some = regions if not option.refused else f"{len(option.written)} of {wanted} regions"
        use = f"{len(ranges)} of Xen's {MOST_RANGES} ranges"
        if option.present:
            use += f", beside {option.present} on the command line already"
        yield from paragraph(f"rmrr= for {some}: {use} ({release_words(option.on)})", hang=2)
    yield from _refused(option.refused)
    if ranges:
        yield from _forms(ranges, one_word(ranges, option.on.longest_word))
    yield from _notes(option.notes)


def _refused(refused: Sequence[Refused]) -> Iterator[str]:
    if refused:
        yield ""
        yield "Not written"
    for region in refused:
        devices = ", ".join(map(str, region.wanted.devices[:3]))
        more = len(region.wanted.devices) - 3
        if more > 0:
            devices += f" and {more} more"
        yield from paragraph(f"{region.wanted} for {devices}: {region.reason}", indent=2, hang=2)


def _forms(ranges: Sequence[PageRange], together: str | None) -> Iterator[str]:
    """Give what is to be pasted, unwrapped, and the steps after it."""
    yield ""
    several = len(ranges) > 1
    yield from paragraph(
        "The option, in pages of 4 KiB"
        + (" (every word is a range of its own, and they add up)" if several else "")
    )
    for page_range in ranges:
        yield f"  {page_range.word}"
    yield ""
    yield f"With GRUB, add {'these lines' if several else 'this line'} at the end of /etc/default/grub"
    for page_range in ranges:
        yield f"  {grub_default(page_range.word)}"
    if several and together is not None:
        yield "or, as one word, where ';' must be quoted for GRUB"
        yield f"  {grub_default(together)}"
    yield "then, as root"
    yield "  update-grub    # Fedora, Qubes OS: grub2-mkconfig -o /boot/grub2/grub.cfg"
    yield from paragraph(
        "Where xen.efi is started without GRUB, add the option to options= in its xen.cfg; "
        "nothing is to be quoted there."
    )
    yield ""
    yield "After the next boot, see whether Xen took it"
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
    xen = release_words(option.on)
    if not option.ranges:
        yield f"Xen's command line has no rmrr= ({xen})"
        yield from _notes(option.notes)
        return
    good = sum(judged.taken is not False for judged in option.ranges)
    all_of = count(len(option.ranges), "range")
    if option.taken is None and option.on.table is not None:
        sentence = f"Unknown whether Xen accepts all of rmrr= ({all_of}, {xen})"
    elif option.taken is None:
        sentence = f"rmrr= is well formed ({all_of}), but was not checked against a host ({xen})"
    elif option.taken:
        sentence = f"rmrr= is taken, {all_of} ({xen})"
    elif good:
        sentence = f"rmrr=: only {good} of {all_of} {'is' if good == 1 else 'are'} taken ({xen})"
    else:
        none = "" if len(option.ranges) == 1 else f": none of {all_of}"
        sentence = f"rmrr= is not taken{none} ({xen})"
    yield from paragraph(sentence, hang=2)
    for number, judged in enumerate(option.ranges, 1):
        yield ""
        yield from _range(number, judged, "well formed" if option.on.table is None else "unknown")
    yield from _notes(option.notes)


def _range(number: int, judged: Judged, unknown: str) -> Iterator[str]:
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
    logged = [
        f"{number} logged by {who}"
        for number, who in ((faults.by_xen, "Xen"), (faults.by_linux, "Linux"))
        if number
    ]
    total = count(faults.by_xen + faults.by_linux, "DMA fault")
    yield from paragraph(f"{total}: {', '.join(logged)}", hang=2)
    yield from paragraph(
        "Before it is used: a fault shows a page that was touched so far. The region that "
        "firmware means may be larger, and a fault can be a bug of a driver or a stale mapping. "
        "Ask the vendor for the region, or look for it in the memory map."
    )
    if faults.by_linux:
        yield from paragraph(
            "Linux's faults are no evidence by themselves: its drivers use addresses of the "
            "IOMMU's own, which are no physical ones. They count only where this host's kernel "
            "options have iommu=pt or iommu.passthrough=1. Its messages name no PCI segment: "
            "0000 is assumed where the address does not tell."
        )
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
        yield "Nothing is left that rmrr= would help with"
