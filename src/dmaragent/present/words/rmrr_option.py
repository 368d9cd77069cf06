"""Xen's option rmrr= in words."""

from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    OptionHost,
    RefusedRegion,
    WrittenOption,
)
from dmaragent.present.words.numbers import count, size_words
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE
from dmaragent.xen.hypervisor.rmrr_option import MOST_RANGES, UserRange


def release_words(on: OptionHost) -> str:
    """Name the release that the answer is for."""
    if on.release is None:
        return "Xen {}.{}, the newest known here".format(*NEWEST_RELEASE)
    return f"Xen {on.release}"


def range_read_as(read: UserRange) -> str:
    """Say what Xen reads of a range: its bytes, pages, devices."""
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
    """Return for how many regions an option was written, and how many of Xen's ranges it takes."""
    xen = release_words(option.on)
    wanted = len(option.written) + len(option.refused)
    if not option.ranges:
        regions = "the region" if wanted == 1 else f"any of the {wanted} regions"
        return f"No rmrr= for {regions} ({xen})"
    regions = count(len(option.written), "region")
    some = regions if not option.refused else f"{len(option.written)} of {wanted} regions"
    use = f"{len(option.ranges)} of Xen's {MOST_RANGES} ranges"
    if option.present:
        use += f", beside {option.present} on the command line already"
    return f"rmrr= for {some}: {use} ({xen})"


def region_refused(refused: RefusedRegion) -> str:
    """Return why no option was written for a region, and for which devices it was wanted."""
    devices = ", ".join(map(str, refused.wanted.devices[:3]))
    more = len(refused.wanted.devices) - 3
    if more > 0:
        devices += f" and {more} more"
    return f"{refused.wanted} for {devices}: {refused.reason}"


OPTION_WORD = "The option, in pages of 4 KiB"
OPTION_WORDS = "The option, in pages of 4 KiB (every word is a range of its own, and they add up)"
GRUB_LINE = "With GRUB, add this line at the end of /etc/default/grub"
GRUB_LINES = "With GRUB, add these lines at the end of /etc/default/grub"
GRUB_ONE_WORD = "or, as one word, where ';' must be quoted for GRUB"
WITHOUT_GRUB = (
    "Where xen.efi is started without GRUB, add the option to options= in its xen.cfg; "
    "nothing is to be quoted there."
)
AFTER_BOOT = "After the next boot, see whether Xen took it"


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
        return f"rmrr= is taken, {ranges} ({xen})"
    if good:
        return f"rmrr=: only {good} of {ranges} {'is' if good == 1 else 'are'} taken ({xen})"
    if len(option.ranges) == 1:
        return f"rmrr= is not taken ({xen})"
    return f"rmrr= is not taken: none of {ranges} ({xen})"


def faults_headline(faults: FaultOption) -> str:
    """Return how many DMA faults a log holds, and who logged them."""
    logged = [
        f"{number} logged by {program}"
        for number, program in ((faults.by_xen, "Xen"), (faults.by_linux, "Linux"))
        if number
    ]
    return f"{count(faults.by_xen + faults.by_linux, 'DMA fault')}: {', '.join(logged)}"


BEFORE_USE = (
    "Before it is used: a fault shows a page that was touched so far. The region that "
    "firmware means may be larger, and a fault can be a bug of a driver or a stale mapping. "
    "Ask the vendor for the region, or look for it in the memory map."
)
LINUX_FAULTS_ALONE = (
    "Linux's faults are no evidence by themselves: its drivers use addresses of the "
    "IOMMU's own, which are no physical ones. They count only where this host's kernel "
    "options have iommu=pt or iommu.passthrough=1. Its messages name no PCI segment: "
    "0000 is assumed where the address does not tell."
)
NOTHING_LEFT = "Nothing is left that rmrr= would help with"
