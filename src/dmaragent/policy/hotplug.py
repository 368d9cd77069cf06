"""What ``xl pci-attach`` does: the guest runs, its layout stays as it is.

Source: tools xl_pci.c, ``pciattach``; libxl_pci.c, ``libxl__device_pci_add``.  Neither the
guest's ``rdm=`` nor its ``pci_*`` settings count; an unset policy is strict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.platforms.libxl import toolstack_behaviours
from dmaragent.policy.assignment import ABSENT_RULE, added_functions, assign
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    Rule,
    Verdict,
    refused,
    unsure,
    verdict_of,
)
from dmaragent.policy.entries import quoted, written
from dmaragent.policy.guest import GuestConfig, GuestType, PciEntry
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.model import Policy
from dmaragent.policy.other_settings import documented_default
from dmaragent.policy.pci_model import PciRefusal, PciText, PciUndefined, PolicyWord
from dmaragent.policy.pci_text import read_pci_documented, read_pci_shipped
from dmaragent.policy.resolver import XAPI_WORDS, Resolution, Stack, needs, resolve
from dmaragent.policy.settings import POLICY_OF, DeviceSetting, Settings, Toolstack

CONTEXT_AT_CREATION = (4, 13)
"""From here on a guest has an IOMMU context from its creation or never: f89f555827a6.

Xen up to 4.12 makes one when the first device is assigned: ``assign_device``.
"""
CONTEXT_RULE = Rule("Xen passthrough/pci.c, iommu_do_pci_domctl", "EOPNOTSUPP", of_regions=False)
ATTACH_RULE = Rule("xl_pci.c, pciattach", "exit 2", of_regions=False)
ADD_RULE = Rule("libxl_pci.c, libxl_device_pci_add", of_regions=False)


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
    needs: tuple[str, ...]
    losses: tuple[str, ...] = ()
    """What of the guest's configuration is lost when it is read."""
    advice: tuple[str, ...] = ()
    """What was tried and helps, where the device is refused."""


def hotplug(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Say what attaching the device of the specification `text` to `guest` does."""
    found = _attach(text, guest, host, stack)
    return replace(found, advice=tuple(_advice(found)))


def _attach(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    into = resolve(guest, host, stack)
    pci = _read(text, stack)
    if isinstance(pci, Decision):
        return _answer(text, into, None, Policy.STRICT, [pci])
    policy = _policy(pci, stack)
    device = DeviceSetting(
        place="", text=text, pci=pci, policy=policy, explicit=pci.policy is not None
    )
    early = _before(into)
    if early is not None:
        absent = _absent(device, policy, host) if early.effect is Effect.UNDECIDED else None
        return _answer(text, into, device, policy, [absent or early])
    own, _ = added_functions([(one, Policy.STRICT) for one in into.settings.devices], host)
    functions, decisions = added_functions([(device, policy)], host, held=[one.sbdf for one in own])
    found = dict.fromkeys(decisions)
    for ram in _layouts(into):
        for one in functions:
            found |= dict.fromkeys(assign(one, host, ram))
    return _answer(text, into, device, policy, list(found))


def _read(text: str, stack: Stack) -> PciText | Decision:
    """Read the specification; where that fails, say who stops at it and why."""
    if stack.toolstack is Toolstack.XAPI:
        return unsure(XAPI_WORDS)
    if stack.documented or stack.toolstack is not Toolstack.XL:
        read: PciText | PciRefusal | PciUndefined = read_pci_documented(text)
        who = Decider.MANUAL
    else:
        read = read_pci_shipped(text, toolstack_behaviours(stack.release)[-1].parser)
        who = Decider.XL
        taken = stack.evidence.pci.get(text) if stack.evidence else None
        if stack.evidence and taken is (not isinstance(read, PciText)):
            does = "takes" if taken else "refuses"
            library = f"libxlutil {stack.evidence.release}, asked on this host"
            return unsure(f"{library}, {does} '{text}' unexpectedly")
    if isinstance(read, PciText):
        return read
    if isinstance(read, PciUndefined):
        return unsure(f"what xl makes of '{text}' cannot be said: {read.why}")
    reason = f"'{text}' is refused: at character {read.position + 1} should be {read.expected}"
    if stack.toolstack is not Toolstack.XL:
        return unsure(reason)
    return refused(who, reason, ATTACH_RULE)


def _policy(read: PciText, stack: Stack) -> Policy:
    """Give the policy that counts: libvirt sets none, Qubes relaxed alone."""
    unset = documented_default(stack.release) if stack.documented else Policy.STRICT
    asked = POLICY_OF[read.policy] if read.policy else unset
    if asked is Policy.INVALID or stack.toolstack is Toolstack.LIBVIRT:
        return Policy.STRICT
    return asked


def _before(into: Resolution) -> Decision | None:
    """Say what stands in the way before Xen is asked, if anything does."""
    guest, host = into.guest, into.host
    open_ones = (*into.settings.refusals, *into.settings.undefined)
    if open_ones:
        first = open_ones[0]
        return unsure(f"the guest itself is not known: {first.text}", place=first.place)
    if guest.type is GuestType.PVH:
        return refused(Decider.LIBXL, "a PVH guest cannot be given PCI devices", ADD_RULE)
    if host.iommu_off:
        reason = f"no device can be passed through: {host.iommu_off}"
        return refused(Decider.LIBXL, reason, ADD_RULE)
    enabled = guest.passthrough not in (None, "default", "disabled")
    late = into.stack.hypervisor.series < CONTEXT_AT_CREATION
    if not guest.pci and not enabled and not late:
        reason = (
            "the guest was created without a device and without passthrough=: it has no IOMMU "
            "context (strategy=host alone gives it none)"
        )
        return refused(Decider.XEN, reason, CONTEXT_RULE)
    if host.incomplete:
        return unsure(host.incomplete)
    if not _layouts(into):
        why = into.reasons[0].reason if into.reasons else "nothing is known of it"
        return unsure(f"where its RAM lies is not known, for by the rules it does not start: {why}")
    return None


def _absent(device: DeviceSetting, policy: Policy, host: HostFacts) -> Decision | None:
    """Give the refusal of a device that does not answer: whatever the guest is, it stays one."""
    functions, _ = added_functions([(device, policy)], host)
    found = (told for one in functions for told in assign(one, host, None))
    return next((told for told in found if told.rule == ABSENT_RULE), None)


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


def _advice(found: Hotplug) -> Iterator[str]:
    """Yield what was tried and helps, where the device is refused."""
    if found.verdict is not Verdict.REFUSED:
        return
    guest, host, stack, first = found.guest, found.host, found.stack, found.decisions[0]
    if first.decider is Decider.XEN and guest.saved_rdm is None:
        anew = replace(guest, pci=(*guest.pci, PciEntry("", found.text)))
        if resolve(anew, host, stack).verdict is Verdict.STARTS:
            entry = quoted(found.text)
            yield f"put {entry} into the guest's pci= and start it anew: it starts with it"
    if first.rule == CONTEXT_RULE:
        enabled = replace(guest, passthrough="enabled")
        if _attach(found.text, enabled, host, stack).verdict is Verdict.STARTS:
            yield 'passthrough = "enabled" when the guest is created'
    elif (
        found.pci is not None
        and found.policy is Policy.STRICT
        and first.decider is Decider.XEN
        and stack.toolstack is Toolstack.XL
    ):
        text = written(replace(found.pci, policy=PolicyWord.RELAXED), "")
        if text and _attach(text, guest, host, stack).verdict is Verdict.STARTS:
            risk = "at the risk that DMA of device or firmware meets other memory"
            yield f"attach {quoted(text)}, {risk}"


def _answer(
    text: str,
    into: Resolution,
    device: DeviceSetting | None,
    policy: Policy,
    decisions: list[Decision],
) -> Hotplug:
    order = (Effect.REFUSED, Effect.UNDECIDED)
    settings = Settings(devices=() if device is None else (device,), inherits=False)
    stops = tuple(one for effect in order for one in decisions if one.effect is effect)
    return Hotplug(
        text=text,
        guest=into.guest,
        stack=into.stack,
        host=into.host,
        verdict=verdict_of(stops),
        pci=None if device is None else device.pci,
        policy=policy,
        decisions=stops,
        warnings=tuple(one for one in decisions if one.effect is Effect.WARNING),
        needs=needs(into.guest, settings, into.host),
        losses=into.settings.losses,
    )
