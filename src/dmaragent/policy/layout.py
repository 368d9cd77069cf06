"""Where a guest's RAM lies once its reserved device memory is kept free of it.

Addresses and sizes are in bytes.  As libxl_dm.c, ``libxl__domain_device_construct_rdm``, does it for
a guest that is built, with libxl_dom.c, ``libxl__build_hvm``, before it and libxl_x86.c,
``domain_construct_memmap``, after it.  libxl computes in 64 bits and checks no size: what is
below zero wraps around.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, MIB, SBDF, AddressRange
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, SMALLEST_HOLE, Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy import words
from dmaragent.xen.toolstack.libxl import LibxlBehaviour

HVM_RAM_START = MIB
"""Where the RAM of an HVM guest's memory map begins: what is below is hvmloader's to describe."""
MAP_ENTRIES = 128
"""The entries at which a memory map is refused: E820MAX, xen/arch-x86/hvm/hvm_info_table.h."""
_ROUNDING = 2 * MIB
_WRAP = 1 << 64
"""The bytes that 64 bits of address can hold: sizes are computed modulo it."""


class DeviceRequest(NamedTuple):
    """A device of the guest's ``pci=`` list, and what the hypervisor lists for it.

    `regions` are in the hypervisor's order.  libxl asks before it knows what ``name=``
    stands for and asks for function 0 alone where ``*`` was given; `sbdf` is what it asks.
    """

    sbdf: SBDF
    regions: tuple[AddressRange, ...]
    policy: Policy


class Reservation(NamedTuple):
    """A region that the guest is to keep free of RAM, and whose policy it is under."""

    region: AddressRange
    policy: Policy
    decided_by: SBDF | None
    """The device whose policy it is; None for the guest's own."""
    from_host: bool
    """Whether strategy=host brought it in, not a device."""


class RamLayout(NamedTuple):
    """A guest's RAM: from 0 to `lowmem_end`, and from 4 GiB to `highmem_end`.

    An end of high RAM of 0 is none; so is one of 4 GiB, but libxl treats it as an empty range.
    """

    lowmem_end: int
    highmem_end: int

    @property
    def size(self) -> int:
        """The bytes of RAM."""
        return self.lowmem_end + max(0, self.highmem_end - FOUR_GIB)

    def overlaps(self, region: AddressRange) -> bool:
        """Return whether RAM lies in `region`."""
        return AddressRange(0, self.lowmem_end).overlaps(region) or (
            self.highmem_end > FOUR_GIB
            and AddressRange(FOUR_GIB, self.highmem_end).overlaps(region)
        )

    def conflicts(self, region: AddressRange) -> bool:
        """Return whether libxl sees RAM in `region`: also where one of both is empty."""
        return self.conflicts_below(region) or (
            self.highmem_end != 0 and counts_as_overlap(FOUR_GIB, self.highmem_end, region)
        )

    def conflicts_below(self, region: AddressRange) -> bool:
        """Return the same of the RAM below 4 GiB."""
        return counts_as_overlap(0, self.lowmem_end, region)


def counts_as_overlap(start: int, end: int, region: AddressRange) -> bool:
    """Return whether libxl and hvmloader take `region` to overlap the range `start` to `end`.

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


def reservations(
    strategy: Strategy,
    host: Sequence[AddressRange],
    guest_policy: Policy,
    devices: Sequence[DeviceRequest],
    behaviour: LibxlBehaviour,
) -> tuple[Reservation, ...] | None:
    """Return what is reserved for a guest, in libxl's order; None if libxl does not look.

    `host` is the hypervisor's list and is used under strategy=host alone.  There a device's
    policy replaces the guest's for the first region with the same start, whatever its size,
    and a later device's an earlier one's; an empty list ends the search, devices or not.
    """
    if strategy is Strategy.IGNORE and not devices:
        return None
    entries: list[Reservation] = []
    if strategy is Strategy.HOST:
        if not host:
            return None
        entries = [Reservation(region, guest_policy, None, from_host=True) for region in host]
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
    """What becomes of a reservation."""

    CLEAR = "clear"
    """No RAM was in it."""
    MOVED = "moved"
    """RAM was moved out of it to above 4 GiB."""
    HIDDEN = "hidden"
    """The guest is not told of it: RAM stays in it, or libxl has not settled its policy."""
    CONFLICT = "conflict"
    """RAM stays in it, and it is strict: the guest does not start."""


class PlacedRegion(NamedTuple):
    """A reservation and what became of it, with the reason in a sentence."""

    reservation: Reservation
    placement: Placement
    reason: str


class GuestLayout(NamedTuple):
    """A guest's RAM before and after, and each reservation in libxl's order."""

    before: RamLayout
    after: RamLayout
    placed: tuple[PlacedRegion, ...]

    @property
    def refused_by(self) -> PlacedRegion | None:
        """The first strict conflict: where libxl stops and what its message names."""
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
    """Move a guest's RAM out of what is reserved, where libxl does so, and judge the rest.

    RAM moves for a region that starts above `boundary` (in bytes; not at it), under either
    policy; the policy counts where RAM stays.  `reserved` is what `reservations` gave.
    """
    if reserved is None:
        return GuestLayout(before, before, ())
    low, added = before.lowmem_end, 0
    for entry in reserved:
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
    return GuestLayout(before, after, tuple(map(judge.place, reserved)))


class _Judge:
    """Decides what becomes of reservations once RAM has moved: of thousands for each guest."""

    def __init__(self, before: RamLayout, after: RamLayout, boundary: int) -> None:
        self._before = before
        self._after = after
        self._low_before = before.lowmem_end
        self._boundary = boundary
        self._below_boundary = words.below_boundary(boundary)
        self._moved = words.ram_moved(boundary, after.lowmem_end)

    def place(self, entry: Reservation) -> PlacedRegion:
        """Return what becomes of one reservation, and why."""
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
    """One range of a guest's memory map."""

    range: AddressRange
    type: MemoryType


def memory_map(layout: GuestLayout) -> tuple[MapEntry, ...]:
    """Return the memory map that libxl gives an HVM guest, in its order, which is not sorted.

    An entry whose size wraps around, that of low RAM below the first megabyte, ends above 64
    bits of address.

    Raises:
        ValueError: libxl refuses the map, for it would have 128 entries or more.

    """
    high = layout.after.highmem_end
    reserved = [
        placed.reservation.region
        for placed in layout.placed
        if placed.placement in (Placement.CLEAR, Placement.MOVED)
    ]
    has_high = high not in (0, FOUR_GIB)
    number = 1 + len(reserved) + has_high
    if number >= MAP_ENTRIES:
        raise ValueError(words.too_many_map_entries(number))
    entries = [_ram(HVM_RAM_START, layout.after.lowmem_end)]
    entries += [MapEntry(region, MemoryType.RESERVED) for region in reserved]
    if has_high:
        entries.append(_ram(FOUR_GIB, high))
    return tuple(entries)


def _ram(start: int, end: int) -> MapEntry:
    return MapEntry(AddressRange(start, end if start <= end else end + _WRAP), MemoryType.RAM)
