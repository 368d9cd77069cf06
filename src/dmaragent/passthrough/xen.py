"""Xen's verdict on a device, by policy, found by resolving sample guests with it.

Pure.  The verdicts agree with ``dmaragent resolve``.  Two guests are resolved: one with RAM
everywhere below 4 GiB, and one with very little RAM.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dmaragent.addresses import MIB
from dmaragent.guests.config import EmulatedDevices, GuestConfig, GuestType, PciEntry
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.passthrough import words, xen_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, CaseKind, PlatformVerdict
from dmaragent.passthrough.sriov import xen_virtual_cases
from dmaragent.passthrough.unknown import unknown_by_xens_gaps
from dmaragent.passthrough.vmd import vmd_xen_verdict
from dmaragent.policy.assignment import (
    HOST_BRIDGE_RULE,
    OWN_RULE,
    SHARED_RULE,
    UNPROTECTED_RULE,
    is_host_bridge,
    unit_doubt,
    used_by_xen,
)
from dmaragent.policy.contradictions import goes_without_iommu
from dmaragent.policy.decisions import Decision, Harm, SourceRule, Verdict
from dmaragent.policy.guest_types import creation_refusals
from dmaragent.policy.hotplug import attach
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.words import assignment as assignment_words
from dmaragent.xen.reserved_list.model import ListSource

LARGE = 4096 * MIB
"""Guest RAM that fills everything below the MMIO hole, so that it overlaps every region there."""
_SMALL = 64 * MIB
_UNIT_RULE = SourceRule("Xen vtd/iommu.c, intel_iommu_assign_device", "ENODEV")
_AMD_UNIT_RULE = SourceRule("Xen amd/pci_amd_iommu.c, reassign_device", "ENODEV")
_SCOPE_RULE = SourceRule("Xen vtd/dmar.c, acpi_parse_dev_scope")
SHARED_MESSAGE = "It's disallowed to assign {} with shared RMRR at {:x} for ..."
_CAN = {Verdict.STARTS: Can.YES, Verdict.REFUSED: Can.NO, Verdict.UNDECIDED: Can.UNKNOWN}
FIRST = "Xen 4.6 and later"


def xen_verdict(device: DeviceContext) -> PlatformVerdict:
    """Return whether Xen assigns the device to a guest, and with which policy."""
    early = _verdict_before_policy(device)
    if early is not None:
        return early
    verdict = _verdict_by_policy(device)
    if not device.facts.may_run_hvm:
        verdict = _for_pv_guests(device, verdict)
    return unknown_by_xens_gaps(device, verdict)


def _verdict_by_policy(device: DeviceContext) -> PlatformVerdict:
    """Return with which policy Xen assigns the device, before gaps are considered."""
    bridged = tuple(_bridge_cases(device))
    virtual = tuple(xen_virtual_cases(device))
    strict, relaxed = _policy_case(device, "strict"), _policy_case(device, "relaxed")
    option = device.facts.untranslated.get(device.sbdf)
    if not device.facts.regions_of(device.sbdf) and strict.can is Can.YES and not option:
        predicted = _predicted(device)
        if bridged:
            lost = [region for region, _ in device.behind_bridge]
            return PlatformVerdict(
                can=Can.CONDITIONS,
                explanation=xen_words.any_policy_without_bridged(lost, predicted=predicted),
                cases=(*bridged, *virtual),
            )
        explanation = xen_words.any_policy(predicted=predicted)
        return PlatformVerdict(can=Can.YES, explanation=explanation, cases=virtual)
    refused = strict.can is Can.NO and relaxed.can is Can.NO
    cases = (
        *_shared_cases(device),
        strict,
        relaxed,
        *_hotplug_cases(device, strict, refused=refused),
        *(() if refused else bridged),
        *(() if refused else virtual),
    )
    verdict = _verdict_of_policies(device, strict, relaxed)._replace(cases=cases)
    if option and verdict.can in (Can.YES, Can.CONDITIONS):
        return verdict._replace(explanation=xen_words.unrestricted(option), risk=True)
    return verdict


def sample_guest(device: DeviceContext, policy: str, memory: int = LARGE) -> GuestConfig:
    """Return a guest with the device, this `policy` and `memory` bytes of RAM.

    It is an HVM guest, or a PV guest if this Xen runs no other.
    """
    kind = GuestType.HVM if device.facts.may_run_hvm else GuestType.PV
    return GuestConfig(
        source="guest",
        name="guest",
        type=kind,
        builder=kind,
        typed=kind,
        memory=memory,
        emulated=EmulatedDevices(),
        pci=(PciEntry("", f"{device.sbdf}{policy and f',rdm_policy={policy}'}"),),
    )


def try_guest(device: DeviceContext, policy: str, memory: int = LARGE) -> Resolution:
    """Resolve a guest that xl builds with the device and this `policy`."""
    stack = replace(device.stack, toolstack=Toolstack.XL, library_answers=None)
    return resolve(sample_guest(device, policy, memory), device.facts, stack)


def _for_pv_guests(device: DeviceContext, verdict: PlatformVerdict) -> PlatformVerdict:
    """Return the `verdict` on a device that only PV guests can have: this Xen runs no others."""
    hvm = replace(sample_guest(device, ""), type=GuestType.HVM)
    why = next(creation_refusals(hvm, device.facts, device.stack.release))
    case = Case(
        title="HVM guest",
        can=Can.NO,
        explanation=xen_words.no_guest_of_type(why.reason),
        summary=xen_words.RUNS_PV_GUESTS_ONLY,
        rule=why.rule,
        message=why.shown,
    )
    cases = (*map(_in_pv_guest, verdict.cases), case)
    if verdict.can not in (Can.YES, Can.CONDITIONS):
        return verdict._replace(cases=cases)
    allowed = verdict.explanation if verdict.can is Can.CONDITIONS or verdict.risk else ""
    explanation = xen_words.only_in_pv_guest(allowed, predicted=_predicted(device))
    return verdict._replace(can=Can.CONDITIONS, explanation=explanation, cases=cases)


def _in_pv_guest(case: Case) -> Case:
    """Return `case` with a summary that names the only type of guest."""
    if case.kind not in (CaseKind.STRICT, CaseKind.RELAXED) or case.can is not Can.YES:
        return case
    summary = case.summary if case.risk else ""
    return case._replace(summary=xen_words.in_pv_guest(summary))


def _predicted(device: DeviceContext) -> bool:
    return device.inventory.xen.devices_source is ListSource.PREDICTED


# Before the policy ----------------------------------------------------------------------


def _verdict_before_policy(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict that does not depend on the policy, if there is one."""
    facts = device.facts
    if device.absent:
        return PlatformVerdict(can=Can.NO, explanation=words.NOT_PRESENT)
    behind_vmd = vmd_xen_verdict(device)
    if behind_vmd is not None:
        return behind_vmd
    if device.in_chipset:
        return _chipset_verdict(device)
    if facts.iommu_off:
        explanation = xen_words.xen_without_iommu(facts.iommu_off)
        cases = tuple(_cases_without_iommu(device))
        return PlatformVerdict(can=Can.NO, explanation=explanation, cases=cases)
    if facts.incomplete and device.vendor is IommuVendor.ARM and not device.inventory.units:
        return PlatformVerdict(can=Can.UNKNOWN, explanation=xen_words.XEN_ON_ARM)
    if facts.incomplete:
        explanation = xen_words.xen_incomplete(facts.incomplete, facts.next_step)
        return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
    return _verdict_on_own_device(device) or _verdict_on_unit(device)


def _verdict_on_own_device(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict on a device that Xen uses, or may use, itself; else None."""
    option, certain = used_by_xen(device.sbdf, device.facts)
    if not option:
        return None
    if certain:
        case = Case(
            title="used by Xen",
            can=Can.NO,
            explanation=xen_words.used_by_xen_case(option),
            rule=OWN_RULE,
        )
        explanation = assignment_words.used_by_xen(device.sbdf, option)
        return PlatformVerdict(can=Can.NO, explanation=explanation, cases=(case,))
    explanation = assignment_words.may_be_used_by_xen(device.sbdf, option)
    return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)


def _verdict_on_unit(device: DeviceContext) -> PlatformVerdict | None:
    """Return the verdict on a device for which Xen finds, or may find, no remapping unit; else None."""
    function, facts, gaps = device.function, device.facts, device.inventory.gaps
    doubt = unit_doubt(device.sbdf, facts)
    if doubt:
        return PlatformVerdict(can=Can.UNKNOWN, explanation=doubt)
    table_known = bool(device.inventory.units)
    if table_known and function is not None and device.sbdf not in device.inventory.xen.served:
        if gaps.without_unit:
            explanation = xen_words.remapping_unit_unknown(gaps.without_unit)
            return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
        amd = facts.ivrs is not None
        case = Case(
            title="no unit",
            can=Can.NO,
            explanation=xen_words.NO_REMAPPING_UNIT_CASE,
            rule=_AMD_UNIT_RULE if amd else _UNIT_RULE,
            releases="" if amd else FIRST,
        )
        explanation = xen_words.no_remapping_unit(device.vendor)
        return PlatformVerdict(can=Can.NO, explanation=explanation, cases=(case,))
    return None


def _cases_without_iommu(device: DeviceContext) -> Iterator[Case]:
    """Yield that a PV guest can have the device without an IOMMU, if Xen and its tools are so old."""
    guest = replace(sample_guest(device, ""), type=GuestType.PV)
    if goes_without_iommu(guest, device.facts, device.stack.release):
        yield Case(
            title="PV guest",
            can=Can.YES,
            explanation=xen_words.PV_GUEST_WITHOUT_IOMMU,
            risk=True,
            rule=UNPROTECTED_RULE,
            releases="Xen 4.6 to 4.12",
        )


def _chipset_verdict(device: DeviceContext) -> PlatformVerdict:
    """Return the verdict on a bridge: host bridges are refused, other bridges get no verdict."""
    if is_host_bridge(device.function) and device.vendor is IommuVendor.INTEL:
        case = Case(
            title="host bridge",
            can=Can.NO,
            explanation=xen_words.HOST_BRIDGE_CASE,
            rule=HOST_BRIDGE_RULE,
            releases=FIRST,
        )
        return PlatformVerdict(can=Can.NO, explanation=xen_words.HOST_BRIDGE, cases=(case,))
    return PlatformVerdict(can=Can.UNKNOWN, explanation=xen_words.BRIDGE_NOT_JUDGED)


# The policies ---------------------------------------------------------------------------


def _policy_case(device: DeviceContext, policy: str) -> Case:
    """Return the effect of `policy` on the device: for a guest with much RAM and with little."""
    large = try_guest(device, policy)
    small = try_guest(device, policy, _SMALL)
    decided = large.reasons[0] if large.reasons else None
    can = _CAN[large.verdict]
    if can is Can.NO and small.verdict is not Verdict.REFUSED:
        can = Can.CONDITIONS if small.verdict is Verdict.STARTS else Can.UNKNOWN
    return Case(
        title=policy,
        kind=CaseKind(policy),
        can=can,
        explanation=_policy_effect(device, policy, can, large, small),
        summary=_policy_summary(device, policy, can, large),
        risk=can is Can.YES and bool(large.reasons),
        rule=None if decided is None else decided.rule,
        # On AMD the policy matters only since XSA-378: 4.16, and point releases before it.
        releases="" if decided is None or device.facts.ivrs is not None else FIRST,
    )


def _policy_effect(
    device: DeviceContext, policy: str, can: Can, large: Resolution, small: Resolution
) -> str:
    """Return the sentence for a policy's effect; shared regions have a case of their own."""
    shared = bool((device.facts.shared or {}).get(device.sbdf))
    why = _distinct_reasons(reason for reason in large.reasons if reason.rule is not SHARED_RULE)
    if can is Can.UNKNOWN and large.verdict is Verdict.REFUSED:
        return xen_words.refused_large_unknown_small(why, _distinct_reasons(small.reasons))
    if can is Can.UNKNOWN:
        return xen_words.policy_unknown(why)
    if can is Can.NO:
        return xen_words.refused_as_shared(why) if shared else xen_words.refused_always(why)
    if can is Can.CONDITIONS:
        return xen_words.refused_if_large(why)
    if why:
        return xen_words.assigned_with_warnings(why)
    if not device.facts.regions_of(device.sbdf):
        return xen_words.ASSIGNED_WITHOUT_REGION
    laid_out = large.outcome is not None and large.outcome.built.layout is not None
    excluded, mapped = _kinds_of_regions(device)
    return xen_words.assigned_and_mapped(
        laid_out=laid_out, as_strict=policy != "strict", excluded=excluded, mapped=mapped
    )


def _kinds_of_regions(device: DeviceContext) -> tuple[int, int]:
    """Return how many regions of the device are exclusion ranges, and how many Xen maps."""
    regions = device.facts.regions_of(device.sbdf) or ()
    if device.facts.ivrs is None:
        return 0, len(regions)
    excluded = sum(listed.in_registers for listed in device.facts.ivrs.ranges_of(device.sbdf))
    return excluded, len(regions) - excluded


def _policy_summary(device: DeviceContext, policy: str, can: Can, large: Resolution) -> str:
    """Return the effect of a policy in a few words."""
    if can is Can.CONDITIONS and device.sbdf in device.facts.untranslated:
        unrestricted = xen_words.risk_in_short(Harm.ALL_HOST_MEMORY)
        return f"{xen_words.IF_RAM_AVOIDS_REGIONS}; {unrestricted}"
    if can is Can.CONDITIONS:
        return xen_words.IF_RAM_AVOIDS_REGIONS
    shared = (device.facts.shared or {}).get(device.sbdf, ())
    if can is Can.NO and shared and policy == "strict":
        ranges = [region.region for region in shared]
        regions = [region for region in device.named_regions if region.range in ranges]
        return xen_words.shared_in_short(regions, [region.sharers for region in shared])
    why = _distinct_reasons(large.reasons)
    if can is Can.YES:
        harm = max((reason.harm for reason in large.reasons), default=Harm.NONE)
        return xen_words.risk_in_short(harm) if why else xen_words.WITHOUT_WARNING
    return why


def _distinct_reasons(reasons: Iterable[Decision]) -> str:
    return xen_words.distinct_reasons([(reason.rule, reason.reason) for reason in reasons])


def _shared_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield the effect of regions that Xen treats as shared, whatever the guest's memory."""
    shared = (device.facts.shared or {}).get(device.sbdf, ())
    if not shared:
        return
    first = shared[0]
    yield Case(
        title="shared",
        can=Can.CONDITIONS,
        explanation=xen_words.shared_region(first.region, len(shared) - 1, first.sharers),
        summary=xen_words.IF_RELAXED,
        rule=SHARED_RULE,
        releases=FIRST,
        message=SHARED_MESSAGE.format(device.sbdf, first.region.start),
    )


# Hotplug and bridges --------------------------------------------------------------------


def _hotplug_cases(device: DeviceContext, strict: Case, *, refused: bool) -> Iterator[Case]:
    """Yield the effect of ``xl pci-attach`` on a running guest with RAM everywhere.

    `refused`: both policies are refused, so less RAM does not help either.
    """
    stack = replace(device.stack, toolstack=Toolstack.XL, library_answers=None)
    guest = replace(sample_guest(device, "", LARGE), pci=(), passthrough="enabled")
    attached = attach(str(device.sbdf), guest, device.facts, stack)
    can = _CAN[attached.verdict]
    why = _distinct_reasons((attached.decisions or attached.warnings)[:1])
    effect = {Can.NO: xen_words.HOTPLUG_REFUSED, Can.UNKNOWN: xen_words.HOTPLUG_UNKNOWN}
    yield Case(
        title="hotplug",
        can=Can.CONDITIONS if can is Can.NO and not refused else can,
        explanation=xen_words.hotplug_effect(effect.get(can, xen_words.HOTPLUG_WARNED), why),
        summary=xen_words.IF_RELAXED if strict.can is Can.NO else xen_words.IF_RAM_AVOIDS_REGIONS,
        risk=can is Can.YES and bool(attached.warnings),
        rule=attached.decisions[0].rule if attached.decisions else None,
    )


def _bridge_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield the regions that Xen does not apply: they name a bridge above the device."""
    for region, bridge in device.behind_bridge:
        yield Case(
            title="bridge scope",
            can=Can.CONDITIONS,
            explanation=xen_words.bridge_scope(region, bridge),
            summary=xen_words.IF_WORKS_WITHOUT_REGION,
            rule=_SCOPE_RULE,
            releases=FIRST,
        )


# The verdict ----------------------------------------------------------------------------


def _verdict_of_policies(device: DeviceContext, strict: Case, relaxed: Case) -> PlatformVerdict:
    """Return the verdict by the effects of both policies, without its cases."""
    predicted = _predicted(device)
    shared = (device.facts.shared or {}).get(device.sbdf)
    if Can.UNKNOWN in (strict.can, relaxed.can):
        explanation = xen_words.policies_unknown(relaxed_assigned=relaxed.can is Can.YES)
        return PlatformVerdict(can=Can.UNKNOWN, explanation=explanation)
    if strict.can is Can.YES:
        explanation = xen_words.strict_works(predicted=predicted)
        return PlatformVerdict(can=Can.YES, explanation=explanation, risk=strict.risk)
    if relaxed.can is Can.NO:
        return PlatformVerdict(
            can=Can.NO, explanation=xen_words.either_refused(predicted=predicted)
        )
    if shared and strict.can is Can.NO:
        explanation = xen_words.relaxed_only_as_shared(
            device.named_sharers,
            max(region.sharers for region in shared),
            present=None if device.facts.functions is None else bool(device.sharers),
            predicted=predicted,
        )
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=relaxed.risk)
    if strict.can is Can.NO:
        explanation = xen_words.relaxed_only(predicted=predicted)
        return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation, risk=relaxed.risk)
    explanation = xen_words.depends_on_guest_ram(predicted=predicted)
    return PlatformVerdict(can=Can.CONDITIONS, explanation=explanation)
