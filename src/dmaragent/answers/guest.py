"""What the verb resolve tells of one guest: the resolution, remedies, settings in effect."""

from dataclasses import dataclass

from dmaragent.policy.documented import documented_differences
from dmaragent.policy.effective_settings import EffectiveSetting, effective_settings
from dmaragent.policy.reported_problems import reported_problems
from dmaragent.policy.resolution import Resolution
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.guests.trial import GuestRemedies


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A resolution with all that goes with it."""

    resolution: Resolution
    remedies: GuestRemedies | None
    """None if not all was asked for, as of one guest of many."""
    differences: tuple[str, ...] | None
    """What the manual pages promise and the release does otherwise; None likewise."""
    settings: tuple[EffectiveSetting, ...]
    """The settings in effect."""
    reports: tuple[str, ...] = ()
    """What was reported of the release and may concern the guest; it decides nothing."""


def answer(resolution: Resolution, *, whole: bool = True) -> Answer:
    """Return all that is told of `resolution`, or what is quick to find."""
    return Answer(
        resolution=resolution,
        remedies=guest_remedies(resolution) if whole else None,
        differences=tuple(documented_differences(resolution)) if whole else None,
        settings=effective_settings(resolution),
        reports=tuple(reported_problems(resolution)),
    )
