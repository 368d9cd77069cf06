"""The part of Linux's verdict that depends on regions that Linux publishes and no table explains.

Pure.  These are all regions on AMD and Arm, and those of an unreadable table on Intel.  The rules
are those of ``linux/vfio.py``.
"""

from collections.abc import Iterator, Sequence

from dmaragent.host.groups import RELAXABLE, IommuGroup, KernelRegion
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.regions import all_relaxable
from dmaragent.linux.unexplained_regions import unexplained
from dmaragent.linux.vfio import RELAXED_BY_CLASS, VfioEffect, VfioOutcome, vfio_outcomes
from dmaragent.passthrough import linux_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.policy.decisions import SourceRule

_CAN = {
    VfioEffect.REFUSED: Can.NO,
    VfioEffect.MAPPING_FAILS: Can.CONDITIONS,
    VfioEffect.NOT_MAPPED: Can.CONDITIONS,
    VfioEffect.UNKNOWN: Can.UNKNOWN,
}


def unexplained_in_group(device: DeviceContext) -> tuple[KernelRegion, ...]:
    """Return the regions that Linux publishes for the device's group and no table explains."""
    group = device.group
    if group is None:
        return ()
    inventory = device.inventory
    return unexplained(group, inventory.linux.ranges, inventory.host.topology)


def unexplained_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield a case for each type and each span of releases, refusals first."""
    for cases in _cases_by_type(device).values():
        yield from cases


def _cases_by_type(device: DeviceContext) -> dict[str, tuple[Case, ...]]:
    """Return the cases by the kernel's type of the regions, sorted."""
    group = device.group
    if group is None:
        return {}
    by_type: dict[str, list[KernelRegion]] = {}
    for region in unexplained_in_group(device):
        by_type.setdefault(region.type, []).append(region)
    return {
        kind: tuple(
            _case(group, kind, by_type[kind], outcome) for outcome in _outcomes(device, group, kind)
        )
        for kind in sorted(by_type)
    }


def _case(
    group: IommuGroup, kind: str, regions: Sequence[KernelRegion], outcome: VfioOutcome
) -> Case:
    relaxable = kind == RELAXABLE or outcome is RELAXED_BY_CLASS
    return Case(
        title=f"{kind}, {outcome.releases}",
        can=Can.YES if relaxable else _CAN[outcome.effect],
        summary=linux_words.IF_RAM_AVOIDS_RANGE,
        risk=outcome.effect is VfioEffect.NOT_MAPPED and not relaxable,
        explanation=linux_words.published_effect(
            regions, kind, group.number, len(group.devices), outcome.effect
        ),
        rule=SourceRule(outcome.rule, outcome.error),
        releases=outcome.releases,
        message=outcome.message,
    )


def unexplained_verdict(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict by the published regions alone, or None if there are none."""
    regions = unexplained_in_group(device)
    group = device.group
    if not regions or group is None:
        return None
    cases_by_type = _cases_by_type(device)
    by_type = {kind: {case.can for case in cases} for kind, cases in cases_by_type.items()}
    kinds = set().union(*by_type.values())
    direct = [region for region in regions if region.type == "direct"]
    stopping = direct if direct and Can.NO in kinds else regions
    if direct and Can.NO in kinds:
        if by_type["direct"] == {Can.NO}:
            explanation = linux_words.published_refused(stopping, group.number)
            return PlatformVerdict(can=Can.NO, explanation=explanation)
        explanation = linux_words.published_undecided(stopping, group.number, _what_decides(device))
        return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
    if Can.UNKNOWN in kinds:
        explanation = linux_words.published_type_unknown(stopping, group.number)
        return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
    if Can.CONDITIONS in kinds:
        if any(case.risk for case in cases_by_type.get("direct", ())):
            explanation = linux_words.published_unprotected(stopping, group.number)
            return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=True)
        explanation = linux_words.published_unless_ram(stopping, group.number)
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation)
    explanation = linux_words.published_relaxable(stopping, group.number)
    return PlatformVerdict(can=Can.YES, explanation=explanation)


def _what_decides(device: DeviceContext) -> str:
    if device.telling_release is None:
        return linux_words.KERNEL_RELEASE_DECIDES
    if device.vendor is IommuVendor.UNKNOWN:
        return linux_words.VENDOR_DECIDES
    return linux_words.DEVICE_OF_REGION_DECIDES


def _outcomes(device: DeviceContext, group: IommuGroup, kind: str) -> tuple[VfioOutcome, ...]:
    inventory = device.inventory
    relaxed = all_relaxable(
        group.devices, inventory.host.topology, type_exists=inventory.linux.relaxable_type
    )
    return vfio_outcomes(kind, device.vendor, device.telling_release, relaxed=relaxed)
