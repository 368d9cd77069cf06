"""Where the manual pages and the release differ for a guest."""

from collections.abc import Iterator

from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolver import Resolution, documented
from dmaragent.policy.settings import Settings, Toolstack

_VERDICTS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "may or may not start",
}


def documented_differences(resolution: Resolution) -> Iterator[str]:
    """Yield what the manual pages promise and the release does otherwise, a sentence each.

    Nothing where there is nothing to compare: a saved configuration, another toolstack, numbers
    that may be binary or not.
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
            yield f"{complaint.place}: the manual pages do not allow {complaint.text}"
    if promised.case is None:
        if not resolution.settings.refusals:
            yield f"the release reads it all the same, and the guest {_VERDICTS[resolution.verdict]}"
    elif resolution.settings.refusals:
        yield "the manual pages allow it, and the release refuses it"
    else:
        yield from _readings(resolution, promised.settings, promised.case)
        verdict = promised.case.built.verdict
        if verdict is not resolution.verdict:
            shipped = _VERDICTS[resolution.verdict]
            yield f"the guest: documented {_VERDICTS[verdict]}, shipped {shipped}"


def _readings(resolution: Resolution, theirs: Settings, promised: PossibleOutcome) -> Iterator[str]:
    """Compare strategy and the devices' policies."""
    ours = resolution.settings
    if theirs.strategies != ours.strategies:
        words = " or ".join(one.value for one in ours.strategies)
        yield f"strategy: documented {theirs.strategies[0].value}, shipped {words}"
    if not resolution.cases:
        return
    for place, device in enumerate(ours.devices):
        hoped = _word(promised.scenario.device_policies[place])
        found = {_word(one.scenario.device_policies[place]) for one in resolution.cases}
        if found != {hoped}:
            yield f"{device.text}: documented {hoped}, shipped {' or '.join(sorted(found))}"


def _word(policy: Policy) -> str:
    """Name a policy as it is in the end: an unset one is strict."""
    return Policy.STRICT.value if policy is Policy.INVALID else policy.value
