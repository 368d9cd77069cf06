"""What ``xl pci-attach`` does: the guest runs, and its memory layout does not change.

Source: tools xl_pci.c, ``pciattach``; libxl_pci.c, ``libxl__device_pci_add``. Neither the guest's
``rdm=`` nor its ``pci_*`` settings count; an unset policy is strict. For regions in the guest's
MMIO hole: Xen arch/x86/mm/p2m.c, ``p2m_add_identity_entry`` (4.6: ``set_identity_p2m_entry``).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.pci import read_pci_documented, read_pci_shipped
from dmaragent.guests.pci_text import PciRefusal, PciText, PciUndefined
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.added_function import IDENTITY_RULE, AddedFunction
from dmaragent.policy.assignment import (
    ABSENT_RULE,
    add_without_iommu,
    added_functions,
    assign,
)
from dmaragent.policy.binary_numbers import number_readings, verdict_of_readings
from dmaragent.policy.contradictions import goes_without_iommu
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    Harm,
    SourceRule,
    Verdict,
    refused,
    stops_of,
    undecided,
    verdict_of,
    warnings_of,
)
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.mmio_hole import HoleContent, HoleOccupant, hole_contents, parts_in_hole
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import prerequisites, resolve
from dmaragent.policy.settings import (
    POLICY_OF,
    GuestDevice,
    RdmSettings,
    Toolstack,
    documented_default,
)
from dmaragent.policy.simulate import BuiltGuest
from dmaragent.policy.words import building
from dmaragent.policy.words import hotplug as words
from dmaragent.policy.words import settings as settings_words
from dmaragent.policy.words import verdict as verdict_words
from dmaragent.xen.toolstack.libxl import toolstack_behaviours

CONTEXT_AT_CREATION = (4, 13)
"""From this release on, only the creation of a guest can make its IOMMU context: f89f555827a6. Xen
up to 4.12 makes one when the first device is assigned: ``assign_device``."""
CONTEXT_RULE = SourceRule(
    "Xen passthrough/pci.c, iommu_do_pci_domctl", "EOPNOTSUPP", of_regions=False
)
ATTACH_RULE = SourceRule("xl_pci.c, pciattach", "exit 2", of_regions=False)
ADD_RULE = SourceRule("libxl_pci.c, libxl_device_pci_add", of_regions=False)
MAPPED_RULE = SourceRule("Xen x86/mm/p2m.c, p2m_add_identity_entry")
"""It maps a page 1:1 if Xen has none there, emulated or not, and prints nothing."""


class Hotplug(NamedTuple):
    """The answer about a device that is attached to a running guest."""

    text: str
    guest: GuestConfig
    stack: Stack
    host: HostFacts
    verdict: Verdict
    """STARTS: the device is attached."""
    pci: PciText | None
    """The specification as read; None if it could not be read."""
    policy: Policy
    decisions: tuple[Decision, ...]
    warnings: tuple[Decision, ...]
    prerequisites: tuple[str, ...]
    ignored_settings: tuple[str, ...] = ()
    """Settings of the guest's configuration that the toolstack ignores."""
    advice: tuple[str, ...] = ()
    """Fixes that were tried and work, if the device is refused."""


def attach(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Return the answer about the device of the specification `text`, without advice."""
    answers = [
        _attach(text, reading, host, stack)
        for reading in number_readings(guest, stack.library_answers)
    ]
    return answers[0] if len(answers) == 1 else _both_readings(guest, *answers)


def _both_readings(guest: GuestConfig, plain: Hotplug, binary: Hotplug) -> Hotplug:
    """Return the answer from both readings of 0b in the guest's file."""
    decisions = tuple(dict.fromkeys((*plain.decisions, *binary.decisions)))
    verdict, why = verdict_of_readings(plain.verdict, binary.verdict, verdict_words.DEVICE_DOES)
    if why:
        decisions = tuple(dict.fromkeys((undecided(why), *decisions)))
    return plain._replace(
        guest=guest,
        verdict=verdict,
        decisions=decisions,
        warnings=tuple(dict.fromkeys((*plain.warnings, *binary.warnings))),
        prerequisites=tuple(dict.fromkeys((*plain.prerequisites, *binary.prerequisites))),
        ignored_settings=tuple(
            setting for setting in plain.ignored_settings if setting in binary.ignored_settings
        ),
    )


def _attach(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    into = resolve(guest, host, stack)
    pairs = [(device, Policy.STRICT) for device in into.settings.devices]
    present, _ = added_functions(pairs, host)
    here = _Attachment(
        into, host, stack, tuple(function.sbdf for function in present), migrated=False
    )
    return _attach_to(text, here)


def attach_migrated(
    text: str,
    guest: GuestConfig,
    built_on: tuple[HostFacts, Stack],
    now_on: tuple[HostFacts, Stack],
    present: Iterable[SBDF] = (),
) -> Hotplug:
    """Return the answer about a device that is attached after `guest` was migrated.

    The guest keeps the memory layout of the host `built_on`. It was migrated without devices to the
    host `now_on`, and got the functions `present` there.
    """
    answers = [
        _attach_to(
            text,
            _Attachment(resolve(reading, *built_on), *now_on, tuple(present), migrated=True),
        )
        for reading in number_readings(guest, built_on[1].library_answers)
    ]
    return answers[0] if len(answers) == 1 else _both_readings(guest, *answers)


class _Attachment(NamedTuple):
    """A running guest to which a device is attached."""

    into: Resolution
    """The guest as it was built: its layout does not change later."""
    host: HostFacts
    """The host on which it runs now."""
    stack: Stack
    """The toolstack and the releases of that host."""
    present: tuple[SBDF, ...]
    """The functions that it has."""
    migrated: bool


def _attach_to(text: str, to: _Attachment) -> Hotplug:
    into, host, stack = to.into, to.host, to.stack
    pci = _read(text, stack)
    if isinstance(pci, Decision):
        stops = [pci] if pci.effect is Effect.UNDECIDED else [pci, *_obstacles(to)]
        return _answer(text, to, None, Policy.STRICT, stops)
    policy = _policy(pci, stack)
    device = GuestDevice(
        place="", text=text, pci=pci, policy=policy, explicit=pci.policy is not None
    )
    decisions = dict.fromkeys(_obstacles(to))
    if any(decision.rule == ADD_RULE for decision in decisions):
        return _answer(text, to, device, policy, list(decisions))
    functions, additions = added_functions([(device, policy)], host, present=to.present)
    if any(decision.effect is Effect.UNDECIDED for decision in decisions):
        decisions |= dict.fromkeys((*additions, *_absent_refusals(device, policy, host)))
        return _answer(text, to, device, policy, list(decisions))
    decisions |= dict.fromkeys(additions)
    running = _running_guests(into)
    if all(built.verdict is Verdict.UNDECIDED for built in running):
        unknown = undecided(words.guest_start_unknown(running[0].decisions[0].reason))
        absent = _absent_refusals(device, policy, host)
        return _answer(text, to, device, policy, [*decisions, *absent, unknown])
    for built in running:
        ram = None if built.layout is None else built.layout.after
        before = dict.fromkeys(to.present)
        for function in functions:
            if host.iommu_off:  # only such a PV guest gets here: see _obstacles
                decisions[add_without_iommu(function, host)] = None
                continue
            assigned = list(assign(function, host, ram, before))
            before[function.sbdf] = None
            decisions |= dict.fromkeys(assigned)
            if ram is not None and not any(decision.rule == ABSENT_RULE for decision in assigned):
                decisions |= dict.fromkeys(_hole_decisions(function, host, built, into))
    return _answer(text, to, device, policy, list(decisions))


def _read(text: str, stack: Stack) -> PciText | Decision:
    """Read the specification; if that fails, return the decision that stops it."""
    if stack.toolstack is Toolstack.XAPI:
        return undecided(verdict_words.XAPI_NOT_MODELLED)
    if stack.documented or stack.toolstack is not Toolstack.XL:
        reading: PciText | PciRefusal | PciUndefined = read_pci_documented(text)
        reader = Decider.MANUAL
    else:
        reading = read_pci_shipped(text, toolstack_behaviours(stack.release)[-1].parser)
        reader = Decider.XL
        library = stack.library_answers
        taken = library.pci.get(text) if library else None
        if library and taken is (not isinstance(reading, PciText)):
            return undecided(
                settings_words.pci_answer_unexpected(library.release, text, taken=taken)
            )
    if isinstance(reading, PciText):
        return reading
    if isinstance(reading, PciUndefined):
        return undecided(words.attached_undefined(text, reading))
    reason = words.attached_refused(text, reading)
    if stack.toolstack is not Toolstack.XL:
        return undecided(reason)
    return refused(reader, reason, ATTACH_RULE)


def _policy(pci: PciText, stack: Stack) -> Policy:
    """Return the policy in effect: libvirt sets none, Qubes only relaxed."""
    unset = documented_default(stack.release) if stack.documented else Policy.STRICT
    asked = POLICY_OF[pci.policy] if pci.policy else unset
    if asked is Policy.INVALID or stack.toolstack is Toolstack.LIBVIRT:
        return Policy.STRICT
    return asked


def _obstacles(to: _Attachment) -> Iterator[Decision]:
    """Yield everything that refuses the device before Xen checks it, in order."""
    into, host = to.into, to.host
    guest = into.guest
    complaints = (*into.settings.refusals, *into.settings.undefined)
    if complaints:
        first = complaints[0]
        yield undecided(words.guest_unknown(first.text), place=first.place)
        return
    if guest.type is GuestType.PVH:
        yield refused(Decider.LIBXL, building.PVH_WITHOUT_DEVICES, ADD_RULE)
        return
    if host.iommu_off and not goes_without_iommu(guest, host, to.stack.release):
        yield refused(Decider.LIBXL, building.iommu_off(host.iommu_off), ADD_RULE)
        return
    if not _has_iommu_context(to):
        reason = words.NO_IOMMU_CONTEXT_AFTER_MIGRATION if to.migrated else words.NO_IOMMU_CONTEXT
        yield refused(Decider.XEN, reason, CONTEXT_RULE)
    incomplete = host.incomplete or into.host.incomplete
    if incomplete:
        yield undecided(incomplete)
    elif into.host.unlisted and Strategy.HOST in into.settings.strategies:
        yield undecided(into.host.unlisted)
    elif not _running_guests(into):
        why = into.reasons[0].reason if into.reasons else words.NOTHING_KNOWN
        yield undecided(words.guest_ram_unknown(why))


def _has_iommu_context(to: _Attachment) -> bool:
    """Return whether the guest has an IOMMU context, or gets one with its first device.

    A migrated guest is created again from the configuration that libxl stored before it set
    defaults, without the devices that were detached: libxl_create.c, ``do_domain_create`` and
    ``libxl__domain_config_setdefault``.
    """
    guest = to.into.guest
    enabled = guest.passthrough not in (None, "default", "disabled")
    created_with_device = bool(guest.pci) and not to.migrated
    return enabled or created_with_device or to.stack.hypervisor.series < CONTEXT_AT_CREATION


def _absent_refusals(device: GuestDevice, policy: Policy, host: HostFacts) -> Iterator[Decision]:
    """Yield the refusal of a device that is not present; it applies to every guest."""
    functions, _ = added_functions([(device, policy)], host)
    for function in functions:
        for decision in assign(function, host, None):
            if decision.rule == ABSENT_RULE:
                yield decision


def _running_guests(into: Resolution) -> list[BuiltGuest]:
    """Return each possible layout of the running guest once; a PV guest has none."""
    by_layout: dict[object, BuiltGuest] = {}
    for outcome in into.outcomes:
        if outcome.built.verdict is not Verdict.REFUSED:
            layout = outcome.built.layout
            key = None if layout is None else (layout.after, outcome.built.memory_map)
            by_layout.setdefault(key, outcome.built)
    return list(by_layout.values())


def _answer(
    text: str,
    to: _Attachment,
    device: GuestDevice | None,
    policy: Policy,
    decisions: list[Decision],
) -> Hotplug:
    settings = RdmSettings(devices=() if device is None else (device,), inherits=False)
    stops = stops_of(decisions)
    return Hotplug(
        text=text,
        guest=to.into.guest,
        stack=to.stack,
        host=to.host,
        verdict=verdict_of(stops),
        pci=None if device is None else device.pci,
        policy=policy,
        decisions=stops,
        warnings=warnings_of(decisions),
        prerequisites=prerequisites(to.into.guest, settings, to.host),
        ignored_settings=to.into.settings.ignored_settings,
    )


# Regions in the guest's MMIO hole ----------------------------------------------------------


def _hole_decisions(
    function: AddedFunction, host: HostFacts, built: BuiltGuest, into: Resolution
) -> Iterator[Decision]:
    """Yield the decisions about regions of an attached function that are in the guest's MMIO hole.

    `built` is the running guest, `into` its resolution.
    """
    if built.layout is None:
        return
    reserved = [entry.range for entry in built.memory_map if entry.type is MemoryType.RESERVED]
    hole = hole_contents(into.guest, built.layout.after, reserved, into.stack.release)
    regions = host.regions_of(function.sbdf) or ()
    if host.ivrs is not None:
        from dmaragent.policy.amd_assignment import (  # noqa: PLC0415 - 1 ms, for AMD hosts only
            exclusions_in_hole,
            untranslated_regions,
        )

        untranslated = untranslated_regions(host.ivrs, function)
        regions = tuple(region for region in regions if region not in untranslated)
        yield from exclusions_in_hole(function, untranslated, hole)
    for region in regions:
        for occupant, part in parts_in_hole(region, hole):
            yield _hole_decision(function, region, part, occupant)


def _hole_decision(
    function: AddedFunction, region: AddressRange, part: AddressRange, occupant: HoleOccupant
) -> Decision:
    """Return the decision about `part` of a region of a device, which overlaps `occupant`.

    If Xen has no page there, it maps the region, whatever QEMU emulates. A page of guest memory
    refuses a strict device; for a relaxed device Xen skips it.
    """
    sbdf, what = function.sbdf, occupant.what
    strict = function.policy is not Policy.RELAXED
    decider, effect, harm, shown = Decider.XEN, Effect.WARNING, Harm.CORRUPTION, ""
    rule = IDENTITY_RULE
    if occupant.content is HoleContent.RAM:
        if strict:
            effect, harm, shown = Effect.REFUSED, Harm.NONE, IDENTITY_RULE.error
            reason = words.pages_in_strict_region(region, sbdf, part, what)
        else:
            reason = words.pages_in_relaxed_region(region, sbdf, part, what)
    elif occupant.content is HoleContent.UNKNOWN:
        if strict:
            decider, effect, harm = Decider.DMARAGENT, Effect.UNDECIDED, Harm.NONE
            reason = words.hole_unknown_of_strict(region, sbdf, part, what)
        else:
            reason = words.hole_unknown_of_relaxed(region, sbdf, part, what)
    else:
        harm, rule = Harm.HOST_MEMORY, MAPPED_RULE
        certain = occupant.content is HoleContent.EMULATED
        reason = words.region_under_emulated(
            region, sbdf, part, what, certain=certain, strict=strict
        )
    return Decision(
        decider=decider,
        effect=effect,
        reason=reason,
        rule=rule,
        shown=shown,
        region=region,
        device=sbdf,
        harm=harm,
    )
