"""What memory an IVMD may be in for Xen: reserved, or such as Xen can make reserved.

Pure.  Source: Xen drivers/passthrough/amd/iommu_acpi.c, ``parse_ivmd_block``, from 4.19 on
x86/iommu.c, ``iommu_unity_region_ok``; arch/x86/mm.c, ``page_get_ram_type``; arch/x86/e820.c,
``e820_add_range``.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from dmaragent.addresses import AddressRange
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
    """Xen's memory map, to which it adds what it makes reserved."""

    def __init__(self, memory_map: MemoryMap | None, *, inverted: bool) -> None:
        self._map = memory_map
        self._inverted = inverted

    def check(self, pages: AddressRange) -> MemoryCheck:
        """Check the whole pages of an IVMD and make reserved what can be."""
        if self._map is None:
            return MemoryCheck(note=words.MEMORY_NOT_CHECKED)
        if not pages.size or self._map.covered(pages, _RESERVED):
            return MemoryCheck()
        holes: list[AddressRange] = []
        doubt = ""
        for place, kinds in _pieces(self._map, pages):
            if not kinds:
                holes.append(place)
                doubt = doubt or self._map.why_unknown(place) or self._map.foreign_ram
            elif error := self._refusal(place, kinds):
                return MemoryCheck(error=error)
        added = (
            MemoryEntry(place, MemoryType.RESERVED, MemoryType.RESERVED.value) for place in holes
        )
        entries = sorted((*self._map.entries, *added), key=lambda entry: entry.range)
        self._map = self._map._replace(entries=tuple(entries))
        if doubt:
            return MemoryCheck(doubt=words.may_be_in_ram(doubt, pages.start))
        return MemoryCheck(note=words.NOT_ALL_RESERVED)

    def _refusal(self, place: AddressRange, kinds: frozenset[MemoryType]) -> str:
        """Return why Xen refuses pages of these `kinds`, or empty."""
        is_good = bool(kinds & _NOT_RAM)
        names = ", ".join(sorted(kind.value for kind in kinds))
        if not is_good and MemoryType.RAM not in kinds:
            return words.pages_not_reservable(place.start, names)
        if is_good is self._inverted:
            return words.pages_not_convertible(place.start, names)
        return ""


def _pieces(
    memory_map: MemoryMap, pages: AddressRange
) -> Iterator[tuple[AddressRange, frozenset[MemoryType]]]:
    """Yield the parts of `pages` whose pages have parts of the same kinds of memory."""
    entries = [(whole_pages(entry.range), entry.type) for entry in memory_map.within(pages)]
    bounds = {pages.start, pages.end}
    for place, _ in entries:
        bounds |= {place.start, place.end}
    inside = sorted(bound for bound in bounds if pages.start <= bound <= pages.end)
    for start, end in pairwise(inside):
        piece = AddressRange(start, end)
        yield piece, frozenset(kind for place, kind in entries if place.overlaps(piece))
