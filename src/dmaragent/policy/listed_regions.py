"""The regions of Xen's list: their owners, and which of them Xen treats as shared."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.xen import RdmEntry
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.rmrr_option import UserRange, parse_rmrr_option
from dmaragent.xen.reserved_list.model import ListSource


class SharedRegion(NamedTuple):
    """A region that Xen treats as shared, by the number of devices in its scope, present or not."""

    region: AddressRange
    sharers: int


def listed_ranges(inventory: Inventory) -> tuple[AddressRange, ...]:
    """Return Xen's list with all that it repeats: on AMD, a region for each of its device IDs.

    Equal ranges are one object: see :func:`~dmaragent.policy.layout.each_once`.
    """
    views, xen = inventory.xen, inventory.host.xen
    if views.ivrs is None:
        return tuple(entry.range for entry in views.list.entries)
    entries: Iterable[RdmEntry] = views.ivrs.listed()
    if views.list.source is ListSource.HYPERVISOR:
        reported = None if xen is None else xen.reserved_memory
        entries = () if reported is None or isinstance(reported, Missing) else reported
    ranges: dict[AddressRange, AddressRange] = {}
    return tuple([ranges.setdefault(entry.range, entry.range) for entry in entries])


def owners_and_shared(
    inventory: Inventory,
) -> tuple[Mapping[AddressRange, tuple[SBDF, ...]], Mapping[SBDF, tuple[SharedRegion, ...]]]:
    """Return the owners of each listed region, and what Xen treats as shared of each device."""
    owners: dict[AddressRange, tuple[SBDF, ...]] = {}
    shared: dict[SBDF, list[SharedRegion]] = {}

    sharers: dict[AddressRange, int] = {}

    def note(region: AddressRange, devices: Iterable[SBDF], count: int) -> None:
        named = tuple(dict.fromkeys(devices))
        owners[region] = named
        sharers[region] = max(count, sharers.get(region, 0))
        for sbdf in (sbdf for sbdf in named if count > 1 and _is_tied(inventory, sbdf, region)):
            shared.setdefault(sbdf, []).append(SharedRegion(region, count))

    for reserved in inventory.all_regions:
        if reserved.xen.listed and reserved.xen.range is not None:
            devices = [owner.sbdf for owner in reserved.owners if owner.sbdf is not None]
            note(reserved.xen.range, devices, reserved.xen.sharers)
    listed = {entry.range for entry in inventory.xen.list.entries}
    for option in _options(inventory):
        if option.range in listed and option.range not in owners:
            note(option.range, option.devices, len(option.devices))
    for sbdf, own in inventory.xen.devices.items():  # its path in the table may be unresolved
        for region in own or ():
            if sharers.get(region, 1) > 1 and sbdf not in owners[region]:
                shared.setdefault(sbdf, []).append(SharedRegion(region, sharers[region]))
    return owners, {sbdf: tuple(regions) for sbdf, regions in shared.items()}


def amd_owners(inventory: Inventory) -> Mapping[AddressRange, tuple[SBDF, ...]]:
    """Return the owners of each listed region on AMD. Xen shares none there."""
    return {
        region.xen.range: tuple(owner.sbdf for owner in region.owners if owner.sbdf is not None)
        for region in inventory.all_regions
        if region.xen.listed and region.xen.range is not None
    }


def _options(inventory: Inventory) -> list[UserRange]:
    """Return the ranges of ``rmrr=``, first those that Xen reports for one of their devices.

    Xen may have ignored another range of the same pages.
    """
    devices = inventory.xen.devices
    return sorted(
        parse_rmrr_option(inventory.host.xen_command_line, inventory.host.running_release),
        key=lambda user: not any(user.range in (devices.get(sbdf) or ()) for sbdf in user.devices),
    )


def _is_tied(inventory: Inventory, sbdf: SBDF, region: AddressRange) -> bool:
    """Return whether Xen reports `region` for the device, or cannot report its regions."""
    reported = inventory.xen.devices.get(sbdf, ())
    return reported is None or region in reported


def unexplained_regions(
    inventory: Inventory, owners: Mapping[AddressRange, tuple[SBDF, ...]]
) -> frozenset[AddressRange]:
    """Return the regions that Xen reports for a device and no structure of the table has.

    On AMD it matters for none of them whether they are shared.
    """
    if iommu_vendor(inventory.host) is IommuVendor.AMD:
        return frozenset()
    every = (region for own in inventory.xen.devices.values() for region in own or ())
    return frozenset(region for region in every if region not in owners)
