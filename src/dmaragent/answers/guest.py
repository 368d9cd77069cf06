"""The answer of ``resolve`` about one guest: the resolution, fixes, settings in effect."""

from dataclasses import dataclass

from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.documented import documented_differences
from dmaragent.policy.effective_settings import EffectiveSetting, effective_settings
from dmaragent.policy.reported_problems import reported_problems
from dmaragent.policy.resolution import Resolution
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.guests.trial import GuestRemedies


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A resolution with its fixes and notes."""

    resolution: Resolution
    remedies: GuestRemedies | None
    """None if only a part was requested, such as for one guest of many."""
    differences: tuple[str, ...] | None
    """Differences between the manual pages and the release; None likewise."""
    settings: tuple[EffectiveSetting, ...]
    """The settings in effect."""
    reports: tuple[str, ...] = ()
    """Reports on the release that may concern the guest; they decide nothing."""


def answer(resolution: Resolution, *, whole: bool = True) -> Answer:
    """Return the answer of `resolution`, complete or only the quick parts."""
    return Answer(
        resolution=resolution,
        remedies=guest_remedies(resolution) if whole else None,
        differences=tuple(documented_differences(resolution)) if whole else None,
        settings=effective_settings(resolution),
        reports=tuple(reported_problems(resolution)),
    )


AnyAnswer = Answer | KvmResolution
"""A resolution with its fixes and notes; for a KVM guest the resolution itself."""


def any_answer(resolution: AnyResolution, *, whole: bool = True) -> AnyAnswer:
    """Return `resolution` with its fixes and notes; a KVM guest's is returned as it is."""
    if isinstance(resolution, KvmResolution):
        return resolution
    return answer(resolution, whole=whole)
