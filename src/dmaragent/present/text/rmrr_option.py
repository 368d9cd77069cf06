"""Xen's ``rmrr=`` option in words: what was written, what to do with it, what Xen makes of one."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.boot_option.boot_loaders import grub_default, one_word
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    JudgedRange,
    OptionHost,
    RefusedRegion,
    WrittenOption,
)
from dmaragent.boot_option.rmrr_writer import PageRange
from dmaragent.present.text.resolve_head import shorten
from dmaragent.present.text.tables import paragraph
from dmaragent.present.wording import count, size_words
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE
from dmaragent.xen.hypervisor.rmrr_words import MOST_RANGES, UserRange


def written_text(found: WrittenOption) -> list[str]:
    """Give the lines of an option that was written: the option first, then what to do."""
    return list(_written(found))


def checked_text(found: CheckedOption) -> list[str]:
    """Give the lines of an option that was checked, range by range."""
    return list(_checked(found))


def faults_text(found: FaultOption) -> list[str]:
    """Give the lines of an option for the faults of a log: what they show comes first."""
    return list(_faults(found))


def release_words(on: OptionHost) -> str:
    """Name the release that the answer is for."""
    if on.release is None:
        return "Xen {}.{}, the newest known here".format(*NEWEST_RELEASE)
    return f"Xen {on.release}"


def _written(found: WrittenOption) -> Iterator[str]:
    ranges = found.ranges
    wanted = len(found.written) + len(found.refused)
    if not ranges:
        regions = "the region" if wanted == 1 else f"any of the {wanted} regions"
        yield from paragraph(f"No rmrr= for {regions} ({release_words(found.on)})", hang=2)
    else:
        regions = count(len(found.written), "region")
        some = regions if not found.refused else f"{len(found.written)} of {wanted} regions"
        use = f"{len(ranges)} of Xen's {MOST_RANGES} ranges"
        if found.present:
            use += f", beside {found.present} on the command line already"
        yield from paragraph(f"rmrr= for {some}: {use} ({release_words(found.on)})", hang=2)
    yield from _refused(found.refused)
    if ranges:
        yield from _forms(ranges, one_word(ranges, found.on.longest_word))
    yield from _notes(found.notes)


def _refused(refused: Sequence[RefusedRegion]) -> Iterator[str]:
    if refused:
        yield ""
        yield "Not written"
    for one in refused:
        devices = ", ".join(map(str, one.wanted.devices[:3]))
        more = len(one.wanted.devices) - 3
        if more > 0:
            devices += f" and {more} more"
        yield from paragraph(f"{one.wanted} for {devices}: {one.reason}", indent=2, hang=2)


def _forms(ranges: Sequence[PageRange], together: str | None) -> Iterator[str]:
    """Give what is to be pasted, unwrapped, and the steps after it."""
    yield ""
    several = len(ranges) > 1
    yield from paragraph(
        "The option, in pages of 4 KiB"
        + (" (every word is a range of its own, and they add up)" if several else "")
    )
    for one in ranges:
        yield f"  {one.word}"
    yield ""
    yield f"With GRUB, add {'these lines' if several else 'this line'} at the end of /etc/default/grub"
    for one in ranges:
        yield f"  {grub_default(one.word)}"
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
    for one in notes:
        yield from paragraph(one, indent=2, hang=2)


def _checked(found: CheckedOption) -> Iterator[str]:
    xen = release_words(found.on)
    if not found.ranges:
        yield f"Xen's command line has no rmrr= ({xen})"
        yield from _notes(found.notes)
        return
    good = sum(one.taken is not False for one in found.ranges)
    all_of = count(len(found.ranges), "range")
    if found.taken is None and found.on.table is not None:
        said = f"Unknown whether Xen accepts all of rmrr= ({all_of}, {xen})"
    elif found.taken is None:
        said = f"rmrr= is well formed ({all_of}), but was not checked against a host ({xen})"
    elif found.taken:
        said = f"rmrr= is taken, {all_of} ({xen})"
    elif good:
        said = f"rmrr=: only {good} of {all_of} {'is' if good == 1 else 'are'} taken ({xen})"
    else:
        none = "" if len(found.ranges) == 1 else f": none of {all_of}"
        said = f"rmrr= is not taken{none} ({xen})"
    yield from paragraph(said, hang=2)
    for number, one in enumerate(found.ranges, 1):
        yield ""
        yield from _range(number, one, "well formed" if found.on.table is None else "unknown")
    yield from _notes(found.notes)


def _range(number: int, one: JudgedRange, unknown: str) -> Iterator[str]:
    word = {True: "taken", False: "not taken", None: unknown}[one.taken]
    text = shorten(one.read.text) or "(nothing)"
    yield from paragraph(f"{number}  {text}: {word}", hang=3)
    lead = "But: " if one.taken else "Why: "
    if one.reason:
        yield from paragraph(f"{lead}{one.reason}", indent=3, hang=2)
    place = _place(one.read)
    if place:
        yield from paragraph(place, indent=3, hang=2)
    lead = "Hint: " if one.taken is False else "Beware: "
    for said in one.advice:
        yield from paragraph(f"{lead}{said}", indent=3, hang=2)


def _place(read: UserRange) -> str:
    """Say what Xen reads of a range: its bytes, pages, devices."""
    start, last = read.start_pfn, read.end_pfn
    if start is None or last is None:
        return ""
    pages = read.range
    if pages is None:
        return f"Read as page 0x{start:x} to page 0x{last:x}"
    many = pages.size >> 12
    said = f"Read as 0x{pages.start:x}-0x{pages.end - 1:x}, {count(many, 'page')} "
    said += f"({size_words(pages.size)})"
    if read.devices:
        said += f", for {', '.join(map(str, read.devices))}"
    return said


def _faults(found: FaultOption) -> Iterator[str]:
    logged = [
        f"{number} logged by {who}"
        for number, who in ((found.by_xen, "Xen"), (found.by_linux, "Linux"))
        if number
    ]
    total = count(found.by_xen + found.by_linux, "DMA fault")
    yield from paragraph(f"{total}: {', '.join(logged)}", hang=2)
    yield from paragraph(
        "Before it is used: a fault shows a page that was touched so far. The region that "
        "firmware means may be larger, and a fault can be a bug of a driver or a stale mapping. "
        "Ask the vendor for the region, or look for it in the memory map."
    )
    if found.by_linux:
        yield from paragraph(
            "Linux's faults are no evidence by themselves: its drivers use addresses of the "
            "IOMMU's own, which are no physical ones. They count only where this host's kernel "
            "options have iommu=pt or iommu.passthrough=1. Its messages name no PCI segment: "
            "0000 is assumed where the address does not tell."
        )
    for title, lines in (
        ("Already given by the table", found.given),
        ("Left out", found.dropped),
    ):
        if lines:
            yield ""
            yield title
        for one in lines:
            yield from paragraph(one, indent=2, hang=2)
    yield ""
    if found.option.written or found.option.refused:
        yield from _written(found.option)
    else:
        yield "Nothing is left that rmrr= would help with"
