"""The part of Linux's verdict that depends on the IVMD blocks of AMD's table.

Pure.  Linux makes each a ``direct`` region, also for USB controllers and display devices, and no
option relaxes it.  Kernels from 6.6 on refuse such a device.  Before, VFIO accepts it, but cannot
map guest RAM there.  Sources: ``linux/ivrs.py``, ``linux/vfio.py``.
"""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.inventory import Region
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.regions import Hold
from dmaragent.linux.vfio import VfioEffect, VfioOutcome, vfio_outcomes
from dmaragent.passthrough import linux_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, CaseKind, PlatformVerdict
from dmaragent.policy.decisions import SourceRule

_CAN = {
    VfioEffect.REFUSED: Can.NO,
    VfioEffect.MAPPING_FAILS: Can.CONDITIONS,
    VfioEffect.NOT_MAPPED: Can.CONDITIONS,
}


def _outcomes(device: DeviceContext) -> tuple[VfioOutcome, ...]:
    return vfio_outcomes(Hold.DIRECT.value, IommuVendor.AMD, device.telling_release)


def ivmd_cases(regions: Sequence[Region], device: DeviceContext) -> Iterator[Case]:
    """Yield the effect of `regions`, which are the device's own, by kernel."""
    for outcome in _outcomes(device):
        yield Case(
            title=outcome.releases,
            kind=CaseKind.UNCHECKED if outcome.effect is VfioEffect.NOT_MAPPED else CaseKind.OTHER,
            can=_CAN[outcome.effect],
            explanation=linux_words.ivmd_effect(regions, outcome.effect),
            summary=linux_words.IF_RAM_AVOIDS_RANGE,
            rule=SourceRule(outcome.rule, outcome.error),
            releases=outcome.releases,
            message=outcome.message,
        )


def ivmd_group_case(device: DeviceContext, mates: tuple[SBDF, ...], group: int) -> Case:
    """Return the effect of the regions of `mates` in the IOMMU group of the device."""
    outcomes = _outcomes(device)
    effects = {_CAN[outcome.effect] for outcome in outcomes}
    return Case(
        title="group",
        kind=CaseKind.GROUP,
        can=Can.NO if effects == {Can.NO} else Can.CONDITIONS,
        explanation=linux_words.group_has_locked(group, mates),
        summary=linux_words.IF_RAM_AVOIDS_RANGE,
        rule=SourceRule(outcomes[0].rule, outcomes[0].error),
    )


def ivmd_verdict(
    device: DeviceContext, regions: Sequence[Region], *, predicted: bool
) -> PlatformVerdict | None:
    """Return the verdict by the device's `regions` and those of its group; None if it has none."""
    mates = device.locked_mates
    if not regions and not mates:
        return None
    why = (
        linux_words.locked(regions, predicted=predicted)
        if regions
        else linux_words.group_holds_locked(mates, predicted=predicted)
    )
    effects = {outcome.effect for outcome in _outcomes(device)}
    if effects == {VfioEffect.REFUSED}:
        return PlatformVerdict(can=Can.NO, explanation=why)
    if VfioEffect.REFUSED in effects:
        explanation = linux_words.ivmd_by_release(why)
        return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
    if effects == {VfioEffect.MAPPING_FAILS}:
        explanation = linux_words.ivmd_unless_ram(regions, mates, predicted=predicted)
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation)
    explanation = linux_words.ivmd_unprotected(why)
    return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=True)


def verdict_without_iommu(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict on a device that has no IOMMU by what Linux reads in the table.

    None if it has one, if that is unknown, or if the kernel's groups show it.
    """
    ivrs = device.inventory.linux.ivrs
    if ivrs is None or ivrs.doubt or device.on_linux:
        return None
    if ivrs.error:
        return PlatformVerdict(can=Can.NO, explanation=linux_words.linux_uses_no_iommu(ivrs.error))
    if not ivrs.serves(device.sbdf):
        return PlatformVerdict(can=Can.NO, explanation=linux_words.NO_IVHD)
    return None
