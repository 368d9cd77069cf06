"""A resolution for people: verdict, reason and remedy first, then what they rest on."""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.addresses import AddressRange, span
from dmaragent.answers.guest import Answer
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.layout import GuestLayout, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolution import Resolution
from dmaragent.present.escaping import shorten, visible
from dmaragent.present.screen import toned
from dmaragent.present.text.memory_bar import LEGEND, Painted, bars
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.text.tones import VERDICT_TONES, verdict_tone
from dmaragent.present.words.guest import (
    REGION_COLUMNS,
    REMEDIES_TITLE,
    VERDICT_WORDS,
    counted_verdict,
    first_remedy_words,
    list_words,
    more_reasons,
    ram_ranges,
    reason_groups,
    reason_words,
    region_row,
    remedy_sentences,
    resolution_notes,
    stack_words,
    why_it_starts,
)
from dmaragent.present.words.numbers import rough_size_words
from dmaragent.remedies.guests.trial import GuestRemedies

MOST_ROWS = 32
"""Rows of a list that are shown where not all is asked for."""


def resolve_text(
    answer: Answer, others: Mapping[Verdict, tuple[str, ...]], *, whole: bool = False
) -> Iterator[str]:
    """Give the lines of one resolution; `others` says what other releases do, where asked.

    Without `whole`, a long list is cut, and how much of it is left out is said.
    """
    most = None if whole else MOST_ROWS
    resolution, helps = answer.resolution, answer.remedies or GuestRemedies((), "")
    yield from head_text(resolution, helps)
    yield from _other_releases(others)
    yield from _messages(resolution, helps)
    yield from _reasons(resolution, most)
    yield from _remedies(helps)
    yield from _settings(answer, most)
    yield from _cases(resolution, most)
    if answer.differences:
        yield ""
        yield "Documented and shipped differ"
        for line in answer.differences:
            yield from paragraph(line, indent=2, hang=2)
    if answer.reports:
        yield ""
        yield "Reported of this release, and not seen here"
        for line in answer.reports:
            yield from paragraph(line, indent=2, hang=2)


def _messages(resolution: Resolution, helps: GuestRemedies) -> Iterator[str]:
    notes = resolution_notes(resolution)
    if not notes:
        return
    yield ""
    yield "Note"
    for line in notes:
        yield from paragraph(line, indent=2, hang=2)
    if helps.spelling is not None:
        yield "  A spelling that is taken there:"
        for line in helps.spelling.lines:
            yield f"    {visible(line)}"
        yield from paragraph(helps.spelling.effect, indent=6, hang=2)


def _other_releases(others: Mapping[Verdict, tuple[str, ...]]) -> Iterator[str]:
    if not others:
        return
    yield ""
    yield "It depends on the release (--xen names one)"
    for verdict, releases in others.items():
        yield from paragraph(
            f"{toned(VERDICT_WORDS[verdict], VERDICT_TONES[verdict])}: Xen {', '.join(releases)}",
            indent=2,
            hang=2,
        )


def _cut(rows: Sequence[Sequence[str]], most: int | None, indent: int = 2) -> Iterator[str]:
    """Lay `rows` out, `most` of them; say how many more there are."""
    kept = rows if most is None or len(rows) <= most + 1 else rows[:most]
    yield from render(kept, indent=indent)
    if len(kept) < len(rows):
        yield f"{'':{indent}}… and {len(rows) - len(kept)} more (--details shows all)"


def _reasons(resolution: Resolution, most: int | None) -> Iterator[str]:
    """Give all reasons: those by one rule together, its first in full."""
    if not resolution.reasons:
        return
    yield ""
    yield "Warnings" if resolution.verdict is Verdict.STARTS else "Reasons"
    yield from reason_lines(resolution.reasons, most)


def reason_lines(reasons: Sequence[Decision], most: int | None) -> Iterator[str]:
    """Give the lines of `reasons`: those by one rule together, its first in full."""
    for group in reason_groups(reasons):
        first = group[0]
        source = "" if first.rule is None else first.rule.source
        rule = ": ".join(part for part in (source, first.shown) if part)
        sentence = f"{reason_words(first)} [{rule}]" if rule else reason_words(first)
        yield from paragraph(sentence, indent=2, hang=2)
        others = [reason for reason in group[1:] if reason.region is not None]
        if others:
            rows = [
                ("also" if n == 0 else "", span(reason.region), str(reason.device or ""))
                for n, reason in enumerate(others)
                if reason.region is not None
            ]
            yield from _cut(rows, most, indent=4)


def _remedies(helps: GuestRemedies) -> Iterator[str]:
    if not helps.ranked:
        return
    yield ""
    yield REMEDIES_TITLE
    for number, remedy in enumerate(helps.ranked, 1):
        sentences = " ".join(remedy_sentences(remedy))
        yield from paragraph(f"{number}. {sentences}", indent=2, hang=3)
        for line in remedy.lines:
            yield f"       {visible(line)}"


def _settings(answer: Answer, most: int | None) -> Iterator[str]:
    rows = [(setting.name, setting.value, setting.origin) for setting in answer.settings]
    if rows:
        yield ""
        yield "Settings in effect"
        yield from _cut(rows, most)


def _cases(resolution: Resolution, most: int | None) -> Iterator[str]:
    drawn: GuestLayout | None = None
    for case in resolution.outcomes:
        yield ""
        if case.assumptions:
            verdict = toned(VERDICT_WORDS[case.built.verdict], VERDICT_TONES[case.built.verdict])
            yield from paragraph(f"With {' or '.join(case.assumptions)}: it {verdict}", hang=2)
        layout = case.built.layout
        if layout is None:
            yield "Regions: none is reserved, the guest is not laid out around any"
            continue
        yield from _regions(resolution, case, layout, most)
        if drawn is not None and (drawn.before, drawn.after) == (layout.before, layout.after):
            yield "  Its RAM lies as above"
        else:
            yield from _memory(case, layout, most)
        drawn = layout


def _regions(
    resolution: Resolution, case: PossibleOutcome, layout: GuestLayout, most: int | None
) -> Iterator[str]:
    if not layout.placed:
        yield "Regions: none is reserved"
        return
    yield "Regions, in libxl's order"
    rows: list[Sequence[str]] = [REGION_COLUMNS]
    rows += [region_row(resolution, case, placed) for placed in layout.placed]
    yield from _cut(rows, most)


def _memory(case: PossibleOutcome, layout: GuestLayout, most: int | None) -> Iterator[str]:
    yield ""
    yield "Guest memory, before and after"
    regions = [placed.reservation.region for placed in layout.placed]
    rows = [
        ("before", _painted(layout.before, regions)),
        ("after", _painted(layout.after, regions)),
    ]
    yield from bars(rows)
    yield f"  {LEGEND}"
    yield f"  RAM before  {_ram_words(layout.before)}"
    yield f"  RAM after   {_ram_words(layout.after)}"
    if layout.after.lowmem_end != layout.before.lowmem_end:
        moved = layout.before.lowmem_end - layout.after.lowmem_end
        yield f"  moved       {rough_size_words(moved)} to above 4 GiB"
    if case.built.memory_map:
        yield "  The memory map that libxl gives hvmloader:"
        entries = [entry for entry in case.built.memory_map if entry.range.size]
        yield from _cut(
            [(span(entry.range), entry.type.value) for entry in entries], most, indent=4
        )


def _painted(ram: RamLayout, regions: list[AddressRange]) -> Painted:
    held: list[AddressRange] = []
    free: list[AddressRange] = []
    for region in regions:
        (held if ram.overlaps(region) else free).append(region)
    return Painted(ram_ranges(ram), tuple(free), tuple(held))


def _ram_words(ram: RamLayout) -> str:
    return ", ".join(span(part) for part in ram_ranges(ram) if part.size)


MOST_NAME = 40
"""Characters of a name or a device that the first line shows."""

_MOST_PLACE = 80
"""How much of a place does not count where the reason behind it is shortened."""


def head_text(resolution: Resolution, helps: GuestRemedies) -> Iterator[str]:
    """Give verdict, reason and remedy: ten lines at most."""
    guest = resolution.guest
    name = shorten(guest.name or guest.source, MOST_NAME)
    verdict = counted_verdict(resolution.verdict, resolution.reasons)
    verdict = toned(verdict, verdict_tone(resolution.verdict, resolution.reasons))
    yield from paragraph(f"{name}: {verdict} ({stack_words(resolution.stack)})", hang=2)
    lost = "".join(f"; {setting}" for setting in resolution.settings.ignored_settings)
    if resolution.reasons:
        rest = more_reasons(resolution.reasons)
        first = resolution.reasons[0]
        why = shorten(reason_words(first), 200 + min(len(first.place), _MOST_PLACE))
        yield from labelled("Why", f"{why}{shorten(lost, 60)}{rest}")
    else:
        yield from labelled("Why", shorten(why_it_starts(resolution) + lost))
    yield from labelled("Remedy", first_remedy_words(resolution, helps))
    limits = [resolution.stack.origin, *list_words(resolution.host)]
    yield from labelled("Rests on", shorten("; ".join(limit for limit in limits if limit), 200))
