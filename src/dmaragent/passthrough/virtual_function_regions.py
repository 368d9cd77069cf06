"""Whether reserved regions apply to the virtual functions of a device.

Pure.  A virtual function has its own requester ID, which follows that of its physical function
(PCIe SR-IOV 1.1, 2.1.2: First VF Offset and VF Stride; both are not collected).  The bus is that
of the physical function, or a later one behind the same bridge (Linux drivers/pci/iov.c,
``virtfn_add_bus``).

VT-d: Linux does not add virtual functions to scopes (intel/dmar.c, ``dmar_pci_bus_notifier``), but
applies a region that names a bridge to them (intel/iommu.c, ``is_downstream_to_pci_bridge``).  Xen
compares the address of the virtual function with the scope (vtd/iommu.c,
``intel_iommu_assign_device``); only the remapping unit is that of the physical function
(vtd/dmar.c, ``acpi_find_matched_drhd_unit``).

AMD: an IVMD for all devices, or for a range of IDs, applies to every ID in it, whatever has the ID
(Linux amd/iommu.c, ``amd_iommu_get_resv_regions``; Xen amd/iommu_acpi.c, ``parse_ivmd_block``).
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from dmaragent.addresses import SBDF
from dmaragent.host.topology import Presence
from dmaragent.iommu.claims import Claim, DeviceIds, DeviceKind, function_with_id, requester_id
from dmaragent.iommu.ivhd import IdSet
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.unexplained_regions import unexplained_in_group

_LAST_BUS = 0xFF


def without_regions(device: DeviceContext, existing: Iterable[SBDF]) -> tuple[SBDF, ...]:
    """Return those of the `existing` virtual functions of `device` that have no region."""
    if device.vendor is IommuVendor.ARM or not device.inventory.complete:
        return ()
    return tuple(
        sbdf
        for sbdf in existing
        if not device.inventory.of_device(sbdf).regions
        and not _has_unexplained(replace(device, sbdf=sbdf))
        and (device.vendor is not IommuVendor.AMD or _all_served(device, _ids(sbdf, sbdf)))
    )


def regions_may_cover_new_ones(device: DeviceContext) -> bool:
    """Return whether a region may apply to a virtual function of `device` that does not exist yet.

    For AMD also whether it may have no IOMMU, because no IVHD names its ID.
    """
    inventory = device.inventory
    if not inventory.complete or inventory.undetermined or _has_unexplained(device):
        return True
    if device.vendor is IommuVendor.INTEL:
        by_linux = not device.on_xen and _behind_named_bridge(device)
        return by_linux or (not device.on_linux and _named_in_advance(device))
    if device.vendor is not IommuVendor.AMD:
        return True
    first = requester_id(device.sbdf) + 1
    possible = DeviceIds(device.sbdf.segment, first, _last_bus(device) << 8 | 0xFF)
    claims = (claim for region in inventory.all_regions for claim in region.reserved.claims)
    return any(_overlaps(claim, possible) for claim in claims) or not _all_served(device, possible)


def _has_unexplained(device: DeviceContext) -> bool:
    return any(region.type == "direct" for region in unexplained_in_group(device))


# AMD ------------------------------------------------------------------------------------


def _ids(first: SBDF, last: SBDF) -> DeviceIds:
    return DeviceIds(first.segment, requester_id(first), requester_id(last))


def _overlaps(claim: Claim, possible: DeviceIds) -> bool:
    """Return whether a claim may have one of the IDs; Xen and old kernels ignore its segment."""
    ids = claim.ids
    return ids is None or (ids.first <= possible.last and possible.first <= ids.last)


def _all_served(device: DeviceContext, ids: DeviceIds) -> bool:
    """Return whether an IOMMU serves each of `ids`."""
    claims = chain.from_iterable(unit.claims for unit in device.inventory.units)
    served = IdSet(claim.ids for claim in claims if claim.ids is not None)
    ivrs = None if device.on_xen else device.inventory.linux.ivrs
    functions = (function_with_id(ids.segment, number) for number in range(ids.first, ids.last + 1))
    return all(
        function in served and (ivrs is None or ivrs.serves(function)) for function in functions
    )


# VT-d -----------------------------------------------------------------------------------


def _behind_named_bridge(device: DeviceContext) -> bool:
    """Return whether a region names a bridge above the device, or one that may be above it."""
    for region in device.inventory.all_regions:
        for owner in region.owners:
            bridge = owner.function
            if owner.device is not DeviceKind.BRIDGE or bridge is None:
                continue
            if bridge.buses_open or device.sbdf.bus in bridge.buses_behind:
                return True  # in any segment: Linux compares bus numbers only
    return False


def _named_in_advance(device: DeviceContext) -> bool:
    """Return whether a region names an address without a function that a virtual one can get."""
    last = _last_bus(device)
    owners = chain.from_iterable(region.owners for region in device.inventory.all_regions)
    return any(
        owner.sbdf is not None
        and owner.presence is not Presence.PRESENT
        and owner.sbdf.segment == device.sbdf.segment
        and device.sbdf < owner.sbdf
        and owner.sbdf.bus <= last
        for owner in owners
    )


def _last_bus(device: DeviceContext) -> int:
    """Return the last bus that the bridge above the device has; on a root bus the last of all."""
    known = device.inventory.host.topology.known.values()
    bridges = [one for one in known if one.sbdf.segment == device.sbdf.segment]
    if any(bridge.buses_open for bridge in bridges):
        return _LAST_BUS
    above = [bridge.buses_behind for bridge in bridges if device.sbdf.bus in bridge.buses_behind]
    return min((buses[-1] for buses in above), default=_LAST_BUS)
