"""An ``rmrr=`` option from the DMA faults of a log: what they show, and what they do not.

Pure.  A fault shows a page that a device touched, never the whole region that firmware means.
"""

from collections import Counter
from collections.abc import Iterable

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.boot_option.given import gives, regions_with
from dmaragent.boot_option.model import FaultOption, OptionHost
from dmaragent.boot_option.option import write_option
from dmaragent.inventory import Inventory
from dmaragent.platforms.dma_faults import Fault, regions_of

_INTERRUPTS = AddressRange(0xFEE0_0000, 0xFEF0_0000)
"""Where a write is an interrupt message, not memory: VT-d specification, interrupt address range."""
_ADDRESSES = AddressRange(0, 1 << 52)
"""The physical addresses of x86-64."""


def option_of_faults(on: OptionHost, faults: Iterable[Fault]) -> FaultOption:
    """Write the option for `faults`, without those whose region the table gives the device."""
    kept: list[Fault] = []
    given: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    seen = {True: 0, False: 0}
    for fault in faults:
        seen[fault.by_xen] += 1
        region = _region(on.inventory, fault)
        if region:
            given[region] += 1
        elif why := _no_memory(fault.address):
            dropped[why] += 1
        else:
            kept.append(fault)
    return FaultOption(
        option=write_option(on, regions_of(kept)),
        by_xen=seen[True],
        by_linux=seen[False],
        given=tuple(_counted(given)),
        dropped=tuple(_counted(dropped)),
    )


def _counted(found: Counter[str]) -> Iterable[str]:
    return (f"{count} x {said}" for said, count in found.items())


def _region(inventory: Inventory, fault: Fault) -> str:
    """Name the region of the table that gives the device the address already; or nothing."""
    touched = AddressRange(fault.address, fault.address + 1)
    for region in regions_with(inventory, touched):
        if gives(region, [fault.device]):
            place = f"region {region.number} of the table, 0x{region.base:x}-0x{region.limit:x}"
            listed = "" if region.xen.listed is not False else ", which Xen does not take"
            return f"{fault.device} in {place}{listed}"
    return ""


def _no_memory(address: int) -> str:
    page = AddressRange(address // PAGE * PAGE, (address // PAGE + 1) * PAGE)
    if _INTERRUPTS.overlaps(page):
        return "an interrupt message (0xfee00000-0xfeefffff), no memory"
    if page.end > _ADDRESSES.end:
        return "an address beyond 52 bits, which is no physical one"
    return ""
