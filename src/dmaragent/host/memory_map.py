"""The firmware's memory map: what each range of physical addresses is.

Pure.  On a PC this is the E820 map, as the kernel got it from the firmware:
/sys/firmware/memmap, or the BIOS-e820 lines of the boot log.
"""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import AddressRange
from dmaragent.host import words


class MemoryType(Enum):
    """What a range is, under the kernel's words (arch/x86/kernel/e820.c, ``e820_type_to_string``)."""

    RAM = "System RAM"
    RESERVED = "Reserved"
    ACPI = "ACPI Tables"
    NVS = "ACPI Non-volatile Storage"
    UNUSABLE = "Unusable memory"
    PERSISTENT = "Persistent Memory"
    SOFT_RESERVED = "Soft Reserved"
    OTHER = "other"


class MemoryEntry(NamedTuple):
    """One range of the map; `words` are the map's own."""

    range: AddressRange
    type: MemoryType
    words: str


class MemoryMap(NamedTuple):
    """The entries of the map, by address."""

    entries: tuple[MemoryEntry, ...]
    incomplete: str = ""
    """Why entries are missing from it, so that memory outside of `entries` is unknown; or empty."""
    foreign_ram: str = ""
    """Why RAM outside of `entries` is not in it, as in dom0; or empty."""

    def why_unknown(self, region: AddressRange) -> str:
        """Return why it may hold other entries for `region`, or empty."""
        if self.incomplete or not self.entries:
            return self.incomplete
        ends_below = all(entry.range.end <= region.start for entry in self.entries)
        return words.MAP_ENDS_BELOW if ends_below else ""

    def within(self, region: AddressRange) -> Iterator[MemoryEntry]:
        """Yield the entries that `region` overlaps, by address."""
        return (entry for entry in self.entries if entry.range.overlaps(region))

    def covered(self, region: AddressRange, types: frozenset[MemoryType]) -> bool:
        """Tell whether every byte of `region` lies in entries of these `types`."""
        at = region.start
        for entry in self.within(region):
            if entry.type not in types:
                continue
            if entry.range.start > at:
                return False
            at = max(at, entry.range.end)
            if at >= region.end:
                return True
        return at >= region.end


def memory_words(memory_map: MemoryMap, region: AddressRange) -> str:
    """Name what the firmware's map says of `region`, in the map's own words."""
    kinds = list(dict.fromkeys(entry.words for entry in memory_map.within(region)))
    whole = memory_map.covered(region, frozenset(entry.type for entry in memory_map.entries))
    return ", ".join(kinds if whole else [*kinds, words.NOT_IN_MAP])


def ram_in(memory_map: MemoryMap | None, pages: AddressRange | None) -> AddressRange | None:
    """Give the first range of RAM that `pages` meets, as the firmware's map has it."""
    if memory_map is None or pages is None:
        return None
    kinds = (entry.range for entry in memory_map.within(pages) if entry.type is MemoryType.RAM)
    return next(kinds, None)
