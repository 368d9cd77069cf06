"""The firmware's memory map: the type of each range of physical addresses.

Pure.  On a PC this is the E820 map that the firmware passes to the kernel: /sys/firmware/memmap,
or the BIOS-e820 lines of the boot log.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import AddressRange
from dmaragent.host import words
from dmaragent.host.parse import Problems, number, whole_line
from dmaragent.readings import HostSnapshot, MemoryMapReading, Missing, MissingKind


class MemoryType(Enum):
    """The type of a range, as the kernel names it (arch/x86/kernel/e820.c, ``e820_type_to_string``)."""

    RAM = "System RAM"
    RESERVED = "Reserved"
    ACPI = "ACPI Tables"
    NVS = "ACPI Non-volatile Storage"
    UNUSABLE = "Unusable memory"
    PERSISTENT = "Persistent Memory"
    SOFT_RESERVED = "Soft Reserved"
    BY_LINUX = "Reserved by Linux"
    """Of page 0 in /proc/iomem: Linux reserves it whatever its type is in the firmware's map."""
    OTHER = "other"


class MemoryEntry(NamedTuple):
    """One range of the map; `words` is the type as the map spells it."""

    range: AddressRange
    type: MemoryType
    words: str


class MemoryMap(NamedTuple):
    """The entries of the map, by address."""

    entries: tuple[MemoryEntry, ...]
    incomplete: str = ""
    """Why entries are missing, so that memory outside of `entries` is unknown; or empty."""
    foreign_ram: str = ""
    """Why the host has RAM that is not in `entries`, as in dom0; or empty."""
    unknown: tuple[AddressRange, ...] = ()
    """The ranges whose type in the firmware's map is unknown; they are not in `entries`."""

    @property
    def begins_at_zero(self) -> bool:
        """Whether the map is known from address 0 on."""
        begins = [entry.range.start for entry in self.entries]
        return 0 in (*begins[:1], *(place.start for place in self.unknown))

    def is_unknown(self, region: AddressRange) -> bool:
        """Return whether the type of a part of `region` is unknown."""
        return any(place.overlaps(region) for place in self.unknown)

    @property
    def if_reserved(self) -> "MemoryMap":
        """The map if the ranges of unknown type are reserved."""
        name = MemoryType.RESERVED.value
        reserved = [MemoryEntry(place, MemoryType.RESERVED, name) for place in self.unknown]
        entries = sorted((*self.entries, *reserved), key=lambda entry: entry.range)
        return self._replace(entries=tuple(entries), unknown=())

    def why_unknown(self, region: AddressRange) -> str:
        """Return why entries for `region` may be missing, or empty."""
        if self.is_unknown(region):
            return words.PAGE_0_BY_LINUX
        if self.incomplete or not self.entries:
            return self.incomplete
        ends_below = all(entry.range.end <= region.start for entry in self.entries)
        return words.MAP_ENDS_BELOW if ends_below else ""

    def within(self, region: AddressRange) -> Iterator[MemoryEntry]:
        """Yield the entries that `region` overlaps, by address."""
        return (entry for entry in self.entries if entry.range.overlaps(region))

    def covered(self, region: AddressRange, types: frozenset[MemoryType]) -> bool:
        """Return whether entries of these `types` cover every byte of `region`."""
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
    """Return the types that the firmware's map has for `region`, as the map spells them.

    The last is NOT_IN_MAP if a part has no entry, or NOT_KNOWN if that entry may be missing.
    """
    kinds = list(dict.fromkeys(entry.words for entry in memory_map.within(region)))
    if not memory_map.covered(region, frozenset(entry.type for entry in memory_map.entries)):
        unknown = memory_map.incomplete or memory_map.is_unknown(region)
        kinds.append(words.NOT_KNOWN if unknown else words.NOT_IN_MAP)
    return ", ".join(kinds)


def is_known(kinds: str) -> bool:
    """Return whether `kinds`, as :func:`memory_words` returns them, have no unknown part."""
    return words.NOT_KNOWN not in kinds.split(", ")


def ram_in(memory_map: MemoryMap | None, pages: AddressRange | None) -> AddressRange | None:
    """Return the first range of RAM in the firmware's map that `pages` overlaps."""
    if memory_map is None or pages is None:
        return None
    kinds = (entry.range for entry in memory_map.within(pages) if entry.type is MemoryType.RAM)
    return next(kinds, None)


_SYSFS_WORDS = {kind.value.lower(): kind for kind in MemoryType} | {
    "persistent memory (legacy)": MemoryType.OTHER,
    "unknown e820 type": MemoryType.OTHER,
}
"""The types in /sys/firmware/memmap; any other word is damage."""
_WORDS = _SYSFS_WORDS | {
    # The types in the boot log: arch/x86/kernel/e820.c, e820_print_type.  Linux 7.0 and later print
    # RAM as in sysfs, "device reserved" and "persistent RAM", after two blanks.
    "usable": MemoryType.RAM,
    "reserved": MemoryType.RESERVED,
    "device reserved": MemoryType.RESERVED,
    "acpi data": MemoryType.ACPI,
    "acpi nvs": MemoryType.NVS,
    "unusable": MemoryType.UNUSABLE,
    "soft reserved": MemoryType.SOFT_RESERVED,
    "persistent": MemoryType.PERSISTENT,
    "persistent ram": MemoryType.PERSISTENT,
}
_HIGHEST = (1 << 64) - 1
_E820 = re.compile(
    rb"BIOS-e820: \[mem (0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\]  ?"
    rb"([A-Za-z][A-Za-z ]*?|type \d+)(?: \(type \d+\))?$"
)
_GAP = re.compile(rb"BIOS-e820: \[gap (0x[0-9a-f]{1,16})-0x[0-9a-f]{1,16}\]$")
"""Addresses that are in no entry: Linux 7.0 and later print them between the entries."""
_OLD_E820 = re.compile(
    rb"BIOS-e820: ([0-9a-f]{16}) - ([0-9a-f]{16}) (?:\(([A-Za-z ]+)\)|(type \d+))$"
)


def join_memory_map(snapshot: HostSnapshot, problems: Problems) -> MemoryMap | Missing:
    """Return the map, from sysfs or else from the boot log."""
    if not isinstance(snapshot.memory_map, Missing) and snapshot.memory_map:
        return _sysfs_map(snapshot.memory_map, problems)
    log = snapshot.boot_log
    if isinstance(log, Missing):
        return log
    logged = _logged_map(log, problems)
    return logged if logged.entries else Missing(MissingKind.ABSENT, words.NO_MEMORY_MAP)


def _logged_map(log: bytes, problems: Problems) -> MemoryMap:
    """Return the map in the boot log, whose lines may be cut short."""
    lines = [line.rstrip() for line in log.splitlines() if b"BIOS-e820: " in line]
    gaps = [gap for line in lines if (gap := _GAP.search(line))]
    entries = [_logged_entry(line) for line in lines if not _GAP.search(line)]
    memory_map = _sorted_map(entries)
    begins = [entry.range.start for entry in memory_map.entries[:1]]
    begins += [int(gap[1], 16) for gap in gaps]
    why = ""
    if None in entries:
        why = words.LOGGED_LINE_UNREADABLE
        problems.add(words.addresses_unknown(why))
    elif memory_map.entries and min(begins) > 0:
        why = words.LOG_LACKS_BEGINNING
    return _without_overlaps(memory_map, why, problems)


def _sysfs_map(readings: tuple[MemoryMapReading, ...], problems: Problems) -> MemoryMap:
    """Return the map in /sys/firmware/memmap, whose entries the kernel numbers from 0."""
    entries = [(reading.name, _entry(reading, problems)) for reading in readings]
    unreadable = [name for name, entry in entries if entry is None]
    numbered = {str(number) for number in range(len(readings))}
    lost = sorted(numbered - {reading.name for reading in readings}, key=int)
    why = ""
    if unreadable or lost:
        why = (
            words.map_entry_unreadable(unreadable[0])
            if unreadable
            else words.map_entry_missing(lost[0])
        )
        problems.add(words.addresses_unknown(why))
    memory_map = _without_overlaps(_sorted_map(entry for _, entry in entries), why, problems)
    unknown = [entry for entry in memory_map.entries if entry.type is MemoryType.BY_LINUX]
    if not unknown:
        return memory_map
    known = [entry for entry in memory_map.entries if entry.type is not MemoryType.BY_LINUX]
    return memory_map._replace(
        entries=tuple(known), unknown=tuple(entry.range for entry in unknown)
    )


def _without_overlaps(memory_map: MemoryMap, why: str, problems: Problems) -> MemoryMap:
    """Return `memory_map` without overlapping entries, marked incomplete with the reason `why`.

    The kernel removes overlaps before it publishes a map (Linux arch/x86/kernel/e820.c,
    ``e820__update_table``), so one of two such entries is damaged.
    """
    entries = memory_map.entries
    overlapping: set[int] = set()
    widest = 0
    for at in range(1, len(entries)):
        if entries[at].range.start < entries[widest].range.end:
            overlapping |= {widest, at}
        if entries[at].range.end > entries[widest].range.end:
            widest = at
    if overlapping:
        first = entries[min(overlapping)].range
        overlap = words.map_entries_overlap(first)
        problems.add(words.overlap_unknown(overlap))
        why = why or overlap
    kept = tuple(entry for at, entry in enumerate(entries) if at not in overlapping)
    return memory_map._replace(entries=kept, incomplete=why)


def _sorted_map(entries: Iterable[MemoryEntry | None]) -> MemoryMap:
    kept = (entry for entry in entries if entry is not None)
    return MemoryMap(tuple(sorted(kept, key=lambda entry: entry.range)))


def _entry(reading: MemoryMapReading, problems: Problems) -> MemoryEntry | None:
    what = f"memory map entry {reading.name}"
    start = number(what, "its start", reading.start, problems, most=_HIGHEST)
    end = number(what, "its end", reading.end, problems, most=_HIGHEST)
    kind = whole_line(reading.type)
    if start is None or end is None or kind is None or kind.lower() not in _SYSFS_WORDS:
        return None
    return _memory_entry(start, end, kind)


def _logged_entry(line: bytes) -> MemoryEntry | None:
    match = _E820.search(line)
    if match:
        return _memory_entry(int(match[1], 16), int(match[2], 16), match[3].decode("ascii"))
    match = _OLD_E820.search(line)  # before Linux 3.6, with the end exclusive
    if match:
        kind = match[3] or match[4]
        return _memory_entry(int(match[1], 16), int(match[2], 16) - 1, kind.decode("ascii"))
    return None


def _memory_entry(start: int, last: int, kind: str) -> MemoryEntry | None:
    if last < start:
        return None
    memory_type = _WORDS.get(kind.lower(), MemoryType.OTHER)
    return MemoryEntry(AddressRange.from_inclusive(start, last), memory_type, kind)
