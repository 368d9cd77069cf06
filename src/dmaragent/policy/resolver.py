"""Whether a guest starts, by its toolstack and by Xen, and why: :func:`resolve`.

The toolstack's release decides how the configuration is read and how the guest is laid out. The
hypervisor's release decides the regions and the assignment: the host's facts follow it.
The result can depend on uninitialized memory, on a point release or on another unknown. Then there
are several readings of the settings: each is built, equal outcomes are merged, and the verdict is
drawn from all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF
from dmaragent.guests.config import Complaint, GuestConfig, GuestType
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.linux.vfio import PCIBACK
from dmaragent.policy.assignment import added_functions, is_in_chipset
from dmaragent.policy.binary_numbers import merge_readings, number_readings
from dmaragent.policy.decisions import Decider, Decision, Effect, Verdict, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import (
    Assumed,
    PossibleOutcome,
    Resolution,
    Stack,
    assumption_words,
    deciding_assumptions,
    same_result,
)
from dmaragent.policy.settings import (
    RdmSettings,
    Toolstack,
    settle_documented,
    settle_without_rdm,
    settle_xl,
    with_device_model,
    without_unread_settings,
)
from dmaragent.policy.simulate import BuiltGuest, Scenario, build
from dmaragent.policy.words import verdict as words
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import ToolstackBehaviour, toolstack_behaviours


def resolve(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    """Return whether `guest` starts on `host`, and why."""
    readings = [
        _resolve_reading(reading, host, stack)
        for reading in number_readings(guest, stack.library_answers)
    ]
    return readings[0] if len(readings) == 1 else merge_readings(*readings)


def _resolve_reading(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    read, unread = _readable_part(guest, stack)
    read = with_device_model(read, stack.release)
    settled = [
        (behaviour, _settle(guest, read, behaviour, stack))
        for behaviour in toolstack_behaviours(stack.release)
    ]
    first = settled[0][1]
    settings = first._replace(messages=(*unread, *first.messages))
    outcomes: tuple[PossibleOutcome, ...] = ()
    if not settings.refusals and stack.toolstack is not Toolstack.XAPI:
        outcomes = tuple(possible_outcomes(read, host, settled, stack.release))
    verdict, reasons = conclude(stack, settings, outcomes)
    # If Xen may not run there, nothing has to be prepared for a guest that does not start.
    needless = verdict is Verdict.REFUSED and host.assignable is None
    return Resolution(
        guest=read,
        host=host,
        stack=stack,
        verdict=verdict,
        reasons=reasons,
        settings=settings,
        readings=tuple(reading for _, reading in settled),
        outcomes=outcomes,
        prerequisites=() if needless else prerequisites(read, settings, host),
    )


# The settings ------------------------------------------------------------------------------


def _readable_part(guest: GuestConfig, stack: Stack) -> tuple[GuestConfig, tuple[Complaint, ...]]:
    """Return `guest` without settings that the toolstack does not read, and those settings."""
    if stack.toolstack is Toolstack.XL:
        return without_unread_settings(guest, stack.release)
    if stack.toolstack is Toolstack.XAPI:
        return guest, ()
    read = replace(guest, boundary=None, rdm=None, saved_rdm=None)
    if stack.toolstack is Toolstack.QUBES:  # its stub domains run Linux, and qemu-xen
        read = replace(read, stubdomain=True, traditional=bool(guest.traditional))
    return read, ()


def _settle(
    guest: GuestConfig, read: GuestConfig, behaviour: ToolstackBehaviour, stack: Stack
) -> RdmSettings:
    if stack.toolstack is not Toolstack.XL:
        return settle_without_rdm(guest, stack.toolstack)
    if stack.documented:
        return settle_documented(read, stack.release)
    return settle_xl(read, behaviour, stack.release, stack.library_answers)


def prerequisites(guest: GuestConfig, settings: RdmSettings, host: HostFacts) -> tuple[str, ...]:
    """Return the commands to run before the devices of `settings` can be added.

    If it is unknown whether the host runs Xen, the driver decides.  A device with another driver than
    pciback is not assignable, nor is one that has no driver.
    """
    commands = []
    pairs = [(device, Policy.STRICT) for device in settings.devices]
    functions, _ = added_functions(pairs, host)
    for function in functions:
        own = function.device.pci.seize
        seize = guest.seize and settings.inherits if own is None else own
        by_toolstack = seize or function.device.managed
        if not by_toolstack and _not_assignable(function.sbdf, host):
            commands.append(f"xl pci-assignable-add {function.sbdf}")
    return tuple(commands)


def _not_assignable(sbdf: SBDF, host: HostFacts) -> bool:
    """Return whether a function is certainly not bound to pciback, and may be present."""
    if host.functions is not None and sbdf not in host.functions:
        return False
    function = None if host.functions is None else host.functions[sbdf]
    if is_in_chipset(function):  # without its driver, the host loses what is behind it
        return False
    if host.assignable is not None:
        return sbdf not in host.assignable
    if function is None or not (function.driver_known or function.driver):
        return False
    return function.driver not in PCIBACK


# The possible outcomes -------------------------------------------------------------------


def possible_scenarios(settings: RdmSettings) -> Iterator[tuple[str, Scenario]]:
    """Yield the possible readings, each with the words for its assumptions."""
    for strategy in settings.strategies:
        for policy in settings.policies:
            assumptions = []
            if len(settings.strategies) > 1:
                assumptions.append(words.assumed_strategy(strategy))
            if len(settings.policies) > 1:
                assumptions.append(words.ASSUMED_POLICY[policy])
            scenario = Scenario(
                strategy=strategy,
                policy=policy,
                devices=settings.devices,
                device_policies=tuple(device.policy or policy for device in settings.devices),
            )
            yield words.all_assumed(assumptions), scenario


@dataclass(slots=True)
class _OutcomeDraft:
    """One outcome, and the readings that give it."""

    assumed: list[Assumed]
    policies: list[Policy]
    scenario: Scenario
    built: BuiltGuest


def possible_outcomes(
    guest: GuestConfig,
    host: HostFacts,
    settled: list[tuple[ToolstackBehaviour, RdmSettings]],
    release: Release,
) -> Iterator[PossibleOutcome]:
    """Yield the outcomes of all that `settled` may mean, for each behaviour of the `release`."""
    drafts: dict[object, _OutcomeDraft] = {}
    for behaviour, settings in settled:
        counts = any(
            _guests_policy_counts(settings, replace(host, listed=listed), behaviour)
            for _, listed in host.alternatives or (("", host.listed),)
        )
        xl = words.assumed_xl(behaviour.name) if len(settled) > 1 else ""
        for assumption, scenario in possible_scenarios(settings):
            for host_assumptions, known in _possible_hosts(
                guest, host, behaviour, scenario.strategy
            ):
                key = (_difference(scenario, policy_counts=counts), host_assumptions)
                if key not in drafts:
                    built = build(guest, scenario, known, behaviour.layout, release)
                    drafts[key] = _OutcomeDraft([], [], scenario, built)
                drafts[key].assumed.append((xl, assumption, *host_assumptions))
                drafts[key].policies.append(scenario.policy)
    merged = _merge_same(list(drafts.values()))
    deciding = deciding_assumptions([draft.assumed for draft in merged])
    for draft, assumed in zip(merged, deciding, strict=True):
        yield PossibleOutcome(
            assumed=assumed if len(merged) > 1 else (),
            policies=tuple(dict.fromkeys(draft.policies)),
            scenario=draft.scenario,
            built=draft.built,
            missing=why_regions_may_be_missing(host, draft.scenario, draft.built),
        )


def _guests_policy_counts(
    settings: RdmSettings, host: HostFacts, behaviour: ToolstackBehaviour
) -> bool:
    """Return whether strategy=host adds a region whose policy no device replaces."""
    listed = [region.start for region in host.listed]
    every = behaviour.layout.reserves_every_region
    replaced = {
        region.start
        for device in settings.devices
        for region in (host.regions_of(device.asked) or ())[: None if every else 1]
    }
    return len(set(listed)) < len(listed) or not replaced.issuperset(listed)


def _difference(scenario: Scenario, *, policy_counts: bool) -> object:
    """Return the parts of a reading that matter: equal readings need only one build."""
    policy = None
    if scenario.strategy is Strategy.HOST and policy_counts:
        policy = Policy.STRICT if scenario.policy is Policy.STRICT else Policy.RELAXED
    return scenario.strategy, policy, scenario.device_policies


def _possible_hosts(
    guest: GuestConfig, host: HostFacts, behaviour: ToolstackBehaviour, strategy: Strategy
) -> Iterator[tuple[tuple[str, str], HostFacts]]:
    """Yield `host` with each list and each kind of paging that its Xen may have, if they matter."""
    lists = host.alternatives if strategy is Strategy.HOST else ()
    hosts = [(releases, replace(host, listed=listed)) for releases, listed in lists]
    for releases, with_list in hosts or [("", host)]:
        for paging, known in _possible_paging(guest, with_list, behaviour):
            yield (releases, paging), known


def _possible_paging(
    guest: GuestConfig, host: HostFacts, behaviour: ToolstackBehaviour
) -> Iterator[tuple[str, HostFacts]]:
    """Yield `host` with each kind of paging that its Xen may have, if the layout depends on it."""
    unknown = host.xen_runs and host.hap is None and guest.hap is None
    if unknown and guest.type is GuestType.HVM and behaviour.layout.rounds_with_hap:
        yield words.ASSUMED_HAP, replace(host, hap=True)
        yield words.ASSUMED_NO_HAP, replace(host, hap=False)
    else:
        yield "", host


def _merge_same(drafts: list[_OutcomeDraft]) -> list[_OutcomeDraft]:
    """Return the outcomes with equal results merged."""
    merged: list[_OutcomeDraft] = []
    for draft in drafts:
        same = next((other for other in merged if same_result(other.built, draft.built)), None)
        if same is None:
            merged.append(draft)
        else:
            same.assumed.extend(draft.assumed)
            same.policies.extend(draft.policies)
    return merged


# The verdict over all outcomes -----------------------------------------------------------


def conclude(
    stack: Stack, settings: RdmSettings, outcomes: tuple[PossibleOutcome, ...]
) -> tuple[Verdict, tuple[Decision, ...]]:
    """Return the verdict and its reasons."""
    if stack.toolstack is Toolstack.XAPI:
        return Verdict.UNDECIDED, (undecided(words.XAPI_NOT_MODELLED),)
    if settings.refusals:
        decider = Decider.MANUAL if stack.documented else Decider.XL
        return Verdict.REFUSED, tuple(
            _complaint_decision(complaint, Effect.REFUSED, decider)
            for complaint in settings.refusals
        )
    if settings.undefined:
        return Verdict.UNDECIDED, tuple(
            _complaint_decision(complaint, Effect.UNDECIDED, Decider.DMARAGENT)
            for complaint in settings.undefined
        )
    reasons = _union([outcome.decisions for outcome in outcomes])
    verdicts = {outcome.verdict for outcome in outcomes}
    if len(verdicts) > 1:
        return Verdict.UNDECIDED, (undecided(_dependence(outcomes)), *reasons)
    verdict = outcomes[0].verdict
    if outcomes[0].missing and len({outcome.built.verdict for outcome in outcomes}) > 1:
        reasons = _union([outcome.built.decisions for outcome in outcomes])
        known = [outcome._replace(missing="") for outcome in outcomes]
        why = words.known_regions_decide(outcomes[0].missing, _dependence(known))
        return verdict, (undecided(why), *reasons)
    if verdict is Verdict.STARTS:
        reasons = _union([outcome.built.warnings for outcome in outcomes])
    return verdict, reasons


def _complaint_decision(complaint: Complaint, effect: Effect, decider: Decider) -> Decision:
    return Decision(decider=decider, effect=effect, reason=complaint.text, place=complaint.place)


def _union(parts: list[tuple[Decision, ...]]) -> tuple[Decision, ...]:
    """Return the decisions of several outcomes, each once."""
    full = [part for part in parts if part]
    if len(full) == 1:
        return full[0]
    return tuple(dict.fromkeys(decision for part in full for decision in part))


def why_regions_may_be_missing(host: HostFacts, scenario: Scenario, built: BuiltGuest) -> str:
    """Return why an unknown region could change the result `built`; empty if none could."""
    by_list = scenario.strategy is Strategy.HOST
    if not scenario.devices and not by_list:
        return ""
    certain = any(
        decision.effect is Effect.REFUSED
        and decision.rule is not None
        and not decision.rule.of_regions
        for decision in built.decisions
    )
    return "" if certain else host.incomplete or (host.unlisted if by_list else "")


def _dependence(outcomes: Sequence[PossibleOutcome]) -> str:
    """Return what the verdict depends on: each verdict with its readings."""
    groups = {
        verdict: [
            assumed
            for outcome in outcomes
            if outcome.verdict is verdict
            for assumed in outcome.assumed
        ]
        for verdict in (Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED)
        if any(outcome.verdict is verdict for outcome in outcomes)
    }
    deciding = deciding_assumptions(list(groups.values()))
    by_verdict = zip(groups, map(assumption_words, deciding), strict=True)
    return words.verdict_depends(list(by_verdict))
