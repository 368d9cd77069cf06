"""What a guest's settings may come to: every possible reading built, those alike told once.

Pure.  Where Xen's result depends on memory that was never written, or on a point release
that is not known, there are several readings; the answer is the set of their outcomes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.settings import Settings
from dmaragent.policy.simulate import Built, Scenario, build
from dmaragent.xen.toolstack.libxl import ToolstackBehaviour

_POLICY_WORDS = {
    Policy.STRICT: "policy strict",
    Policy.RELAXED: "policy relaxed",
    Policy.INVALID: "policy unset",
    Policy.NEITHER: "a number that is no policy",
}


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
    built: Built

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What each reading assumes, in words."""
        return assumed_words(self.assumed)


def assumed_words(assumed: Sequence[Assumed]) -> tuple[str, ...]:
    """Return what each reading assumes, in words."""
    return tuple(" and ".join(filter(None, parts)) for parts in assumed)


def deciding(groups: Sequence[Sequence[Assumed]]) -> list[tuple[Assumed, ...]]:
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


def scenarios(settings: Settings) -> Iterator[tuple[str, Scenario]]:
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
    settings: Settings, host: HostFacts, behaviour: ToolstackBehaviour
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
    built: Built

    def same_as(self, other: "_Found") -> bool:
        return _same(self.built, other.built)


def _same(one: Built, two: Built) -> bool:
    """Return whether the same is seen of both: the policies that led to it are not."""
    if one.verdict is not two.verdict or one.memory_map != two.memory_map:
        return False
    same = one.decisions == two.decisions and one.warnings == two.warnings
    return same and _placed(one) == _placed(two)


def _placed(built: Built) -> object:
    layout = built.layout
    if layout is None:
        return None
    return layout.after, [(one.reservation.region, one.outcome) for one in layout.placed]


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


def cases_of(
    guest: GuestConfig, host: HostFacts, settled: list[tuple[ToolstackBehaviour, Settings]]
) -> Iterator[PossibleOutcome]:
    """Yield the outcomes of all that `settled` may mean, by each behaviour of the release."""
    found: dict[object, _Found] = {}
    for behaviour, settings in settled:
        counts = any(
            _guests_policy_counts(settings, replace(host, listed=listed), behaviour)
            for _, listed in host.alternatives or (("", host.listed),)
        )
        for words, scenario in scenarios(settings):
            name = f"xl {behaviour.name}" if len(settled) > 1 else ""
            for kind, known in _hosts(guest, host, behaviour, scenario.strategy):
                key = (_effect(scenario, policy_counts=counts), kind)
                if key not in found:
                    built = build(guest, scenario, known, behaviour.layout)
                    found[key] = _Found([], [], scenario, built)
                found[key].assumed.append((name, words, *kind))
                found[key].policies.append(scenario.policy)
    merged = _merged(list(found.values()))
    every = deciding([one.assumed for one in merged])
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


def either(
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
            case,
            assumed=tuple((word, *more) for more in case.assumed or (_NOTHING,)),
        )
        for word, cases in zip(words, (first, second), strict=True)
        for case in cases
    )
