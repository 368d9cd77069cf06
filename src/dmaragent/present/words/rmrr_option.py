"""Xen's option ``rmrr=`` in words."""

from collections.abc import Iterator

from dmaragent.boot_option.model import (
    CheckedOption,
    JudgedRange,
    OptionHost,
    RefusedRegion,
    SiftedFaults,
    WrittenOption,
)
from dmaragent.present.words.numbers import count, size_words
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE
from dmaragent.xen.hypervisor.rmrr_option import MOST_RANGES, UserRange

OPTION_WORD = "Option (in pages of 4 KiB)"
OPTION_WORDS = "Option (in pages of 4 KiB; each word is one range, and Xen reads all of them)"
AFTER_BOOT = "After the reboot, check that Xen accepted it"
NOT_WRITTEN = "Not written"
NOTES = "Notes"
FAULTS_IN_TABLE = "Already in the table"
FAULTS_LEFT_OUT = "Left out"
BEFORE_USE = (
    "Check before you use the option: a fault shows one page that the device accessed. The "
    "firmware's region can be larger. A fault can also be a driver bug or a stale mapping. Ask the "
    "vendor for the region, or look for it in the memory map."
)
LINUX_FAULTS_ALONE = (
    "Faults that Linux logged count only if the kernel options of this host have iommu=pt or "
    "iommu.passthrough=1. Otherwise their addresses are the IOMMU's own, not physical ones. Linux "
    "logs no PCI segment: 0000 is assumed unless the address is on one other segment only."
)


def nothing_left(option: str) -> str:
    """Return that no fault is left for which `option` would help."""
    return f"No fault is left for which {option} would help"


def release_words(on: OptionHost) -> str:
    """Return the release that the answer is for."""
    if on.release is None:
        return "assuming Xen {}.{}, the newest known release".format(*NEWEST_RELEASE)
    return f"Xen {on.release}"


def range_read_as(read: UserRange) -> str:
    """Return what Xen reads in a range: its bytes, pages and devices; empty: nothing."""
    start, last = read.start_pfn, read.end_pfn
    if start is None or last is None:
        return ""
    pages = read.range
    if pages is None:
        return f"Read as page 0x{start:x} to page 0x{last:x}"
    many = pages.size >> 12
    sentence = f"Read as 0x{pages.start:x}-0x{pages.end - 1:x}, {count(many, 'page')} "
    sentence += f"({size_words(pages.size)})"
    if read.devices:
        sentence += f", for {', '.join(map(str, read.devices))}"
    return sentence


def written_headline(option: WrittenOption) -> str:
    """Return for how many regions an option was written, and how many of Xen's ranges it needs."""
    xen = release_words(option.on)
    wanted = len(option.written) + len(option.refused)
    if not option.ranges:
        regions = "the region" if wanted == 1 else f"any of the {wanted} regions"
        return f"No rmrr= for {regions} ({xen})"
    regions = count(len(option.written), "region")
    some = regions if not option.refused else f"{len(option.written)} of {wanted} regions"
    use = f"{len(option.ranges)} of Xen's {MOST_RANGES} ranges"
    if option.present:
        use += f", and {option.present} already on the command line"
    return f"rmrr= for {some}: {use} ({xen})"


def region_refused(refused: RefusedRegion) -> str:
    """Return why no option was written for a region, and for which devices it was wanted."""
    devices = ", ".join(map(str, refused.wanted.devices[:3]))
    more = len(refused.wanted.devices) - 3
    if more > 0:
        devices += f" and {more} more"
    return f"{refused.wanted} for {devices}: {refused.reason}"


def checked_headline(option: CheckedOption) -> str:
    """Return whether Xen accepts an option: all its ranges, some, none, or unknown."""
    xen = release_words(option.on)
    if not option.ranges:
        return f"Xen's command line has no rmrr= ({xen})"
    good = sum(judged.taken is not False for judged in option.ranges)
    ranges = count(len(option.ranges), "range")
    if option.taken is None and option.on.table is not None:
        return f"Unknown whether Xen accepts all of rmrr= ({ranges}, {xen})"
    if option.taken is None:
        return f"rmrr= is well formed ({ranges}), but was not checked against a host ({xen})"
    if option.taken:
        return f"Xen accepts rmrr= ({ranges}, {xen})"
    if good:
        return f"Xen accepts only {good} of the {ranges} of rmrr= ({xen})"
    if len(option.ranges) == 1:
        return f"Xen does not accept this rmrr= ({xen})"
    return f"Xen accepts none of the {ranges} of rmrr= ({xen})"


def range_headline(judged: JudgedRange, text: str, *, checked: bool) -> str:
    """Return whether Xen accepts one range; not `checked`: there is no table."""
    unknown = "unknown" if checked else "well formed, not checked"
    word = {True: "accepted", False: "not accepted", None: unknown}[judged.taken]
    return f"{text or '(empty)'}: {word}"


def reason_words(judged: JudgedRange) -> str:
    """Return the reason of a verdict, or what limits it."""
    return f"{'But' if judged.taken else 'Reason'}: {judged.reason}"


def advice_words(judged: JudgedRange) -> Iterator[str]:
    """Yield each piece of advice on a range: a fix if Xen does not accept it, else a warning."""
    lead = "Fix" if judged.taken is False else "Warning"
    for advice in judged.advice:
        yield f"{lead}: {advice}"


def faults_headline(faults: SiftedFaults) -> str:
    """Return how many DMA faults a log has, and who logged them."""
    logged = [
        f"{number} logged by {program}"
        for number, program in ((faults.by_xen, "Xen"), (faults.by_linux, "Linux"))
        if number
    ]
    return f"{count(faults.by_xen + faults.by_linux, 'DMA fault')}: {', '.join(logged)}"
