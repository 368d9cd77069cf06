"""What ``xl pci-attach`` does: the guest runs, its layout stays as it is.

Source: tools xl_pci.c, ``pciattach``; libxl_pci.c, ``libxl__device_pci_add``.  Neither the
guest's ``rdm=`` nor its ``pci_*`` settings count; an unset policy is strict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.addresses import AddressRange, span
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.pci import (
    PciRefusal,
    PciText,
    PciUndefined,
    read_pci_documented,
    read_pci_shipped,
)
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.assignment import (
    ABSENT_RULE,
    IDENTITY_RULE,
    SPECIAL_PAGES,
    AddedFunction,
    added_functions,
    assign,
)
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    Harm,
    SourceRule,
    Verdict,
    refused,
    undecided,
    verdict_of,
)
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.library_answers import binary_words, number_readings
from dmaragent.policy.mmio_hole import HoleContent, HoleOccupant, hole_contents
from dmaragent.policy.resolver import XAPI_WORDS, Resolution, Stack, prerequisites, resolve
from dmaragent.policy.settings import (
    POLICY_OF,
    GuestDevice,
    RdmSettings,
    Toolstack,
    documented_default,
)
from dmaragent.policy.simulate import BuiltGuest
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
        _attach(text, reading, host, stack)
        for reading in number_readings(guest, stack.library_answers)
    ]
    return answers[0] if len(answers) == 1 else _either(guest, *answers)


def _either(guest: GuestConfig, plain: Hotplug, binary: Hotplug) -> Hotplug:
    """Return the answer if it is unknown how libxlutil reads 0b in the guest's file: both."""
    both = dict.fromkeys((*plain.decisions, *binary.decisions))
    if plain.verdict is not binary.verdict:
        words = binary_words(_DOES[plain.verdict], _DOES[binary.verdict])
        both = {undecided(words): None, **both}
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
    device = GuestDevice(
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
        open_guest = undecided(f"whether the guest itself starts is unknown: {first.reason}")
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
        return undecided(XAPI_WORDS)
    if stack.documented or stack.toolstack is not Toolstack.XL:
        read: PciText | PciRefusal | PciUndefined = read_pci_documented(text)
        who = Decider.MANUAL
    else:
        read = read_pci_shipped(text, toolstack_behaviours(stack.release)[-1].parser)
        who = Decider.XL
        taken = stack.library_answers.pci.get(text) if stack.library_answers else None
        if stack.library_answers and taken is (not isinstance(read, PciText)):
            does = "takes" if taken else "refuses"
            library = f"libxlutil {stack.library_answers.release}, asked on this host"
            return undecided(f"{library}, {does} '{text}' unexpectedly")
    if isinstance(read, PciText):
        return read
    if isinstance(read, PciUndefined):
        return undecided(f"what xl makes of '{text}' cannot be said: {read.why}")
    reason = f"'{text}' is refused: at character {read.position + 1} should be {read.expected}"
    if stack.toolstack is not Toolstack.XL:
        return undecided(reason)
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
        yield undecided(f"the guest itself is not known: {first.text}", place=first.place)
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
        yield undecided(host.incomplete)
    elif host.unlisted and Strategy.HOST in into.settings.strategies:
        yield undecided(host.unlisted)
    elif not _running(into):
        why = into.reasons[0].reason if into.reasons else "nothing is known of it"
        yield undecided(
            f"where its RAM lies is not known, for by the rules it does not start: {why}"
        )


def _absent(device: GuestDevice, policy: Policy, host: HostFacts) -> Iterator[Decision]:
    """Yield the refusal of a device that does not answer: whatever the guest is, it stays one."""
    functions, _ = added_functions([(device, policy)], host)
    found = (told for one in functions for told in assign(one, host, None))
    yield from (told for told in found if told.rule == ABSENT_RULE)


def _running(into: Resolution) -> list[BuiltGuest]:
    """Return what the running guest may be: each different layout once; a PV guest has none."""
    found: dict[object, BuiltGuest] = {}
    for outcome in into.outcomes:
        if outcome.built.verdict is not Verdict.REFUSED:
            layout = outcome.built.layout
            key = None if layout is None else (layout.after, outcome.built.memory_map)
            found.setdefault(key, outcome.built)
    return list(found.values())


def _answer(
    text: str,
    into: Resolution,
    device: GuestDevice | None,
    policy: Policy,
    decisions: list[Decision],
) -> Hotplug:
    order = (Effect.REFUSED, Effect.UNDECIDED)
    settings = RdmSettings(devices=() if device is None else (device,), inherits=False)
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


# What the device's regions meet in the guest's MMIO hole --------------------------------

MAPPED_RULE = SourceRule("Xen x86/mm/p2m.c, p2m_add_identity_entry")
"""It maps a page 1:1 where Xen holds none, emulated or not, and prints nothing."""


def hole_decisions(
    one: AddedFunction, host: HostFacts, built: BuiltGuest, into: Resolution
) -> Iterator[Decision]:
    """Yield what the regions of an attached function meet in the guest's MMIO hole.

    `built` is the running guest, `into` its resolution.
    """
    if built.layout is None:
        return
    reserved = [each.range for each in built.memory_map if each.type is MemoryType.RESERVED]
    hole = hole_contents(into.guest, built.layout.after, reserved, into.stack.release)
    for region in host.regions_of(one.sbdf) or ():
        for occupant in hole:
            if not occupant.range.overlaps(region):
                continue
            start, end = occupant.range.start, occupant.range.end
            part = AddressRange(max(region.start, start), min(region.end, end))
            if not SPECIAL_PAGES.start <= part.start < part.end <= SPECIAL_PAGES.end:
                yield _met(one, region, part, occupant)


def _met(
    one: AddedFunction, region: AddressRange, part: AddressRange, occupant: HoleOccupant
) -> Decision:
    """Say what happens to `part` of a region of a device, where `occupant` lies."""
    strict = one.policy is not Policy.RELAXED
    where = f"{span(region)} of {one.sbdf}"
    at = "" if part == region else f", at {span(part)}"
    decider, effect, harm, shown = Decider.XEN, Effect.WARNING, Harm.CORRUPTION, ""
    rule = IDENTITY_RULE
    if occupant.content is HoleContent.RAM:
        reason = f"the guest has {occupant.what} in {where}{at}"
        if strict:
            effect, harm, shown = Effect.REFUSED, Harm.NONE, IDENTITY_RULE.error
            reason += ", and the device is strict: it cannot be mapped there"
        else:
            reason += ": Xen skips those pages, and the device's DMA there overwrites them"
    elif occupant.content is HoleContent.UNKNOWN:
        reason = f"unknown what the guest has in {where}{at}: {occupant.what}"
        if strict:
            decider, effect, harm = Decider.DMARAGENT, Effect.UNDECIDED, Harm.NONE
            reason += ". `lspci -v` in the guest shows where its BARs are"
        else:
            reason += (
                ". Xen skips pages of guest memory there, and the device's DMA overwrites them"
            )
    else:
        harm, rule = Harm.HOST_MEMORY, MAPPED_RULE
        lies = "lies" if occupant.content is HoleContent.EMULATED else "may lie"
        reason = (
            f"{where} {lies} under {occupant.what}{at}: Xen maps it there, and the guest then "
            "reaches host memory where it expects that device"
        )
        if strict and occupant.content is HoleContent.EMULATED:
            reason += ". If Xen drivers of the guest keep pages there, Xen refuses it (EBUSY)"
    return Decision(
        decider=decider,
        effect=effect,
        reason=reason,
        rule=rule,
        shown=shown,
        region=region,
        device=one.sbdf,
        harm=harm,
    )
