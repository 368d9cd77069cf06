"""What a toolstack and Xen will do with a guest, and why: :func:`resolve`.

Pure.  The toolstack's release decides how the configuration is read and how the guest is
laid out; the host's facts hold what the hypervisor's release makes of the table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dmaragent.guests.config import Complaint, GuestConfig, GuestType
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Decider, Decision, Effect, Verdict, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.library_answers import LibraryAnswers, binary_words, number_readings
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

XAPI_WORDS = (
    "XAPI builds guests by rules of its own, which are not modelled: its xenguest moves low RAM "
    "below every region of the guest's devices, without strategy, policy, boundary or 2 MiB "
    "rounding, and it always assigns devices relaxed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Who builds the guest, and how it is told."""

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
_NOTHING: Assumed = ("", "", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleOutcome:
    """What becomes of the guest under one of the possible readings, or several alike."""

    assumed: tuple[Assumed, ...]
    """What each reading assumes; empty where all readings come to the same."""
    policies: tuple[Policy, ...]
    """The guest's own policy in each of its readings, as read; `scenario` has the first."""
    scenario: Scenario
    built: BuiltGuest

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What each reading assumes, in words."""
        return assumed_words(self.assumed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What becomes of a guest, and why."""

    guest: GuestConfig
    """As the toolstack reads it: without what its release does not know."""
    host: HostFacts
    """The regions and devices that decided; addresses and sizes in bytes."""
    stack: Stack
    """The toolstack and the releases that decided."""
    verdict: Verdict
    """Whether the guest starts; where readings differ, that it cannot be said."""
    reasons: tuple[Decision, ...]
    """Why, the first before the others; of a guest that starts: what it loses by it."""
    settings: RdmSettings
    """As the toolstack reads them; of several behaviours the first's."""
    readings: tuple[RdmSettings, ...]
    """The settings by each behaviour that the release may have."""
    outcomes: tuple[PossibleOutcome, ...]
    """The possible outcomes; none where the toolstack refuses the configuration."""
    prerequisites: tuple[str, ...]
    """What must be done before, such as making a device assignable."""

    @property
    def outcome(self) -> PossibleOutcome | None:
        """The case to show: the first of those that give the verdict."""
        alike = (one for one in self.outcomes if one.built.verdict is self.verdict)
        return next(alike, self.outcomes[0] if self.outcomes else None)


def resolve(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    """Say what becomes of `guest` on `host`."""
    readings = [
        _resolve(reading, host, stack) for reading in number_readings(guest, stack.library_answers)
    ]
    return readings[0] if len(readings) == 1 else _either(*readings)


def _resolve(guest: GuestConfig, host: HostFacts, stack: Stack) -> Resolution:
    read, unread = _as_read(guest, stack)
    settled = [
        (one, _settle(guest, read, one, stack)) for one in toolstack_behaviours(stack.release)
    ]
    first = settled[0][1]
    settings = replace(first, messages=(*unread, *first.messages))
    outcomes: tuple[PossibleOutcome, ...] = ()
    if not settings.refusals and stack.toolstack is not Toolstack.XAPI:
        outcomes = tuple(possible_outcomes(read, host, settled))
    verdict, reasons = _conclude(host, stack, settings, outcomes)
    return Resolution(
        guest=read,
        host=host,
        stack=stack,
        verdict=verdict,
        reasons=reasons,
        settings=settings,
        readings=tuple(one for _, one in settled),
        outcomes=outcomes,
        prerequisites=prerequisites(read, settings, host),
    )


def _as_read(guest: GuestConfig, stack: Stack) -> tuple[GuestConfig, tuple[Complaint, ...]]:
    """Leave out of `guest` what the toolstack does not read."""
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


# The verdict ----------------------------------------------------------------------------


def _complained(complaint: Complaint, effect: Effect, decider: Decider) -> Decision:
    return Decision(decider=decider, effect=effect, reason=complaint.text, place=complaint.place)


def _conclude(
    host: HostFacts, stack: Stack, settings: RdmSettings, outcomes: tuple[PossibleOutcome, ...]
) -> tuple[Verdict, tuple[Decision, ...]]:
    """Give the verdict and its reasons."""
    if stack.toolstack is Toolstack.XAPI:
        return Verdict.UNDECIDED, (undecided(XAPI_WORDS),)
    if settings.refusals:
        who = Decider.MANUAL if stack.documented else Decider.XL
        refused = (_complained(one, Effect.REFUSED, who) for one in settings.refusals)
        return Verdict.REFUSED, tuple(refused)
    if settings.undefined:
        return Verdict.UNDECIDED, tuple(
            _complained(one, Effect.UNDECIDED, Decider.DMARAGENT) for one in settings.undefined
        )
    reasons = _together([outcome.built.decisions for outcome in outcomes])
    verdicts = {outcome.built.verdict for outcome in outcomes}
    if len(verdicts) > 1:
        return Verdict.UNDECIDED, (undecided(_dependence(outcomes)), *reasons)
    verdict = outcomes[0].built.verdict
    why = _may_change(host, settings, outcomes)
    if why and verdict is not Verdict.UNDECIDED:
        words = {Verdict.STARTS: "would start", Verdict.REFUSED: "would be refused"}[verdict]
        return Verdict.UNDECIDED, (
            undecided(f"{why}. By what is known it {words}"),
            *reasons,
        )
    if verdict is Verdict.STARTS:
        reasons = _together([outcome.built.warnings for outcome in outcomes])
    return verdict, reasons


def _together(parts: list[tuple[Decision, ...]]) -> tuple[Decision, ...]:
    """Put the decisions of several cases together, each once."""
    full = [part for part in parts if part]
    if len(full) == 1:
        return full[0]
    return tuple(dict.fromkeys(one for part in full for one in part))


def _may_change(
    host: HostFacts, settings: RdmSettings, outcomes: tuple[PossibleOutcome, ...]
) -> str:
    """Return why a region that is not known could change the verdict, or empty."""
    by_list = Strategy.HOST in settings.strategies
    why = host.incomplete or (host.unlisted if by_list else "")
    if not why:
        return ""
    certain = all(
        any(
            one.effect is Effect.REFUSED and one.rule is not None and not one.rule.of_regions
            for one in outcome.built.decisions
        )
        for outcome in outcomes
    )
    return why if not certain and (settings.devices or by_list) else ""


def _dependence(outcomes: tuple[PossibleOutcome, ...]) -> str:
    """Say what the verdict depends on, each verdict with its readings."""
    words = {
        Verdict.STARTS: "it starts with",
        Verdict.REFUSED: "it does not with",
        Verdict.UNDECIDED: "it cannot be said with",
    }
    verdicts = [
        verdict for verdict in words if any(each.built.verdict is verdict for each in outcomes)
    ]
    groups = [
        [one for outcome in outcomes if outcome.built.verdict is verdict for one in outcome.assumed]
        for verdict in verdicts
    ]
    told = [
        f"{words[verdict]} {' or '.join(assumed_words(assumed))}"
        for verdict, assumed in zip(verdicts, deciding_assumptions(groups), strict=True)
    ]
    return f"it depends on what cannot be known beforehand: {'; '.join(told)}"


def prerequisites(guest: GuestConfig, settings: RdmSettings, host: HostFacts) -> tuple[str, ...]:
    """Give what must be done before the devices of `settings` can be added."""
    if host.assignable is None:
        return ()
    told = []
    functions, _ = added_functions([(one, Policy.STRICT) for one in settings.devices], host)
    for one in functions:
        own = one.device.pci.seize
        seize = guest.seize and settings.inherits if own is None else own
        answers = host.functions is None or one.sbdf in host.functions
        if answers and not seize and one.sbdf not in host.assignable:
            told.append(f"xl pci-assignable-add {one.sbdf}")
    return tuple(told)


# Numbers with 0b ------------------------------------------------------------------------

_DOES = {
    Verdict.STARTS: "the guest starts",
    Verdict.REFUSED: "the guest does not start",
    Verdict.UNDECIDED: "whether the guest starts is unknown",
}


def _either(plain: Resolution, binary: Resolution) -> Resolution:
    """Return the answer if it is unknown whether libxlutil reads 0b as binary: both readings."""
    ours, theirs = plain.settings, binary.settings
    own = [message for message in ours.messages if message not in theirs.messages]
    other = [message for message in theirs.messages if message not in ours.messages]
    verdict = plain.verdict
    reasons = tuple(dict.fromkeys((*plain.reasons, *binary.reasons)))
    if verdict is not binary.verdict:
        verdict = Verdict.UNDECIDED
        words = binary_words(_DOES[plain.verdict], _DOES[binary.verdict])
        reasons = (undecided(words, place=own[0].place if own else ""), *reasons)
    assumed = ("a libxlutil that does not read 0b as binary", "a libxlutil that reads 0b as binary")
    alternatives = zip(assumed, (own, other), strict=True)
    return replace(
        plain,
        guest=replace(plain.guest, binary=binary.guest),
        verdict=verdict,
        reasons=reasons,
        settings=replace(
            ours,
            refusals=tuple(one for one in ours.refusals if one in theirs.refusals),
            messages=(
                *(message for message in ours.messages if message not in own),
                *(
                    replace(message, text=f"with {word}, {message.text}")
                    for word, messages in alternatives
                    for message in messages
                ),
            ),
            ignored_settings=tuple(
                loss for loss in ours.ignored_settings if loss in theirs.ignored_settings
            ),
        ),
        outcomes=_both_outcomes(plain.outcomes, binary.outcomes, words=assumed),
        prerequisites=tuple(dict.fromkeys((*plain.prerequisites, *binary.prerequisites))),
    )


# The possible outcomes ------------------------------------------------------------------

_POLICY_WORDS = {
    Policy.STRICT: "policy strict",
    Policy.RELAXED: "policy relaxed",
    Policy.INVALID: "policy unset",
    Policy.NEITHER: "a number that is no policy",
}


def assumed_words(assumed: Sequence[Assumed]) -> tuple[str, ...]:
    """Return what each reading assumes, in words."""
    return tuple(" and ".join(filter(None, parts)) for parts in assumed)


def deciding_assumptions(groups: Sequence[Sequence[Assumed]]) -> list[tuple[Assumed, ...]]:
    """Return what the readings of each group assume, without the parts that decide on no group."""
    kept = [tuple(group) for group in groups]
    for place in range(len(kept[0][0]) if kept else 0):
        rest = [
            tuple(dict.fromkeys((*one[:place], "", *one[place + 1 :]) for one in group))
            for group in kept
        ]
        if sum(map(len, rest)) == len({one for group in rest for one in group}):
            kept = rest
    return kept


def possible_scenarios(settings: RdmSettings) -> Iterator[tuple[str, Scenario]]:
    """Yield the possible readings, each with the words for what it assumes."""
    for strategy in settings.strategies:
        for policy in settings.policies:
            words = []
            if len(settings.strategies) > 1:
                words.append(f"strategy {strategy.value}")
            if len(settings.policies) > 1:
                words.append(_POLICY_WORDS[policy])
            scenario = Scenario(
                strategy=strategy,
                policy=policy,
                devices=settings.devices,
                device_policies=tuple(one.policy or policy for one in settings.devices),
            )
            yield " and ".join(words), scenario


def _guests_policy_counts(
    settings: RdmSettings, host: HostFacts, behaviour: ToolstackBehaviour
) -> bool:
    """Tell whether strategy=host brings in a region whose policy no device replaces."""
    listed = [one.start for one in host.listed]
    every = behaviour.layout.reserves_every_region
    replaced = {
        region.start
        for device in settings.devices
        for region in (host.regions_of(device.asked) or ())[: None if every else 1]
    }
    return len(set(listed)) < len(listed) or not replaced.issuperset(listed)


def _effect(scenario: Scenario, *, policy_counts: bool) -> object:
    """Give what of a reading makes a difference: readings alike in it need one build."""
    policy = None
    if scenario.strategy is Strategy.HOST and policy_counts:
        policy = Policy.STRICT if scenario.policy is Policy.STRICT else Policy.RELAXED
    return scenario.strategy, policy, scenario.device_policies


@dataclass(slots=True)
class _Found:
    """One outcome, and the readings that come to it."""

    assumed: list[Assumed]
    policies: list[Policy]
    scenario: Scenario
    built: BuiltGuest

    def same_as(self, other: "_Found") -> bool:
        return _same(self.built, other.built)


def _same(one: BuiltGuest, two: BuiltGuest) -> bool:
    """Return whether the same is seen of both: the policies that led to it are not."""
    if one.verdict is not two.verdict or one.memory_map != two.memory_map:
        return False
    same = one.decisions == two.decisions and one.warnings == two.warnings
    return same and _placed(one) == _placed(two)


def _placed(built: BuiltGuest) -> object:
    layout = built.layout
    if layout is None:
        return None
    return layout.after, [(one.reservation.region, one.placement) for one in layout.placed]


def _hosts(
    guest: GuestConfig, host: HostFacts, behaviour: ToolstackBehaviour, strategy: Strategy
) -> Iterator[tuple[tuple[str, str], HostFacts]]:
    """Yield `host` as its Xen may be: with each list and each kind of paging, if they matter."""
    lists = host.alternatives if strategy is Strategy.HOST else ()
    hosts = [(words, replace(host, listed=listed)) for words, listed in lists] or [("", host)]
    for words, known in hosts:
        for paging, each in _paging(guest, known, behaviour):
            yield (words, paging), each


def _paging(
    guest: GuestConfig, host: HostFacts, behaviour: ToolstackBehaviour
) -> Iterator[tuple[str, HostFacts]]:
    """Yield `host` with each kind of paging that its Xen may have, if the layout depends on it."""
    open_paging = host.xen_runs and host.hap is None and guest.hap is None
    if open_paging and guest.type is GuestType.HVM and behaviour.layout.rounds_with_hap:
        yield "a host with HAP", replace(host, hap=True)
        yield "a host without HAP", replace(host, hap=False)
    else:
        yield "", host


def possible_outcomes(
    guest: GuestConfig, host: HostFacts, settled: list[tuple[ToolstackBehaviour, RdmSettings]]
) -> Iterator[PossibleOutcome]:
    """Yield the outcomes of all that `settled` may mean, by each behaviour of the release."""
    found: dict[object, _Found] = {}
    for behaviour, settings in settled:
        counts = any(
            _guests_policy_counts(settings, replace(host, listed=listed), behaviour)
            for _, listed in host.alternatives or (("", host.listed),)
        )
        for words, scenario in possible_scenarios(settings):
            name = f"xl {behaviour.name}" if len(settled) > 1 else ""
            for kind, known in _hosts(guest, host, behaviour, scenario.strategy):
                key = (_effect(scenario, policy_counts=counts), kind)
                if key not in found:
                    built = build(guest, scenario, known, behaviour.layout)
                    found[key] = _Found([], [], scenario, built)
                found[key].assumed.append((name, words, *kind))
                found[key].policies.append(scenario.policy)
    merged = _merged(list(found.values()))
    every = deciding_assumptions([one.assumed for one in merged])
    for one, assumed in zip(merged, every, strict=True):
        yield PossibleOutcome(
            assumed=assumed if len(merged) > 1 else (),
            policies=tuple(dict.fromkeys(one.policies)),
            scenario=one.scenario,
            built=one.built,
        )


def _merged(found: list[_Found]) -> list[_Found]:
    """Put together what comes to the same."""
    merged: list[_Found] = []
    for one in found:
        alike = next((each for each in merged if each.same_as(one)), None)
        if alike is None:
            merged.append(one)
        else:
            alike.assumed.extend(one.assumed)
            alike.policies.extend(one.policies)
    return merged


def _both_outcomes(
    first: tuple[PossibleOutcome, ...],
    second: tuple[PossibleOutcome, ...],
    *,
    words: tuple[str, str],
) -> tuple[PossibleOutcome, ...]:
    """Return the cases of two readings, with `words` for what each assumes if they differ."""
    if len(first) == len(second) and all(
        _same(one.built, two.built) for one, two in zip(first, second, strict=True)
    ):
        return first
    return tuple(
        replace(
            outcome,
            assumed=tuple((word, *more) for more in outcome.assumed or (_NOTHING,)),
        )
        for word, outcomes in zip(words, (first, second), strict=True)
        for outcome in outcomes
    )
