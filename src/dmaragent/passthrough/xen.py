"""Xen's side: what becomes of the device under each policy, by resolving guests that have it.

Pure.  Nothing is decided here that ``dmaragent resolve`` would decide otherwise: two guests
are resolved, one whose RAM reaches everywhere below 4 GiB and one that has next to none.
"""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.addresses import span
from dmaragent.guests.config import Emulated, GuestConfig, GuestType, PciEntry
from dmaragent.guests.rdm import MIB
from dmaragent.linux.vfio import IommuVendor
from dmaragent.passthrough.device_context import DeviceContext, capital, names, region_list
from dmaragent.passthrough.doubt import xen_doubted
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.passthrough.sriov import xen_virtual_cases
from dmaragent.passthrough.vmd import vmd_xen_side
from dmaragent.policy.assignment import HOST_BRIDGE_RULE, SHARED_RULE, is_host_bridge
from dmaragent.policy.decisions import Decision, SourceRule, Verdict
from dmaragent.policy.hotplug import attach
from dmaragent.policy.resolver import Resolution, resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.xen.reserved_list.model import ListSource

LARGE = 4096 * MIB
"""Of RAM: all below the MMIO hole is in use, so that every region below it is met."""
_SMALL = 64 * MIB
_UNIT_RULE = SourceRule("Xen vtd/iommu.c, intel_iommu_assign_device", "ENODEV")
_SCOPE_RULE = SourceRule("Xen vtd/dmar.c, acpi_parse_dev_scope")
SHARED_MESSAGE = "It's disallowed to assign {} with shared RMRR at {:x} for ..."
_CAN = {Verdict.STARTS: Can.YES, Verdict.REFUSED: Can.NO, Verdict.UNDECIDED: Can.UNKNOWN}
FIRST = "Xen 4.6 and later"
_NOT_DECODED = {
    IommuVendor.AMD: "unknown: Xen takes the regions from the IVRS table (IVMD), which dmaragent "
    "does not decode yet",
    IommuVendor.ARM: "unknown: dmaragent does not model Xen on Arm",
}


def xen_side(device: DeviceContext) -> PlatformVerdict:
    """Say whether Xen gives the device to a guest, and under which policy."""
    early = _before(device)
    return early if early is not None else xen_doubted(device, _by_policy(device))


def _by_policy(device: DeviceContext) -> PlatformVerdict:
    """Say under which policy Xen gives the device to a guest, by what is known."""
    bridged = tuple(_bridge_cases(device))
    virtual = tuple(xen_virtual_cases(device))
    strict, relaxed = _policy(device, "strict"), _policy(device, "relaxed")
    if not device.facts.regions_of(device.sbdf) and strict.can is Can.YES:
        if bridged:
            where = region_list([region for region, _ in device.behind_bridge])
            said = f"assigned under any policy, but without {where}: see 'bridge scope'"
            return PlatformVerdict(
                can=Can.CONDITIONS, said=f"{said}{_mark(device)}", cases=(*bridged, *virtual)
            )
        said = f"yes, under any policy: Xen ties no region to it{_mark(device)}"
        return PlatformVerdict(can=Can.YES, said=said, cases=virtual)
    refused = strict.can is Can.NO and relaxed.can is Can.NO
    cases = (
        *_shared_cases(device),
        strict,
        relaxed,
        *_hotplug_cases(device, refused=refused),
        *(() if refused else bridged),
        *(() if refused else virtual),
    )
    can, said = _together(device, strict, relaxed)
    return PlatformVerdict(can=can, said=said, cases=cases)


def sample(device: DeviceContext, policy: str, memory: int = LARGE) -> GuestConfig:
    """Make an HVM guest with the device under `policy` and `memory` bytes of RAM."""
    return GuestConfig(
        source="guest",
        name="guest",
        type=GuestType.HVM,
        builder=GuestType.HVM,
        typed=GuestType.HVM,
        memory=memory,
        emulated=Emulated(),
        pci=(PciEntry("", f"{device.sbdf}{policy and f',rdm_policy={policy}'}"),),
    )


def try_guest(device: DeviceContext, policy: str, memory: int = LARGE) -> Resolution:
    """Resolve a guest that xl builds with the device under `policy`."""
    stack = replace(device.stack, toolstack=Toolstack.XL, evidence=None)
    return resolve(sample(device, policy, memory), device.facts, stack)


def _mark(device: DeviceContext) -> str:
    told = device.inventory.xen.devices_source
    return " (predicted)" if told is ListSource.PREDICTED else ""


# What decides before any policy ---------------------------------------------------------


def _before(device: DeviceContext) -> PlatformVerdict | None:
    """Say what decides before the policy does, if anything does."""
    function, facts = device.function, device.facts
    if device.absent:
        return PlatformVerdict(can=Can.NO, said="no: nothing answers at this address")
    behind = vmd_xen_side(device)
    if behind is not None:
        return behind
    if device.chipset:
        return _chipset(device)
    if facts.iommu_off:
        return PlatformVerdict(can=Can.NO, said=f"no device of this host can be: {facts.iommu_off}")
    if facts.incomplete and device.vendor in _NOT_DECODED and not device.inventory.units:
        return PlatformVerdict(can=Can.UNKNOWN, said=_NOT_DECODED[device.vendor])
    if facts.incomplete:
        step = f". Next: {facts.next_step}" if facts.next_step else ""
        return PlatformVerdict(can=Can.UNKNOWN, said=f"not known: {facts.incomplete}{step}")
    table_known = bool(device.inventory.units)
    if table_known and function is not None and device.sbdf not in device.inventory.unit_of:
        if device.inventory.gaps.without_unit:
            said = f"unknown: {device.inventory.gaps.without_unit}"
            return PlatformVerdict(can=Can.UNKNOWN, said=said)
        said = "no: no remapping unit (DRHD) of the table serves it"
        return PlatformVerdict(can=Can.NO, said=said, cases=(_no_unit(),))
    return None


def _chipset(device: DeviceContext) -> PlatformVerdict:
    """Say of a bridge of any kind that it is not judged; host bridges are refused."""
    if is_host_bridge(device.function):
        case = Case(
            title="host bridge",
            can=Can.NO,
            said="Xen assigns no host bridge to a guest.",
            rule=HOST_BRIDGE_RULE,
            releases=FIRST,
        )
        return PlatformVerdict(can=Can.NO, said="no: it is a host bridge", cases=(case,))
    said = "a bridge is a part of the chipset and not judged here: guests are given what is behind"
    return PlatformVerdict(can=Can.UNKNOWN, said=f"{said} it")


def _no_unit() -> Case:
    return Case(
        title="no unit",
        can=Can.NO,
        said="Xen finds no IOMMU for the device and does not assign it.",
        rule=_UNIT_RULE,
        releases=FIRST,
    )


# The policies ---------------------------------------------------------------------------


def _policy(device: DeviceContext, policy: str) -> Case:
    """Say what comes of the device under `policy`: for a guest with much RAM and with little."""
    large = try_guest(device, policy)
    small = try_guest(device, policy, _SMALL)
    decided = large.reasons[0] if large.reasons else None
    can = _CAN[large.verdict]
    if can is Can.NO and small.verdict is not Verdict.REFUSED:
        can = Can.CONDITIONS if small.verdict is Verdict.STARTS else Can.UNKNOWN
    return Case(
        title=policy,
        can=can,
        said=_policy_words(device, policy, can, large, small),
        rule=None if decided is None else decided.rule,
        releases="" if decided is None else FIRST,
    )


def _policy_words(
    device: DeviceContext, policy: str, can: Can, large: Resolution, small: Resolution
) -> str:
    """Say what comes of it.  That a region is shared is a case of its own."""
    shared = bool((device.facts.shared or {}).get(device.sbdf))
    why = _distinct(tuple(one for one in large.reasons if one.rule is not SHARED_RULE))
    if can is Can.UNKNOWN and large.verdict is Verdict.REFUSED:
        less = _distinct(small.reasons)
        return f"With 4096 MiB it is refused: {why}. With less it cannot be said: {less}."
    if can is Can.UNKNOWN:
        return f"It cannot be said: {why}."
    if can is Can.NO and shared:
        also = f" A guest with RAM there fails before that, as with 4096 MiB: {why}." if why else ""
        return f"Refused whatever the guest, because a region is shared.{also}"
    if can is Can.NO:
        return f"Refused whatever the guest: {why}."
    if can is Can.CONDITIONS:
        return f"It depends on the guest's RAM. With 4096 MiB it is refused: {why}."
    if why:
        return f"Assigned, at a risk. With 4096 MiB: {why}."
    if not device.facts.regions_of(device.sbdf):
        return "Assigned: no region is tied to it."
    laid_out = large.case is not None and large.case.built.layout is not None
    how = "libxl keeps the guest's RAM out of its regions" if laid_out else "nothing meets them"
    return f"Assigned: {how}, and Xen maps them in the guest{_strictness(policy)}."


def _strictness(policy: str) -> str:
    return "" if policy == "strict" else ", as with strict"


def _distinct(reasons: tuple[Decision, ...]) -> str:
    """Put reasons together: the first of each rule, and how many more are like it."""
    alike: dict[SourceRule | None, list[str]] = {}
    for one in reasons:
        alike.setdefault(one.rule, []).append(one.reason)
    return "; ".join(
        told[0] + (f" (and {len(told) - 1} more likewise)" if told[1:] else "")
        for told in alike.values()
    )


def _shared_cases(device: DeviceContext) -> Iterator[Case]:
    """Say what comes of regions that Xen takes for shared: whatever the guest's memory."""
    shared = (device.facts.shared or {}).get(device.sbdf, ())
    if not shared:
        return
    first = shared[0]
    more = f" and {len(shared) - 1} more" if shared[1:] else ""
    yield Case(
        title="shared",
        can=Can.CONDITIONS,
        said=f"{span(first.region)}{more}: Xen counts {first.sharers} entries in the scope, present "
        "or not, wherever they are assigned. A strict device is refused (EPERM), a relaxed one is "
        "assigned with a warning.",
        rule=SHARED_RULE,
        releases=FIRST,
        message=SHARED_MESSAGE.format(device.sbdf, first.region.start),
    )


# Hotplug and bridges --------------------------------------------------------------------


def _hotplug_cases(device: DeviceContext, *, refused: bool) -> Iterator[Case]:
    """Say what ``xl pci-attach`` does to a running guest with RAM everywhere.

    `refused`: no policy helps the device, so less RAM does not either.
    """
    stack = replace(device.stack, toolstack=Toolstack.XL, evidence=None)
    guest = replace(sample(device, "", LARGE), pci=(), passthrough="enabled")
    found = attach(str(device.sbdf), guest, device.facts, stack)
    can = _CAN[found.verdict]
    told = _distinct((found.decisions or found.warnings)[:1])
    words = {Can.NO: "refused", Can.UNKNOWN: "unknown"}.get(can, "attached, with a warning")
    yield Case(
        title="hotplug",
        can=Can.CONDITIONS if can is Can.NO and not refused else can,
        said="`xl pci-attach` is strict unless it is told otherwise, and moves no RAM"
        + (f". Into a guest of 4096 MiB: {words}, {told}." if told else ": attached."),
        rule=found.decisions[0].rule if found.decisions else None,
    )


def _bridge_cases(device: DeviceContext) -> Iterator[Case]:
    """Say what Xen leaves out: regions that name a bridge above the device."""
    for region, bridge in device.behind_bridge:
        yield Case(
            title="bridge scope",
            can=Can.CONDITIONS,
            said=f"{capital(region.words)} names the bridge "
            f"{bridge} above it. Xen ties it to the bridge alone: in a guest the region is neither "
            "reserved nor mapped, and what the device does there by DMA fails (a VT-d fault in "
            "`xl dmesg`). Linux ties it to all that is below the bridge.",
            rule=_SCOPE_RULE,
            releases=FIRST,
        )


# The verdict ----------------------------------------------------------------------------


def _together(device: DeviceContext, strict: Case, relaxed: Case) -> tuple[Can, str]:
    mark = _mark(device)
    shared = device.facts.shared is not None and device.facts.shared.get(device.sbdf)
    with_it = f" with {names(device.named_sharers, 2)}" if device.named_sharers else ""
    if Can.UNKNOWN in (strict.can, relaxed.can):
        other = "; relaxed it is assigned, at a risk" if relaxed.can is Can.YES else ""
        return Can.UNKNOWN, f"not known for certain: see the cases{other}"
    if strict.can is Can.YES:
        return Can.YES, f"yes, also with the default policy, strict{mark}"
    if relaxed.can is Can.NO:
        return Can.NO, f"no, under neither policy{mark}"
    if shared and strict.can is Can.NO:
        entries = max(one.sharers for one in shared)
        alone = ""
        if device.facts.functions is None:
            alone = "; unknown whether present: the PCI functions were not collected"
        elif not device.sharers:
            alone = ", though no other device of it answers"
        why = f"a region of it is shared{with_it} ({entries} entries in its scope{alone})"
        return Can.CONDITIONS, f"only with rdm_policy=relaxed, at a risk: {why}{mark}"
    if strict.can is Can.NO:
        return Can.CONDITIONS, f"only with rdm_policy=relaxed, at a risk{mark}"
    return Can.CONDITIONS, f"it depends on where the guest has RAM{mark}"
