"""How Linux and Xen treat the regions and the IOMMUs of an AMD host.

Pure.  It is a module apart so that other hosts do not import what only these need.
"""

from typing import NamedTuple

from dmaragent.host import Host
from dmaragent.inventory.model import Inventory
from dmaragent.iommu.amd import ivrs_of
from dmaragent.iommu.ivhd import block_of_type
from dmaragent.iommu.model import IommuTable, RemappingUnit
from dmaragent.linux.ivrs import block_type_of
from dmaragent.linux.ivrs_view import ivrs_linux_view
from dmaragent.linux.view import LinuxView
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.ivrs_blocks import ivhd_type_of
from dmaragent.xen.reserved_list.ivrs import ivrs_xen_views
from dmaragent.xen.reserved_list.model import XenViews


def amd_views(host: Host, table: IommuTable, release: Release | None) -> tuple[LinuxView, XenViews]:
    """Return the views of Linux and Xen of `host` with `table`, an IVRS with a whole fixed part.

    With `release`, Xen's view is the one of that release.
    """
    linux = ivrs_linux_view(host, table)
    assert linux is not None  # noqa: S101 - as the table is an IVRS
    return linux, ivrs_xen_views(host, table, release)


class UsedBlock(NamedTuple):
    """The IVHD block that a system uses of an IOMMU."""

    system: str
    """Linux or Xen."""
    offset: int
    """Its first byte in the table."""
    type: int


def used_blocks(inventory: Inventory, unit: RemappingUnit) -> tuple[UsedBlock, ...]:
    """Return the blocks that Linux and Xen use of the IOMMU with the registers of `unit`.

    A system that uses none of the table has no block here.  Xen is that of the inventory's list.
    """
    ivrs = None if isinstance(inventory.iommu, Missing) else ivrs_of(inventory.iommu)
    if ivrs is None:
        return ()
    types = {
        "Linux": block_type_of(ivrs),
        "Xen": ivhd_type_of(ivrs, inventory.xen.list.release),
    }
    found = {
        system: block_of_type(ivrs, unit.registers, number) for system, number in types.items()
    }
    return tuple(UsedBlock(system, *block) for system, block in found.items() if block is not None)
