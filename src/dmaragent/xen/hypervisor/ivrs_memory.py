"""What memory an IVMD may be in for Xen: reserved, or such as Xen can make reserved.

Pure.  Source: Xen drivers/passthrough/amd/iommu_acpi.c, ``parse_ivmd_block``, from 4.19 on
x86/iommu.c, ``iommu_unity_region_ok``; arch/x86/mm.c, ``page_get_ram_type``; arch/x86/e820.c,
``e820_add_range``.
"""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.memory import whole_pages

_NOT_RAM = frozenset({MemoryType.RESERVED, MemoryType.ACPI, MemoryType.NVS, MemoryType.UNUSABLE})
_RESERVED = frozenset({MemoryType.RESERVED})


class MemoryCheck(NamedTuple):
    """What Xen finds below a range."""

    error: str = ""
    """Why it switches AMD-Vi off, or empty."""
    doubt: str = ""
    """Why it is unknown whether it does, or empty."""
    note: str = ""


class IvmdMemory:
    """Xen's memory map, to which it adds what it makes reserved.

    The entries of a host's map never overlap, so that those at a place are found by their starts.
    """

    def __init__(self, memory_map: MemoryMap | None, *, inverted: bool) -> None:
        self._map = memory_map
        self._inverted = inverted
        self._entries = [] if memory_map is None else list(memory_map.entries)
        self._starts = [entry.range.start for entry in self._entries]

    def check(self, pages: AddressRange) -> MemoryCheck:
        """Check the whole pages of an IVMD and make reserved what can be."""
        if self._map is None:
            return MemoryCheck(note=words.MEMORY_NOT_CHECKED)
        if not pages.size or self._near(pages).covered(pages, _RESERVED):
            return MemoryCheck()
        at, doubt = pages.start, ""
        while at < pages.end:
            piece, kinds = _piece_at(self._near(AddressRange(at, pages.end)), at, pages.end)
            if not kinds:
                doubt = doubt or self._why_unknown(piece) or self._map.foreign_ram
                self._make_reserved(piece)
            elif error := self._refusal(piece, kinds):
                return MemoryCheck(error=error)
            at = piece.end
        if doubt:
            return MemoryCheck(doubt=words.may_be_in_ram(doubt, pages.start))
        return MemoryCheck(note=words.NOT_ALL_RESERVED)

    def _near(self, place: AddressRange) -> MemoryMap:
        """Return the entries that `place` can overlap."""
        first = max(bisect_right(self._starts, place.start) - 1, 0)
        return MemoryMap(tuple(self._entries[first : bisect_left(self._starts, place.end)]))

    def _why_unknown(self, hole: AddressRange) -> str:
        """Return why entries for `hole` may be missing, or empty."""
        assert self._map is not None  # noqa: S101 - `check` needs one
        return self._map._replace(entries=tuple(self._entries[-1:])).why_unknown(hole)

    def _make_reserved(self, hole: AddressRange) -> None:
        """Make `hole` reserved, as Xen does it page by page.

        A page before a reserved entry, and not behind one, moves that entry down instead: Xen changes
        its start and not its size, so that its last page becomes a hole.
        """
        at = bisect_left(self._starts, hole.start)
        before, after = self._entries[max(at - 1, 0) : at], self._entries[at : at + 1]
        follows_one = any(
            entry.type is MemoryType.RESERVED and entry.range.end == hole.start for entry in before
        )
        place = hole
        if hole.size == PAGE and not follows_one:
            for entry in after:
                if entry.type is MemoryType.RESERVED and entry.range.start == hole.end:
                    place = AddressRange(hole.start, hole.start + entry.range.size)
                    del self._entries[at], self._starts[at]
        entry = MemoryEntry(place, MemoryType.RESERVED, MemoryType.RESERVED.value)
        self._entries.insert(at, entry)
        self._starts.insert(at, place.start)

    def _refusal(self, place: AddressRange, kinds: frozenset[MemoryType]) -> str:
        """Return why Xen refuses pages of these `kinds`, or empty."""
        is_good = bool(kinds & _NOT_RAM)
        names = ", ".join(sorted(kind.value for kind in kinds))
        if not is_good and MemoryType.RAM not in kinds:
            return words.pages_not_reservable(place.start, names)
        if is_good is self._inverted:
            return words.pages_not_convertible(place.start, names)
        return ""


def _piece_at(
    memory_map: MemoryMap, start: int, end: int
) -> tuple[AddressRange, frozenset[MemoryType]]:
    """Return the pages from `start` on, up to `end`, that have parts of the same kinds of memory.

    No kinds: they are a hole.
    """
    rest = AddressRange(start, end)
    entries = [(whole_pages(entry.range), entry.type) for entry in memory_map.within(rest)]
    bounds = (bound for place, _ in entries for bound in (place.start, place.end))
    next_bound = min((bound for bound in bounds if bound > start), default=end)
    piece = AddressRange(start, min(next_bound, end))
    return piece, frozenset(kind for place, kind in entries if place.overlaps(piece))
