"""The inventory: every reserved region of a host, its owners, and how Xen and Linux treat it.

Pure.  Each RMRR structure (Intel) or IVMD block (AMD) is one region, in table order.  Regions that
touch or repeat each other are not merged, because their owners differ.
"""

from collections.abc import Iterator, Mapping

from dmaragent.host import Host
from dmaragent.host.memory_map import memory_words
from dmaragent.host.topology import Presence
from dmaragent.inventory import words
from dmaragent.inventory.gaps import gaps_of
from dmaragent.inventory.model import Gap, Gaps, Inventory, Region
from dmaragent.iommu.claims import owners_of
from dmaragent.iommu.coverage import UnitCoverage
from dmaragent.iommu.model import IommuTable, Source
from dmaragent.iommu.no_table import why_no_table
from dmaragent.iommu.table import iommu_table
from dmaragent.linux.view import LinuxState, LinuxView, linux_view
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.reserved_list import xen_views
from dmaragent.xen.reserved_list.model import XenView, XenViews

__all__ = [
    "Gap",
    "Gaps",
    "Inventory",
    "Region",
    "inventory_of",
    "take_inventory",
    "under_release",
    "with_views_of_xen",
]


def take_inventory(host: Host, release: Release | None = None) -> Inventory:
    """Return the inventory of `host`; with `release`, Xen's list is the one of that release."""
    iommu = iommu_table(host)
    table = None if isinstance(iommu, Missing) else iommu
    if table is not None and table.is_ivrs:
        from dmaragent.inventory.amd import amd_views  # noqa: PLC0415 - 25 ms, for AMD hosts only

        return inventory_of(host, iommu, *amd_views(host, table, release))
    coverage = UnitCoverage(() if table is None else table.units, host.topology)
    linux = linux_view(host, table, coverage)
    xen = xen_views(host, table, release, served=coverage.by_xen(linux.unit_of))
    return inventory_of(host, iommu, linux, xen)


def inventory_of(
    host: Host, iommu: IommuTable | Missing, linux: LinuxView, xen: XenViews
) -> Inventory:
    """Return the inventory of `host` with its table `iommu` and both views of it."""
    table = None if isinstance(iommu, Missing) else iommu
    regions = _regions(host, table, xen, linux)
    return Inventory(
        host=host,
        device=None,
        absence=why_no_table(host, iommu),
        iommu=iommu,
        regions=regions,
        all_regions=regions,
        xen=xen,
        linux=linux,
        differences=(*xen.differences, *linux.differences),
        published=linux.published,
        undetermined=_undetermined_paths(regions),
        gaps=_gaps(host, regions, xen, linux, table),
    )


def under_release(inventory: Inventory, release: Release | None) -> Inventory:
    """Return the `inventory` of a whole host with Xen's view as predicted for `release`."""
    host = inventory.host
    table = None if isinstance(inventory.iommu, Missing) else inventory.iommu
    if table is not None and table.is_ivrs:
        from dmaragent.xen.reserved_list.ivrs import (  # noqa: PLC0415 - 20 ms, for AMD hosts only
            ivrs_xen_views,
        )

        return with_views_of_xen(inventory, ivrs_xen_views(host, table, release))
    return with_views_of_xen(
        inventory, xen_views(host, table, release, served=inventory.xen.served)
    )


def with_views_of_xen(inventory: Inventory, xen: XenViews) -> Inventory:
    """Return the `inventory` of a whole host with another view of Xen's."""
    host, linux = inventory.host, inventory.linux
    table = None if isinstance(inventory.iommu, Missing) else inventory.iommu
    regions = tuple(
        region._replace(xen=_view_of(region.source, xen.regions)) for region in inventory.regions
    )
    return inventory._replace(
        regions=regions,
        all_regions=regions,
        xen=xen,
        differences=(*xen.differences, *linux.differences),
        gaps=_gaps(host, regions, xen, linux, table),
    )


def _gaps(
    host: Host,
    regions: tuple[Region, ...],
    xen: XenViews,
    linux: LinuxView,
    table: IommuTable | None,
) -> Gaps:
    """Return the gaps of `host`, with what is unknown of Linux's reading of `table`."""
    gaps = gaps_of(host, regions, xen, linux.state, table)
    refuted = tuple(_refuted_by_groups(host, linux))
    gaps = gaps._replace(linux=(*gaps.linux, *refuted))
    if not linux.doubt:
        return gaps
    gap = Gap(unknown=linux.doubt, next_step=words.CORRECT_TABLE, refusals=True)
    return gaps._replace(linux=(*gaps.linux, gap))


def _refuted_by_groups(host: Host, linux: LinuxView) -> Iterator[Gap]:
    """Yield a gap if Linux has groups although its rules use no IOMMU with the table.

    The rules are then wrong about this kernel. What they say about regions only matters for groups
    whose regions were not read.
    """
    if linux.state is not LinuxState.GROUPS or isinstance(host.groups, Missing):
        return
    if linux.ivrs is None or not linux.ivrs.error:
        return
    unread = [group for group in host.groups if not group.regions_whole]
    devices = frozenset(sbdf for group in unread for sbdf in group.devices)
    if devices:
        yield Gap(
            unknown=words.groups_in_spite_of(linux.ivrs.error),
            next_step=words.READ_GROUPS,
            devices=devices,
            refusals=True,
        )


def _undetermined_paths(regions: tuple[Region, ...]) -> tuple[str, ...]:
    """Return the paths that lead through a bridge whose bus is unknown, so to any device."""
    paths = {
        f"{region.segment:04x}:{owner.as_written}"
        for region in regions
        for owner in region.owners
        if owner.sbdf is None and owner.presence is Presence.UNKNOWN
    }
    return tuple(sorted(paths))


_NO_VIEW = XenView(listed=None, range=None, reason="", notes=())


def _view_of(source: Source, views: Mapping[Source, XenView]) -> XenView:
    return views.get(source, _NO_VIEW)


def _regions(
    host: Host, table: IommuTable | None, xen: XenViews, linux: LinuxView
) -> tuple[Region, ...]:
    """Return each region of `table` with its memory type and the views of Xen and Linux."""
    memory_map = None if isinstance(host.memory_map, Missing) else host.memory_map
    return tuple(
        Region(
            reserved=reserved,
            owners=owners_of(reserved.claims),
            memory=None
            if reserved.range is None or memory_map is None
            else memory_words(memory_map, reserved.range),
            xen=_view_of(reserved.source, xen.regions),
            linux=linux.held[reserved.source],
        )
        for reserved in (() if table is None else table.regions)
    )
