"""What ``xl pci-attach`` does: the guest runs, its layout stays as it is.

Source: tools xl_pci.c, ``pciattach``; libxl_pci.c, ``libxl__device_pci_add``.  Neither the
guest's ``rdm=`` nor its ``pci_*`` settings count; an unset policy is strict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.platforms.libxl import toolstack_behaviours
from dmaragent.policy.assignment import Assigned, assign, assigned_functions
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.guest import GuestConfig, GuestType, PciEntry
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.model import Policy
from dmaragent.policy.pci_text import PciRefusal, PciUndefined, PolicyWord, read_pci_shipped
from dmaragent.policy.resolver import Resolution, Stack, resolve
from dmaragent.policy.settings import DeviceSetting

CONTEXT_RULE = "Xen passthrough/pci.c, iommu_do_pci_domctl"
_POLICIES = {PolicyWord.STRICT: Policy.STRICT, PolicyWord.RELAXED: Policy.RELAXED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotplug:
    """What becomes of a device that is attached to a running guest."""

    text: str
    guest: GuestConfig
    stack: Stack
    host: HostFacts
    verdict: Verdict
    """STARTS: the device is attached."""
    policy: Policy
    decisions: tuple[Decision, ...]
    warnings: tuple[Decision, ...]
    into: Resolution
    """The guest itself."""
    needs: tuple[str, ...]


def hotplug(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Say what attaching the device of the specification `text` to `guest` does."""
    into = resolve(guest, host, stack)
    read = read_pci_shipped(text, toolstack_behaviours(stack.release)[-1].parser)
    if isinstance(read, PciRefusal):
        reason = f"xl refuses {text!r}: at character {read.position + 1} it expects {read.expected}"
        decisions = [_decide(Decider.XL, Verdict.REFUSED, reason, "xl_pci.c, pciattach (exit 2)")]
        return _answer(text, into, Policy.STRICT, decisions, ())
    if isinstance(read, PciUndefined):
        reason = f"what xl makes of {text!r} cannot be said: {read.why}"
        decisions = [_decide(Decider.DMARAGENT, Verdict.UNDECIDED, reason, "")]
        return _answer(text, into, Policy.STRICT, decisions, ())
    policy = _POLICIES.get(read.policy, Policy.STRICT) if read.policy else Policy.STRICT
    device = DeviceSetting(
        place="", text=text, pci=read, policy=policy, explicit=read.policy is not None
    )
    early = _before(into)
    if early is not None:
        return _answer(text, into, policy, [early], _needs(device, host))
    found = dict.fromkeys(
        one for case in _layouts(into) for one in _assign(device, policy, host, case)
    )
    return _answer(text, into, policy, list(found), _needs(device, host))


def advice(found: Hotplug) -> Iterator[str]:
    """Yield what was tried and helps, where the device is refused."""
    if found.verdict is not Verdict.REFUSED:
        return
    guest, first = found.guest, found.decisions[0]
    anew = replace(guest, pci=(*guest.pci, PciEntry("", found.text)))
    if first.decider is Decider.XEN and guest.saved_rdm is None:
        after = resolve(anew, found.host, found.stack)
        if after.verdict is Verdict.STARTS:
            yield f"put {found.text!r} into the guest's pci= and start it anew: it starts with it"
    if first.rule == CONTEXT_RULE:
        enabled = replace(guest, passthrough="enabled")
        if hotplug(found.text, enabled, found.host, found.stack).verdict is Verdict.STARTS:
            yield 'passthrough = "enabled" (4.13 and later) when the guest is created'
    elif found.policy is Policy.STRICT and first.decider is Decider.XEN:
        text = found.text.partition(",")[0] + ",rdm_policy=relaxed"
        if hotplug(text, guest, found.host, found.stack).verdict is Verdict.STARTS:
            yield f"attach {text!r}, at the risk that DMA of device or firmware meets other memory"


def _decide(decider: Decider, verdict: Verdict, reason: str, rule: str) -> Decision:
    return Decision(decider=decider, verdict=verdict, reason=reason, rule=rule)


def _before(into: Resolution) -> Decision | None:
    """Say what stands in the way before Xen is asked, if anything does."""
    guest, host = into.guest, into.host
    if guest.type is GuestType.PVH:
        reason = "a PVH guest cannot be given PCI devices"
        return _decide(Decider.LIBXL, Verdict.REFUSED, reason, "libxl_pci.c")
    if host.iommu_off:
        reason = f"no device can be passed through: {host.iommu_off}"
        return _decide(Decider.LIBXL, Verdict.REFUSED, reason, "libxl_pci.c")
    enabled = guest.passthrough not in (None, "default", "disabled")
    if not guest.pci and not enabled:
        reason = (
            "the guest was created without a device and without passthrough=: it has no IOMMU "
            "context (strategy=host alone gives it none)"
        )
        return _decide(Decider.XEN, Verdict.REFUSED, reason, CONTEXT_RULE)
    if host.incomplete:
        return _decide(Decider.DMARAGENT, Verdict.UNDECIDED, host.incomplete, "")
    if not _layouts(into):
        why = into.reasons[0].reason if into.reasons else "its layout is not known"
        reason = f"the guest itself does not come to run: {why}"
        return _decide(Decider.DMARAGENT, Verdict.UNDECIDED, reason, "")
    return None


def _layouts(into: Resolution) -> list[RamLayout | None]:
    """Give the layouts that the running guest may have; None is a PV guest's."""
    found: list[RamLayout | None] = []
    for case in into.cases:
        if case.built.verdict is Verdict.REFUSED:
            continue
        layout = None if case.built.layout is None else case.built.layout.after
        if layout not in found:
            found.append(layout)
    return found


def _assign(
    device: DeviceSetting, policy: Policy, host: HostFacts, ram: RamLayout | None
) -> list[Decision]:
    found: list[Decision] = []
    for one in assigned_functions([(device, policy)], host):
        if isinstance(one, Assigned):
            found += assign(one, host, ram)
        else:
            found.append(one)
    return found


def _needs(device: DeviceSetting, host: HostFacts) -> tuple[str, ...]:
    sbdf = device.pci.sbdf
    if host.assignable is None or sbdf is None or device.pci.seize or sbdf in host.assignable:
        return ()
    return (f"xl pci-assignable-add {sbdf}",)


def _answer(
    text: str,
    into: Resolution,
    policy: Policy,
    decisions: list[Decision],
    needs: tuple[str, ...],
) -> Hotplug:
    refused = tuple(one for one in decisions if one.verdict is Verdict.REFUSED)
    unsure = tuple(one for one in decisions if one.verdict is Verdict.UNDECIDED)
    return Hotplug(
        text=text,
        guest=into.guest,
        stack=into.stack,
        host=into.host,
        verdict=Verdict.REFUSED if refused else Verdict.UNDECIDED if unsure else Verdict.STARTS,
        policy=policy,
        decisions=(*refused, *unsure),
        warnings=tuple(one for one in decisions if one.verdict is Verdict.STARTS),
        into=into,
        needs=needs,
    )
