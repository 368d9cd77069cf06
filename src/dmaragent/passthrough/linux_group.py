"""The part of Linux's verdict about the device's IOMMU group, which VFIO attaches as a whole."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import PciFunction
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.vfio import (
    FIRST_CHECK,
    NO_ONE_TO_ONE,
    REFUSED,
    REFUSED_BY_INTEL,
    is_vfio_driver,
)
from dmaragent.passthrough import kvm_words, linux_words
from dmaragent.passthrough.amd_regions import ivmd_group_case
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, CaseKind
from dmaragent.policy.decisions import SourceRule

OLD_RULE = SourceRule(REFUSED_BY_INTEL.rule, REFUSED_BY_INTEL.error)
NEW_RULE = SourceRule(REFUSED.rule, REFUSED.error)
GROUP_RULE = SourceRule("Linux iommu.c, iommu_group_claim_dma_owner; vfio.c before 5.19", "EPERM")
BRIDGE_RULE = SourceRule("Linux iommu.c, iommu_group_claim_dma_owner", "EPERM")
BRIDGE_RELEASES = "Linux 5.19 and later"
_BRIDGES_COUNT = (5, 19)
"""The first release that refuses a group with such a bridge (70693f470848)."""
_PORT = "pcieport"
NOIOMMU_RULE = SourceRule("Linux vfio/group.c, vfio_noiommu_group_alloc", "ENOENT")
NO_GROUP_RULE = SourceRule("Linux vfio/group.c, vfio_group_find_or_alloc", "EINVAL")


def group_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield the effect of the other devices of the group."""
    group = device.group
    if group is None:
        number = device.noiommu_group
        if device.without_group:
            yield Case(
                title="group",
                kind=CaseKind.GROUP,
                can=Can.NO,
                explanation=linux_words.IN_NO_GROUP_CASE
                if number is None
                else linux_words.in_noiommu_group_case(number),
                rule=NO_GROUP_RULE if number is None else NOIOMMU_RULE,
            )
        return
    mates = _mates(device, group)
    if not mates:
        yield Case(
            title="group",
            kind=CaseKind.GROUP,
            can=Can.YES,
            explanation=linux_words.alone_in_group(group.number, by_itself=len(group.devices) == 1),
        )
        return
    physical = _physical_mate(device, mates)
    if physical is not None:
        yield Case(
            title="group",
            kind=CaseKind.GROUP,
            can=Can.NO,
            explanation=linux_words.group_has_physical_function(group.number, physical),
            rule=GROUP_RULE,
            message=kvm_words.group_not_viable(group.number),
        )
        return
    locked = device.locked_mates
    of_ivmd = None
    if locked and device.vendor is IommuVendor.AMD:
        of_ivmd = ivmd_group_case(device, locked, group.number)
        yield of_ivmd
        if of_ivmd.can is Can.NO:
            return
    elif locked and not _older_than_checks(device):
        yield Case(
            title="group",
            kind=CaseKind.GROUP,
            can=Can.NO,
            explanation=linux_words.group_has_locked(group.number, locked),
            rule=OLD_RULE
            if (device.telling_release or NO_ONE_TO_ONE) < NO_ONE_TO_ONE
            else NEW_RULE,
        )
        return
    busy = _case_of_drivers(device, mates)
    if busy is not None:
        yield busy
        return
    if of_ivmd is not None:
        return
    explanation = linux_words.group_does_not_hinder(group.number, mates)
    yield Case(title="group", kind=CaseKind.GROUP, can=Can.YES, explanation=explanation)


def _case_of_drivers(device: DeviceContext, mates: tuple[SBDF, ...]) -> Case | None:
    """Return the case that drivers of `mates`, or of bridges in the group, keep VFIO from it."""
    group = device.group
    if group is None:
        return None
    known = device.inventory.host.topology.known
    endpoints = (mate for mate in mates if mate in known and not known[mate].is_bridge)
    busy = tuple(mate for mate in endpoints if has_host_driver(known[mate]))
    unknown = unread_mates(device)
    if busy or unknown:
        return Case(
            title="group",
            kind=CaseKind.GROUP,
            can=Can.CONDITIONS,
            summary=linux_words.WITH_REST_OF_GROUP,
            explanation=linux_words.group_must_be_bound(
                group.number, busy or unknown, drivers_known=bool(busy)
            ),
            rule=GROUP_RULE,
            message=kvm_words.group_not_viable(group.number),
        )
    bridges = tuple(bridge for bridge in busy_bridges(device) if known[bridge].driver_known)
    if bridges:
        return Case(
            title="group",
            kind=CaseKind.GROUP,
            can=Can.CONDITIONS,
            summary=linux_words.WITHOUT_DRIVERS_OF_BRIDGES,
            explanation=linux_words.drivers_of_bridges(group.number, bridges),
            rule=BRIDGE_RULE,
            releases=BRIDGE_RELEASES,
            message=kvm_words.group_not_viable(group.number),
        )
    return None


def unready_mates(device: DeviceContext) -> tuple[SBDF, ...]:
    """Return the other endpoints of the group that must be bound to vfio-pci, by address.

    A mate without a driver is one of them: a driver could take it while a guest runs.
    """
    known = device.inventory.host.topology.known
    group = device.group
    return tuple(
        mate
        for mate in (_mates(device, group) if group is not None else ())
        if mate in known and not known[mate].is_bridge and not _is_ready(known[mate])
    )


def busy_bridges(device: DeviceContext) -> tuple[SBDF, ...]:
    """Return the bridges of the group whose driver VFIO does not accept, or that may have one.

    Before Linux 5.19 VFIO accepts every bridge (``vfio_dev_driver_allowed``); since then only a
    driver that leaves DMA to others (``driver_managed_dma``): of bridges, pcieport.
    """
    known, group, release = (
        device.inventory.host.topology.known,
        device.group,
        device.telling_release,
    )
    if group is None or (release is not None and release < _BRIDGES_COUNT):
        return ()
    mates = (known[mate] for mate in _mates(device, group) if mate in known)
    return tuple(
        mate.sbdf
        for mate in mates
        if mate.is_bridge
        and mate.driver != _PORT
        and (has_host_driver(mate) or not mate.driver_known)
    )


def unread_mates(device: DeviceContext) -> tuple[SBDF, ...]:
    """Return the other functions of the group whose driver is unknown, by address."""
    known = device.inventory.host.topology.known
    mates = _mates(device, device.group) if device.group is not None else ()
    return tuple(
        mate
        for mate in mates
        if mate not in known or not (known[mate].is_bridge or known[mate].driver_known)
    )


def _mates(device: DeviceContext, group: IommuGroup) -> tuple[SBDF, ...]:
    """Return the other devices of the group, except those that exist only by the device's driver."""
    known = device.inventory.host.topology.known
    return tuple(
        mate
        for mate in group.devices
        if mate != device.sbdf
        and not (mate in known and device.sbdf in (known[mate].vmd, known[mate].physical_function))
    )


def _physical_mate(device: DeviceContext, mates: tuple[SBDF, ...]) -> SBDF | None:
    """Return the device's physical function if it is in the group, unless it is or may be VFIO's.

    A virtual function exists by the driver of its physical function.  One of unknown driver is
    among :func:`unread_mates`.
    """
    function = device.function
    physical = None if function is None else function.physical_function
    if physical is None or physical not in mates:
        return None
    above = device.inventory.host.topology.known.get(physical)
    if above is None or (above.driver is None and not above.driver_known):
        return None
    return None if above.driver is not None and is_vfio_driver(above.driver) else physical


def _is_ready(function: PciFunction) -> bool:
    driver = function.driver
    return driver is not None and (driver == "pci-stub" or is_vfio_driver(driver))


def _older_than_checks(device: DeviceContext) -> bool:
    release = device.telling_release
    return release is not None and release < FIRST_CHECK


def has_host_driver(function: PciFunction) -> bool:
    """Return whether a host driver uses it, which VFIO does not accept."""
    driver = function.driver
    return driver is not None and driver != "pci-stub" and not is_vfio_driver(driver)
