"""The answer about a guest: the values that a resolution returns."""

from dataclasses import dataclass
from typing import NamedTuple

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.library_answers import LibraryAnswers
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.settings import RdmSettings, Toolstack
from dmaragent.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Who builds the guest, and by which releases."""

    toolstack: Toolstack = Toolstack.XL
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
            (outcome for outcome in self.outcomes if outcome.built.verdict is self.verdict), first
        )
