"""The reserved regions that VFIO finds when it attaches a device, with their effects by release.

Pure.  VFIO attaches only whole IOMMU groups, so these are the regions of the group.  Those that
Linux publishes decide.  Without them, the regions are predicted from the table.
"""

from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.groups import IommuGroup, KernelRegion
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.regions import THROUGH_BRIDGES, Hold, all_relaxable, covers
from dmaragent.linux.release import telling_release
from dmaragent.linux.unexplained_regions import HYPERTRANSPORT
from dmaragent.linux.vfio import (
    BEFORE_FIRST_CHECK,
    FIRST_CHECK,
    VfioEffect,
    VfioOutcome,
    vfio_outcomes,
)
from dmaragent.readings import Missing


class VfioRegion(NamedTuple):
    """One reserved region of a device's group, with its effect on VFIO."""

    range: AddressRange
    type: str
    """The kernel's type: ``direct``, ``direct-relaxable``, ``reserved`` or ``msi``."""
    group: int | None
    """The IOMMU group; None if it is unknown."""
    by_kernel: bool
    """Whether Linux publishes it.  False: predicted from the table."""
    outcomes: tuple[VfioOutcome, ...]
    """One if the kernel's release is known and decides; else all, newest first."""

    @property
    def refused(self) -> bool | None:
        """Whether VFIO refuses the device because of it; None: it depends on the release."""
        effects = {outcome.effect for outcome in self.outcomes}
        if VfioEffect.REFUSED not in effects:
            return None if VfioEffect.UNKNOWN in effects else False
        return True if effects == {VfioEffect.REFUSED} else None


def vfio_regions(inventory: Inventory, sbdf: SBDF) -> tuple[VfioRegion, ...] | None:
    """Return the reserved regions that VFIO finds when it attaches `sbdf`, by address.

    None if they are unknown: Linux publishes none for its group, or not all, and the table is
    missing, damaged or has paths with unknown ends.  A published region that VFIO refuses decides
    all the same.  `inventory` must cover the whole host.  A function behind Intel
    VMD has the regions of the VMD endpoint.
    """
    host = inventory.host
    function = host.topology.known.get(sbdf)
    if function is not None:
        if not function.dma_known:
            return None
        sbdf = function.dma_device
    group = _group_of(inventory, sbdf)
    vendor = iommu_vendor(host)
    release = telling_release(host.system.kernel_release)
    published = () if group is None else _published(inventory, group, release, vendor)
    if group is not None and group.regions_whole:
        return published
    predicted = _predicted(inventory, sbdf, group, release, vendor)
    if predicted is None:
        return published if any(region.refused for region in published) else None
    seen = [region.range for region in published]
    others = (region for region in predicted if not covers(seen, region.range))
    return (*published, *others)


def _published(
    inventory: Inventory,
    group: IommuGroup,
    release: tuple[int, int] | None,
    vendor: IommuVendor,
) -> tuple[VfioRegion, ...]:
    """Return the regions that Linux publishes for `group`: all, if its file is whole."""
    return tuple(
        VfioRegion(
            range=region.range,
            type=region.type,
            group=group.number,
            by_kernel=True,
            outcomes=vfio_outcomes(
                region.type, vendor, release, relaxed=_relaxed(inventory, group, region)
            ),
        )
        for region in sorted(group.regions or ())
        if region.takes_effect
    )


def _group_of(inventory: Inventory, sbdf: SBDF) -> IommuGroup | None:
    groups = inventory.host.groups
    if isinstance(groups, Missing):
        return None
    return next((group for group in groups if sbdf in group.devices), None)


def _relaxed(inventory: Inventory, group: IommuGroup, region: KernelRegion) -> bool | None:
    """Return whether a region of `group` is of devices that Linux may exempt; None: unknown.

    The table shows which devices have the region.  If one of them is not exempt, VFIO refuses all.
    """
    place = region.range
    ranges = {
        sbdf: [own for own in inventory.linux.ranges.get(sbdf, ()) if own.overlaps(place)]
        for sbdf in group.devices
    }
    owners = [sbdf for sbdf, own in ranges.items() if own]
    topology, exists = inventory.host.topology, inventory.linux.relaxable_type
    if not owners or not covers([one for own in ranges.values() for one in own], place):
        return all_relaxable(group.devices, topology, type_exists=exists)
    relaxed = [all_relaxable([sbdf], topology, type_exists=exists) for sbdf in owners]
    return False if False in relaxed else all_relaxable(owners, topology, type_exists=exists)


def _predicted(
    inventory: Inventory,
    sbdf: SBDF,
    group: IommuGroup | None,
    release: tuple[int, int] | None,
    vendor: IommuVendor,
) -> tuple[VfioRegion, ...] | None:
    """Return the regions of the table that Linux would apply to the group; None: unknown."""
    table = inventory.iommu
    if isinstance(table, Missing) or table.header is None or not table.whole:
        return None
    if isinstance(inventory.host.topology.functions, Missing) or inventory.undetermined:
        return None
    devices = {sbdf} if group is None else {sbdf, *group.devices}
    regions: dict[tuple[AddressRange, str], VfioRegion] = {}
    for region in inventory.all_regions:
        for held in region.linux:
            if held.sbdf not in devices or region.range is None:
                continue
            if held.through and release is not None and release < THROUGH_BRIDGES:
                continue
            regions[region.range, held.hold.value] = VfioRegion(
                range=region.range,
                type=held.hold.value,
                group=None if group is None else group.number,
                by_kernel=False,
                outcomes=_outcomes_of_predicted(held.hold, vendor, release),
            )
    return tuple(regions[key] for key in sorted(regions))


def _outcomes_of_predicted(
    hold: Hold, vendor: IommuVendor, release: tuple[int, int] | None
) -> tuple[VfioOutcome, ...]:
    old = release is not None and release < FIRST_CHECK
    if old and hold is Hold.DIRECT and vendor is IommuVendor.INTEL:
        return (BEFORE_FIRST_CHECK,)
    return vfio_outcomes(hold.value, vendor, release)


def meets_guest_ram(region: VfioRegion) -> bool:
    """Return whether guest RAM can overlap `region`: not if for interrupts or HyperTransport."""
    return region.type != "msi" and region.range != HYPERTRANSPORT
