"""Several resolutions for people: a line a guest, and how many there are of each verdict."""

from collections.abc import Iterator, Sequence

from dmaragent.policy.decisions import Decider, Decision, Verdict, span
from dmaragent.policy.resolver import Resolution
from dmaragent.present.escaping import visible
from dmaragent.present.resolve_text import VERDICT_WORDS, shorten, stack_words
from dmaragent.present.tables import paragraph, render
from dmaragent.present.wording import count

_MOST = 90


def resolve_lines(found: Sequence[Resolution], passed_over: Sequence[str]) -> Iterator[str]:
    """Give the lines of several guests."""
    rows = [(one.guest.source, VERDICT_WORDS[one.verdict], _why(one)) for one in found]
    yield from render([("Guest", "It", "Why"), *rows], indent=0)
    yield ""
    verdicts = [one.verdict for one in found]
    told = [count(len(found), "guest")]
    words = ((Verdict.STARTS, "start"), (Verdict.REFUSED, "do not"), (Verdict.UNDECIDED, "unknown"))
    told += [f"{verdicts.count(one)} {word}" for one, word in words if one in verdicts]
    yield from paragraph(f"{', '.join(told)} ({stack_words(found[0].stack)})", hang=2)
    if passed_over:
        names = ", ".join(visible(path) for path in passed_over)
        yield from paragraph(f"Passed over, no guests: {names}", hang=2)
    yield "All of a guest: name it alone, or --details"


def _why(resolution: Resolution) -> str:
    """Say why in a few words; the whole reason stands in the guest's details."""
    if not resolution.reasons:
        return ""
    if resolution.verdict is Verdict.STARTS:
        return count(len(resolution.reasons), "warning")
    return _brief(resolution.reasons[0])


def _brief(decision: Decision) -> str:
    who = "" if decision.decider is Decider.DMARAGENT else f"{decision.decider.value}: "
    if decision.region is None:
        return shorten(who + decision.reason, _MOST)
    device = "" if decision.device is None else f" of {decision.device}"
    return f"{who}{span(decision.region)}{device}"
