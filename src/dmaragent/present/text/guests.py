"""Guests for people, whoever runs them: one in full, or several in a line each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dmaragent.addresses import span
from dmaragent.answers.guest import Answer
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import toned
from dmaragent.present.text.kvm import kvm_text
from dmaragent.present.text.resolve import resolve_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.text.tones import verdict_tone
from dmaragent.present.words.guest import VERDICT_WORDS, any_stack_words
from dmaragent.present.words.numbers import count


def guest_text(
    answer: Answer | KvmResolution,
    others: Mapping[Verdict, tuple[str, ...]],
    *,
    whole: bool = False,
) -> Iterator[str]:
    """Return the lines of one answer; `others` says what other releases of Xen do."""
    if isinstance(answer, KvmResolution):
        return kvm_text(answer, whole=whole)
    return resolve_text(answer, others, whole=whole)


_MOST = 90


def resolve_lines(
    resolutions: Iterable[AnyResolution], passed_over: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Give the lines of several guests, each when it is found: none is kept."""
    verdicts = []
    stacks: dict[str, None] = {}
    for resolution in resolutions:
        verdicts.append(resolution.verdict)
        stacks[any_stack_words(resolution)] = None
        parts = [
            visible(resolution.guest.source),
            toned(
                VERDICT_WORDS[resolution.verdict],
                verdict_tone(resolution.verdict, resolution.reasons),
            ),
            visible(_why(resolution)),
        ]
        yield ": ".join(word for word in parts if word)
    for path, why in passed_over:
        yield f"{visible(path)}: passed over: {shorten(why, _MOST)}"
    yield ""
    numbers = []
    for verdict, single, several in (
        (Verdict.STARTS, "starts", "start"),
        (Verdict.REFUSED, "does not start", "do not start"),
        (Verdict.UNDECIDED, "cannot be said", "cannot be said"),
    ):
        number = verdicts.count(verdict)
        numbers += [f"{number} {single if number == 1 else several}"] if number else []
    words = f"{count(len(verdicts), 'guest')}: {', '.join(numbers)} ({visible('; '.join(stacks))})"
    yield from paragraph(words, hang=2)
    yield "All of a guest: name it alone, or --details"


def _why(resolution: AnyResolution) -> str:
    """Say why in a few words; the whole reason stands in the guest's details."""
    ignored: list[str] = []
    if isinstance(resolution, Resolution):
        ignored = [shorten(setting, _MOST) for setting in resolution.settings.ignored_settings]
    if resolution.verdict is Verdict.STARTS:
        warnings = len(resolution.reasons)
        return ", ".join(([count(warnings, "warning")] if warnings else []) + ignored)
    several = (
        isinstance(resolution, Resolution)
        and resolution.verdict is Verdict.UNDECIDED
        and len(resolution.outcomes) > 1
    )
    why = "several outcomes are possible" if several else _brief(resolution.reasons[0])
    return ", ".join([why, *ignored])


def _brief(decision: Decision) -> str:
    who = "" if decision.decider is Decider.DMARAGENT else f"{decision.decider.value}: "
    if decision.region is None:
        return shorten(who + decision.reason, _MOST)
    device = "" if decision.device is None else f" of {decision.device}"
    return f"{who}{span(decision.region)}{device}"
