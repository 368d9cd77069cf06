"""The short answer about a Xen guest: verdict, reason, fixes and assumptions."""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.answers.guest import Answer
from dmaragent.policy.decisions import Decision, Harm, Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.words import capitalized
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import toned
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.text.tones import verdict_tone
from dmaragent.present.words.guest import (
    NO_REMEDY_OF_WARNINGS,
    REMEDIES_TITLE,
    details_words,
    likewise_words,
    list_words,
    no_remedy_words,
    prerequisite_words,
    reason_groups,
    reason_words,
    release_words,
    remedy_in_short,
    reported_words,
    risk_if_it_starts,
    spelling_words,
    stack_words,
    verdict_with_harm,
    why_it_starts,
)
from dmaragent.present.words.other_releases import by_release, other_releases_words, release_verdict
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import GuestRemedy

MOST_LINES = 12
"""Lines of the short answer about a guest that does not start.

Fixes beyond the first are left out to keep to it.  Warnings, prerequisites and assumptions are not,
and the reason is not cut.
"""
MOST_NAME = 40
"""Characters of a name or a device that the first line shows."""
_WIDEST = 44
"""Characters of a change with its effect beside it; a longer one has it below."""


def resolve_short_text(
    answer: Answer, others: Mapping[Verdict, tuple[str, ...]], recorded: str
) -> Iterator[str]:
    """Yield the lines of the short answer.

    `others` has the verdicts of other releases, `recorded` the words of another host.
    """
    resolution, helps = answer.resolution, answer.remedies or GuestRemedies((), "")
    reasons, reasons_left = short_reasons(
        resolution.verdict, resolution.reasons, resolution.guest.source
    )
    head = [*verdict_lines(resolution, others), *reasons]
    if not resolution.reasons:
        head += paragraph(f"{capitalized(why_it_starts(resolution))}.", indent=2)
    for line in (*resolution.settings.ignored_settings, *prerequisite_words(resolution)):
        head += paragraph(f"{line}.", indent=2, hang=2)
    for line in answer.reports:
        head += paragraph(reported_words(line), indent=2, hang=2)
    risk = risk_if_it_starts(resolution)
    head += paragraph(f"{risk}.", indent=2) if risk else []
    end = [*limit_lines(resolution, others), *paragraph(recorded)]
    room = MOST_LINES - len(head) - len(end) - 1
    fixes, fixes_left = _fixes(resolution, helps, room)
    yield from head
    yield from fixes
    yield from end
    yield details_words(fixes_left, reasons_left, len(resolution.settings.messages))


def verdict_lines(
    resolution: Resolution, others: Mapping[Verdict, tuple[str, ...]] | None = None
) -> list[str]:
    """Return the first line: the guest, the verdict, and the releases that give it."""
    name = shorten(resolution.guest.name or resolution.guest.source, MOST_NAME)
    verdict = verdict_with_harm(resolution)
    verdict = toned(verdict, verdict_tone(resolution.verdict, resolution.reasons))
    spans = by_release(others or {}).get(release_verdict(resolution))
    releases = release_words(spans) if spans else stack_words(resolution.stack)
    return paragraph(f"{name}: {verdict} ({releases})", hang=2)


def short_reasons(
    verdict: Verdict, reasons: Sequence[Decision], source: str
) -> tuple[list[str], int]:
    """Return the lines of the reasons that a short answer shows, and how many others there are.

    The first reason is always shown.  Of a guest that may start, each kind of warning is shown, the
    worst first.
    """
    lines: list[str] = []
    left = 0
    groups = reason_groups(reasons)
    if verdict is Verdict.STARTS:
        groups.sort(key=lambda group: -group[0].harm)
    for number, group in enumerate(groups):
        warns = verdict is not Verdict.REFUSED and group[0].harm is not Harm.NONE
        if number == 0 or warns or verdict is Verdict.STARTS:
            reason = f"{reason_words(group[0], source)}.{likewise_words(group)}"
            lines += paragraph(reason, indent=2)
        else:
            left += 1
    return lines, left


def _fixes(resolution: Resolution, helps: GuestRemedies, room: int) -> tuple[list[str], int]:
    """Return the lines of the fixes that fit into `room`, at least one, and how many are left out."""
    if not helps.ranked:
        return _without_fix(resolution, helps), 0
    remedies = helps.ranked
    title = ["", *paragraph(REMEDIES_TITLE)]
    number = len(remedies)
    while number > 1 and len(title) + len(_fix_lines(remedies[:number])) > room:
        number -= 1
    return [*title, *_fix_lines(remedies[:number])], len(remedies) - number


def _fix_lines(remedies: Sequence[GuestRemedy]) -> list[str]:
    """Return the lines of `remedies`: the change, and its effect beside it or below it."""
    briefs = [visible(remedy.brief) for remedy in remedies]
    column = max((len(brief) for brief in briefs if len(brief) <= _WIDEST), default=0) + 5
    lines: list[str] = []
    for number, (brief, remedy) in enumerate(zip(briefs, remedies, strict=True), 1):
        change, effect = f"{number}  {brief}", remedy_in_short(remedy)
        if len(brief) <= _WIDEST:
            lines += labelled(change, effect, indent=2, column=column)
        else:
            lines += [*paragraph(change, indent=2, hang=3), *paragraph(effect, indent=5)]
    return lines


def _without_fix(resolution: Resolution, helps: GuestRemedies) -> list[str]:
    sentence = no_remedy_words(helps)
    if not sentence and helps.spelling is not None:
        sentence = spelling_words(helps.spelling)
    if not sentence and resolution.verdict is Verdict.STARTS and resolution.reasons:
        sentence = NO_REMEDY_OF_WARNINGS
    return ["", *paragraph(f"{sentence}.", hang=2)] if sentence else []


def limit_lines(
    resolution: Resolution, others: Mapping[Verdict, tuple[str, ...]] | None = None
) -> list[str]:
    """Return what the answer assumes, and the verdicts of other releases."""
    limits = [
        resolution.stack.origin,
        *other_releases_words(resolution, others or {}),
        *list_words(resolution.host, resolution.reasons),
    ]
    return paragraph(" ".join(f"{limit}." for limit in limits if limit))
