"""What ``xl pci-attach`` does: the guest runs, its layout stays as it is.

Source: tools xl_pci.c, ``pciattach``; libxl_pci.c, ``libxl__device_pci_add``.  Neither the
guest's ``rdm=`` nor its ``pci_*`` settings count; an unset policy is strict.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF
from dmaragent.platforms.libxl import toolstack_behaviours
from dmaragent.policy.assignment import Assigned, assign, assigned_functions
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.guest import GuestConfig, GuestType, PciEntry
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.model import Policy
from dmaragent.policy.pci_model import PciRefusal, PciText, PciUndefined, PolicyWord
from dmaragent.policy.pci_text import read_pci_documented, read_pci_shipped, write_pci
from dmaragent.policy.resolver import XAPI_WORDS, Resolution, Stack, resolve
from dmaragent.policy.settings import DeviceSetting, Toolstack

CONTEXT_AT_CREATION = (4, 13)
"""From here on a guest has an IOMMU context from its creation or never: f89f555827a6.

Xen up to 4.12 makes one when the first device is assigned: ``assign_device``.
"""
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
    pci: PciText | None
    """The specification as it was read; None where it could not be."""
    policy: Policy
    decisions: tuple[Decision, ...]
    warnings: tuple[Decision, ...]
    into: Resolution
    """The guest itself."""
    needs: tuple[str, ...]


def hotplug(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Say what attaching the device of the specification `text` to `guest` does."""
    into = resolve(guest, host, stack)
    pci = _read(text, stack)
    if not isinstance(pci, PciText):
        return _answer(text, into, None, Policy.STRICT, [pci])
    policy = _policy(pci, stack)
    device = DeviceSetting(
        place="", text=text, pci=pci, policy=policy, explicit=pci.policy is not None
    )
    early = _before(into)
    if early is not None:
        return _answer(text, into, device, policy, [early])
    own = [(one, Policy.STRICT) for one in into.settings.devices]
    held = [one.sbdf for one in assigned_functions(own, host) if isinstance(one, Assigned)]
    found = dict.fromkeys(
        one for ram in _layouts(into) for one in _assign(device, policy, host, ram, held)
    )
    return _answer(text, into, device, policy, list(found))


def _read(text: str, stack: Stack) -> PciText | Decision:
    """Read the specification; where that fails, say who stops at it and why."""
    if stack.toolstack is Toolstack.XAPI:
        return _decide(Decider.DMARAGENT, Verdict.UNDECIDED, XAPI_WORDS, "")
    if stack.documented or stack.toolstack is not Toolstack.XL:
        read: PciText | PciRefusal | PciUndefined = read_pci_documented(text)
        who = Decider.MANUAL if stack.documented else Decider.DMARAGENT
        refused = Verdict.REFUSED if stack.documented else Verdict.UNDECIDED
    else:
        read = read_pci_shipped(text, toolstack_behaviours(stack.release)[-1].parser)
        who, refused = Decider.XL, Verdict.REFUSED
    if isinstance(read, PciText):
        return read
    if isinstance(read, PciUndefined):
        reason = f"what xl makes of '{text}' cannot be said: {read.why}"
        return _decide(Decider.DMARAGENT, Verdict.UNDECIDED, reason, "")
    reason = f"'{text}' is refused: at character {read.position + 1} should be {read.expected}"
    return _decide(who, refused, reason, "xl_pci.c, pciattach (exit 2)")


def _policy(read: PciText, stack: Stack) -> Policy:
    """Give the policy that counts: libvirt sets none, Qubes relaxed alone."""
    asked = _POLICIES.get(read.policy, Policy.STRICT) if read.policy else Policy.STRICT
    return Policy.STRICT if stack.toolstack is Toolstack.LIBVIRT else asked


def advice(found: Hotplug) -> Iterator[str]:
    """Yield what was tried and helps, where the device is refused."""
    if found.verdict is not Verdict.REFUSED:
        return
    guest, first = found.guest, found.decisions[0]
    anew = replace(guest, pci=(*guest.pci, PciEntry("", found.text)))
    if first.decider is Decider.XEN and guest.saved_rdm is None:
        after = resolve(anew, found.host, found.stack)
        if after.verdict is Verdict.STARTS:
            yield f"put '{found.text}' into the guest's pci= and start it anew: it starts with it"
    if first.rule == CONTEXT_RULE:
        enabled = replace(guest, passthrough="enabled")
        if hotplug(found.text, enabled, found.host, found.stack).verdict is Verdict.STARTS:
            yield 'passthrough = "enabled" (4.13 and later) when the guest is created'
    elif (
        found.policy is Policy.STRICT
        and first.decider is Decider.XEN
        and found.stack.toolstack is Toolstack.XL
    ):
        text = _relaxed(found)
        if text and hotplug(text, guest, found.host, found.stack).verdict is Verdict.STARTS:
            yield f"attach '{text}', at the risk that DMA of device or firmware meets other memory"


def _relaxed(found: Hotplug) -> str:
    """Write the specification with rdm_policy=relaxed; empty where that cannot be written."""
    if found.pci is None:
        return ""
    try:
        return write_pci(replace(found.pci, policy=PolicyWord.RELAXED, ignored=()))
    except ValueError:
        return ""


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
    late = into.stack.hypervisor.series < CONTEXT_AT_CREATION
    if not guest.pci and not enabled and not late:
        reason = (
            "the guest was created without a device and without passthrough=: it has no IOMMU "
            "context (strategy=host alone gives it none)"
        )
        return _decide(Decider.XEN, Verdict.REFUSED, reason, CONTEXT_RULE)
    if host.incomplete:
        return _decide(Decider.DMARAGENT, Verdict.UNDECIDED, host.incomplete, "")
    if not _layouts(into):
        why = into.reasons[0].reason if into.reasons else "nothing is known of it"
        reason = f"where its RAM lies is not known, for by the rules it does not start: {why}"
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
    device: DeviceSetting,
    policy: Policy,
    host: HostFacts,
    ram: RamLayout | None,
    held: Sequence[SBDF],
) -> list[Decision]:
    found: list[Decision] = []
    for one in assigned_functions([(device, policy)], host, held):
        if isinstance(one, Assigned):
            found += assign(one, host, ram)
        else:
            found.append(one)
    return found


def _needs(device: DeviceSetting, host: HostFacts) -> tuple[str, ...]:
    if host.assignable is None or device.pci.seize:
        return ()
    functions = assigned_functions([(device, Policy.STRICT)], host)
    wanted = [one.sbdf for one in functions if isinstance(one, Assigned)]
    known = host.functions
    return tuple(
        f"xl pci-assignable-add {sbdf}"
        for sbdf in wanted
        if sbdf not in host.assignable and (known is None or sbdf in known)
    )


def _answer(
    text: str,
    into: Resolution,
    device: DeviceSetting | None,
    policy: Policy,
    decisions: list[Decision],
) -> Hotplug:
    refused = tuple(one for one in decisions if one.verdict is Verdict.REFUSED)
    unsure = tuple(one for one in decisions if one.verdict is Verdict.UNDECIDED)
    return Hotplug(
        text=text,
        guest=into.guest,
        stack=into.stack,
        host=into.host,
        verdict=Verdict.REFUSED if refused else Verdict.UNDECIDED if unsure else Verdict.STARTS,
        pci=None if device is None else device.pci,
        policy=policy,
        decisions=(*refused, *unsure),
        warnings=tuple(one for one in decisions if one.verdict is Verdict.STARTS),
        into=into,
        needs=() if device is None else _needs(device, into.host),
    )
