"""The inventory of a host with AMD's table, IVRS.

Pure.  No verb uses it yet: it is a module apart so that no verb imports what it does not need.
"""

from dmaragent.host import Host
from dmaragent.inventory import Inventory, inventory_of, with_views_of_xen
from dmaragent.iommu.amd import ivrs_of, read_ivrs
from dmaragent.iommu.table import READERS, iommu_table
from dmaragent.linux.ivrs_view import ivrs_linux_view
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.ivrs import ivrs_xen_views

WITH_IVRS = {**READERS, b"IVRS": read_ivrs}
"""The readers of tables, that of an IVRS included."""


def take_amd_inventory(host: Host, release: Release | None = None) -> Inventory | None:
    """Take the inventory of `host`; None if its table is not an IVRS whose fixed part is whole."""
    table = iommu_table(host, WITH_IVRS)
    linux = None if isinstance(table, Missing) else ivrs_linux_view(host, table)
    if isinstance(table, Missing) or linux is None:
        return None
    xen = ivrs_xen_views(host, table, release, unit_of=linux.unit_of)
    return inventory_of(host, table, linux, xen)


def amd_under_release(inventory: Inventory, release: Release | None) -> Inventory:
    """Return the `inventory` of a whole AMD host with Xen's view as `release` would have it."""
    table = inventory.iommu
    if isinstance(table, Missing) or ivrs_of(table) is None:
        return inventory
    xen = ivrs_xen_views(inventory.host, table, release, unit_of=inventory.xen.unit_of)
    return with_views_of_xen(inventory, xen)
