"""The possible outcomes of a guest: each reading of its settings is built, equal ones merged.

The result can depend on uninitialized memory, on a point release or on another unknown. Then there
are several readings of the settings, and each is built.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import GuestLayout
from dmaragent.policy.settings import RdmSettings
from dmaragent.policy.simulate import BuiltGuest, Scenario, build
from dmaragent.policy.words import verdict as words
from dmaragent.xen.toolstack.libxl import ToolstackBehaviour

Assumed = tuple[str, ...]
"""The words for what a reading assumes, one for each unknown, or empty."""
NOTHING_ASSUMED: Assumed = ("", "", "", "")


class PossibleOutcome(NamedTuple):
    """The outcome of one possible reading, or of several that give the same."""

    assumed: tuple[Assumed, ...]
    """What each reading assumes; empty if all readings give the same outcome."""
    policies: tuple[Policy, ...]
    """The guest's own policy in each reading, as read; `scenario` has the first."""
    scenario: Scenario
    built: BuiltGuest

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What each reading assumes, in words."""
        return assumption_words(self.assumed)


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
    guest: GuestConfig, host: HostFacts, settled: list[tuple[ToolstackBehaviour, RdmSettings]]
) -> Iterator[PossibleOutcome]:
    """Yield the outcomes of all that `settled` may mean, for each behaviour of the release."""
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


def same_result(first: BuiltGuest, second: BuiltGuest) -> bool:
    """Return whether both have the same visible result; their policies may differ."""
    if first.verdict is not second.verdict or first.memory_map != second.memory_map:
        return False
    same = first.decisions == second.decisions and first.warnings == second.warnings
    return same and _same_layout(first.layout, second.layout)


def _same_layout(first: GuestLayout | None, second: GuestLayout | None) -> bool:
    """Return whether both have the same RAM and the same placements."""
    if first is None or second is None:
        return first is second
    if first.after != second.after or len(first.placed) != len(second.placed):
        return False
    pairs = {
        (id(one), id(other)): (one, other)
        for one, other in zip(first.placed, second.placed, strict=True)
    }
    return all(
        (one.reservation.region, one.placement) == (other.reservation.region, other.placement)
        for one, other in pairs.values()
    )


def assumption_words(assumed: Sequence[Assumed]) -> tuple[str, ...]:
    """Return what each reading assumes, in words."""
    return tuple(map(words.all_assumed, assumed))


def deciding_assumptions(groups: Sequence[Sequence[Assumed]]) -> list[tuple[Assumed, ...]]:
    """Return what the readings of each group assume, without assumptions that decide nothing."""
    kept = [tuple(group) for group in groups]
    for place in range(len(kept[0][0]) if kept else 0):
        rest = [
            tuple(dict.fromkeys((*assumed[:place], "", *assumed[place + 1 :]) for assumed in group))
            for group in kept
        ]
        if sum(map(len, rest)) == len({assumed for group in rest for assumed in group}):
            kept = rest
    return kept
