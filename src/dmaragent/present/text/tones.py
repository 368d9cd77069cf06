"""The tones of words in an answer: good, bad, or with care."""

from collections.abc import Sequence

from dmaragent.checks.common.model import Severity
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.present.screen import Tone

VERDICT_TONES = {
    Verdict.STARTS: Tone.GOOD,
    Verdict.REFUSED: Tone.BAD,
    Verdict.UNDECIDED: Tone.CARE,
}
SEVERITY_TONES = {
    Severity.CRITICAL: Tone.BAD,
    Severity.ERROR: Tone.BAD,
    Severity.WARNING: Tone.CARE,
}
"""Notes have no colour."""


def verdict_tone(verdict: Verdict, reasons: Sequence[Decision]) -> Tone:
    """Return the tone of a verdict: a guest that starts with warnings needs care."""
    return Tone.CARE if reasons and verdict is Verdict.STARTS else VERDICT_TONES[verdict]
