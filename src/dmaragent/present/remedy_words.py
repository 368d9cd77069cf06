"""A remedy in sentences, the same in text and in the report: what to do, its cost, its undoing."""

from collections.abc import Iterator

from dmaragent.policy.decisions import Verdict
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.wording import count
from dmaragent.remedies.remedy import GuestRemedy

TITLE = "Fixes, safest first, each tested by resolving the guest with it"


def left_words(remedy: GuestRemedy) -> str:
    """Say how many warnings are left, and the worst of them if the effect does not name it."""
    if not remedy.warnings:
        return ""
    worst = "" if "at a risk:" in remedy.effect else HARM_WORDS[remedy.harm]
    return f"{count(remedy.warnings, 'warning')} left" + (f" ({worst})" if worst else "")


def remedy_sentences(remedy: GuestRemedy) -> Iterator[str]:
    """Yield what to do; then what it costs, what is left and how it is undone, if it helps."""
    yield f"{remedy.effect}."
    if remedy.cost:
        yield f"Cost: {remedy.cost}."
    left = left_words(remedy)
    if left:
        yield f"{left[:1].upper()}{left[1:]}."
    if remedy.undo and remedy.verdict is Verdict.STARTS:
        yield f"Undo: {remedy.undo}."
