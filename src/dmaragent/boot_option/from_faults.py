"""Writing ``rmrr=`` or ``ivmd=`` from the DMA faults of a log.

Pure.  A fault shows one page that a device accessed, never the whole region of the firmware.
"""

from collections import Counter
from collections.abc import Iterable

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.boot_option.fault_pages import regions_of, why_not_memory
from dmaragent.boot_option.ivmd_model import DeviceSpan, FaultIvmd, WantedIvmd
from dmaragent.boot_option.ivmd_option import write_ivmd
from dmaragent.boot_option.model import FaultOption, OptionHost, SiftedFaults
from dmaragent.boot_option.rmrr_option import write_option
from dmaragent.boot_option.table_regions import gives, regions_with
from dmaragent.boot_option.words import faults as words
from dmaragent.linux.dma_faults import Fault, logs_physical_addresses, with_known_segment

_HYPERTRANSPORT = AddressRange(0xFD_0000_0000, 0x100_0000_0000)
"""Addresses of HyperTransport: Linux drivers/iommu/amd/iommu.c, ``HT_RANGE_START``."""


def option_of_faults(on: OptionHost, faults: Iterable[Fault]) -> FaultOption:
    """Return ``rmrr=`` for `faults`, without those whose region the table gives the device."""
    sifted = sift_faults(on, faults)
    return FaultOption(option=write_option(on, sifted.regions), faults=sifted)


def ivmd_of_faults(on: OptionHost, faults: Iterable[Fault]) -> FaultIvmd:
    """Return ``ivmd=`` for `faults`, without those whose region the table gives the device."""
    sifted = sift_faults(on, faults)
    wanted = [
        WantedIvmd(
            base=region.base,
            limit=region.limit,
            devices=tuple(DeviceSpan(sbdf, sbdf) for sbdf in region.devices),
        )
        for region in sifted.regions
    ]
    return FaultIvmd(option=write_ivmd(on, wanted), faults=sifted)


def sift_faults(on: OptionHost, faults: Iterable[Fault]) -> SiftedFaults:
    """Return the regions of `faults` that the table does not give the device, and the others."""
    kept: list[Fault] = []
    given: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    seen = {True: 0, False: 0}
    in_linux = logs_physical_addresses(on.host.system.options)
    for logged in faults:
        seen[logged.by_xen] += 1
        fault = _with_segment(on, logged)
        region = _region_words(on, fault)
        if region:
            given[region] += 1
        elif why := _why_not_memory(on, fault.address):
            dropped[why] += 1
        elif not (fault.by_xen or in_linux):
            dropped[words.translated_by_linux()] += 1
        else:
            kept.append(fault)
    return SiftedFaults(
        regions=regions_of(kept),
        by_xen=seen[True],
        by_linux=seen[False],
        given=tuple(_counted(given)),
        dropped=tuple(_counted(dropped)),
    )


def _why_not_memory(on: OptionHost, address: int) -> str:
    """Return why `address` cannot be in a region of the firmware; empty: it can.

    RAM is a reason only if no region of the table has the address.
    """
    touched = _touched(on, address)
    if on.amd and touched.overlaps(_HYPERTRANSPORT):
        return words.hypertransport()
    known = any(
        region.range is not None and region.range.overlaps(touched)
        for region in on.inventory.regions
    )
    return why_not_memory(address, None if known else on.memory_map)


def _with_segment(on: OptionHost, fault: Fault) -> Fault:
    if fault.segment_named:
        return fault
    return fault._replace(device=with_known_segment(fault.device, on.host.topology.known))


def _counted(faults: Counter[str]) -> Iterable[str]:
    return (words.counted(number, fault) for fault, number in faults.items())


def _touched(on: OptionHost, address: int) -> AddressRange:
    """Return the addresses that stand for a fault at `address`: on AMD its page, as for Xen."""
    if on.ivrs is None:
        return AddressRange(address, address + 1)
    return AddressRange(address // PAGE * PAGE, (address // PAGE + 1) * PAGE)


def _region_words(on: OptionHost, fault: Fault) -> str:
    """Return which region of the table already gives the device the address; empty: none."""
    for region in regions_with(on.inventory, _touched(on, fault.address)):
        if gives(region, [fault.device]):
            listed = region.xen.listed is not False
            return words.fault_in_region(fault.device, region.number, region.place, listed=listed)
    return ""
