"""What a resolution returns: the verdict on a guest, its reasons and its possible outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dmaragent.guests.config import GuestConfig
from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Decision, Verdict, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import GuestLayout
from dmaragent.policy.library_answers import LibraryAnswers
from dmaragent.policy.settings import RdmSettings, Toolstack
from dmaragent.policy.simulate import BuiltGuest, Scenario
from dmaragent.policy.words import verdict as words
from dmaragent.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Who builds the guest, and by which releases."""

    toolstack: Toolstack = Toolstack.XL
    """The toolstack."""
    release: Release
    """The toolstack's release: it reads the configuration and lays the guest out."""
    hypervisor: Release
    """The hypervisor's release: it lists the regions and assigns the devices."""
    documented: bool = False
    """Whether the manual pages decide, and not the release."""
    origin: str = ""
    """How the releases are known, in sentences."""
    library_answers: LibraryAnswers | None = None
    """The answers of the installed libxlutil; they take precedence over what is known about the
    release."""


class OtherReleases(dict[Verdict, tuple[str, ...]]):
    """The verdicts on a guest if the release is unknown, each with its releases, as spans."""

    def __init__(
        self, spans: Mapping[Verdict, tuple[str, ...]], warned: Mapping[bool, tuple[str, ...]]
    ) -> None:
        super().__init__(spans)
        self.warned = warned
        """The releases with which the guest starts: without a warning, and with one."""


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
    """The result with the known regions."""
    missing: str = ""
    """Why a region may be missing that could change `built`; empty if none could."""

    @property
    def verdict(self) -> Verdict:
        """Whether the guest starts, whatever regions may be missing."""
        return Verdict.UNDECIDED if self.missing else self.built.verdict

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Refusals and unknowns; the first is the reason."""
        known = self.built.decisions
        if not self.missing or self.built.verdict is Verdict.UNDECIDED:
            return known
        reason = words.regions_may_be_missing(self.missing, self.built.verdict)
        return (undecided(reason), *known)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What each reading assumes, in words."""
        return assumption_words(self.assumed)


class Resolution(NamedTuple):
    """Whether a guest starts, and why."""

    guest: GuestConfig
    """As the toolstack reads it: without settings that its release does not know."""
    host: HostFacts
    """The regions and devices that decided; addresses and sizes in bytes."""
    stack: Stack
    """The toolstack and the releases that decided."""
    verdict: Verdict
    """Whether the guest starts; undecided if readings differ."""
    reasons: tuple[Decision, ...]
    """The reasons, the most important first; for a guest that starts, its warnings."""
    settings: RdmSettings
    """As the toolstack reads them; by the first behaviour if there are several."""
    readings: tuple[RdmSettings, ...]
    """The settings for each behaviour that the release may have."""
    outcomes: tuple[PossibleOutcome, ...]
    """The possible outcomes; none if the toolstack refuses the configuration."""
    prerequisites: tuple[str, ...]
    """Commands to run first, such as one that makes a device assignable."""

    @property
    def outcome(self) -> PossibleOutcome | None:
        """The outcome to show: the first that has the verdict."""
        first = self.outcomes[0] if self.outcomes else None
        return next(
            (outcome for outcome in self.outcomes if outcome.verdict is self.verdict), first
        )


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
        (id(region), id(other)): (region, other)
        for region, other in zip(first.placed, second.placed, strict=True)
    }
    return all(
        (region.reservation.region, region.placement) == (other.reservation.region, other.placement)
        for region, other in pairs.values()
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
