"""Xen's option ``rmrr=`` in words."""

from dmaragent.boot_option.model import (
    CheckedOption,
    JudgedRange,
    WrittenOption,
)
from dmaragent.present.words.boot_option import (
    also_present,
    for_regions,
    release_words,
    unknown_acceptance,
)
from dmaragent.present.words.numbers import count, size_words
from dmaragent.xen.hypervisor.rmrr_option import MOST_RANGES, UserRange

OPTION_WORDS = "Option (in pages of 4 KiB; each word is one range, and Xen reads all of them)"


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
    regions = for_regions(option.written, option.refused)
    if not option.written:
        return f"No rmrr= for {regions} ({xen})"
    use = f"{len(option.ranges)} of Xen's {MOST_RANGES} ranges{also_present(option.present)}"
    use += unknown_acceptance(option.taken)
    return f"rmrr= for {regions}: {use} ({xen})"


def checked_headline(option: CheckedOption) -> str:
    """Return whether Xen accepts an option: all its ranges, some, none, or unknown."""
    xen = release_words(option.on)
    if not option.ranges:
        return f"Xen's command line has no rmrr= ({xen})"
    ranges = count(len(option.ranges), "range")
    if option.taken is None and option.on.table is not None:
        return f"Unknown whether Xen accepts all of rmrr= ({ranges}, {xen})"
    if option.taken is None:
        return f"rmrr= is well formed ({ranges}), but was not checked against a host ({xen})"
    if option.taken:
        return f"Xen accepts rmrr= ({ranges}, {xen})"
    bad = sum(judged.taken is False for judged in option.ranges)
    if bad < len(option.ranges):
        return f"Xen does not accept {bad} of the {ranges} of rmrr= ({xen})"
    if bad == 1:
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
