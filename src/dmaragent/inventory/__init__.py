"""The inventory: every reserved region of a host, who owns it, and what Xen and Linux make of it.

Pure.  A region is what one RMRR structure says, in table order, whole: regions that
touch or repeat each other are not merged, because their owners differ.
"""

from dataclasses import replace

from dmaragent.addresses import SBDF
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.host.memory_map import memory_words
from dmaragent.host.topology import Located, Presence
from dmaragent.inventory.gaps import gaps_of
from dmaragent.inventory.linux import by_kernel, linux_differences, linux_state
from dmaragent.inventory.model import (
    Gap,
    Gaps,
    Inventory,
    LinuxState,
    Owner,
    PublishedRegion,
    Region,
)
from dmaragent.inventory.published import published_regions
from dmaragent.iommu.no_table import why_no_table
from dmaragent.iommu.vtd import RemappingUnits, capabilities_of
from dmaragent.linux.regions import LinuxScopes
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.reserved_list import xen_views
from dmaragent.xen.reserved_list.explain import rmrrs
from dmaragent.xen.reserved_list.model import XenView, XenViews
from fwtables import DMAR, Decoded, structure_length

__all__ = [
    "Gap",
    "Gaps",
    "Inventory",
    "LinuxState",
    "Owner",
    "PublishedRegion",
    "Region",
    "take_inventory",
    "under_release",
]


def take_inventory(host: Host, release: Release | None = None) -> Inventory:
    """Take the inventory of `host`; with `release`, what that release of Xen would list."""
    decoded = host.table
    table = decoded.table if isinstance(decoded, Decoded) else None
    views = xen_views(host, release)
    scopes = LinuxScopes(host.topology)
    regions = _regions(host, table, views, scopes)
    units = RemappingUnits(table, host.topology)
    state = linux_state(host)
    named = {owner.sbdf for region in regions for owner in region.owners}
    found = {
        sbdf: units.of(sbdf) for sbdf in named | host.topology.known.keys() if sbdf is not None
    }
    return Inventory(
        host=host,
        device=None,
        absence=why_no_table(host),
        regions=regions,
        all_regions=regions,
        units=units.units,
        unit_of={sbdf: unit for sbdf, unit in found.items() if unit is not None},
        capabilities=capabilities_of(table, host.topology),
        xen=views,
        linux_state=state,
        differences=(*views.differences, *linux_differences(host, regions, state)),
        published=published_regions(host.groups, regions, host.topology),
        undetermined=_undetermined(regions),
        gaps=gaps_of(host, regions, units.units, views, state),
    )


def under_release(inventory: Inventory, release: Release | None) -> Inventory:
    """Return the `inventory` of a whole host with Xen's view as `release` would have it."""
    host = inventory.host
    views = xen_views(host, release)
    regions = tuple(
        replace(region, xen=views.regions.get(region.offset, _NO_VIEW))
        for region in inventory.regions
    )
    of_linux = inventory.differences[len(inventory.xen.differences) :]
    return replace(
        inventory,
        regions=regions,
        all_regions=regions,
        xen=views,
        differences=(*views.differences, *of_linux),
        gaps=gaps_of(host, regions, inventory.units, views, inventory.linux_state),
    )


def _undetermined(regions: tuple[Region, ...]) -> tuple[str, ...]:
    """Name the paths that could lead anywhere: their bridge's bus is not known."""
    paths = {
        f"{region.segment:04x}:{owner.start_bus:02x}:" + ">".join(hop.step for hop in owner.hops)
        for region in regions
        for owner in region.owners
        if owner.sbdf is None and owner.presence is Presence.UNKNOWN
    }
    return tuple(sorted(paths))


_NO_VIEW = XenView(listed=None, range=None, reason="", notes=())


def _regions(
    host: Host, table: DMAR | None, views: XenViews, scopes: LinuxScopes
) -> tuple[Region, ...]:
    found: list[Region] = []
    groups: dict[SBDF, IommuGroup] = {}
    if not isinstance(host.groups, Missing):
        groups = {sbdf: group for group in host.groups for sbdf in group.devices}
    for number, (offset, rmrr) in enumerate(rmrrs(table), 1):
        places = [host.topology.locate(rmrr.segment_number, scope) for scope in rmrr.device_scope]
        region = Region(
            number=number,
            segment=rmrr.segment_number,
            base=rmrr.base_address,
            limit=rmrr.limit_address,
            offset=offset,
            length=structure_length(rmrr),
            owners=tuple(_owner(host, place) for place in places),
            memory=None,
            xen=views.regions.get(offset, _NO_VIEW),
            linux=scopes.held(places),
        )
        if region.range is not None:
            region = replace(region, linux=by_kernel(region.linux, region.range, groups))
        if region.range is not None and not isinstance(host.memory_map, Missing):
            region = replace(region, memory=memory_words(host.memory_map, region.range))
        found.append(region)
    return tuple(found)


def _owner(host: Host, place: Located) -> Owner:
    return Owner(
        scope_type=place.scope.type,
        enumeration_id=place.scope.enumeration_id,
        start_bus=place.scope.start_bus_number,
        presence=place.presence,
        sbdf=place.sbdf,
        hops=place.hops,
        reason=place.reason,
        function=None if place.sbdf is None else host.topology.known.get(place.sbdf),
    )
