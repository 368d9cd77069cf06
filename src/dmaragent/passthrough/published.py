"""The part of Linux's verdict that rests on the regions Linux itself publishes for a group.

Pure.  It adds what the table does not explain: all regions on AMD and Arm, those of an unreadable
table on Intel.  The rules are those of ``linux/vfio.py``.
"""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import AddressRange, span
from dmaragent.host.groups import IommuGroup, KernelRegion
from dmaragent.inventory.published import ranges_by_device, unexplained
from dmaragent.linux.vfio import VfioEffect, VfioOutcome, vfio_outcomes
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case
from dmaragent.policy.decisions import SourceRule

_MOST = 3
_EFFECTS = {
    VfioEffect.REFUSED: "VFIO cannot take the device: a guest does not start with it.",
    VfioEffect.MAPPING_FAILS: "VFIO takes the device. If guest RAM overlaps the range, "
    "VFIO_MAP_DMA fails and the guest does not start.",
    VfioEffect.NOT_MAPPED: "VFIO takes the device and does not map the range for it. DMA of the "
    "firmware there reaches guest RAM, or faults if the guest has no RAM there.",
    VfioEffect.UNKNOWN: "Linux up to 6.19 has no such type: the effect is unknown.",
}
_CAN = {
    VfioEffect.REFUSED: Can.NO,
    VfioEffect.MAPPING_FAILS: Can.CONDITIONS,
    VfioEffect.NOT_MAPPED: Can.CONDITIONS,
    VfioEffect.UNKNOWN: Can.UNKNOWN,
}
RELAXABLE_TYPE = "direct-relaxable"


def published_only(device: DeviceContext) -> tuple[KernelRegion, ...]:
    """Return the regions that Linux publishes for the device's group and no table explains."""
    group = device.group
    if group is None:
        return ()
    return unexplained(
        group, ranges_by_device(device.inventory.all_regions), device.inventory.host.topology
    )


def published_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield a case for each type and each span of releases, those that refuse first."""
    group = device.group
    by_type: dict[str, list[KernelRegion]] = {}
    for region in published_only(device):
        by_type.setdefault(region.type, []).append(region)
    for kind in sorted(by_type):
        if group is not None:
            for outcome in vfio_outcomes(kind, device.vendor, device.telling_release):
                yield _case(group, kind, by_type[kind], outcome)


def _case(
    group: IommuGroup, kind: str, regions: Sequence[KernelRegion], outcome: VfioOutcome
) -> Case:
    relaxable = kind == RELAXABLE_TYPE
    several = ""
    if len(group.devices) > 1:
        several = (
            f" The list is that of the whole group: which of its {len(group.devices)} devices "
            "has the region is not published, and VFIO takes a group whole."
        )
    return Case(
        title=f"{kind}, {outcome.releases}",
        can=Can.YES if relaxable else _CAN[outcome.effect],
        said=f"Linux reports {region_words(regions)} ({kind}) for IOMMU group {group.number}. "
        f"{_EFFECTS[outcome.effect]}{several}",
        rule=SourceRule(outcome.rule, outcome.error),
        releases=outcome.releases,
        message=outcome.message,
    )


def region_words(regions: Sequence[KernelRegion]) -> str:
    """Return the ranges of `regions`, the first few; how many more there are is said."""
    shown = ", ".join(
        span(AddressRange(region.base, region.limit + 1)) for region in regions[:_MOST]
    )
    left = len(regions) - _MOST
    return shown if left <= 0 else f"{shown} and {left} more"


def typed_words(regions: Sequence[KernelRegion]) -> str:
    """Return the ranges of `regions` with their types, ``direct`` first."""
    by_type: dict[str, list[KernelRegion]] = {}
    for region in sorted(regions, key=lambda one: (one.type != "direct", one.type, one.base)):
        by_type.setdefault(region.type, []).append(region)
    return " and ".join(f"{region_words(alike)} ({kind})" for kind, alike in by_type.items())


def published_verdict(device: DeviceContext) -> tuple[Can, str] | None:
    """Return the verdict that the published regions give alone, or None if they stop nothing."""
    regions = published_only(device)
    group = device.group
    if not regions or group is None:
        return None
    cases = tuple(published_cases(device))
    kinds = {case.can for case in cases}
    direct = [region for region in regions if region.type == "direct"]
    stopping = direct if direct and Can.NO in kinds else regions
    whose = f"Linux reports {typed_words(stopping)} for IOMMU group {group.number}"
    if direct and Can.NO in kinds:
        of_direct = {case.can for case in cases if case.title.startswith("direct,")}
        if of_direct == {Can.NO}:
            return Can.NO, f"no: {whose}"
        return Can.UNKNOWN, f"unknown: {whose}; {_undecided(device)} decides, and is not known"
    if Can.UNKNOWN in kinds:
        return Can.UNKNOWN, f"unknown: {whose}, a type that is not known"
    if Can.CONDITIONS in kinds:
        risk = any(VfioEffect.NOT_MAPPED in _effects(device, region) for region in direct)
        if risk:
            return Can.CONDITIONS, f"at a risk: {whose}, which this kernel does not protect"
        typed = typed_words(stopping)
        told = f"{typed}, which Linux reports for IOMMU group {group.number}"
        return Can.CONDITIONS, f"only if guest RAM does not overlap {told}"
    return Can.YES, f"yes: {whose}, which VFIO lets go of and does not map"


def _undecided(device: DeviceContext) -> str:
    if device.telling_release is None:
        return "the kernel's release"
    return "the IOMMU's vendor"


def _effects(device: DeviceContext, region: KernelRegion) -> frozenset[VfioEffect]:
    outcomes = vfio_outcomes(region.type, device.vendor, device.telling_release)
    return frozenset(outcome.effect for outcome in outcomes)
