"""What a toolstack and Xen will do with a guest, and why: :func:`resolve`.

The toolstack's release decides how the configuration is read and how the guest is laid out; the
host's facts hold what the hypervisor's release makes of the table.  If the result depends on
memory that was never written, on a point release or on something else that is not known, there
are several readings of the settings: each is built, and the verdict is over all outcomes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dmaragent.guests.config import Complaint, GuestConfig, GuestType
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy import words
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Decider, Decision, Effect, Verdict, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.library_answers import LibraryAnswers, number_readings
from dmaragent.policy.settings import (
    RdmSettings,
    Toolstack,
    settle_documented,
    settle_without_rdm,
    settle_xl,
    without_unread_settings,
)
from dmaragent.policy.simulate import BuiltGuest, Scenario, build
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import ToolstackBehaviour, toolstack_behaviours


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Who builds the guest, and by which releases."""

    toolstack: Toolstack = Toolstack.XL
    release: Release
    """Of the toolstack: it reads the configuration and lays the guest out."""
    hypervisor: Release
    """It lists the regions and assigns the devices."""
    documented: bool = False
    """Whether the manual pages are followed, not the release."""
    origin: str = ""
    """How the releases are known, in words."""
    library_answers: LibraryAnswers | None = None
    """What the installed libxlutil answered; it wins over what is known of the release."""


Assumed = tuple[str, ...]
"""The words for what a reading assumes, one for each thing that is unknown, or empty."""
_NOTHING_ASSUMED: Assumed = ("", "", "", "")


class PossibleOutcome(NamedTuple):
    """What becomes of the guest under one of the possible readings, or several alike."""

    assumed: tuple[Assumed, ...]
    """What each reading assumes; empty if all readings come to the same."""
    policies: tuple[Policy, ...]
    """The guest's own policy in each of its readings, as read; `scenario` has the first."""
    scenario: Scenario
    built: BuiltGuest

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What each reading assumes, in words."""
        return _assumption_words(self.assumed)


class Resolution(NamedTuple):
    """What becomes of a guest, and why."""

    guest: GuestConfig
    """As the toolstack reads it: without what its release does not know."""
    host: HostFacts
    """The regions and devices that decided; addresses and sizes in bytes."""
    stack: Stack
    """The toolstack and the releases that decided."""
    verdict: Verdict
    """Whether the guest starts; if readings differ, that it cannot be said."""
    reasons: tuple[Decision, ...]
    """Why, the first before the others; of a guest that starts: what it loses by it."""
    settings: RdmSettings
    """As the toolstack reads them; of several behaviours the first's."""
    readings: tuple[RdmSettings, ...]
    """The settings by each behaviour that the release may have."""
    outcomes: tuple[PossibleOutcome, ...]
    """The possible outcomes; none if the toolstack refuses the configuration."""
    prerequisites: tuple[str, ...]
    """What must be done before, such as making a device assignable."""

    @property
    def outcome(self) -> PossibleOutcome | None:
        """The outcome to show: the first of those that give the verdict."""
        first = self.outcomes[0] if self.outcomes else None
        return next(
            (outcome for outcome in self.outcomes if outcome.built.verdict is self.verdict), first
        )


def resolve(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    """Return what becomes of `guest` on `host`."""
    readings = [
        _resolve(reading, host, stack) for reading in number_readings(guest, stack.library_answers)
    ]
    return readings[0] if len(readings) == 1 else _both_readings(*readings)


def _resolve(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    read, unread = _readable_part(guest, stack)
    settled = [
        (behaviour, _settle(guest, read, behaviour, stack))
        for behaviour in toolstack_behaviours(stack.release)
    ]
    first = settled[0][1]
    settings = first._replace(messages=(*unread, *first.messages))
    outcomes: tuple[PossibleOutcome, ...] = ()
    if not settings.refusals and stack.toolstack is not Toolstack.XAPI:
        outcomes = tuple(_possible_outcomes(read, host, settled))
    verdict, reasons = _conclude(host, stack, settings, outcomes)
    return Resolution(
        guest=read,
        host=host,
        stack=stack,
        verdict=verdict,
        reasons=reasons,
        settings=settings,
        readings=tuple(reading for _, reading in settled),
        outcomes=outcomes,
        prerequisites=prerequisites(read, settings, host),
    )


def _readable_part(guest: GuestConfig, stack: Stack) -> tuple[GuestConfig, tuple[Complaint, ...]]:
    """Return `guest` without what the toolstack does not read, and what that is."""
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
    """Return what must be done before the devices of `settings` can be added."""
    if host.assignable is None:
        return ()
    commands = []
    pairs = [(device, Policy.STRICT) for device in settings.devices]
    functions, _ = added_functions(pairs, host)
    for function in functions:
        own = function.device.pci.seize
        seize = guest.seize and settings.inherits if own is None else own
        present = host.functions is None or function.sbdf in host.functions
        if present and not seize and function.sbdf not in host.assignable:
            commands.append(f"xl pci-assignable-add {function.sbdf}")
    return tuple(commands)


# The possible outcomes --------------------------------------------------------------------


def possible_scenarios(settings: RdmSettings) -> Iterator[tuple[str, Scenario]]:
    """Yield the possible readings, each with the words for what it assumes."""
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
    """One outcome, and the readings that come to it."""

    assumed: list[Assumed]
    policies: list[Policy]
    scenario: Scenario
    built: BuiltGuest


def _possible_outcomes(
    guest: GuestConfig, host: HostFacts, settled: list[tuple[ToolstackBehaviour, RdmSettings]]
) -> Iterator[PossibleOutcome]:
    """Yield the outcomes of all that `settled` may mean, by each behaviour of the release."""
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
                    built = build(guest, scenario, known, behaviour.layout)
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
        )


def _guests_policy_counts(
    settings: RdmSettings, host: HostFacts, behaviour: ToolstackBehaviour
) -> bool:
    """Return whether strategy=host brings in a region whose policy no device replaces."""
    listed = [region.start for region in host.listed]
    every = behaviour.layout.reserves_every_region
    replaced = {
        region.start
        for device in settings.devices
        for region in (host.regions_of(device.asked) or ())[: None if every else 1]
    }
    return len(set(listed)) < len(listed) or not replaced.issuperset(listed)


def _difference(scenario: Scenario, *, policy_counts: bool) -> object:
    """Return what of a reading makes a difference: readings alike in it need one build."""
    policy = None
    if scenario.strategy is Strategy.HOST and policy_counts:
        policy = Policy.STRICT if scenario.policy is Policy.STRICT else Policy.RELAXED
    return scenario.strategy, policy, scenario.device_policies


def _possible_hosts(
    guest: GuestConfig, host: HostFacts, behaviour: ToolstackBehaviour, strategy: Strategy
) -> Iterator[tuple[tuple[str, str], HostFacts]]:
    """Yield `host` as its Xen may be: with each list and each kind of paging, if they matter."""
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
    """Put together what comes to the same."""
    merged: list[_OutcomeDraft] = []
    for draft in drafts:
        same = next((other for other in merged if _same_result(other.built, draft.built)), None)
        if same is None:
            merged.append(draft)
        else:
            same.assumed.extend(draft.assumed)
            same.policies.extend(draft.policies)
    return merged


def _same_result(first: BuiltGuest, second: BuiltGuest) -> bool:
    """Return whether the same is seen of both: the policies that led to it are not."""
    if first.verdict is not second.verdict or first.memory_map != second.memory_map:
        return False
    same = first.decisions == second.decisions and first.warnings == second.warnings
    return same and _visible_layout(first) == _visible_layout(second)


def _visible_layout(built: BuiltGuest) -> object:
    layout = built.layout
    if layout is None:
        return None
    return layout.after, [(placed.reservation.region, placed.placement) for placed in layout.placed]


def _assumption_words(assumed: Sequence[Assumed]) -> tuple[str, ...]:
    """Return what each reading assumes, in words."""
    return tuple(map(words.all_assumed, assumed))


def deciding_assumptions(groups: Sequence[Sequence[Assumed]]) -> list[tuple[Assumed, ...]]:
    """Return what the readings of each group assume, without the parts that decide on no group."""
    kept = [tuple(group) for group in groups]
    for place in range(len(kept[0][0]) if kept else 0):
        rest = [
            tuple(dict.fromkeys((*assumed[:place], "", *assumed[place + 1 :]) for assumed in group))
            for group in kept
        ]
        if sum(map(len, rest)) == len({assumed for group in rest for assumed in group}):
            kept = rest
    return kept


# The verdict ------------------------------------------------------------------------------


def _conclude(
    host: HostFacts, stack: Stack, settings: RdmSettings, outcomes: tuple[PossibleOutcome, ...]
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
    reasons = _union([outcome.built.decisions for outcome in outcomes])
    verdicts = {outcome.built.verdict for outcome in outcomes}
    if len(verdicts) > 1:
        return Verdict.UNDECIDED, (undecided(_dependence(outcomes)), *reasons)
    verdict = outcomes[0].built.verdict
    why = _why_regions_may_be_missing(host, settings, outcomes)
    if why and verdict is not Verdict.UNDECIDED:
        missing = undecided(words.regions_may_be_missing(why, verdict))
        return Verdict.UNDECIDED, (missing, *reasons)
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


def _why_regions_may_be_missing(
    host: HostFacts, settings: RdmSettings, outcomes: tuple[PossibleOutcome, ...]
) -> str:
    """Return why a region that is not known could change the verdict, or empty."""
    by_list = Strategy.HOST in settings.strategies
    why = host.incomplete or (host.unlisted if by_list else "")
    if not why:
        return ""
    certain = all(
        any(
            decision.effect is Effect.REFUSED
            and decision.rule is not None
            and not decision.rule.of_regions
            for decision in outcome.built.decisions
        )
        for outcome in outcomes
    )
    return why if not certain and (settings.devices or by_list) else ""


def _dependence(outcomes: tuple[PossibleOutcome, ...]) -> str:
    """Return what the verdict depends on, each verdict with its readings."""
    groups = {
        verdict: [
            assumed
            for outcome in outcomes
            if outcome.built.verdict is verdict
            for assumed in outcome.assumed
        ]
        for verdict in (Verdict.STARTS, Verdict.REFUSED, Verdict.UNDECIDED)
        if any(outcome.built.verdict is verdict for outcome in outcomes)
    }
    deciding = deciding_assumptions(list(groups.values()))
    by_verdict = zip(groups, map(_assumption_words, deciding), strict=True)
    return words.verdict_depends(list(by_verdict))


# Numbers with 0b --------------------------------------------------------------------------


def _both_readings(plain: Resolution, binary: Resolution) -> Resolution:
    """Return the answer if it is unknown whether libxlutil reads 0b as binary: both readings."""
    ours, theirs = plain.settings, binary.settings
    own = [message for message in ours.messages if message not in theirs.messages]
    other = [message for message in theirs.messages if message not in ours.messages]
    verdict = plain.verdict
    reasons = tuple(dict.fromkeys((*plain.reasons, *binary.reasons)))
    if verdict is not binary.verdict:
        verdict = Verdict.UNDECIDED
        plainly, as_binary = words.GUEST_DOES[plain.verdict], words.GUEST_DOES[binary.verdict]
        why = words.binary_numbers_decide(plainly, as_binary)
        reasons = (undecided(why, place=own[0].place if own else ""), *reasons)
    assumed = (words.ASSUMED_DECIMAL, words.ASSUMED_BINARY)
    alternatives = zip(assumed, (own, other), strict=True)
    return plain._replace(
        guest=replace(plain.guest, binary=binary.guest),
        verdict=verdict,
        reasons=reasons,
        settings=ours._replace(
            refusals=tuple(
                complaint for complaint in ours.refusals if complaint in theirs.refusals
            ),
            messages=(
                *(message for message in ours.messages if message not in own),
                *(
                    message._replace(text=words.message_of_reading(reading, message.text))
                    for reading, messages in alternatives
                    for message in messages
                ),
            ),
            ignored_settings=tuple(
                setting for setting in ours.ignored_settings if setting in theirs.ignored_settings
            ),
        ),
        outcomes=_both_outcomes(plain.outcomes, binary.outcomes, assumed),
        prerequisites=tuple(dict.fromkeys((*plain.prerequisites, *binary.prerequisites))),
    )


def _both_outcomes(
    plain: tuple[PossibleOutcome, ...],
    binary: tuple[PossibleOutcome, ...],
    assumptions: tuple[str, str],
) -> tuple[PossibleOutcome, ...]:
    """Return the outcomes of both readings, with what each assumes if they differ."""
    if len(plain) == len(binary) and all(
        _same_result(ours.built, theirs.built) for ours, theirs in zip(plain, binary, strict=True)
    ):
        return plain
    return tuple(
        outcome._replace(
            assumed=tuple(
                (assumption, *assumed) for assumed in outcome.assumed or (_NOTHING_ASSUMED,)
            ),
        )
        for assumption, outcomes in zip(assumptions, (plain, binary), strict=True)
        for outcome in outcomes
    )
