"""A resolution for people: verdict, reason and remedy first, then what they rest on."""

from collections.abc import Iterator, Mapping, Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.answers.guest import Answer
from dmaragent.guests.rdm import FOUR_GIB
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.effective import region_policies
from dmaragent.policy.layout import GuestLayout, Outcome, Placed, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolver import Resolution
from dmaragent.present.escaping import visible
from dmaragent.present.remedy_words import TITLE, remedy_sentences
from dmaragent.present.text.memory_bar import LEGEND, Painted, bars
from dmaragent.present.text.resolve_head import VERDICT_WORDS, head_text, reason_words
from dmaragent.present.text.tables import paragraph, render
from dmaragent.present.wording import rough_size_words
from dmaragent.remedies.guests.trial import GuestRemedies

_OUTCOME_WORDS = {
    Outcome.CLEAR: "kept free",
    Outcome.MOVED: "RAM moved",
    Outcome.HIDDEN: "not told",
    Outcome.CONFLICT: "CONFLICT",
}
REGION_COLUMNS = ("Range", "Owner", "Policy", "Decided by", "Outcome")
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
    told = [f"{one.place}: {one.text}" for one in resolution.settings.messages]
    told += [f"before it can start: {line}" for line in resolution.prerequisites]
    if not told:
        return
    yield ""
    yield "Note"
    for line in told:
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
            f"{VERDICT_WORDS[verdict]}: Xen {', '.join(releases)}", indent=2, hang=2
        )


def _cut(rows: Sequence[Sequence[str]], most: int | None, indent: int = 2) -> Iterator[str]:
    """Lay `rows` out, `most` of them; say how many more there are."""
    kept = rows if most is None or len(rows) <= most + 1 else rows[:most]
    yield from render(kept, indent=indent)
    if len(kept) < len(rows):
        yield f"{'':{indent}}… and {len(rows) - len(kept)} more (--details shows all)"


def reason_groups(reasons: Sequence[Decision]) -> list[list[Decision]]:
    """Give the reasons that are told together: of several regions by one rule."""
    groups: dict[tuple[object, ...], list[Decision]] = {}
    for one in reasons:
        own = one.reason if one.region is None else ""
        groups.setdefault((one.decider, one.rule, one.effect, own), []).append(one)
    return list(groups.values())


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
        rule = ": ".join(one for one in (source, first.shown) if one)
        said = f"{reason_words(first)} [{rule}]" if rule else reason_words(first)
        yield from paragraph(said, indent=2, hang=2)
        others = [one for one in group[1:] if one.region is not None]
        if others:
            rows = [
                ("also" if n == 0 else "", span(one.region), str(one.device or ""))
                for n, one in enumerate(others)
                if one.region is not None
            ]
            yield from _cut(rows, most, indent=4)


def _remedies(helps: GuestRemedies) -> Iterator[str]:
    if not helps.ranked:
        return
    yield ""
    yield TITLE
    for number, one in enumerate(helps.ranked, 1):
        told = " ".join(remedy_sentences(one))
        yield from paragraph(f"{number}. {told}", indent=2, hang=3)
        for line in one.lines:
            yield f"       {visible(line)}"


def _settings(answer: Answer, most: int | None) -> Iterator[str]:
    rows = [(one.name, one.value, one.origin) for one in answer.settings]
    if rows:
        yield ""
        yield "Settings in effect"
        yield from _cut(rows, most)


def _cases(resolution: Resolution, most: int | None) -> Iterator[str]:
    drawn: GuestLayout | None = None
    for case in resolution.cases:
        yield ""
        if case.assumptions:
            verdict = VERDICT_WORDS[case.built.verdict]
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
    rows += [region_row(resolution, case, one) for one in layout.placed]
    yield from _cut(rows, most)


def region_row(
    resolution: Resolution, case: PossibleOutcome, one: Placed
) -> tuple[str, str, str, str, str]:
    """Say of one region whose it is, by which policy, who decided that, and what came of it."""
    entry = one.reservation
    owners = resolution.host.owners.get(entry.region, ())
    decided = "the guest" if entry.decided_by is None else str(entry.decided_by)
    return (
        span(entry.region),
        _owner_words(owners),
        " or ".join(region_policies(resolution, case, one)),
        decided,
        _OUTCOME_WORDS[one.outcome],
    )


def _owner_words(owners: tuple[SBDF, ...]) -> str:
    """Name the first owner and how many more there are; `inventory` names them all."""
    if not owners:
        return "not known"
    return str(owners[0]) + (f" +{len(owners) - 1}" if len(owners) > 1 else "")


def _memory(case: PossibleOutcome, layout: GuestLayout, most: int | None) -> Iterator[str]:
    yield ""
    yield "Guest memory, before and after"
    regions = [one.reservation.region for one in layout.placed]
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
        entries = [one for one in case.built.memory_map if one.range.size]
        yield from _cut([(span(one.range), one.type.value) for one in entries], most, indent=4)


def ram_ranges(ram: RamLayout) -> tuple[AddressRange, ...]:
    """Give the ranges that a guest's RAM lies in."""
    low = AddressRange(0, ram.lowmem_end)
    return (low, AddressRange(FOUR_GIB, ram.highmem_end)) if ram.highmem_end > FOUR_GIB else (low,)


def _painted(ram: RamLayout, regions: list[AddressRange]) -> Painted:
    held: list[AddressRange] = []
    free: list[AddressRange] = []
    for one in regions:
        (held if ram.overlaps(one) else free).append(one)
    return Painted(ram_ranges(ram), tuple(free), tuple(held))


def _ram_words(ram: RamLayout) -> str:
    return ", ".join(span(one) for one in ram_ranges(ram) if one.size)
