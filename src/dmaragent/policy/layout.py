"""Where a guest's RAM is, once libxl has moved it away from reserved device memory.

Addresses and sizes are in bytes. Sources: libxl_dm.c, ``libxl__domain_device_construct_rdm``;
before it libxl_dom.c, ``libxl__build_hvm``; after it libxl_x86.c, ``domain_construct_memmap``.
libxl computes in 64 bits and checks no size: a value below zero wraps around.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple, TypeVar

from dmaragent.addresses import FOUR_GIB, MIB, SBDF, AddressRange
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, SMALLEST_HOLE, Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.words import building as words
from dmaragent.xen.toolstack.libxl import LibxlBehaviour

HVM_RAM_START = MIB
"""The start of RAM in an HVM guest's memory map: hvmloader describes what is below."""
SPECIAL_PAGES = AddressRange(0xFEFF0000, 0xFF000000)
"""Pages that libxc populates in an HVM guest (xenstore, console, I/O requests): xg_dom_x86.c.

The first 8 are for servers of I/O requests: ``ioreq_server_pfn``.
"""
MAP_ENTRIES = 128
"""libxl refuses a memory map with so many entries: E820MAX, tools/include/xenctrl.h."""
_Value = TypeVar("_Value")
_ROUNDING = 2 * MIB
_WRAP = 1 << 64
"""The number of bytes in 64 bits of address: sizes are computed modulo it."""


class DeviceRequest(NamedTuple):
    """A device of the guest's ``pci=`` list, and the regions that the hypervisor lists for it.

    `regions` are in the hypervisor's order. `sbdf` is the address that libxl queries. libxl queries
    before it knows the device of a ``name=``, and for ``*`` it queries function 0 alone.
    """

    sbdf: SBDF
    regions: tuple[AddressRange, ...]
    policy: Policy


class Reservation(NamedTuple):
    """A region that guest RAM should avoid, with the policy that applies."""

    region: AddressRange
    policy: Policy
    decided_by: SBDF | None
    """The device whose policy applies; None: the guest's own policy."""
    from_host: bool
    """Whether strategy=host adds it, and not a device."""


class RamLayout(NamedTuple):
    """A guest's RAM: from 0 to `lowmem_end`, and from 4 GiB to `highmem_end`.

    If the end of high RAM is 0 or 4 GiB, there is no high RAM. libxl treats 4 GiB as an empty
    range.
    """

    lowmem_end: int
    highmem_end: int

    @property
    def size(self) -> int:
        """The number of bytes of RAM."""
        return self.lowmem_end + max(0, self.highmem_end - FOUR_GIB)

    def overlaps(self, region: AddressRange) -> bool:
        """Return whether RAM overlaps `region`."""
        return AddressRange(0, self.lowmem_end).overlaps(region) or (
            self.highmem_end > FOUR_GIB
            and AddressRange(FOUR_GIB, self.highmem_end).overlaps(region)
        )

    def conflicts(self, region: AddressRange) -> bool:
        """Return whether libxl counts RAM and `region` as overlapping, even if one is empty."""
        return self.conflicts_below(region) or (
            self.highmem_end != 0 and counts_as_overlap(FOUR_GIB, self.highmem_end, region)
        )

    def conflicts_below(self, region: AddressRange) -> bool:
        """Return the same for the RAM below 4 GiB."""
        return counts_as_overlap(0, self.lowmem_end, region)


def counts_as_overlap(start: int, end: int, region: AddressRange) -> bool:
    """Return whether libxl and hvmloader count `region` as overlapping the range `start` to `end`.

    An empty range overlaps another if it is strictly inside it: libxl_dm.c, ``overlaps_rdm``
    (25652f232c, 4.6), and hvmloader/util.c, ``check_overlap``.
    """
    return end > region.start and start < region.end


def starting_layout(maximum: int, video: int = 8 * MIB, mmio_hole: int = 0) -> RamLayout:
    """Lay out the RAM of an HVM guest before its reserved device memory is looked at.

    Args:
        maximum: ``maxmem``, which is ``memory`` where unset, in bytes.
        video: video memory in bytes, taken off it; cirrus, the default adapter, has 8 MiB.
            More than `maximum` wraps around: the end of high RAM is then below 4 GiB.
        mmio_hole: ``mmio_hole`` in bytes; what is not above 256 MiB, or is above 4 GiB, counts
            as 256 MiB.

    """
    ram = (maximum - video) % _WRAP
    start = FOUR_GIB - (mmio_hole if SMALLEST_HOLE < mmio_hole <= FOUR_GIB else SMALLEST_HOLE)
    return RamLayout(start, (FOUR_GIB + ram - start) % _WRAP) if ram > start else RamLayout(ram, 0)


def each_once(values: Iterable[_Value]) -> list[_Value]:
    """Return the objects of `values`, each once, in order.

    Xen's list on AMD has a region once for each of its device IDs: the same object thousands of times.
    """
    return list({id(value): value for value in values}.values())


def reservations(
    strategy: Strategy,
    host: Sequence[AddressRange],
    guest_policy: Policy,
    devices: Sequence[DeviceRequest],
    behaviour: LibxlBehaviour,
) -> tuple[Reservation, ...] | None:
    """Return what is reserved for a guest, in libxl's order; None if libxl does not look.

    `host` is the hypervisor's list, used with strategy=host only. Then a device's policy replaces
    the guest's for the first region with the same start, whatever its size. A later device's policy
    replaces that of an earlier one. An empty list ends the search, with or without devices.
    """
    if strategy is Strategy.IGNORE and not devices:
        return None
    entries: list[Reservation] = []
    if strategy is Strategy.HOST:
        if not host:
            return None
        made = {
            id(region): Reservation(region, guest_policy, None, from_host=True)
            for region in each_once(host)
        }
        entries = [made[id(region)] for region in host]
    by_start: dict[int, int] = {}
    for place, entry in enumerate(entries):
        by_start.setdefault(entry.region.start, place)
    for device in devices:
        policy, sbdf = device.policy, device.sbdf
        for region in device.regions if behaviour.reserves_every_region else device.regions[:1]:
            at = by_start.setdefault(region.start, len(entries))
            if at == len(entries):
                entries.append(Reservation(region, policy, sbdf, from_host=False))
            else:
                former = entries[at]
                entries[at] = Reservation(former.region, policy, sbdf, former.from_host)
    return tuple(entries)


class Placement(Enum):
    """What libxl does about a reservation."""

    CLEAR = "clear"
    """No RAM overlapped it."""
    MOVED = "moved"
    """RAM that overlapped it was moved to above 4 GiB."""
    HIDDEN = "hidden"
    """The guest's memory map does not show it: RAM overlaps it, or libxl has not set its policy."""
    CONFLICT = "conflict"
    """RAM overlaps it, and it is strict: the guest does not start."""


class PlacedRegion(NamedTuple):
    """A reservation with its placement, and the reason in a sentence."""

    reservation: Reservation
    placement: Placement
    reason: str


class GuestLayout(NamedTuple):
    """A guest's RAM before and after the move, and each reservation in libxl's order."""

    before: RamLayout
    after: RamLayout
    placed: tuple[PlacedRegion, ...]

    @property
    def shown(self) -> tuple[Reservation, ...]:
        """The reservations that the guest's memory map shows."""
        kept = (Placement.CLEAR, Placement.MOVED)
        return tuple([placed.reservation for placed in self.placed if placed.placement in kept])

    @property
    def has_high(self) -> bool:
        """Whether the memory map has an entry for RAM above 4 GiB."""
        return self.after.highmem_end not in (0, FOUR_GIB)

    @property
    def refused_by(self) -> PlacedRegion | None:
        """The first strict conflict: libxl stops there, and its message names it."""
        return next(
            (region for region in self.placed if region.placement is Placement.CONFLICT), None
        )


def lay_out(
    before: RamLayout,
    reserved: Sequence[Reservation] | None,
    behaviour: LibxlBehaviour,
    *,
    boundary: int = DEFAULT_BOUNDARY,
    hap: bool = True,
) -> GuestLayout:
    """Return the layout after libxl moves RAM away from `reserved`, with each placement.

    RAM moves for a region that starts above `boundary` (in bytes), with either policy. For other
    regions the policy decides. `reserved` comes from `reservations`.
    """
    if reserved is None:
        return GuestLayout(before, before, ())
    different = each_once(reserved)
    low, added = before.lowmem_end, 0
    for entry in different:  # RAM that moved for a region does not move again for the same one
        start = entry.region.start
        if boundary < start < low:  # a region without pages counts: see counts_as_overlap
            end = start
            if hap and behaviour.rounds_with_hap and end > _ROUNDING:
                end -= end % _ROUNDING
            added += low - end
            low = end
    high = before.highmem_end
    if not high and (added or not behaviour.leaves_unused_high):
        high = FOUR_GIB
    after = RamLayout(low, (high + added) % _WRAP)
    judge = _Judge(before, after, boundary)
    placed = {id(entry): judge.place(entry) for entry in different}
    return GuestLayout(before, after, tuple([placed[id(entry)] for entry in reserved]))


class _Judge:
    """Finds the placement of reservations after the move."""

    def __init__(self, before: RamLayout, after: RamLayout, boundary: int) -> None:
        self._before = before
        self._after = after
        self._low_before = before.lowmem_end
        self._boundary = boundary
        self._below_boundary = words.below_boundary(boundary)
        self._moved = words.ram_moved(boundary, after.lowmem_end)

    def place(self, entry: Reservation) -> PlacedRegion:
        """Return the placement of one reservation, with the reason."""
        start = entry.region.start
        if self._after.conflicts(entry.region):
            placement = Placement.CONFLICT if entry.policy is Policy.STRICT else Placement.HIDDEN
            return PlacedRegion(entry, placement, self._why_ram_stays(entry.region))
        if entry.policy is Policy.INVALID:
            return PlacedRegion(entry, Placement.HIDDEN, words.POLICY_UNSET)
        if self._boundary < start < self._low_before:
            return PlacedRegion(entry, Placement.MOVED, self._moved)
        return PlacedRegion(entry, Placement.CLEAR, words.NO_RAM_THERE)

    def _why_ram_stays(self, region: AddressRange) -> str:
        if self._after.conflicts_below(region):
            if region.size:
                return self._below_boundary
            return words.empty_below_boundary(self._boundary)
        if not self._after.overlaps(region):
            if self._after.highmem_end == FOUR_GIB:
                return words.CROSSES_FOUR_GIB
            return words.EMPTY_ABOVE_FOUR_GIB
        if self._before.overlaps(region):
            return words.ABOVE_FOUR_GIB
        return words.UNDER_MOVED_RAM


class MapEntry(NamedTuple):
    """A range of a guest's memory map."""

    range: AddressRange
    type: MemoryType


def memory_map(layout: GuestLayout) -> tuple[MapEntry, ...]:
    """Return the memory map that libxl gives an HVM guest, in its order, which is not sorted.

    An entry whose size wraps around, that of low RAM below the first megabyte, ends above 64
    bits of address.

    Raises:
        ValueError: libxl refuses the map, for it would have 128 entries or more.

    """
    high, has_high = layout.after.highmem_end, layout.has_high
    reserved = [entry.region for entry in layout.shown]
    number = 1 + len(reserved) + has_high
    if number >= MAP_ENTRIES:
        raise ValueError(words.too_many_map_entries(number, MAP_ENTRIES - 1))
    entries = [_ram(HVM_RAM_START, layout.after.lowmem_end)]
    entries += [MapEntry(region, MemoryType.RESERVED) for region in reserved]
    if has_high:
        entries.append(_ram(FOUR_GIB, high))
    return tuple(entries)


def _ram(start: int, end: int) -> MapEntry:
    return MapEntry(AddressRange(start, end if start <= end else end + _WRAP), MemoryType.RAM)
