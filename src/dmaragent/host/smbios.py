"""The firmware's side: the memory map, the machine's names, its physical slots."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import words
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.parse import Problems, number, text, whole_line
from dmaragent.readings import HostSnapshot, MemoryMapReading, Missing, MissingKind, SystemReading

_SYSFS_WORDS = {kind.value.lower(): kind for kind in MemoryType} | {
    "persistent memory (legacy)": MemoryType.OTHER,
    "unknown e820 type": MemoryType.OTHER,
}
"""The words of /sys/firmware/memmap: any others were damaged."""
_WORDS = _SYSFS_WORDS | {
    # The boot log's words: arch/x86/kernel/e820.c, e820_print_type.
    "usable": MemoryType.RAM,
    "reserved": MemoryType.RESERVED,
    "acpi data": MemoryType.ACPI,
    "acpi nvs": MemoryType.NVS,
    "unusable": MemoryType.UNUSABLE,
    "soft reserved": MemoryType.SOFT_RESERVED,
    "persistent": MemoryType.PERSISTENT,
}
_HIGHEST = (1 << 64) - 1
_E820 = re.compile(
    rb"BIOS-e820: \[mem (0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\] ([A-Za-z ]+?|type \d+)(?: \(type \d+\))?$"
)
_OLD_E820 = re.compile(
    rb"BIOS-e820: ([0-9a-f]{16}) - ([0-9a-f]{16}) (?:\(([A-Za-z ]+)\)|(type \d+))$"
)


def join_memory_map(snapshot: HostSnapshot, problems: Problems) -> MemoryMap | Missing:
    """Make the map, from sysfs or else from the boot log."""
    if not isinstance(snapshot.memory_map, Missing) and snapshot.memory_map:
        return _sysfs_map(snapshot.memory_map, problems)
    log = snapshot.boot_log
    if isinstance(log, Missing):
        return log
    logged = _logged_map(log, problems)
    return logged if logged.entries else Missing(MissingKind.ABSENT, words.NO_MEMORY_MAP)


def _logged_map(log: bytes, problems: Problems) -> MemoryMap:
    """Make the map of the boot log, whose lines may be cut short."""
    lines = [line for line in log.splitlines() if b"BIOS-e820: " in line]
    entries = [_logged_entry(line) for line in lines]
    memory_map = _sorted_map(entries)
    why = ""
    if None in entries:
        why = words.LOGGED_LINE_UNREADABLE
        problems.add(words.addresses_unknown(why))
    elif memory_map.entries and memory_map.entries[0].range.start:
        why = words.LOG_LACKS_BEGINNING
    return _without_overlaps(memory_map, why, problems)


def _sysfs_map(readings: tuple[MemoryMapReading, ...], problems: Problems) -> MemoryMap:
    """Make the map of /sys/firmware/memmap, whose entries the kernel numbers from 0."""
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
    return _without_overlaps(_sorted_map(entry for _, entry in entries), why, problems)


def _without_overlaps(memory_map: MemoryMap, why: str, problems: Problems) -> MemoryMap:
    """Return `memory_map`, incomplete because of `why`, without entries that overlap others.

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
    line = line.rstrip()
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


class Machine(NamedTuple):
    """What machine this is, in its firmware's words; None: not known."""

    vendor: str | None
    model: str | None
    board: str | None
    firmware: str | None
    """Vendor, version and date of the firmware."""


def join_machine(system: SystemReading) -> Machine:
    """Make the machine's names."""
    dmi = {name: text(value) for name, value in system.dmi}
    firmware = [dmi.get(name) for name in ("bios_vendor", "bios_version", "bios_date")]
    return Machine(
        vendor=dmi.get("sys_vendor"),
        model=dmi.get("product_name"),
        board=dmi.get("board_name"),
        firmware=" ".join(word for word in firmware if word) or None,
    )


def join_slots(system: SystemReading, problems: Problems) -> Mapping[tuple[int, int, int], str]:
    """Name the slot of each (segment, bus, device): the kernel's name, else SMBIOS' own.

    The kernel's comes from the hotplug and ACPI drivers; SMBIOS 3.6, 7.10, has what is
    printed on the board, where it gives an address.
    """
    slots: dict[tuple[int, int, int], str] = {}
    if not isinstance(system.smbios_slots, Missing):
        for raw in system.smbios_slots:
            if not isinstance(raw, Missing):
                slots |= _smbios_slot(raw)
    elif system.smbios_slots.kind is MissingKind.FAILED:
        problems.missing("the SMBIOS slots", system.smbios_slots)
    if not isinstance(system.slots, Missing):
        for name, address in system.slots:
            place = text(address)
            try:
                sbdf = SBDF.parse(f"{place}.0")
            except ValueError:
                continue  # a slot without a device has no address, or one without a bus
            slots[sbdf.segment, sbdf.bus, sbdf.device] = name
    return slots


def _smbios_slot(raw: bytes) -> dict[tuple[int, int, int], str]:
    """Read a type 9 structure: designation at 4, segment at 13, bus at 15, devfn at 16."""
    length = raw[1] if len(raw) > 1 else 0
    if length < 17 or len(raw) < length or raw[0] != 9:
        return {}
    segment, bus, devfn = int.from_bytes(raw[13:15], "little"), raw[15], raw[16]
    strings = raw[length:].split(b"\0")
    index = raw[4]
    if (segment, bus, devfn) == (0xFFFF, 0xFF, 0xFF) or not 0 < index <= len(strings):
        return {}
    name = strings[index - 1].decode("latin-1").strip()
    return {(segment, bus, devfn >> 3): name} if name else {}
