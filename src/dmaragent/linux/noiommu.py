"""The groups in sysfs that may be of no IOMMU: VFIO makes such groups (vfio-noiommu).

Pure.  Source: Linux drivers/vfio/group.c, ``vfio_noiommu_group_alloc``.  Groups of that name are not
among the host's groups.  This module finds those whose name was not read.
"""

from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.linux.vfio import is_vfio_driver
from dmaragent.readings import Missing


def doubtful_groups(host: Host) -> tuple[IommuGroup, ...]:
    """Return the groups of `host` that VFIO may have made without an IOMMU.

    Such a group is there while a VFIO driver has its only device.  An IOMMU's group has a region, so
    an empty file of regions leaves it open.  Without the file, one group of the IOMMU is enough:
    Linux then uses it.
    """
    groups = () if isinstance(host.groups, Missing) else host.groups
    possible = tuple(group for group in groups if _may_be_made_by_vfio(host, group))
    if len(possible) == len(groups):
        return possible
    return tuple(group for group in possible if group.regions is not None)


def _may_be_made_by_vfio(host: Host, group: IommuGroup) -> bool:
    known = host.topology.known
    return (
        not group.proven
        and group.devices_known
        and all(
            device not in known
            or not known[device].driver_known
            or is_vfio_driver(known[device].driver or "")
            for device in group.devices
        )
    )
