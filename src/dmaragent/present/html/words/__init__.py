"""Sentences and labels that only the report has, a module for each of its parts.

Here are those that several parts have.
"""

from dmaragent.policy.decisions import Verdict as GuestVerdict
from dmaragent.present.words.numbers import count

NOTHING = "-"
"""In a cell: the device or the region has none."""


GUEST_VERDICTS = {
    GuestVerdict.REFUSED: " will not start",
    GuestVerdict.UNDECIDED: ": unknown",
    GuestVerdict.STARTS: " will start",
}


def cases(number: int) -> str:
    """Return how often a check found its problem."""
    return count(number, "case")


FIX = "Fix"
FIXES = "Fixes, safest first"
NOTES = "Notes"


REGIONS_COLUMN = "regions"
SCALE = (
    "Addresses grow downwards. The scale is not linear: every range is at least one line high, "
    "so that 4 KiB is visible beside 2 GiB."
)


def in_segment(segment: int) -> str:
    """Return the PCI segment of a region, to follow its size; nothing for segment 0."""
    return f", segment {segment:04x}" if segment else ""


def capital(words: str) -> str:
    """Return `words` with a capital letter."""
    return f"{words[:1].upper()}{words[1:]}"


def sentence(words: str) -> str:
    """Return `words` with a capital letter and a full stop."""
    return f"{capital(words)}."
