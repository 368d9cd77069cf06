"""The pages of DMA faults, and which of them can be in a region of the firmware.

Pure.
"""

from collections.abc import Iterable

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.boot_option.rmrr_writer import WantedRegion
from dmaragent.boot_option.words import faults as words
from dmaragent.host.memory_map import MemoryMap, ram_in
from dmaragent.linux.dma_faults import Fault

_INTERRUPTS = AddressRange(0xFEE0_0000, 0xFEF0_0000)
"""A write to these addresses is an interrupt message: VT-d specification, interrupt address range."""
_ADDRESSES = AddressRange(0, 1 << 52)
"""The physical addresses of x86-64."""


def why_not_memory(address: int, memory_map: MemoryMap | None) -> str:
    """Return why the page of `address` cannot be in a region of the firmware; empty: it can."""
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
    """Return the pages of `faults` as regions: consecutive pages of the same devices are one."""
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
