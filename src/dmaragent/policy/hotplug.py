"""What ``xl pci-attach`` does: the guest runs, its layout stays as it is.

Source: tools xl_pci.c, ``pciattach``; libxl_pci.c, ``libxl__device_pci_add``.  Neither the
guest's ``rdm=`` nor its ``pci_*`` settings count; an unset policy is strict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.pci_model import PciRefusal, PciText, PciUndefined
from dmaragent.guests.pci_text import read_pci_documented, read_pci_shipped
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.assignment import (
    ABSENT_RULE,
    added_functions,
    assign,
)
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    SourceRule,
    Verdict,
    refused,
    unsure,
    verdict_of,
)
from dmaragent.policy.evidence import binary_words, readings_of
from dmaragent.policy.hole_conflicts import hole_decisions
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.other_settings import documented_default
from dmaragent.policy.resolver import XAPI_WORDS, Resolution, Stack, prerequisites, resolve
from dmaragent.policy.settings import POLICY_OF, DeviceSetting, Settings, Toolstack
from dmaragent.policy.simulate import Built
from dmaragent.xen.toolstack.libxl import toolstack_behaviours

CONTEXT_AT_CREATION = (4, 13)
"""From here on a guest has an IOMMU context from its creation or never: f89f555827a6.

Xen up to 4.12 makes one when the first device is assigned: ``assign_device``.
"""
CONTEXT_RULE = SourceRule(
    "Xen passthrough/pci.c, iommu_do_pci_domctl", "EOPNOTSUPP", of_regions=False
)
ATTACH_RULE = SourceRule("xl_pci.c, pciattach", "exit 2", of_regions=False)
ADD_RULE = SourceRule("libxl_pci.c, libxl_device_pci_add", of_regions=False)
_DOES = {
    Verdict.STARTS: "the device is attached",
    Verdict.REFUSED: "the device is refused",
    Verdict.UNDECIDED: "whether the device is attached is unknown",
}


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
    prerequisites: tuple[str, ...]
    ignored_settings: tuple[str, ...] = ()
    """What of the guest's configuration is lost when it is read."""
    advice: tuple[str, ...] = ()
    """What was tried and helps, where the device is refused."""


def attach(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Say the same without what helps."""
    answers = [
        _attach(text, reading, host, stack) for reading in readings_of(guest, stack.evidence)
    ]
    return answers[0] if len(answers) == 1 else _either(guest, *answers)


def _either(guest: GuestConfig, plain: Hotplug, binary: Hotplug) -> Hotplug:
    """Return the answer if it is unknown how libxlutil reads 0b in the guest's file: both."""
    both = dict.fromkeys((*plain.decisions, *binary.decisions))
    if plain.verdict is not binary.verdict:
        words = binary_words(_DOES[plain.verdict], _DOES[binary.verdict])
        both = {unsure(words): None, **both}
    return replace(
        plain,
        guest=guest,
        verdict=plain.verdict if plain.verdict is binary.verdict else Verdict.UNDECIDED,
        decisions=tuple(both),
        warnings=tuple(dict.fromkeys((*plain.warnings, *binary.warnings))),
        prerequisites=tuple(dict.fromkeys((*plain.prerequisites, *binary.prerequisites))),
        ignored_settings=tuple(
            loss for loss in plain.ignored_settings if loss in binary.ignored_settings
        ),
    )


def _attach(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    into = resolve(guest, host, stack)
    pci = _read(text, stack)
    if isinstance(pci, Decision):
        stops = [pci] if pci.effect is Effect.UNDECIDED else [pci, *_before(into)]
        return _answer(text, into, None, Policy.STRICT, stops)
    policy = _policy(pci, stack)
    device = DeviceSetting(
        place="", text=text, pci=pci, policy=policy, explicit=pci.policy is not None
    )
    found = dict.fromkeys(_before(into))
    if any(one.rule == ADD_RULE for one in found):
        return _answer(text, into, device, policy, list(found))
    own, _ = added_functions([(one, Policy.STRICT) for one in into.settings.devices], host)
    functions, decisions = added_functions([(device, policy)], host, held=[one.sbdf for one in own])
    if any(one.effect is Effect.UNDECIDED for one in found):
        found |= dict.fromkeys((*decisions, *_absent(device, policy, host)))
        return _answer(text, into, device, policy, list(found))
    found |= dict.fromkeys(decisions)
    if all(built.verdict is Verdict.UNDECIDED for built in _running(into)):
        first = _running(into)[0].decisions[0]
        open_guest = unsure(f"whether the guest itself starts is unknown: {first.reason}")
        absent = _absent(device, policy, host)
        return _answer(text, into, device, policy, [*found, *absent, open_guest])
    for built in _running(into):
        ram = None if built.layout is None else built.layout.after
        for one in functions:
            told = list(assign(one, host, ram))
            found |= dict.fromkeys(told)
            if ram is not None and not any(each.rule == ABSENT_RULE for each in told):
                found |= dict.fromkeys(hole_decisions(one, host, built, into))
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


def _before(into: Resolution) -> Iterator[Decision]:
    """Yield what stands in the way before Xen looks at the device, all of it, in order."""
    guest, host = into.guest, into.host
    open_ones = (*into.settings.refusals, *into.settings.undefined)
    if open_ones:
        first = open_ones[0]
        yield unsure(f"the guest itself is not known: {first.text}", place=first.place)
        return
    if guest.type is GuestType.PVH:
        yield refused(Decider.LIBXL, "a PVH guest cannot be given PCI devices", ADD_RULE)
        return
    if host.iommu_off:
        reason = f"no device can be passed through: {host.iommu_off}"
        yield refused(Decider.LIBXL, reason, ADD_RULE)
        return
    enabled = guest.passthrough not in (None, "default", "disabled")
    late = into.stack.hypervisor.series < CONTEXT_AT_CREATION
    if not guest.pci and not enabled and not late:
        reason = (
            "the guest was created without a device and without passthrough=: it has no IOMMU "
            "context (strategy=host alone gives it none)"
        )
        yield refused(Decider.XEN, reason, CONTEXT_RULE)
    if host.incomplete:
        yield unsure(host.incomplete)
    elif host.unlisted and Strategy.HOST in into.settings.strategies:
        yield unsure(host.unlisted)
    elif not _running(into):
        why = into.reasons[0].reason if into.reasons else "nothing is known of it"
        yield unsure(f"where its RAM lies is not known, for by the rules it does not start: {why}")


def _absent(device: DeviceSetting, policy: Policy, host: HostFacts) -> Iterator[Decision]:
    """Yield the refusal of a device that does not answer: whatever the guest is, it stays one."""
    functions, _ = added_functions([(device, policy)], host)
    found = (told for one in functions for told in assign(one, host, None))
    yield from (told for told in found if told.rule == ABSENT_RULE)


def _running(into: Resolution) -> list[Built]:
    """Return what the running guest may be: each different layout once; a PV guest has none."""
    found: dict[object, Built] = {}
    for case in into.cases:
        if case.built.verdict is not Verdict.REFUSED:
            layout = case.built.layout
            key = None if layout is None else (layout.after, case.built.memory_map)
            found.setdefault(key, case.built)
    return list(found.values())


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
        prerequisites=prerequisites(into.guest, settings, into.host),
        ignored_settings=into.settings.ignored_settings,
    )
