"""Writing Xen's ``rmrr=`` option: from regions in bytes to ranges of pages, a word each.

Pure.  Several words are equal to one word with ``;``: Xen adds their ranges up.  Source: Xen
drivers/passthrough/vtd/dmar.c, where ``nr_rmrr`` is static and ``parse_rmrr_param`` never resets
it.  A word for each range needs no quoting in any boot loader, and Xen cuts a long word.
:mod:`dmaragent.xen.hypervisor.rmrr_option` reads what Xen accepts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.boot_option.wanted import Wanted
from dmaragent.boot_option.words import writer as words
from dmaragent.xen.hypervisor.rmrr_option import MOST_DEVICES, MOST_PAGES, MOST_RANGES

_ROOM = 99
"""The bytes of a word that every release with the option reads."""
MOST_SEGMENT = 0xFFFF
"""Xen keeps a segment in 16 bits: drivers/pci/pci.c, ``parse_pci_seg``."""


WantedRegion = Wanted[SBDF]
"""A region for a device or several."""


class PageRange(NamedTuple):
    """One range of the option: pages, inclusive, and devices of one segment."""

    start_pfn: int
    end_pfn: int
    devices: tuple[SBDF, ...]

    @property
    def text(self) -> str:
        """The range as Xen reads it: with 0x and leading zeros, or without if that is too long.

        The first device has the segment if it is not 0; the others inherit it.
        """
        whole = self._write("0x{:x}", "{:02x}:{:02x}.{:d}", "{:04x}:")
        if len(whole) + len("rmrr=") <= _ROOM:
            return whole
        return self._write("{:x}", "{:x}:{:x}.{:d}", "{:x}:")

    @property
    def word(self) -> str:
        """The range as a word of the command line."""
        return f"rmrr={self.text}"

    def _write(self, page: str, form: str, segment: str) -> str:
        # A function is a single digit, which C reads the same in every base.
        devices = [form.format(sbdf.bus, sbdf.device, sbdf.function) for sbdf in self.devices]
        if self.devices[0].segment:
            devices[0] = segment.format(self.devices[0].segment) + devices[0]
        pages = page.format(self.start_pfn)
        if self.end_pfn != self.start_pfn:
            pages += "-" + page.format(self.end_pfn)
        return f"{pages}={','.join(devices)}"


class RmrrText(NamedTuple):
    """The ranges of one wanted region, or why it has none."""

    wanted: WantedRegion
    ranges: tuple[PageRange, ...]
    """One, or several if the region is larger than a range can be; none if it is refused."""
    refusal: str = ""


def write_ranges(
    wanted: Sequence[WantedRegion], taken: int = 0, longest: int = _ROOM
) -> tuple[RmrrText, ...]:
    """Return the ranges for `wanted`, if `taken` of Xen's ten are already used.

    Xen reads `longest` bytes of a word.

    A region that does not fit in the free ranges is refused whole: with half of it, its device
    still fails.
    """
    written: list[RmrrText] = []
    room = MOST_RANGES - taken
    for region in wanted:
        before = [earlier.wanted for earlier in written if earlier.ranges]
        refusal = _refusal(region) or _overlap_refusal(region, before)
        ranges = () if refusal else _ranges_of(region)
        if not refusal and any(len(pages.word) > longest for pages in ranges):
            refusal = words.word_too_long(len(region.devices), longest)
        elif len(ranges) > room:
            refusal = words.no_room_for_ranges(len(ranges), max(room, 0))
        if refusal:
            ranges = ()
        room -= len(ranges)
        written.append(RmrrText(wanted=region, ranges=ranges, refusal=refusal))
    return tuple(written)


def _ranges_of(region: WantedRegion) -> tuple[PageRange, ...]:
    """Return the pages of `region` as ranges of 16 pages and a remainder."""
    return tuple(
        PageRange(
            start_pfn=start,
            end_pfn=min(start + MOST_PAGES - 1, region.last),
            devices=tuple(dict.fromkeys(region.devices)),
        )
        for start in range(region.first, region.last + 1, MOST_PAGES)
    )


def _refusal(region: WantedRegion) -> str:
    """Return why Xen cannot accept `region`, whatever the other regions are; empty: it can."""
    devices = tuple(dict.fromkeys(region.devices))
    if not devices:
        return words.no_device_named()
    if region.limit < region.base:
        return words.ends_before_it_begins()
    if region.last - region.first >= MOST_RANGES * MOST_PAGES:
        return words.more_pages_than_all_ranges(region.last - region.first + 1)
    if len(devices) > MOST_DEVICES:
        return words.too_many_devices(len(devices))
    segments = sorted({device.segment for device in devices})
    if len(segments) > 1:
        return words.devices_of_several_segments(segments)
    if segments[0] > MOST_SEGMENT:
        return words.segment_unknown_to_xen(segments[0])
    zero = [sbdf for sbdf in devices if (sbdf.bus, sbdf.device, sbdf.function) == (0, 0, 0)]
    if zero:
        return words.device_that_xen_never_reports(zero[0])
    return ""


def _overlap_refusal(region: WantedRegion, before: Sequence[WantedRegion]) -> str:
    """Return which region `before` has a page of `region`: Xen ignores the later; empty: none."""
    for other in before:
        if region.first <= other.last and other.first <= region.last:
            return words.page_in_common(str(other))
    return ""
