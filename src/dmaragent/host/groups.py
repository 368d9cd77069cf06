"""Linux's IOMMU groups and the reserved regions that the kernel publishes for them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import words
from dmaragent.host.parse import Problems, functions_among, lines_of, parse_number
from dmaragent.readings import IommuGroupReading, Missing, MissingKind

_HIGHEST = (1 << 64) - 1
_NOIOMMU = b"vfio-noiommu\n"
"""The name of a group that VFIO made without an IOMMU, as ``enable_unsafe_noiommu_mode`` allows.

Linux drivers/vfio/group.c (before 6.2 vfio.c), ``vfio_noiommu_group_alloc``: it has one device.
Such a group has no reserved region (drivers/iommu/iommu.c, ``iommu_get_group_resv_regions``), or
before Linux 5.19 none if no IOMMU is in use.
"""
DIRECT = "direct"
RELAXABLE = "direct-relaxable"
DIRECT_TYPES = frozenset({DIRECT, RELAXABLE})
"""The kernel's types for regions that it maps 1:1."""


class KernelRegion(NamedTuple):
    """One line of a group's reserved_regions; `limit` is the last byte.

    `type` is the kernel's (drivers/iommu/iommu.c, ``iommu_group_resv_type_string``): direct,
    direct-relaxable, reserved or msi.
    """

    base: int
    limit: int
    type: str

    @property
    def range(self) -> AddressRange:
        """Its addresses; empty if its end is below its start, as of an IVMD without length."""
        return AddressRange(self.base, max(self.base, self.limit + 1))

    @property
    def takes_effect(self) -> bool:
        """Whether it has a byte, or is ``direct``, which blocks a device without any byte too.

        Linux drivers/iommu/iommu.c, ``iommu_create_device_direct_mappings``: ``require_direct``.
        """
        return self.base <= self.limit or self.type == DIRECT


class IommuGroup(NamedTuple):
    """One IOMMU group: Linux assigns all its devices together or none."""

    number: int
    devices: tuple[SBDF, ...]
    """Its PCI functions, by address."""
    regions: tuple[KernelRegion, ...] | None
    """None if the kernel's file could not be read."""
    devices_known: bool = True
    """Whether its devices could be read.  An empty list was not: every group has a device."""
    regions_whole: bool = False
    """Whether the file was read completely.  An empty file was not: every group has a region."""
    proven: bool = True
    """Whether it is certainly an IOMMU's, and not one that VFIO made without an IOMMU.

    Its name shows that, a region, or a second device.
    """


def join_groups(
    readings: tuple[IommuGroupReading, ...] | Missing, problems: Problems
) -> tuple[IommuGroup, ...] | Missing:
    """Return the groups by number, without those that VFIO made without an IOMMU.

    A name that is not a number is reported and left out.
    """
    if isinstance(readings, Missing):
        problems.missing("the IOMMU groups", readings)
        return readings
    return _joined((one for one in readings if one.given_name != _NOIOMMU), problems)


def join_noiommu_groups(
    readings: tuple[IommuGroupReading, ...] | Missing, problems: Problems
) -> tuple[IommuGroup, ...]:
    """Return the groups that VFIO made without an IOMMU, by number."""
    known = () if isinstance(readings, Missing) else readings
    return _joined((one for one in known if one.given_name == _NOIOMMU), problems)


def _joined(readings: Iterable[IommuGroupReading], problems: Problems) -> tuple[IommuGroup, ...]:
    groups = (_group(reading, problems) for reading in readings)
    return tuple(sorted((group for group in groups if group), key=lambda group: group.number))


def _group(reading: IommuGroupReading, problems: Problems) -> IommuGroup | None:
    try:
        number = parse_number(reading.name, 0xFFFFFFFF, 10)
    except ValueError:
        problems.add(words.group_name_not_a_number(reading.name))
        return None
    what = f"IOMMU group {reading.name}"
    if isinstance(reading.devices, Missing):
        problems.missing(words.part_of(what, "its devices"), reading.devices, quiet=False)
        devices: tuple[str, ...] = ()
    else:
        devices = reading.devices
        if not devices:
            problems.add(words.group_without_devices(what))
    regions: tuple[KernelRegion, ...] | None = None
    whole = False
    if isinstance(reading.reserved_regions, Missing):
        problems.missing(words.part_of(what, "its reserved regions"), reading.reserved_regions)
    else:
        regions, whole = _regions(what, reading.reserved_regions, problems)
    return IommuGroup(
        number=number,
        devices=functions_among(devices),
        regions=regions,
        devices_known=bool(devices),
        regions_whole=whole,
        proven=bool(regions) or len(devices) > 1 or _has_no_name_of_vfio(reading.given_name),
    )


def _has_no_name_of_vfio(name: bytes | Missing) -> bool:
    """Return whether a group is known to have no name, or another than that of VFIO's groups."""
    if isinstance(name, Missing):
        return name.kind is MissingKind.ABSENT
    return name.endswith(b"\n") and name != _NOIOMMU


def _regions(
    what: str, content: bytes, problems: Problems
) -> tuple[tuple[KernelRegion, ...], bool]:
    """Return the regions of a group's file, and whether it is whole."""
    regions, unreadable = _parse_regions(content)
    cut = bool(content) and not content.endswith(b"\n") and not unreadable
    if cut:
        problems.add(words.group_regions_cut(what))
        regions = regions[:-1]  # "direct" can be the begin of direct-relaxable
    for line in unreadable:
        problems.add(words.group_region_unreadable(what, line))
    return regions, bool(regions) and not unreadable and not cut


@lru_cache(maxsize=256)
def _parse_regions(content: bytes) -> tuple[tuple[KernelRegion, ...], tuple[str, ...]]:
    """Return the regions in a group's file, and the lines that cannot be parsed.

    Cached, because most groups of a host have the same file.
    """
    regions, unreadable = [], []
    for line in lines_of(content.decode("ascii", "backslashreplace")):
        try:
            base, limit, kind = line.split()
            first, last = parse_number(base, _HIGHEST), parse_number(limit, _HIGHEST)
            regions.append(KernelRegion(first, last, kind))
        except ValueError:
            unreadable.append(line)
    return tuple(regions), tuple(unreadable)
