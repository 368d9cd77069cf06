"""Several resolutions for people: a line a guest, and how many there are of each verdict."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import span
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.present.escaping import visible
from dmaragent.present.resolve_head import VERDICT_WORDS, shorten, stack_words
from dmaragent.present.tables import paragraph
from dmaragent.present.wording import count

_MOST = 90


def resolve_lines(
    found: Iterable[Resolution], passed_over: Sequence[tuple[str, str]], stack: Stack
) -> Iterator[str]:
    """Give the lines of several guests, each when it is found: none is kept."""
    verdicts = []
    for one in found:
        verdicts.append(one.verdict)
        told = [visible(one.guest.source), VERDICT_WORDS[one.verdict], visible(_why(one))]
        yield ": ".join(word for word in told if word)
    for path, why in passed_over:
        yield f"{visible(path)}: passed over: {shorten(why, _MOST)}"
    yield ""
    told = []
    for verdict, single, several in (
        (Verdict.STARTS, "starts", "start"),
        (Verdict.REFUSED, "does not start", "do not start"),
        (Verdict.UNDECIDED, "cannot be said", "cannot be said"),
    ):
        number = verdicts.count(verdict)
        told += [f"{number} {single if number == 1 else several}"] if number else []
    words = f"{count(len(verdicts), 'guest')}: {', '.join(told)} ({stack_words(stack)})"
    yield from paragraph(words, hang=2)
    yield "All of a guest: name it alone, or --details"


def _why(resolution: Resolution) -> str:
    """Say why in a few words; the whole reason stands in the guest's details."""
    told = [shorten(one, _MOST) for one in resolution.settings.losses]
    if resolution.verdict is Verdict.STARTS:
        warnings = len(resolution.reasons)
        return ", ".join(([count(warnings, "warning")] if warnings else []) + told)
    several = resolution.verdict is Verdict.UNDECIDED and len(resolution.cases) > 1
    why = "several outcomes are possible" if several else _brief(resolution.reasons[0])
    return ", ".join([why, *told])


def _brief(decision: Decision) -> str:
    who = "" if decision.decider is Decider.DMARAGENT else f"{decision.decider.value}: "
    if decision.region is None:
        return shorten(who + decision.reason, _MOST)
    device = "" if decision.device is None else f" of {decision.device}"
    return f"{who}{span(decision.region)}{device}"
