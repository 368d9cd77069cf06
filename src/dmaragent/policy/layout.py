"""Where a guest's RAM lies once its reserved device memory is kept free of it.

Pure, addresses in bytes.  As libxl_dm.c, ``libxl__domain_device_construct_rdm``, does it for
a guest that is built, with libxl_dom.c, ``libxl__build_hvm``, before it and libxl_x86.c,
``domain_construct_memmap``, after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import AddressRange
from dmaragent.memory_map import MemoryType
from dmaragent.platforms.libxl import LibxlBehaviour
from dmaragent.policy.model import (
    FOUR_GIB,
    MIB,
    DeviceRequest,
    Policy,
    Reservation,
    Strategy,
)

HVM_RAM_START = MIB
"""Where the RAM of an HVM guest's memory map begins: what is below is hvmloader's to describe."""
MAP_ENTRIES = 128
"""The entries at which a memory map is refused: E820MAX, xen/arch-x86/hvm/hvm_info_table.h."""
DEFAULT_BOUNDARY = 2048 * MIB
"""``rdm_mem_boundary`` where it is not set: libxl.h, LIBXL_RDM_MEM_BOUNDARY_MEMKB_DEFAULT."""
SMALLEST_HOLE = 256 * MIB
"""The least MMIO hole below 4 GiB of an HVM guest: HVM_BELOW_4G_MMIO_LENGTH."""
_ROUNDING = 2 * MIB


@dataclass(frozen=True, slots=True)
class RamLayout:
    """A guest's RAM: from 0 to `lowmem_end`, and from 4 GiB to `highmem_end` (0: nothing there)."""

    lowmem_end: int
    highmem_end: int

    @property
    def size(self) -> int:
        """The bytes of RAM."""
        return self.lowmem_end + max(0, self.highmem_end - FOUR_GIB)

    def overlaps(self, region: AddressRange) -> bool:
        """Tell whether RAM lies in `region`."""
        return AddressRange(0, self.lowmem_end).overlaps(region) or (
            self.highmem_end > FOUR_GIB
            and AddressRange(FOUR_GIB, self.highmem_end).overlaps(region)
        )


def starting_layout(maximum: int, video: int = 8 * MIB, mmio_hole: int = 0) -> RamLayout:
    """Lay out the RAM of an HVM guest before its reserved device memory is looked at.

    Args:
        maximum: ``maxmem``, which is ``memory`` where unset, in bytes.
        video: video memory in bytes, taken off it; cirrus, the default adapter, has 8 MiB.
        mmio_hole: ``mmio_hole`` in bytes; what is not above 256 MiB counts as 256 MiB.

    Raises:
        ValueError: no memory is left beside the video memory, or the hole fills 4 GiB.

    """
    ram = maximum - video
    start = FOUR_GIB - max(mmio_hole, SMALLEST_HOLE)
    if ram <= 0:
        raise ValueError(f"{video} bytes of video memory leave nothing of {maximum} bytes")
    if start <= 0:
        raise ValueError(f"an mmio_hole of {mmio_hole} bytes leaves no memory below 4 GiB")
    return RamLayout(start, FOUR_GIB + ram - start) if ram > start else RamLayout(ram, 0)


def reservations(
    strategy: Strategy,
    host: Sequence[AddressRange],
    guest_policy: Policy,
    devices: Sequence[DeviceRequest],
    behaviour: LibxlBehaviour,
) -> tuple[Reservation, ...] | None:
    """List what is reserved for a guest, in libxl's order; None where libxl does not look.

    `host` is the hypervisor's list and is used under strategy=host alone.  There a device's
    policy replaces the guest's for the first region with the same start, whatever its size,
    and a later device's an earlier one's; an empty list ends the search, devices or not.
    """
    if strategy is Strategy.IGNORE and not devices:
        return None
    found: list[Reservation] = []
    if strategy is Strategy.HOST:
        if not host:
            return None
        found = [Reservation(region, guest_policy, None, from_host=True) for region in host]
    by_start: dict[int, int] = {}
    for place, entry in enumerate(found):
        by_start.setdefault(entry.region.start, place)
    for device in devices:
        policy, sbdf = device.policy, device.sbdf
        for region in device.regions if behaviour.reserves_every_region else device.regions[:1]:
            at = by_start.setdefault(region.start, len(found))
            if at == len(found):
                found.append(Reservation(region, policy, sbdf, from_host=False))
            else:
                former = found[at]
                found[at] = Reservation(former.region, policy, sbdf, former.from_host)
    return tuple(found)


class Outcome(Enum):
    """What becomes of a reservation."""

    CLEAR = "clear"
    """No RAM was in it."""
    MOVED = "moved"
    """RAM was moved out of it to above 4 GiB."""
    HIDDEN = "hidden"
    """The guest is not told of it: RAM stays in it, or libxl has not settled its policy."""
    CONFLICT = "conflict"
    """RAM stays in it, and it is strict: the guest does not start."""


class Placed(NamedTuple):
    """A reservation and what became of it, with the reason in a sentence."""

    reservation: Reservation
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A guest's RAM before and after, and each reservation in libxl's order."""

    before: RamLayout
    after: RamLayout
    placed: tuple[Placed, ...]

    @property
    def refused_by(self) -> Placed | None:
        """The first strict conflict: where libxl stops and what its message names."""
        return next((one for one in self.placed if one.outcome is Outcome.CONFLICT), None)


def resolve_layout(
    before: RamLayout,
    reserved: Sequence[Reservation] | None,
    behaviour: LibxlBehaviour,
    *,
    boundary: int = DEFAULT_BOUNDARY,
    hap: bool = True,
) -> Layout:
    """Move a guest's RAM out of what is reserved, where libxl does so, and judge the rest.

    RAM moves for a region that starts above `boundary` (in bytes; not at it), under either
    policy; the policy counts where RAM stays.  `reserved` is what `reservations` gave.
    """
    if reserved is None:
        return Layout(before, before, ())
    low, added = before.lowmem_end, 0
    for entry in reserved:
        start = entry.region.start
        if boundary < start < low and entry.region.size:
            end = start
            if hap and behaviour.rounds_with_hap and end > _ROUNDING:
                end -= end % _ROUNDING
            added += low - end
            low = end
    high = before.highmem_end
    if not high and (added or not behaviour.leaves_unused_high):
        high = FOUR_GIB
    after = RamLayout(low, high + added)
    judge = _Judge(before, after, boundary)
    return Layout(before, after, tuple(map(judge.place, reserved)))


class _Judge:
    """Says what becomes of reservations once RAM has moved: of thousands for each guest."""

    def __init__(self, before: RamLayout, after: RamLayout, boundary: int) -> None:
        self._before = before
        self._after = after
        self._low_before, self._low = before.lowmem_end, after.lowmem_end
        self._boundary = boundary
        words = f"{boundary:#x} ({boundary // MIB} MiB)"
        self._stays = f"it starts at or below the boundary {words}, so RAM stays"
        self._moved = (
            f"it starts above the boundary {boundary:#x}: low RAM now ends at {after.lowmem_end:#x}"
        )

    def place(self, entry: Reservation) -> Placed:
        """Say what becomes of one reservation, and why."""
        start, end = entry.region.start, entry.region.end
        in_low = start < self._low and start < end
        if in_low or (end > FOUR_GIB and self._after.overlaps(entry.region)):
            outcome = Outcome.CONFLICT if entry.policy is Policy.STRICT else Outcome.HIDDEN
            return Placed(entry, outcome, self._why(entry, in_low=in_low))
        if entry.policy is Policy.INVALID:
            reason = "no policy is set for it, and libxl up to 4.13 then leaves it out of the map"
            return Placed(entry, Outcome.HIDDEN, reason)
        if self._boundary < start < self._low_before:
            return Placed(entry, Outcome.MOVED, self._moved)
        return Placed(entry, Outcome.CLEAR, "the guest has no RAM there")

    def _why(self, entry: Reservation, *, in_low: bool) -> str:
        if in_low:
            return self._stays
        if self._before.overlaps(entry.region):
            return "it is above 4 GiB, where libxl does not move RAM"
        return "RAM that was moved to above 4 GiB has come to lie there"


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One range of a guest's memory map."""

    range: AddressRange
    type: MemoryType


def memory_map(layout: Layout) -> tuple[MapEntry, ...]:
    """List the memory map that libxl gives an HVM guest, in its order, which is not sorted.

    Raises:
        ValueError: libxl cannot make this map: low RAM ends below the first megabyte, where
            its size would wrap around, or there are 128 entries or more.

    """
    low, high = layout.after.lowmem_end, layout.after.highmem_end
    if low < HVM_RAM_START:
        raise ValueError(
            f"low RAM would end at {low:#x}, below the first megabyte: its size wraps around"
        )
    reserved = [
        one.reservation.region
        for one in layout.placed
        if one.outcome in (Outcome.CLEAR, Outcome.MOVED)
    ]
    number = 1 + len(reserved) + bool(high)
    if number >= MAP_ENTRIES:
        raise ValueError(f"the memory map would have {number} entries; libxl refuses 128")
    entries = [MapEntry(AddressRange(HVM_RAM_START, low), MemoryType.RAM)]
    entries += [MapEntry(region, MemoryType.RESERVED) for region in reserved]
    if high:
        entries.append(MapEntry(AddressRange(FOUR_GIB, high), MemoryType.RAM))
    return tuple(entries)
