"""All details of the answer about a Xen guest."""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.addresses import AddressRange, span
from dmaragent.answers.guest import Answer
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.layout import GuestLayout, RamLayout
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.present.escaping import visible
from dmaragent.present.screen import Tone, toned
from dmaragent.present.text.memory_bar import LEGEND, Painted, bars
from dmaragent.present.text.resolve_short import limit_lines, verdict_lines
from dmaragent.present.text.tables import folded, paragraph, render, row_words
from dmaragent.present.text.tones import VERDICT_TONES
from dmaragent.present.words.guest import (
    NO_REMEDY_OF_WARNINGS,
    REGION_COLUMNS,
    REMEDIES_TITLE,
    VERDICT_WORDS,
    line_words,
    no_regions,
    no_remedy_words,
    ram_ranges,
    reason_groups,
    reason_words,
    region_row,
    release_words,
    remedy_sentences,
    resolution_notes,
    why_it_starts,
    without_layout,
)
from dmaragent.present.words.numbers import rough_size_words
from dmaragent.present.words.other_releases import by_release, release_verdict_words
from dmaragent.remedies.guests.trial import GuestRemedies


def resolve_text(answer: Answer, others: Mapping[Verdict, tuple[str, ...]]) -> Iterator[str]:
    """Yield all lines of one resolution; `others` has the verdicts of other releases."""
    resolution, helps = answer.resolution, answer.remedies or GuestRemedies((), "")
    yield from verdict_lines(resolution, others)
    yield from limit_lines(resolution)
    yield from _other_releases(others)
    if resolution.reasons:
        yield ""
        yield "Warnings" if resolution.verdict is Verdict.STARTS else "Reasons"
        yield from reason_lines(resolution.reasons, resolution.guest.source)
    else:
        yield from ["", *paragraph(f"It starts: {why_it_starts(resolution)}.", hang=2)]
    yield from _remedies(resolution, helps)
    yield from _messages(resolution, helps)
    yield from _settings(answer)
    yield from _cases(resolution)
    if answer.differences:
        yield ""
        yield "Differences between the manual pages and this release"
        for line in answer.differences:
            yield from paragraph(line, indent=2, hang=2)
    if answer.reports:
        yield ""
        yield "Reported for this release, not observed here"
        for line in answer.reports:
            yield from paragraph(line, indent=2, hang=2)


def _messages(resolution: Resolution, helps: GuestRemedies) -> Iterator[str]:
    notes = resolution_notes(resolution)
    if not notes:
        return
    yield ""
    yield "Notes"
    for line in notes:
        yield from paragraph(line, indent=2, hang=2)
    if helps.spelling is not None:
        yield "  Accepted instead:"
        for line in helps.spelling.lines:
            yield f"    {visible(line)}"
        yield from paragraph(f"Result: {helps.spelling.effect}", indent=4, hang=2)


def _other_releases(others: Mapping[Verdict, tuple[str, ...]]) -> Iterator[str]:
    if not others:
        return
    yield ""
    yield "Verdict by release (--xen names one)"
    rows = [
        (
            toned(
                release_verdict_words(verdict),
                Tone.CARE if verdict[1] else VERDICT_TONES[verdict[0]],
            ),
            release_words(spans),
        )
        for verdict, spans in by_release(others).items()
    ]
    yield from render(rows)


def reason_lines(reasons: Sequence[Decision], source: str) -> Iterator[str]:
    """Yield the lines of `reasons`: reasons with one rule together, the first in full."""
    for group in reason_groups(reasons):
        first = group[0]
        rule = "" if first.rule is None else first.rule.source
        rule = ": ".join(part for part in (rule, first.shown) if part)
        sentence = reason_words(first, source)
        yield from paragraph(f"{sentence} [{rule}]" if rule else sentence, indent=2, hang=2)
        rows = [
            ("also" if number == 0 else "", span(reason.region), str(reason.device or ""))
            for number, reason in enumerate(
                reason for reason in group[1:] if reason.region is not None
            )
            if reason.region is not None
        ]
        yield from render(rows, indent=4)


def _remedies(resolution: Resolution, helps: GuestRemedies) -> Iterator[str]:
    if not helps.ranked:
        needed = resolution.verdict is Verdict.STARTS and resolution.reasons
        sentence = no_remedy_words(helps) or (NO_REMEDY_OF_WARNINGS if needed else "")
        yield from ["", *paragraph(f"{sentence}.", hang=2)] if sentence else []
        return
    yield ""
    yield REMEDIES_TITLE
    for number, remedy in enumerate(helps.ranked, 1):
        sentences = " ".join(remedy_sentences(remedy))
        yield from paragraph(f"{number}. {sentences}", indent=2, hang=3)
        for line in remedy.lines:
            yield f"       {visible(line)}"


def _settings(answer: Answer) -> Iterator[str]:
    source = answer.resolution.guest.source
    rows = [
        (
            setting.name,
            setting.value,
            line_words(setting.place, source) if setting.place else "",
            setting.default,
        )
        for setting in answer.settings
    ]
    if rows:
        yield ""
        yield "Settings in effect"
        yield from render(rows)


def _cases(resolution: Resolution) -> Iterator[str]:
    drawn: GuestLayout | None = None
    for case in resolution.outcomes:
        yield ""
        if case.assumptions:
            verdict = toned(VERDICT_WORDS[case.verdict], VERDICT_TONES[case.verdict])
            yield from paragraph(f"With {' or '.join(case.assumptions)}: {verdict}", hang=2)
        layout = case.built.layout
        if layout is None:
            yield from paragraph(f"Regions: {without_layout(resolution, case)}", hang=2)
            continue
        yield from _regions(resolution, case, layout)
        if drawn is not None and (drawn.before, drawn.after) == (layout.before, layout.after):
            yield "  Guest memory: as above"
        else:
            yield from _memory(case, layout)
        drawn = layout


def _regions(resolution: Resolution, case: PossibleOutcome, layout: GuestLayout) -> Iterator[str]:
    if not layout.placed:
        yield f"Regions: {no_regions(case)}"
        return
    yield "Regions, in libxl's order"
    rows = folded(region_row(resolution, case, placed) for placed in layout.placed)
    yield from render([REGION_COLUMNS, *(row_words(row, times) for row, times in rows)])


def _memory(case: PossibleOutcome, layout: GuestLayout) -> Iterator[str]:
    yield ""
    yield "Guest memory, before and after libxl moves RAM"
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
        yield "  Memory map from libxl for hvmloader:"
        entries = [entry for entry in case.built.memory_map if entry.range.size]
        lines = folded((span(entry.range), entry.type.value) for entry in entries)
        yield from render([row_words(line, times) for line, times in lines], indent=4)


def _painted(ram: RamLayout, regions: list[AddressRange]) -> Painted:
    held: list[AddressRange] = []
    free: list[AddressRange] = []
    for region in regions:
        (held if ram.overlaps(region) else free).append(region)
    return Painted(ram_ranges(ram), tuple(free), tuple(held))


def _ram_words(ram: RamLayout) -> str:
    return ", ".join(span(part) for part in ram_ranges(ram) if part.size)
