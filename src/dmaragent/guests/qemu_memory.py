"""The places of a guest's RAM in QEMU, by machine type.

Sources: QEMU hw/i386/pc_q35.c, ``pc_q35_init``; hw/i386/pc_piix.c, ``pc_init1``; hw/i386/pc.c,
``pc_max_used_gpa`` and ``pc_set_amd_above_4g_mem_start`` (7.1 and later); hw/pci-host/q35.h and
i440fx.c, ``HOLE64_SIZE_DEFAULT``; hw/arm/virt.c, ``base_memmap``.
"""

import re
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, GIB, AddressRange

LEGACY = AddressRange(0xA0000, 0x100000)
"""The range below 1 MiB with display memory and ROMs, parts of which firmware turns into RAM."""
_AMD_HOLE = 0xFD_0000_0000
"""HyperTransport's range below 1 TiB: QEMU 7.1 and later move RAM above it for AMD guests.

They do so if the RAM or the hole for 64-bit BARs after it reaches the range.
"""
_Q35_HOLE, _I440FX_HOLE = 32 * GIB, 2 * GIB
"""The default sizes of the hole for 64-bit BARs, which begins at a whole GiB."""
_Q35 = re.compile(r"q35|pc-q35-.+")
_I440FX = re.compile(r"pc|pc-i440fx-.+|pc-[01]\.\d+")
_OLD = re.compile(r"pc-(?:[01]\.\d+|(?:i440fx|q35)-1\.[0-7])")
"""Machines up to QEMU 1.7, which do not end low RAM at a whole GiB."""
_VIRT = re.compile(r"virt|virt-.+")


class GuestRam(NamedTuple):
    """The ranges of a guest's RAM."""

    ranges: tuple[AddressRange, ...]
    legacy: bool = False
    """Whether the range below 1 MiB is that of a PC, partly RAM."""

    def overlaps(self, region: AddressRange) -> bool | None:
        """Return whether RAM covers a byte of `region`; None if that is unknown."""
        if self.legacy and LEGACY.start <= region.start and region.end <= LEGACY.end:
            return None
        return any(part.overlaps(region) for part in self.ranges)


def guest_ram(
    architecture: str, machine: str | None, size: int, below_4g: int | None = None
) -> tuple[GuestRam, ...]:
    """Return the possible layouts of `size` bytes of RAM; none if the machine is not modelled."""
    name = (machine or "").partition("+")[0]
    if architecture in ("x86_64", "i686", ""):
        if not name:
            return (*_x86("q35", size, below_4g), *_x86("pc", size, below_4g))
        return _x86(name, size, below_4g)
    if architecture == "aarch64" and _VIRT.fullmatch(name):
        return (GuestRam((AddressRange(GIB, GIB + size),)),)
    return ()


def _x86(machine: str, size: int, below_4g: int | None) -> tuple[GuestRam, ...]:
    if _Q35.fullmatch(machine):
        low, hole = _q35_low(size, _OLD.match(machine) is not None, below_4g), _Q35_HOLE
    elif _I440FX.fullmatch(machine):
        low, hole = _i440fx_low(size, _OLD.match(machine) is not None, below_4g), _I440FX_HOLE
    else:
        return ()
    if size <= low:
        return (GuestRam((AddressRange(0, size),), legacy=True),)
    high = AddressRange(FOUR_GIB, FOUR_GIB + size - low)
    if -(-high.end // GIB) * GIB + hole > _AMD_HOLE:
        return ()
    return (GuestRam((AddressRange(0, low), high), legacy=True),)


def _q35_low(size: int, old: bool, below_4g: int | None) -> int:  # noqa: FBT001 - private
    low = 0xB000_0000 if size < 0xB000_0000 or old else 0x8000_0000
    return low if below_4g is None else min(low, below_4g)


def _i440fx_low(size: int, old: bool, below_4g: int | None) -> int:  # noqa: FBT001 - private
    low = 0xE000_0000 if below_4g is None else below_4g
    return min(low, 0xC000_0000) if size >= low and not old else low
