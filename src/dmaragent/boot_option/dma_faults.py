"""DMA faults of VT-d, the pages they show, and which of these can be memory that firmware means.

Pure.  They are read by :mod:`dmaragent.messages.faults`.  Source: Linux
drivers/iommu/intel/dmar.c, ``dmar_fault_do_one``, which names no segment; Xen
drivers/passthrough/vtd/iommu.c, ``iommu_page_fault_do_one``.
"""

from collections.abc import Iterable
from typing import NamedTuple

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_option import words
from dmaragent.boot_option.rmrr_writer import WantedRegion
from dmaragent.host.memory_map import MemoryMap, ram_in

_INTERRUPTS = AddressRange(0xFEE0_0000, 0xFEF0_0000)
"""Where a write is an interrupt message, not memory: VT-d specification, interrupt address range."""
_ADDRESSES = AddressRange(0, 1 << 52)
"""The physical addresses of x86-64."""
_ON = frozenset(["1", "y", "Y", "on", "true"])


class Fault(NamedTuple):
    """One DMA that the IOMMU stopped."""

    device: SBDF
    """Of segment 0 where none is named."""
    address: int
    """As the device gave it, in bytes."""
    by_xen: bool
    """Whether Xen logged it; else Linux, where an address is often no physical one."""
    segment_named: bool = True
    """Linux's own messages name none."""
    write: bool = False
    reason: str = ""
    """The number and the words of the reason as they were logged; empty where none were."""


def with_known_segment(device: SBDF, functions: Iterable[SBDF]) -> SBDF:
    """Return `device`, whose segment was not named, with the segment of its only namesake."""
    place = (device.bus, device.device, device.function)
    namesakes = [sbdf for sbdf in functions if (sbdf.bus, sbdf.device, sbdf.function) == place]
    return namesakes[0] if len(namesakes) == 1 else device


def logs_physical_addresses(options: tuple[str, ...] | None) -> bool:
    """Return whether the addresses in Linux's faults are physical ones with these `options`.

    Else its drivers use addresses that the IOMMU translates.  Source: Linux
    Documentation/admin-guide/kernel-parameters.txt, iommu=pt and iommu.passthrough; the last
    counts.  A kernel that is built so is not told apart: None of the options, and no.
    """
    physical = False
    for word in options or ():
        name, _, value = word.partition("=")
        if name == "iommu":
            for part in value.split(","):
                physical = {"pt": True, "nopt": False}.get(part, physical)
        elif name == "iommu.passthrough":
            physical = value in _ON
    return physical


def why_not_memory(address: int, memory_map: MemoryMap | None) -> str:
    """Return why the page of `address` is no memory that firmware could mean; empty: it may be."""
    page = AddressRange(address // PAGE * PAGE, (address // PAGE + 1) * PAGE)
    if page.start == 0:
        return words.page_zero()
    if _INTERRUPTS.overlaps(page):
        return words.interrupt_message()
    if page.end > _ADDRESSES.end:
        return words.beyond_physical_addresses()
    ram = ram_in(memory_map, page)
    return "" if ram is None else words.fault_in_ram(ram)


def regions_of(faults: Iterable[Fault]) -> tuple[WantedRegion, ...]:
    """Group `faults` into runs of pages that the same devices touched, by address."""
    pages: dict[int, set[SBDF]] = {}
    for fault in faults:
        pages.setdefault(fault.address // PAGE, set()).add(fault.device)
    regions: list[WantedRegion] = []
    for page, devices in sorted(pages.items()):
        owners = tuple(sorted(devices))
        last = regions[-1] if regions else None
        if last is not None and last.last + 1 == page and last.devices == owners:
            regions[-1] = WantedRegion(base=last.base, limit=(page + 1) * PAGE - 1, devices=owners)
        else:
            regions.append(
                WantedRegion(base=page * PAGE, limit=(page + 1) * PAGE - 1, devices=owners)
            )
    return tuple(regions)
