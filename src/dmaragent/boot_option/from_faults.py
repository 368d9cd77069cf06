"""An ``rmrr=`` option from the DMA faults of a log: what they show, and what they do not.

Pure.  A fault shows a page that a device touched, never the whole region that firmware means.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from dmaragent.addresses import AddressRange
from dmaragent.boot_option.dma_faults import (
    Fault,
    logs_physical_addresses,
    regions_of,
    why_not_memory,
    with_known_segment,
)
from dmaragent.boot_option.model import FaultOption, OptionHost
from dmaragent.boot_option.option import write_option
from dmaragent.boot_option.table_regions import gives, regions_with
from dmaragent.inventory import Inventory

_OF_LINUX = (
    "logged by Linux, whose kernel is not known to run with iommu=pt: its addresses are then the "
    "IOMMU's own, no physical ones"
)


def option_of_faults(on: OptionHost, faults: Iterable[Fault]) -> FaultOption:
    """Write the option for `faults`, without those whose region the table gives the device."""
    kept: list[Fault] = []
    given: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    seen = {True: 0, False: 0}
    in_linux = logs_physical_addresses(on.host.system.options)
    for each in faults:
        seen[each.by_xen] += 1
        fault = _placed(on, each)
        region = _region(on.inventory, fault)
        if region:
            given[region] += 1
        elif why := _no_memory(on, fault.address):
            dropped[why] += 1
        elif not (fault.by_xen or in_linux):
            dropped[_OF_LINUX] += 1
        else:
            kept.append(fault)
    return FaultOption(
        option=write_option(on, regions_of(kept)),
        by_xen=seen[True],
        by_linux=seen[False],
        given=tuple(_counted(given)),
        dropped=tuple(_counted(dropped)),
    )


def _no_memory(on: OptionHost, address: int) -> str:
    """Say why `address` is no memory to be meant; RAM counts where the table has no region."""
    touched = AddressRange(address, address + 1)
    known = any(
        one.range is not None and one.range.overlaps(touched) for one in on.inventory.regions
    )
    return why_not_memory(address, None if known else on.memory_map)


def _placed(on: OptionHost, fault: Fault) -> Fault:
    if fault.segment_named:
        return fault
    return replace(fault, device=with_known_segment(fault.device, on.host.topology.known))


def _counted(found: Counter[str]) -> Iterable[str]:
    return (f"{count} x {said}" for said, count in found.items())


def _region(inventory: Inventory, fault: Fault) -> str:
    """Name the region of the table that gives the device the address already; or nothing."""
    touched = AddressRange(fault.address, fault.address + 1)
    for region in regions_with(inventory, touched):
        if gives(region, [fault.device]):
            place = f"region {region.number} of the table, {region.place}"
            listed = "" if region.xen.listed is not False else ", which Xen does not take"
            return f"{fault.device} in {place}{listed}"
    return ""
