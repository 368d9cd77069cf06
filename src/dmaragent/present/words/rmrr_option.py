"""Xen's option rmrr= in words."""

from dmaragent.boot_option.model import (
    OptionHost,
)
from dmaragent.present.words.numbers import count, size_words
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE
from dmaragent.xen.hypervisor.rmrr_words import UserRange


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
