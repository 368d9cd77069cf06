"""Reserved regions that Linux publishes and no region of a decoded table explains.

Pure.  On AMD they come from the IVRS table (IVMD), on Arm from the IORT table (RMR), on Intel from
a DMAR table that could not be read.  Every user may read the files of the groups, so these regions
are known without root.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.groups import DIRECT_TYPES, IommuGroup, KernelRegion
from dmaragent.host.topology import PciTopology
from dmaragent.linux.regions import FLOPPY, covers, has_isa_bridge
from dmaragent.readings import Missing

HYPERTRANSPORT = AddressRange(0xFD_0000_0000, 0x100_0000_0000)
"""The range that AMD's driver reserves in each group: drivers/iommu/amd/iommu.c, HT_RANGE_START."""


class UnexplainedRegion(NamedTuple):
    """One reserved region that only Linux reports."""

    range: AddressRange
    type: str
    """The kernel's type: ``direct``, ``direct-relaxable``, ``reserved`` or a newer one."""
    groups: tuple[IommuGroup, ...]
    """The IOMMU groups that have it, by number.  Linux does not publish which device has it."""


def unexplained_regions(
    groups: Sequence[IommuGroup] | Missing,
    ranges: Mapping[SBDF, Sequence[AddressRange]],
    topology: PciTopology,
) -> tuple[UnexplainedRegion, ...]:
    """Return the regions that Linux publishes besides the table's `ranges`, by address and type."""
    if isinstance(groups, Missing):
        return ()
    groups_of: dict[tuple[AddressRange, str], list[IommuGroup]] = {}
    for group in groups:
        for region in unexplained(group, ranges, topology):
            key = (region.range, region.type)
            groups_of.setdefault(key, []).append(group)
    return tuple(
        UnexplainedRegion(range=place, type=kind, groups=tuple(groups_of[place, kind]))
        for place, kind in sorted(groups_of)
    )


def unexplained(
    group: IommuGroup, ranges: Mapping[SBDF, Sequence[AddressRange]], topology: PciTopology
) -> tuple[KernelRegion, ...]:
    """Return the regions of `group` that the table's `ranges` of its devices do not cover.

    The result leaves out ranges that every group has and no guest RAM overlaps: message-signaled
    interrupts and AMD's HyperTransport.  It also leaves out the floppy workaround of an ISA bridge.
    A ``direct`` region without length is not left out: VFIO refuses its device all the same.
    """
    ours = [place for device in group.devices for place in ranges.get(device, ())]
    if has_isa_bridge(group, topology):
        ours.append(FLOPPY)
    return tuple(
        region
        for region in group.regions or ()
        if region.takes_effect
        and region.type != "msi"
        and not (region.type == "reserved" and region.range == HYPERTRANSPORT)
        and not (region.type in DIRECT_TYPES and _explain(ours, region.range))
    )


def _explain(ours: Sequence[AddressRange], place: AddressRange) -> bool:
    """Return whether the table's ranges cover `place`; if it is empty, whether one touches it."""
    if place.size:
        return covers(ours, place)
    return any(one.start <= place.start <= one.end for one in ours)
