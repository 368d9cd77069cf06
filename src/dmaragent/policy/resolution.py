"""The answer about a guest, and who builds it: the values that a resolution hands on."""

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
    """Of the toolstack: it reads the configuration and lays the guest out."""
    hypervisor: Release
    """It lists the regions and assigns the devices."""
    documented: bool = False
    """Whether the manual pages are followed, not the release."""
    origin: str = ""
    """How the releases are known, in words."""
    library_answers: LibraryAnswers | None = None
    """What the installed libxlutil answered; it wins over what is known of the release."""


class Resolution(NamedTuple):
    """What becomes of a guest, and why."""

    guest: GuestConfig
    """As the toolstack reads it: without what its release does not know."""
    host: HostFacts
    """The regions and devices that decided; addresses and sizes in bytes."""
    stack: Stack
    """The toolstack and the releases that decided."""
    verdict: Verdict
    """Whether the guest starts; if readings differ, that it cannot be said."""
    reasons: tuple[Decision, ...]
    """Why, the first before the others; of a guest that starts: what it loses by it."""
    settings: RdmSettings
    """As the toolstack reads them; of several behaviours the first's."""
    readings: tuple[RdmSettings, ...]
    """The settings by each behaviour that the release may have."""
    outcomes: tuple[PossibleOutcome, ...]
    """The possible outcomes; none if the toolstack refuses the configuration."""
    prerequisites: tuple[str, ...]
    """What must be done before, such as making a device assignable."""

    @property
    def outcome(self) -> PossibleOutcome | None:
        """The outcome to show: the first of those that give the verdict."""
        first = self.outcomes[0] if self.outcomes else None
        return next(
            (outcome for outcome in self.outcomes if outcome.built.verdict is self.verdict), first
        )
