"""Writing Xen's ``rmrr=`` option: from regions in bytes to ranges of pages, a word each.

Pure.  Several words do what one word with ``;`` does, as Xen counts its ranges over all of
them: Xen drivers/passthrough/vtd/dmar.c, ``nr_rmrr`` is static and ``parse_rmrr_param`` never
resets it.  A word of its own needs no quoting in any boot loader, and Xen cuts a long word.  What Xen takes is read by :mod:`dmaragent.xen.hypervisor.rmrr_words`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dmaragent.addresses import PAGE, SBDF
from dmaragent.xen.hypervisor.rmrr_words import MOST_DEVICES, MOST_PAGES, MOST_RANGES

_ROOM = 99
"""The bytes of a word that every release with the option reads."""
MOST_SEGMENT = 0xFFFF
"""Xen keeps a segment in 16 bits: drivers/pci/pci.c, ``parse_pci_seg``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRegion:
    """A region that is wanted of the option, and the devices it is for."""

    base: int
    limit: int
    """Its last byte."""
    devices: tuple[SBDF, ...]

    @property
    def first(self) -> int:
        """The page its first byte is in."""
        return self.base // PAGE

    @property
    def last(self) -> int:
        """The page its last byte is in."""
        return self.limit // PAGE

    @property
    def rounded(self) -> bool:
        """Whether its whole pages are more than it."""
        return self.base % PAGE != 0 or (self.limit + 1) % PAGE != 0

    def __str__(self) -> str:
        return f"0x{self.base:x}-0x{self.limit:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRange:
    """One range of the option: pages, inclusive, and devices of one segment."""

    start_pfn: int
    end_pfn: int
    devices: tuple[SBDF, ...]

    @property
    def text(self) -> str:
        """The range as Xen reads it: as people write addresses, or shorter where that is too long.

        The first device has the segment where it is not 0; the others inherit it.
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
        # A function is a single digit, which C reads alike in every base.
        devices = [form.format(one.bus, one.device, one.function) for one in self.devices]
        if self.devices[0].segment:
            devices[0] = segment.format(self.devices[0].segment) + devices[0]
        pages = page.format(self.start_pfn)
        if self.end_pfn != self.start_pfn:
            pages += "-" + page.format(self.end_pfn)
        return f"{pages}={','.join(devices)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RmrrText:
    """What was made of one wanted region: ranges, or the reason why not."""

    wanted: WantedRegion
    ranges: tuple[PageRange, ...]
    """One, or several where it is larger than a range may be; none where it is refused."""
    refusal: str = ""


def write_ranges(
    wanted: Sequence[WantedRegion], taken: int = 0, longest: int = _ROOM
) -> tuple[RmrrText, ...]:
    """Write the ranges for `wanted`, if `taken` of Xen's ten are used already.

    Xen reads the `longest` bytes of a word.

    A region that does not fit into what is left of the ten is refused whole: half of it would
    leave its device as broken as none.
    """
    found: list[RmrrText] = []
    room = MOST_RANGES - taken
    for number, one in enumerate(wanted):
        refusal = _refusal(one) or _overlap(one, wanted[:number])
        ranges = () if refusal else _split(one)
        if not refusal and any(len(each.word) > longest for each in ranges):
            refusal = (
                f"its {len(one.devices)} devices make a word of more than {longest} "
                "characters, and Xen drops what is beyond"
            )
        elif len(ranges) > room:
            refusal = _too_many(len(ranges), max(room, 0))
        if refusal:
            ranges = ()
        room -= len(ranges)
        found.append(RmrrText(wanted=one, ranges=ranges, refusal=refusal))
    return tuple(found)


def _split(one: WantedRegion) -> tuple[PageRange, ...]:
    """Cut the pages of `one` into ranges of 16 pages and a rest."""
    return tuple(
        PageRange(
            start_pfn=start,
            end_pfn=min(start + MOST_PAGES - 1, one.last),
            devices=tuple(dict.fromkeys(one.devices)),
        )
        for start in range(one.first, one.last + 1, MOST_PAGES)
    )


def _too_many(needed: int, room: int) -> str:
    ranges = "1 range" if needed == 1 else f"{needed} ranges"
    pages = f" of at most {MOST_PAGES} pages" if needed > 1 else ""
    left = f"{room} of its {MOST_RANGES} ranges {'is' if room == 1 else 'are'} left"
    return f"it takes {ranges}{pages}, and Xen has room for no more: {left}"


def _refusal(one: WantedRegion) -> str:
    """Say why Xen cannot take `one`, whatever else there is; empty where it can."""
    devices = tuple(dict.fromkeys(one.devices))
    if not devices:
        return "it names no device, and Xen ignores a range without one"
    if one.limit < one.base:
        return "it ends before it begins"
    if one.last - one.first >= MOST_RANGES * MOST_PAGES:
        most = MOST_RANGES * MOST_PAGES
        return (
            f"it has {one.last - one.first + 1} pages; all of rmrr= holds {most} "
            f"({MOST_RANGES} ranges of {MOST_PAGES})"
        )
    if len(devices) > MOST_DEVICES:
        return f"it has {len(devices)} devices; Xen takes {MOST_DEVICES} of one range"
    segments = sorted({device.segment for device in devices})
    if len(segments) > 1:
        shown = ", ".join(f"{each:04x}" for each in segments)
        return (
            f"its devices are of different segments ({shown}): Xen ignores such a range, and two "
            "ranges over the same pages overlap, which Xen ignores too"
        )
    if segments[0] > MOST_SEGMENT:
        return f"segment 0x{segments[0]:x} is Linux's own (Intel VMD); Xen knows 16 bits"
    zero = [one for one in devices if (one.bus, one.device, one.function) == (0, 0, 0)]
    if zero:
        return (
            f"Xen never reports a device at {zero[0]}, nor those named after it: its walk over "
            "the devices of a region ends at 00:00.0"
        )
    return ""


def _overlap(one: WantedRegion, before: Sequence[WantedRegion]) -> str:
    """Say which earlier region has a page of `one`: Xen ignores the later of the two."""
    for other in before:
        if one.first <= other.last and other.first <= one.last and other.limit >= other.base:
            return (
                f"it has a page in common with {other}, and Xen ignores the second of two ranges "
                "that overlap: give both as one region with all their devices"
            )
    return ""
