"""Guests for people: one in short, all its details, or several in a line each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dmaragent.answers.guest import Answer
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.present.escaping import visible
from dmaragent.present.screen import toned
from dmaragent.present.text.kvm import kvm_short_text, kvm_text
from dmaragent.present.text.resolve import resolve_text
from dmaragent.present.text.resolve_short import resolve_short_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.text.tones import verdict_tone
from dmaragent.present.words.guest import (
    ONE_GUEST_IN_FULL,
    any_stack_words,
    guests_by_verdict,
    reason_words,
    skipped_words,
    verdict_with_harm,
    verdict_word,
)


def guest_text(
    answer: Answer | KvmResolution,
    others: Mapping[Verdict, tuple[str, ...]],
    *,
    details: bool = False,
    host: str | None = None,
    recorded: str = "",
) -> Iterator[str]:
    """Return the lines of one answer, with all `details` or in short.

    `others` has the verdicts of other releases of Xen; `host` is the path of another host, and
    `recorded` its words in a short answer.
    """
    if isinstance(answer, KvmResolution):
        return kvm_text(answer, host) if details else kvm_short_text(answer, host, recorded)
    return resolve_text(answer, others) if details else resolve_short_text(answer, others, recorded)


def resolve_lines(
    resolutions: Iterable[AnyResolution],
    passed_over: Sequence[tuple[str, str]],
    folder: str = "",
) -> Iterator[str]:
    """Yield the lines of several guests, each when it is resolved: none is kept.

    Files in `folder` are listed by their names in it.
    """
    verdicts = []
    stacks: dict[str, None] = {}
    if folder:
        yield from [f"In {visible(folder)}:", ""]
    for resolution in resolutions:
        verdicts.append(verdict_word(resolution))
        stacks[any_stack_words(resolution)] = None
        tone = verdict_tone(resolution.verdict, resolution.reasons)
        verdict = toned(verdict_with_harm(resolution), tone)
        yield f"{visible(_in_folder(resolution.guest.source, folder))}: {verdict}"
        for sentence in _why(resolution):
            yield from paragraph(sentence, indent=4, hang=2)
    for path, why in passed_over:
        yield from paragraph(skipped_words(_in_folder(path, folder), why), hang=4)
    yield ""
    yield from paragraph(guests_by_verdict(verdicts, list(stacks)), hang=2)
    yield ONE_GUEST_IN_FULL


def _in_folder(path: str, folder: str) -> str:
    return path.removeprefix(f"{folder}/")


def _why(resolution: AnyResolution) -> Iterator[str]:
    """Yield the first reason that a guest does not start, and what its toolstack ignores."""
    if resolution.verdict is not Verdict.STARTS:
        yield reason_words(resolution.reasons[0], resolution.guest.source)
    if isinstance(resolution, Resolution):
        yield from resolution.settings.ignored_settings
