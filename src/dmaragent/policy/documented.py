"""Differences between the manual pages and what a release of xl does."""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.policy.effective_settings import policy_word
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.policy.resolver import possible_scenarios, why_regions_may_be_missing
from dmaragent.policy.settings import RdmSettings, Toolstack, settle_documented
from dmaragent.policy.simulate import Scenario, build
from dmaragent.policy.words import settings as words
from dmaragent.xen.toolstack.libxl import toolstack_behaviours


class Documented(NamedTuple):
    """What the manual pages state about a guest."""

    settings: RdmSettings
    outcome: PossibleOutcome | None
    """None if they do not allow the configuration."""


def documented(resolution: Resolution) -> Documented:
    """Resolve the guest of `resolution` as the manual pages of its release describe."""
    guest, release = resolution.guest, resolution.stack.release
    settings = settle_documented(guest, release)
    if settings.refusals:
        return Documented(settings=settings, outcome=None)
    _, scenario = next(possible_scenarios(settings))
    layout = toolstack_behaviours(release)[-1].layout
    built = build(guest, scenario, resolution.host, layout, release)
    outcome = PossibleOutcome(
        assumed=(),
        policies=(scenario.policy,),
        scenario=scenario,
        built=built,
        missing=why_regions_may_be_missing(resolution.host, scenario, built),
    )
    return Documented(settings=settings, outcome=outcome)


def documented_differences(resolution: Resolution) -> Iterator[str]:
    """Yield each difference between the manual pages and the release, a sentence each.

    Nothing for a saved configuration, another toolstack, or numbers that may be binary or not.
    """
    stack, guest = resolution.stack, resolution.guest
    if guest.binary is not None:
        return
    if stack.documented or stack.toolstack is not Toolstack.XL or guest.saved_rdm is not None:
        return
    promised = documented(resolution)
    refused = frozenset(resolution.settings.refusals)
    for complaint in promised.settings.refusals:
        if complaint not in refused:
            yield words.not_documented(complaint.place, complaint.text)
    if promised.outcome is None:
        if not resolution.settings.refusals:
            yield words.read_all_the_same(resolution.verdict)
    elif resolution.settings.refusals:
        yield words.DOCUMENTED_AND_REFUSED
    else:
        yield from _setting_differences(resolution, promised.settings, promised.outcome)
        verdict = promised.outcome.verdict
        if verdict is not resolution.verdict:
            yield words.verdicts_differ(verdict, resolution.verdict)


def _setting_differences(
    resolution: Resolution, theirs: RdmSettings, promised: PossibleOutcome
) -> Iterator[str]:
    """Compare strategy and the devices' policies."""
    ours = resolution.settings
    if theirs.strategies != ours.strategies:
        shipped = [strategy.value for strategy in ours.strategies]
        yield words.setting_differs("strategy", theirs.strategies[0].value, shipped)
    if not resolution.outcomes:
        return
    hoped = _policies(promised.scenario)
    shipped_policies = [_policies(outcome.scenario) for outcome in resolution.outcomes]
    for device in ours.devices:
        number = device.number
        policies = {own[number] for own in shipped_policies if number in own}
        if number in hoped and policies != {hoped[number]}:
            yield words.setting_differs(device.text, hoped[number], sorted(policies))


def _policies(scenario: Scenario) -> dict[int, str]:
    """Return the policy of each device by its number, as either reading can lack a device."""
    pairs = zip(scenario.devices, scenario.device_policies, strict=True)
    return {device.number: policy_word(policy) for device, policy in pairs}
