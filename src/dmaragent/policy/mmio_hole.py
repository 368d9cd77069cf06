"""The MMIO hole of a running HVM guest, below 4 GiB: the BARs of its emulated devices.

Addresses and sizes are in bytes.  Sources:

* hvmloader/pci.c, ``pci_setup``, read at the tags of 4.6 to 4.22.  BARs are placed from
  ``pci_mem_start`` upwards, the largest first, each at a multiple of its size, over no
  reserved entry of the memory map.  Older releases check only the lowest entry reliably:
  :func:`steps_over_all`.
* libxl_dm.c, ``libxl__build_device_model_args_new``: the machine xenfv, its adapter, no RAM
  that hvmloader may move.
* QEMU hw/i386/xen/xen_platform.c (16 MiB, no memory behind it), hw/display/cirrus_vga.c
  (32 MiB, of which the video memory is RAM), hw/display/vga-pci.c (the video memory);
  hw/i386/xen/xen-hvm.c, ``xen_add_to_physmap``: of all BARs Xen holds guest pages for the
  framebuffer's video memory alone.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, MIB, AddressRange
from dmaragent.guests.config import GuestConfig, Vga
from dmaragent.guests.rdm import SMALLEST_HOLE
from dmaragent.policy.layout import SPECIAL_PAGES, RamLayout, counts_as_overlap
from dmaragent.policy.words import hotplug as words
from dmaragent.releases import Release

BARS_END = 0xFC000000
"""The end of the window for BARs: hvmloader/config.h, RESERVED_MEMBASE (up to 4.14 PCI_MEM_END)."""
PLATFORM_BAR = 16 * MIB
CIRRUS_BAR = 32 * MIB
_CIRRUS_SIZES = (4 * MIB, 8 * MIB, 16 * MIB)
"""The sizes of video memory that QEMU's cirrus-vga accepts."""
_SMALL_BARS = 32 * MIB
"""More than all other emulated devices need: 32 slots of less than 1 MiB each.

The largest are option ROMs of 512 KiB and registers of 128 KiB (e1000); those of USB
controllers, AHCI, HDA and SCSI are 16 KiB and less.
"""
_LARGEST_SMALL_BAR = MIB
_HIGHEST = 1 << 52
"""Above every physical address of x86."""
_HOLES = (0xF0000000, 0xE0000000, 0xC0000000, 0x80000000)
"""Where the window for BARs may begin if ``mmio_hole`` is not set."""
_STEPPING_POINTS = {(4, 7): 4, (4, 8): 3, (4, 9): 1}
"""By series: the first point release whose hvmloader checks each reserved entry for each BAR."""


class HoleContent(Enum):
    """The content of a part of the hole, from Xen's view."""

    RAM = "ram"
    """Pages of guest memory, such as a framebuffer."""
    EMULATED = "emulated"
    """A BAR that QEMU emulates: Xen has no page there, and maps a region over it."""
    MAYBE_EMULATED = "maybe-emulated"
    """A range that contains such BARs at unknown addresses."""
    UNKNOWN = "unknown"


class HoleOccupant(NamedTuple):
    """The occupant of a range of the hole."""

    range: AddressRange
    content: HoleContent
    what: str
    """Its name; or why it is unknown."""


class _Bar(NamedTuple):
    size: int
    what: str
    ram: int
    """How much of it, from its start, is guest memory."""


def hole_contents(
    guest: GuestConfig, ram: RamLayout, reserved: Sequence[AddressRange], release: Release
) -> tuple[HoleOccupant, ...]:
    """Return the occupants of the hole of `guest` once hvmloader has run.

    Args:
        guest: an HVM guest, as it was created.
        ram: its RAM, as libxl laid it out.
        reserved: the reserved entries of its memory map.
        release: of Xen's tools, with hvmloader.

    """
    own = HoleOccupant(AddressRange(BARS_END, FOUR_GIB), HoleContent.UNKNOWN, words.HVMLOADERS_OWN)
    why = _not_modelled(guest, reserved, release)
    if why:
        start = _lowest_bars_start(guest, ram, reserved)
        return (*_unknown(AddressRange(start, BARS_END), (), why), *_above_ram(ram, why), own)
    bars = _large_bars(guest)
    if guest.pci:
        why = words.PASSED_BARS_UNKNOWN
        start = _lowest_bars_start(guest, ram, reserved)
        return (*_unknown(AddressRange(start, BARS_END), reserved, why), *_above_ram(ram, why), own)
    if isinstance(bars, str):
        start = _lowest_bars_start(guest, ram, reserved)
        return (*_unknown(AddressRange(start, BARS_END), reserved, bars), own)
    total = sum(bar.size for bar in bars)
    starts = {_bars_start(guest, ram, reserved, total + more) for more in (0, _SMALL_BARS)}
    if len(starts) > 1:
        why = words.SMALL_BARS_DECIDE
        return (*_unknown(AddressRange(min(starts), BARS_END), reserved, why), own)
    return (*_placed_bars(bars, starts.pop(), reserved, guest.vga), own)


def _unknown(
    room: AddressRange, reserved: Sequence[AddressRange], why: str
) -> Iterator[HoleOccupant]:
    for part in _unreserved_parts(room, reserved):
        yield HoleOccupant(part, HoleContent.UNKNOWN, why)


def _above_ram(ram: RamLayout, why: str) -> Iterator[HoleOccupant]:
    """Yield the unknown range above the RAM: hvmloader may place large 64-bit BARs over anything."""
    start = max(FOUR_GIB, ram.highmem_end)
    yield HoleOccupant(AddressRange(start, max(start, _HIGHEST)), HoleContent.UNKNOWN, why)


def _not_modelled(guest: GuestConfig, reserved: Sequence[AddressRange], release: Release) -> str:
    """Return why hvmloader's known placement does not apply; empty if it does."""
    if guest.emulated is None:
        return words.EMULATED_UNKNOWN
    if guest.emulated.unknown:
        return guest.emulated.unknown
    if guest.stubdomain or guest.is_traditional:
        return words.DEVICE_MODEL_NOT_MODELLED
    if len(reserved) > 1 and not steps_over_all(release):
        return words.reserved_ranges_stepped_over(release)
    return ""


def steps_over_all(release: Release) -> bool:
    """Return whether hvmloader of `release` certainly places no BAR over a reserved entry.

    c3fa5cdf3f (4.7.4), c642b12321 (4.8.3), 22ea7316e5 (4.9.1), ecc607b185 (4.10.0).
    """
    first = _STEPPING_POINTS.get(release.series)
    if first is None:
        return release.series > max(_STEPPING_POINTS)
    return release.least >= first


def _large_bars(guest: GuestConfig) -> list[_Bar] | str:
    """Return the BARs of 1 MiB and more in hvmloader's order; or why they are unknown."""
    bars = []
    if guest.emulated is None or guest.emulated.platform:
        bars.append(_Bar(PLATFORM_BAR, words.PLATFORM_BAR, 0))
    if guest.vga is Vga.QXL:
        return words.QXL_NOT_MODELLED
    if guest.vga is Vga.CIRRUS:
        if guest.video not in _CIRRUS_SIZES:
            return words.CIRRUS_SIZES
        bars.append(_Bar(CIRRUS_BAR, words.CIRRUS_BAR, guest.video))
    elif guest.vga is Vga.STDVGA:
        size = 1 << (-(-guest.video // MIB) * MIB - 1).bit_length()
        if size > 512 * MIB:
            return words.STDVGA_SIZES
        bars.append(_Bar(size, words.STDVGA_FRAMEBUFFER, size))
    return sorted(bars, key=lambda bar: -bar.size)  # those of one size stay in slot order


def parts_in_hole(
    region: AddressRange, hole: Sequence[HoleOccupant]
) -> Iterator[tuple[HoleOccupant, AddressRange]]:
    """Yield each occupant of the `hole` that `region` meets, and where; not the special pages.

    Those are guest RAM: :func:`~dmaragent.policy.added_function.guest_ram_in`.
    """
    for occupant in hole:
        if not occupant.range.overlaps(region):
            continue
        start, end = occupant.range.start, occupant.range.end
        part = AddressRange(max(region.start, start), min(region.end, end))
        if not SPECIAL_PAGES.start <= part.start < part.end <= SPECIAL_PAGES.end:
            yield occupant, part


def _bars_start(
    guest: GuestConfig, ram: RamLayout, reserved: Sequence[AddressRange], total: int
) -> int:
    """Return the address at which hvmloader begins to place BARs of `total` bytes."""
    if guest.mmio_hole and SMALLEST_HOLE <= guest.mmio_hole <= FOUR_GIB:
        return FOUR_GIB - guest.mmio_hole
    start = _HOLES[0]
    for lower in _HOLES[1:]:
        if total <= BARS_END - start or lower < ram.lowmem_end:
            break
        start = lower
    in_window = any(counts_as_overlap(start, BARS_END, region) for region in reserved)
    if start > ram.lowmem_end and in_window:
        return ram.lowmem_end
    return start


def _lowest_bars_start(guest: GuestConfig, ram: RamLayout, reserved: Sequence[AddressRange]) -> int:
    """Return the lowest address at which hvmloader may begin, whatever the BARs need."""
    return min(
        _bars_start(guest, ram, reserved, total)
        for total in (0, *(FOUR_GIB - hole for hole in _HOLES))
    )


def _placed_bars(
    bars: Sequence[_Bar], start: int, reserved: Sequence[AddressRange], adapter: Vga
) -> Iterator[HoleOccupant]:
    """Yield the large BARs at their places, and the room above them for the small ones."""
    at = start
    for bar in bars:
        base = _free_base(at, bar.size, reserved)
        if base + bar.size > BARS_END:
            continue  # hvmloader finds no space and leaves it unplaced
        if bar.ram:
            video = words.video_memory(adapter)
            yield HoleOccupant(AddressRange(base, base + bar.ram), HoleContent.RAM, video)
        if bar.ram < bar.size:
            rest = AddressRange(base + bar.ram, base + bar.size)
            yield HoleOccupant(rest, HoleContent.EMULATED, bar.what)
        at = base + bar.size
    end = at + _SMALL_BARS
    for region in sorted(reserved):
        if at < region.end and region.start < end:
            end += region.size + 2 * _LARGEST_SMALL_BAR
    if at < min(end, BARS_END):
        for part in _unreserved_parts(AddressRange(at, min(end, BARS_END)), reserved):
            yield HoleOccupant(part, HoleContent.MAYBE_EMULATED, words.SMALL_BARS)


def _free_base(at: int, size: int, reserved: Sequence[AddressRange]) -> int:
    """Return the first multiple of `size` from `at` on that is not reserved."""
    base = -(-at // size) * size
    below = [region for region in reversed(reserved) if region.end <= FOUR_GIB]
    # As find_next_rmrr: the entry with the lowest end above the base; of several, the last.
    for region in sorted(below, key=lambda region: region.end):
        if region.end <= base:
            continue
        if not counts_as_overlap(base, base + size, region):
            break
        base = -(-region.end // size) * size
    return base


def _unreserved_parts(
    room: AddressRange, reserved: Sequence[AddressRange]
) -> Iterator[AddressRange]:
    """Yield the parts of `room` that are not reserved: hvmloader places BARs only there."""
    at = room.start
    for region in sorted(reserved):
        if region.end <= at or room.end <= region.start:
            continue
        if at < region.start:
            yield AddressRange(at, region.start)
        at = max(at, region.end)
    if at < room.end:
        yield AddressRange(at, room.end)
