"""The findings."""

from dmaragent.present.words.numbers import count

FINDINGS = "Findings"
EFFECT_ON = {"xen": "Effect on Xen", "linux": "Effect on Linux"}


def more_cases(number: int) -> str:
    """Return how many cases of a finding the report leaves out."""
    return f"{count(number, 'more case')}: dmaragent check lists all."


def evidence(number: int) -> str:
    """Return the label of the bytes that a finding is about."""
    return f"Evidence: {count(number, 'place')} in the table"


def more_pieces(number: int) -> str:
    """Return how many pieces of evidence are left out."""
    return f"and {number} more"
