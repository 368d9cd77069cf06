"""How Linux enforces reserved regions: on which devices, and whether VFIO may ignore them.

Pure.  Source: drivers/iommu/intel/iommu.c, ``intel_iommu_get_resv_regions``,
``device_rmrr_is_relaxable``, ``is_downstream_to_pci_bridge`` (Linux 5.4 and later).  Linux 4.11 to
5.2 publishes the regions of every device as ``direct``, but already lets VFIO pass USB controllers
and display devices (``device_is_rmrr_locked``).
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.groups import DIRECT_TYPES, IommuGroup
from dmaragent.host.groups import RELAXABLE as RELAXABLE_TYPE
from dmaragent.host.topology import BusIndex, PciFunction, PciTopology
from dmaragent.iommu.claims import DeviceKind, Owner
from dmaragent.linux.release import kernel_release, telling_release
from dmaragent.linux.vfio import RELAXABLE
from dmaragent.readings import Missing

_USB = 0x0C03
_DISPLAY = 0x03
_BRIDGE = 0x06
_ISA_BRIDGE = 0x0601
FLOPPY = AddressRange(0, 1 << 24)
"""The region that CONFIG_INTEL_IOMMU_FLOPPY_WA adds for every ISA bridge: direct-relaxable."""
THROUGH_BRIDGES = (5, 3)
"""The first release that applies a region to the devices behind a bridge that it names."""


class Hold(Enum):
    """How strictly Linux enforces a region for a device, as a type of reserved_regions."""

    DIRECT = "direct"
    """VFIO cannot pass the device to a guest or to user space."""
    RELAXABLE = "direct-relaxable"
    """The region is mapped for the host's drivers, but not for VFIO."""

    @property
    def word(self) -> str:
        """The word in answers."""
        return "locked" if self is Hold.DIRECT else "relaxable"


class Held(NamedTuple):
    """One device that Linux applies a region to."""

    sbdf: SBDF
    hold: Hold
    through: SBDF | None
    """The bridge above it that the region names; None if the region names the device."""
    by_kernel: bool = False
    """Whether the kernel published the region, and `hold` if it has both types; if not, it is
    predicted."""


def hold_of(function: PciFunction) -> Hold:
    """Return how strictly Linux enforces a region: not for USB controllers and display devices."""
    code = function.class_code
    if code is not None and (code >> 8 == _USB or code >> 16 == _DISPLAY):
        return Hold.RELAXABLE
    return Hold.DIRECT


def has_relaxable_type(host: Host) -> bool | None:
    """Return whether the kernel of `host` has the type ``direct-relaxable``.

    It does if it publishes a region of this type for any group.  None if that is unknown: without a
    release, or because the vendor may have added the type.
    """
    release = kernel_release(host.system.kernel_release)
    if release is not None and release >= RELAXABLE:
        return True
    groups = () if isinstance(host.groups, Missing) else host.groups
    if any(region.type == RELAXABLE_TYPE for group in groups for region in group.regions or ()):
        return True
    return None if telling_release(host.system.kernel_release) is None else False


def all_relaxable(
    devices: Iterable[SBDF], topology: PciTopology, *, type_exists: bool | None
) -> bool | None:
    """Return whether a ``direct`` region of one of `devices` can be relaxable nevertheless.

    It can if the type ``direct-relaxable`` may not exist (:func:`has_relaxable_type`) and all are of
    a relaxable class.  None: it depends on which device has the region, or a class is unknown.
    """
    if type_exists:
        return False
    functions = [topology.known.get(sbdf) for sbdf in devices]
    holds = {
        None if function is None or function.class_code is None else hold_of(function)
        for function in functions
    }
    if holds == {Hold.RELAXABLE}:
        return True
    return False if holds == {Hold.DIRECT} else None


def takes(device: DeviceKind, function: PciFunction) -> bool:
    """Return whether Linux applies a structure to `function`, which it names as `device`.

    Linux only uses entries for endpoints and bridges, and the header type must fit.  A bridge
    entry may name an NTB, which has an endpoint's header and a bridge's class
    (drivers/iommu/intel/dmar.c, ``dmar_insert_dev_scope``).
    """
    if function.physical_function is not None:
        return False  # dmar_pci_bus_notifier ignores virtual functions
    if device is DeviceKind.FUNCTION:
        return not function.is_bridge
    code = function.class_code
    looks_like_one = code is None or code >> 16 == _BRIDGE
    return device is DeviceKind.BRIDGE and (function.is_bridge or looks_like_one)


class LinuxScopes:
    """Finds the devices that Linux applies a region to, with an index of functions by bus."""

    def __init__(self, topology: PciTopology) -> None:
        self._index = BusIndex(topology)

    def held(self, owners: Iterable[Owner]) -> tuple[Held, ...]:
        """Return the devices of a region with these `owners`, and all devices behind its bridges.

        Those are of any segment: Linux only compares their bus numbers with those of the bridge.
        """
        held: dict[SBDF, Held] = {}
        functions = []
        for owner in owners:
            function = owner.function
            if function is not None and takes(owner.device, function):
                functions.append(function)
        for function in functions:
            held.setdefault(function.sbdf, Held(function.sbdf, hold_of(function), None))
        for function in functions:
            for below in self._index.below_in_linux(function):
                held.setdefault(below.sbdf, Held(below.sbdf, hold_of(below), function.sbdf))
        return tuple(held[sbdf] for sbdf in sorted(held))


def kernel_hold(
    group: IommuGroup, region: AddressRange, predicted: Hold, *, both_types: bool
) -> Hold | None:
    """Return how strictly the kernel enforces `region` in `group`, which publishes it; or None.

    The list is that of all devices of the group.  If it has the region with both types, the
    predicted one is used for this device.  So it is if the kernel does not have `both_types`.
    """
    words = {
        Hold(published.type)
        for published in group.regions or ()
        if published.type in DIRECT_TYPES
        and published.base <= region.start
        and region.end <= published.limit + 1
    }
    if words and not both_types:
        return predicted
    return predicted if predicted in words else next(iter(words), None)


class GroupDifference(NamedTuple):
    """A range that only the table or only the kernel has for the devices of a group."""

    group: IommuGroup
    range: AddressRange
    kernel_has_it: bool


def compare_groups(
    groups: Sequence[IommuGroup],
    predicted: Mapping[SBDF, Sequence[AddressRange]],
    topology: PciTopology,
) -> tuple[GroupDifference, ...]:
    """Return the differences between the kernel's reserved regions and the predicted ones.

    The covered addresses are compared, not the lines: the kernel merges regions of one type that
    touch (drivers/iommu/iommu.c, ``iommu_insert_resv_region``).
    """
    differences: list[GroupDifference] = []
    for group in groups:
        if group.regions is None:
            continue
        ours = sorted({place for sbdf in group.devices for place in predicted.get(sbdf, ())})
        theirs = [
            AddressRange(region.base, region.limit + 1)
            for region in group.regions
            if region.type in DIRECT_TYPES and region.base <= region.limit
        ]
        allowed = [*ours, FLOPPY] if has_isa_bridge(group, topology) else ours
        if group.regions_whole:  # else the kernel may have it in the lines that were not read
            differences += [
                GroupDifference(group, place, kernel_has_it=False)
                for place in ours
                if not covers(theirs, place)
            ]
        differences += [
            GroupDifference(group, place, kernel_has_it=True)
            for place in theirs
            if not covers(allowed, place)
        ]
    return tuple(differences)


def has_isa_bridge(group: IommuGroup, topology: PciTopology) -> bool:
    """Return whether `group` has an ISA bridge, for which the kernel adds the floppy range."""
    known = topology.known
    codes = (known[sbdf].class_code for sbdf in group.devices if sbdf in known)
    return any(code is not None and code >> 8 == _ISA_BRIDGE for code in codes)


def covers(ranges: Iterable[AddressRange], wanted: AddressRange) -> bool:
    """Return whether `ranges` together cover all of `wanted`."""
    at = wanted.start
    for covered in sorted(ranges):
        if covered.start > at:
            break
        at = max(at, covered.end)
    return at >= wanted.end
