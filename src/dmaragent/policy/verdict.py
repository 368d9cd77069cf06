"""The verdict on a guest and its reasons, over all of its possible outcomes."""

from dmaragent.guests.config import Complaint
from dmaragent.guests.rdm import Strategy
from dmaragent.policy.decisions import Decider, Decision, Effect, Verdict, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.outcomes import PossibleOutcome, assumption_words, deciding_assumptions
from dmaragent.policy.resolution import Stack
from dmaragent.policy.settings import RdmSettings, Toolstack
from dmaragent.policy.words import verdict as words


def conclude(
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
    """Return why an unknown region could change the verdict; empty if none could."""
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
    """Return what the verdict depends on: each verdict with its readings."""
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
    by_verdict = zip(groups, map(assumption_words, deciding), strict=True)
    return words.verdict_depends(list(by_verdict))
