"""The reserved regions that Linux publishes and no region of a decoded table explains.

Pure.  On AMD they come from the IVRS table (IVMD) and on Arm from the IORT table (RMR), neither
of which is decoded; on Intel from a DMAR table that could not be read.  A group's file is
world-readable, so these are known without root.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.groups import DIRECT_TYPES, IommuGroup, KernelRegion
from dmaragent.host.topology import PciTopology
from dmaragent.linux.regions import FLOPPY, covers, has_isa_bridge
from dmaragent.readings import Missing

HYPERTRANSPORT = AddressRange(0xFD_0000_0000, 0x100_0000_0000)
"""What AMD's driver reserves in every group: drivers/iommu/amd/iommu.c, HT_RANGE_START."""


class UnexplainedRegion(NamedTuple):
    """One reserved region by Linux's word alone."""

    range: AddressRange
    type: str
    """The kernel's word: ``direct``, ``direct-relaxable`` or ``reserved``, or a newer one."""
    groups: tuple[IommuGroup, ...]
    """The IOMMU groups that have it, by number.  Which device of a group is not published."""


def unexplained_regions(
    groups: Sequence[IommuGroup] | Missing,
    ranges: Mapping[SBDF, Sequence[AddressRange]],
    topology: PciTopology,
) -> tuple[UnexplainedRegion, ...]:
    """Return what Linux publishes beyond the table's `ranges` of devices, by address and type."""
    if isinstance(groups, Missing):
        return ()
    groups_of: dict[tuple[AddressRange, str], list[IommuGroup]] = {}
    for group in groups:
        for region in unexplained(group, ranges, topology):
            key = (AddressRange(region.base, region.limit + 1), region.type)
            groups_of.setdefault(key, []).append(group)
    return tuple(
        UnexplainedRegion(range=place, type=kind, groups=tuple(groups_of[place, kind]))
        for place, kind in sorted(groups_of)
    )


def unexplained(
    group: IommuGroup, ranges: Mapping[SBDF, Sequence[AddressRange]], topology: PciTopology
) -> tuple[KernelRegion, ...]:
    """Return the regions of `group` that none of the table's `ranges` of its devices covers.

    Left out is what every group has and no guest's RAM meets: the range of message-signaled
    interrupts, AMD's HyperTransport range; and the floppy workaround of an ISA bridge.
    """
    ours = [place for device in group.devices for place in ranges.get(device, ())]
    if has_isa_bridge(group, topology):
        ours.append(FLOPPY)
    return tuple(
        region
        for region in group.regions or ()
        if region.base <= region.limit
        and region.type != "msi"
        and not (region.type == "reserved" and _place(region) == HYPERTRANSPORT)
        and not (region.type in DIRECT_TYPES and covers(ours, _place(region)))
    )


def _place(region: KernelRegion) -> AddressRange:
    return AddressRange(region.base, region.limit + 1)
