"""The verdict of Linux (VFIO) on a device: by its regions, its class, its group, the kernel.

Pure.  Source: drivers/iommu/intel/iommu.c and drivers/iommu/iommu.c; drivers/vfio.
"""

from collections.abc import Iterator, Sequence

from dmaragent.inventory import Region
from dmaragent.iommu.claims import DeviceKind
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux import words as iommu_words
from dmaragent.linux.options import RELAX_RMRR, why_iommu_unused
from dmaragent.linux.regions import THROUGH_BRIDGES, Hold, hold_of
from dmaragent.linux.vfio import FIRST_CHECK, NO_ONE_TO_ONE, ONE_TO_ONE_MESSAGE, RMRR_MESSAGE
from dmaragent.passthrough import linux_words, words
from dmaragent.passthrough.amd_regions import ivmd_cases, ivmd_verdict, verdict_without_iommu
from dmaragent.passthrough.denylist import denylist_verdict
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.interrupts import with_interrupts
from dmaragent.passthrough.linux_group import NEW_RULE, OLD_RULE, group_cases
from dmaragent.passthrough.model import Can, Case, CaseKind, PlatformVerdict
from dmaragent.passthrough.sriov import linux_virtual_cases
from dmaragent.passthrough.unexplained_regions import unexplained_cases, unexplained_verdict
from dmaragent.passthrough.unknown import unknown_by_linux_gaps
from dmaragent.passthrough.vmd import vmd_linux_verdict
from dmaragent.policy.decisions import SourceRule

CLASS_RULE = SourceRule("Linux intel/iommu.c, device_rmrr_is_relaxable")
HEADER_RULE = SourceRule("Linux vfio_pci_core.c, vfio_pci_core_register_device", "EINVAL")
_OPTION_RULE = SourceRule("pve-kernel, patch for relaxable RMRRs; intel/iommu.c, intel_iommu_setup")
_DISPLAY = 0x03
DISPLAY_RELAXABLE = (4, 2)
"""Display devices are certainly relaxable since this release: 18436afdc11a is of 2015."""


def linux_verdict(device: DeviceContext) -> PlatformVerdict:
    """Return whether VFIO can pass the device to a guest."""
    early = _verdict_before_regions(device)
    if early is not None:
        return early
    cases = (*_region_cases(device), *unexplained_cases(device), *group_cases(device))
    by_cases = with_interrupts(device, _verdict(device, cases)._replace(cases=cases))
    verdict = unknown_by_linux_gaps(device, by_cases)
    if device.on_xen:
        return PlatformVerdict(
            can=Can.NOT_APPLICABLE,
            explanation=linux_words.without_xen(verdict),
            cases=cases,
        )
    if device.iommu_unused:
        return _iommu_not_used(device, verdict)
    return verdict


def _iommu_not_used(device: DeviceContext, with_iommu: PlatformVerdict) -> PlatformVerdict:
    """Return the verdict that Linux does not use the IOMMU; `with_iommu`: the one if it did."""
    options = device.inventory.host.system.options
    unused = why_iommu_unused(options, device.vendor, opted_out=device.firmware_opts_out)
    then = words.with_verdict_word(with_iommu.can, with_iommu.explanation, risk=with_iommu.risk)
    explanation = iommu_words.refused_without_iommu(unused, then, device.noiommu_group)
    return PlatformVerdict(can=Can.NO, explanation=explanation, cases=with_iommu.cases)


def _verdict_before_regions(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict that does not depend on regions, if there is one."""
    function = device.function
    if device.absent:
        return PlatformVerdict(can=Can.NO, explanation=words.NOT_PRESENT)
    behind_vmd = vmd_linux_verdict(device)
    if behind_vmd is not None and device.on_xen:
        return PlatformVerdict(
            can=Can.NOT_APPLICABLE,
            explanation=linux_words.without_xen(behind_vmd),
            cases=behind_vmd.cases,
        )
    if behind_vmd is not None:
        return behind_vmd
    if device.in_chipset and function is not None and not function.is_bridge:
        return PlatformVerdict(can=Can.UNKNOWN, explanation=linux_words.CHIPSET_NOT_JUDGED)
    if function is not None and function.is_bridge:
        case = Case(
            title="bridge", can=Can.NO, explanation=linux_words.BRIDGE_CASE, rule=HEADER_RULE
        )
        return PlatformVerdict(can=Can.NO, explanation=linux_words.BRIDGE_NOT_PASSED, cases=(case,))
    without = denylist_verdict(device) or verdict_without_iommu(device)
    if without is not None and not device.on_xen:
        return without
    known = device.inventory.all_regions or device.group is not None
    if device.inventory.absence is not None and not known:
        if device.on_xen:
            return PlatformVerdict(can=Can.NOT_APPLICABLE, explanation=linux_words.XEN_OWNS_IOMMU)
        if device.iommu_unused:
            unknown = PlatformVerdict(can=Can.UNKNOWN, explanation=linux_words.UNKNOWN_WITH_IOMMU)
            return _iommu_not_used(device, unknown)
        return PlatformVerdict(can=Can.UNKNOWN, explanation=linux_words.no_table(device.vendor))
    return None


# Regions --------------------------------------------------------------------------------


def _region_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield the effect of the regions that Linux applies to the device, by kernel."""
    locked = [region for region, held in device.held_regions if held.hold is Hold.DIRECT]
    relaxable = [region for region, held in device.held_regions if held.hold is Hold.RELAXABLE]
    if device.vendor is IommuVendor.AMD:
        if locked:
            yield from ivmd_cases(locked, device)
    elif device.facts.functions is None and device.named_regions:
        yield Case(
            title="class unknown",
            can=Can.CONDITIONS,
            explanation=linux_words.class_unknown(device.named_regions),
            summary=linux_words.ONLY_BY_CLASS,
            rule=CLASS_RULE,
        )
    elif locked:
        yield from _locked_cases(device, locked)
    elif relaxable and not _relaxable_by_class(device):
        yield Case(
            title=RELAX_RMRR,
            kind=CaseKind.OPTION,
            can=Can.YES,
            explanation=linux_words.RELAXABLE_TO_KERNEL_CASE,
            risk=True,
        )
    elif relaxable:
        yield Case(
            title="relaxable by class",
            can=Can.CONDITIONS if _too_old_for_display(device) else Can.YES,
            explanation=linux_words.relaxable_by_class(relaxable),
            summary=linux_words.IF_OLD_KERNEL_RELAXES,
            rule=CLASS_RULE,
            releases=linux_words.RELAXABLE_SINCE,
        )
    if device.relaxed_mates and not locked:
        yield Case(
            title=RELAX_RMRR,
            kind=CaseKind.OPTION,
            can=Can.CONDITIONS,
            explanation=linux_words.mates_relaxed_case(device.relaxed_mates),
            summary=linux_words.IF_RELAX_RMRR,
            risk=True,
            rule=_OPTION_RULE,
        )
    yield from linux_virtual_cases(device)


def _too_old_for_display(device: DeviceContext) -> bool:
    release, function = device.kernel_release, device.function
    display = function is not None and (function.class_code or 0) >> 16 == _DISPLAY
    return display and release is not None and release < DISPLAY_RELAXABLE


def _relaxable_by_class(device: DeviceContext) -> bool:
    function = device.function
    return function is None or hold_of(function) is Hold.RELAXABLE


def _locked_cases(device: DeviceContext, regions: Sequence[Region]) -> Iterator[Case]:
    release = device.telling_release
    through = bool(device.held_regions) and all(held.through for _, held in device.held_regions)
    since = "5.3" if through else "3.17"
    old = Case(
        title=f"Linux {since} to 6.5",
        can=Can.NO,
        explanation=linux_words.locked_before_6_6(regions),
        rule=OLD_RULE,
        releases=linux_words.locked_before_6_6_releases(since, through_bridge=through),
        message=RMRR_MESSAGE,
    )
    new = Case(
        title="Linux 6.6 and later",
        can=Can.NO,
        explanation=linux_words.locked_since_6_6(regions),
        rule=NEW_RULE,
        releases="Linux 6.6 and later",
        message=ONE_TO_ONE_MESSAGE,
    )
    first = THROUGH_BRIDGES if through else FIRST_CHECK
    if release is not None and release < first:
        yield Case(
            title=f"Linux {release[0]}.{release[1]}",
            kind=CaseKind.UNCHECKED,
            can=Can.CONDITIONS,
            explanation=linux_words.not_checked_before(since, regions),
            summary=linux_words.IF_WORKS_UNMAPPED,
            risk=True,
            releases=f"before Linux {since}",
        )
    elif release is not None:
        yield new if release >= NO_ONE_TO_ONE else old
    else:
        yield new
        yield old
    yield from _option_cases(device)


def _option_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield the effect of ``relax_rmrr`` if the kernel has it or the command line has it."""
    if device.has_relax_rmrr:
        yield Case(
            title=RELAX_RMRR,
            kind=CaseKind.OPTION,
            can=Can.CONDITIONS,
            explanation=linux_words.HAS_RELAX_RMRR_CASE,
            summary=linux_words.IF_RELAX_RMRR,
            risk=True,
            rule=_OPTION_RULE,
        )
    elif device.asks_to_relax and device.has_relax_rmrr is None:
        yield Case(
            title=RELAX_RMRR,
            kind=CaseKind.OPTION,
            can=Can.UNKNOWN,
            explanation=linux_words.MAY_HAVE_RELAX_RMRR_CASE,
            rule=_OPTION_RULE,
        )
    elif device.asks_to_relax:
        yield Case(
            title=RELAX_RMRR,
            kind=CaseKind.OPTION,
            can=Can.NO,
            explanation=linux_words.LACKS_RELAX_RMRR_CASE,
            rule=_OPTION_RULE,
            message=f"DMAR: Unknown option - '{RELAX_RMRR}'",
        )


# The verdict ----------------------------------------------------------------------------


def _verdict(device: DeviceContext, cases: tuple[Case, ...]) -> PlatformVerdict:
    """Return the verdict on a device with `cases`, what refuses it before what is unknown."""
    predicted = bool(device.held_regions) and not all(
        held.by_kernel for _, held in device.held_regions
    )
    by_regions = _verdict_by_regions(device, cases, predicted=predicted)
    waits = device.vendor is IommuVendor.AMD and by_regions and by_regions.can is Can.CONDITIONS
    if by_regions is not None and not waits:
        return by_regions
    if any(case.kind is CaseKind.GROUP and case.can is Can.NO for case in cases):
        if device.without_group:
            return PlatformVerdict(can=Can.NO, explanation=linux_words.IN_NO_GROUP)
        return PlatformVerdict(can=Can.NO, explanation=linux_words.GROUP_HOLDS_PHYSICAL_FUNCTION)
    published = unexplained_verdict(device)
    if published is not None and published.can is not Can.YES:
        return published
    if by_regions is not None:
        return by_regions
    unknown = None if device.unexplained_regions is not None else _verdict_by_table_alone(device)
    return unknown or _allowed(device, cases, published, predicted=predicted)


def _verdict_by_regions(
    device: DeviceContext, cases: tuple[Case, ...], *, predicted: bool
) -> PlatformVerdict | None:
    """Return the verdict by the regions of the device or its group that Linux enforces, if any."""
    held_direct = [own for own in device.held_regions if own[1].hold is Hold.DIRECT]
    locked = [region for region, _ in held_direct]
    if device.vendor is IommuVendor.AMD:
        return ivmd_verdict(device, locked, predicted=predicted)
    refused = any(case.can is Can.NO and case.kind is not CaseKind.OPTION for case in cases)
    relaxed = all(device.relaxes(held) for _, held in held_direct)
    if refused and locked and not relaxed:
        explanation = linux_words.locked(locked, predicted=predicted)
        return PlatformVerdict(can=Can.NO, explanation=explanation)
    if refused and device.locked_mates:
        explanation = linux_words.group_holds_locked(device.locked_mates, predicted=predicted)
        return PlatformVerdict(can=Can.NO, explanation=explanation)
    if refused and locked:
        explanation = linux_words.RELAXED_BY_OPTION
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=True)
    if device.relaxed_mates and not refused and not locked:
        explanation = linux_words.mates_relaxed_by_option(device.relaxed_mates)
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=True)
    return None


def _allowed(
    device: DeviceContext,
    cases: tuple[Case, ...],
    published: PlatformVerdict | None,
    *,
    predicted: bool,
) -> PlatformVerdict:
    """Return the verdict on a device that no region blocks, and on which conditions."""
    conditional = [case for case in cases if case.can is Can.CONDITIONS]
    if conditional:
        of_group = (case for case in conditional if case.kind is not CaseKind.GROUP)
        conditions = next(of_group, conditional[0]).summary or linux_words.WITH_REST_OF_GROUP
        unchecked = any(held.hold is Hold.DIRECT for _, held in device.held_regions)
        if unchecked:
            conditions = linux_words.KERNEL_TOO_OLD_TO_LOOK
        elif _too_old_for_display(device):
            conditions = linux_words.IF_OLD_KERNEL_RELAXES
        explanation = linux_words.on_conditions(conditions, predicted=predicted)
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=unchecked)
    if device.held_regions:
        by_class = _relaxable_by_class(device)
        explanation = linux_words.regions_relaxable(by_class=by_class, predicted=predicted)
        return PlatformVerdict(can=Can.YES, explanation=explanation, risk=not by_class)
    return published or PlatformVerdict(can=Can.YES, explanation=linux_words.NO_REGION)


def _verdict_by_table_alone(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict if only the table is known and it is not enough; else None."""
    if device.facts.functions is None:
        return _verdict_without_functions(device)
    if not device.inventory.complete and not device.held_regions:
        return PlatformVerdict(can=Can.UNKNOWN, explanation=linux_words.REGIONS_MISSING)
    return None


def _verdict_without_functions(device: DeviceContext) -> PlatformVerdict:
    """Return the verdict without functions: a table names devices but not their classes.

    Of a table alone it is unknown: the class and the IOMMU group can refuse what the table does
    not.  Of other hosts it is the verdict that a gap then makes unknown.
    """
    alone = device.inventory.host.is_table_alone
    if device.named_regions and device.vendor is not IommuVendor.AMD:
        if alone:
            explanation = linux_words.class_and_group_unknown(device.named_regions)
            return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
        return PlatformVerdict(can=Can.CONDITIONS, explanation=linux_words.ONLY_BY_CLASS)
    devices = (owner.device for region in device.inventory.all_regions for owner in region.owners)
    if device.inventory.undetermined or DeviceKind.BRIDGE in devices:
        return PlatformVerdict(can=Can.UNKNOWN, explanation=linux_words.BRIDGE_MAY_COVER)
    if not device.inventory.complete:
        return PlatformVerdict(can=Can.UNKNOWN, explanation=linux_words.REGIONS_MISSING)
    can = Can.UNKNOWN if alone else Can.YES
    return PlatformVerdict(can=can, explanation=linux_words.NO_REGION_IN_TABLE)
