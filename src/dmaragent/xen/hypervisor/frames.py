"""Whether Xen has a frame for a page, which every page of an ``rmrr=`` range needs.

Pure.  Every release with the option checks this: drivers/passthrough/vtd/dmar.c,
``add_user_rmrr`` (431685e8de, 4.9.0), by ``mfn_valid`` (common/pdx.c, ``__mfn_valid``).

Xen has frames for whole groups of pages.  A group has frames, also for its holes, if
arch/x86/setup.c, ``__start_xen``, marked RAM in it (``set_pdx_range``).  There are no frames
beyond the last page of RAM (arch/x86/e820.c, ``find_max_pfn``).

Compressed page numbers change nothing: they only drop address bits above 4 GiB that no RAM uses.
RAM that Xen ignores because no MTRR covers it (``mtrr_top_of_ram``) is unknown here; only Xen's
log shows it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.command_line import option_rules, option_words

_GROUP = 1 << 28
"""The bytes of a group: ``PDX_GROUP_COUNT`` is 2 MiB by the 32 bytes of ``struct page_info``."""
_LARGEST_GROUP = 1 << 30
"""With CONFIG_BIGMEM the structure is larger, and a group at most 1 GiB."""
_NO_ADDRESS = 1 << 40
"""A page number beyond the 52 bits of an address."""
_MOST_RAM = 1 << 44
"""Xen uses all RAM below this address, and only a build with CONFIG_BIGMEM more:
``setup_max_pdx``."""
_MAYBE_RAM = frozenset({MemoryType.RAM, MemoryType.SOFT_RESERVED})
"""The types that Xen may use as RAM: "soft reserved" concerns only Linux."""


class Frames(NamedTuple):
    """Whether all pages of a range have a frame; `reason` is why not, or why that is unknown."""

    exist: bool | None
    reason: str = ""


def frames_of(start_pfn: int, end_pfn: int, memory_map: MemoryMap | None, line: str) -> Frames:
    """Return whether the pages from `start_pfn` to `end_pfn` have frames.

    `line` is Xen's command line.  A hole below the end of RAM may have frames; this is unknown
    without the memory map.
    """
    if end_pfn >= _NO_ADDRESS:
        return Frames(exist=False, reason=words.page_beyond_address(end_pfn))
    if memory_map is None:
        return _unknown(words.MEMORY_MAP_UNKNOWN)
    pages = range(start_pfn, end_pfn + 1)
    ram = _Ram(memory_map, line)
    missing = [page for page in pages if ram.has(page * PAGE) is False]
    if missing:
        return Frames(exist=False, reason=ram.why_missing(missing[0] * PAGE))
    if any(ram.has(page * PAGE) is None for page in pages):
        return _unknown(ram.why_unknown)
    return Frames(exist=True)


class _Ram:
    """The RAM of Xen, as far as the firmware's memory map shows it."""

    def __init__(self, memory_map: MemoryMap, line: str) -> None:
        options = {
            word.partition("=")[0]: word for word, _ in option_words(line, option_rules(None)[-1])
        }
        self.ram = _whole(e.range for e in memory_map.entries if e.type is MemoryType.RAM)
        self.possible = _whole(e.range for e in memory_map.entries if e.type in _MAYBE_RAM)
        limit = options.get("mem") or options.get("availmem") or ""
        kexec = options.get("crashkernel", "")
        self.kexec_below = "@" in kexec
        self.kexec = bool(kexec)
        self.end = 0 if limit else _end(self.ram)
        """A lower bound for the end of RAM."""
        whole = not (memory_map.incomplete or memory_map.foreign_ram)
        self.whole = whole and bool(self.ram) and memory_map.begins_at_zero
        """Whether the map has all RAM: if a log is cut, its map lacks the beginning."""
        self.why_unknown = (
            memory_map.incomplete
            or (words.ram_limited(limit) if limit else "")
            or memory_map.foreign_ram
            or words.FRAMES_BY_MAP
        )

    def has(self, address: int) -> bool | None:
        """Return whether Xen has a frame for the page at `address`."""
        if self.whole and address >= _end(self.possible):
            return False
        first = address < _GROUP
        if address < min(self.end, _MOST_RAM) and (first or self.marked(address)):
            return True
        if self.whole and not first and not _meets(self.possible, address, _LARGEST_GROUP):
            return False
        return None

    def marked(self, address: int) -> bool:
        """Return whether the group of `address` certainly has marked RAM.

        Xen does not mark the crash kernel's memory.  Below 4 GiB it marks RAM before it places the
        crash kernel.
        """
        if self.kexec and (self.kexec_below or address >= FOUR_GIB):
            return False
        return _meets(self.ram, address, _GROUP)

    def why_missing(self, address: int) -> str:
        """Return why there is no frame for `address`."""
        end = _end(self.possible)
        if address >= end:
            return words.page_past_ram(address // PAGE, end - 1)
        return words.no_ram_near(address // PAGE)


def _unknown(why: str) -> Frames:
    return Frames(exist=None, reason=words.frame_unknown(why))


def _whole(ranges: Iterable[AddressRange]) -> tuple[tuple[int, int], ...]:
    """Return the whole pages of `ranges`."""
    pages = ((-(-span.start // PAGE) * PAGE, span.end // PAGE * PAGE) for span in ranges)
    return tuple((start, end) for start, end in pages if start < end)


def _end(ranges: tuple[tuple[int, int], ...]) -> int:
    return max((end for _, end in ranges), default=0)


def _meets(ranges: tuple[tuple[int, int], ...], address: int, group: int) -> bool:
    """Return whether `ranges` overlap the group of `address`; `group` is its size."""
    start = address // group * group
    return any(low < start + group and start < high for low, high in ranges)
