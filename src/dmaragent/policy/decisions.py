"""A decision about a guest: what, by whom, why, by which rule."""

from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF, AddressRange


class Verdict(Enum):
    """What becomes of a guest."""

    STARTS = "starts"
    REFUSED = "refused"
    """It does not start, or not to the point where it runs."""
    UNDECIDED = "undecided"
    """It cannot be said; the reason says why."""


class Decider(Enum):
    """Who decides."""

    XL = "xl"
    LIBXL = "libxl"
    XEN = "Xen"
    HVMLOADER = "hvmloader"
    MANUAL = "the manual pages"
    """Asked for with --xen documented."""
    DMARAGENT = "dmaragent"
    """Nobody: what would be needed to say it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision or warning, with its reason."""

    decider: Decider
    verdict: Verdict
    """STARTS: a warning that stops nothing."""
    reason: str
    rule: str = ""
    """Where it comes from: a file and function of Xen or its tools."""
    shown: str = ""
    """What Xen or a tool says of it: an error's name, a message."""
    region: AddressRange | None = None
    device: SBDF | None = None
    place: str = ""
    """Where in the configuration it comes from, if it does."""


def span(region: AddressRange) -> str:
    """Put a region into words, its last byte included."""
    return f"{region.start:#x}-{region.end - 1:#x}"
