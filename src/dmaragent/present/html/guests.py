"""What becomes of a guest: verdict, reasons, remedies, and its memory before and after."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import FOUR_GIB, AddressRange, span
from dmaragent.answers.guest import Answer
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.layout import GuestLayout, Placement, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolution import Resolution
from dmaragent.present.html.marks import guest_mark
from dmaragent.present.html.markup import NOTHING, Child, Markup, element
from dmaragent.present.html.parts import Section, bullets, facts, section, short, table, verbatim
from dmaragent.present.html.picture import Box, Column, legend, picture, zoomable
from dmaragent.present.html.scale import make_scale
from dmaragent.present.words.guest import (
    REGION_COLUMNS,
    REMEDIES_TITLE,
    VERDICT_WORDS,
    ram_ranges,
    reason_groups,
    reason_words,
    region_row,
    remedy_sentences,
    stack_words,
    why_it_starts,
)
from dmaragent.present.words.numbers import rough_size_words, size_words

_MOST = 64
"""Reasons and regions that are listed of a guest; ``dmaragent resolve`` lists all."""
_KINDS = {
    Placement.CLEAR: ("kept", "kept free"),
    Placement.MOVED: ("kept", "RAM moved away"),
    Placement.HIDDEN: ("untold", "not told"),
    Placement.CONFLICT: ("conflict", "CONFLICT"),
}


_LEGEND = (
    ("ram", "RAM of the guest"),
    ("kept", "region without RAM: kept free, or RAM moved away"),
    ("untold", "region that the guest is not told of: it may hold RAM"),
    ("conflict", "region with RAM in it, for which the guest is refused (CONFLICT)"),
)


def guest_title(answer: Answer) -> str:
    """Name a guest."""
    guest = answer.resolution.guest
    return f"Guest {guest.name or guest.source}"


def guest_section(number: int, answer: Answer) -> Section:
    """Tell of one guest."""
    resolution = answer.resolution
    key = f"guest-{number}"
    mark = guest_mark(resolution)
    head = element("p", mark, f" ({stack_words(resolution.stack)})", class_="lead")
    settings = [
        (setting.name, f"{setting.value} ({setting.origin})") for setting in answer.settings
    ]
    return section(
        key,
        guest_title(answer),
        head,
        _reasons(resolution),
        _remedies(answer),
        [element("h3", "Settings in effect"), facts(settings)] if settings else None,
        _cases(key, resolution),
        _notes(answer),
    )


def _reasons(resolution: Resolution) -> Markup:
    if not resolution.reasons:
        sentence = why_it_starts(resolution)
        return element("p", sentence[:1].upper() + sentence[1:] + ".")
    title = "Warnings" if resolution.verdict is Verdict.STARTS else "Why"
    return element(
        "div", element("h3", title), bullets(map(reason_item, reason_groups(resolution.reasons)))
    )


def reason_item(group: Sequence[Decision]) -> Child:
    """Tell the first of several reasons by one rule in full, and which regions have it too."""
    first = group[0]
    source = "" if first.rule is None else first.rule.source
    rule = ": ".join(part for part in (source, first.shown) if part)
    others = [span(reason.region) for reason in group[1:] if reason.region is not None]
    left = len(others) - _MOST
    more = f" and {left} more" if left > 0 else ""
    also = [f"Likewise: {', '.join(others[:_MOST])}{more}"] if others else []
    return [
        reason_words(first),
        element("small", f" [{rule}]") if rule else None,
        [element("p", sentence, class_="note") for sentence in also],
    ]


def _remedies(answer: Answer) -> Markup:
    helps = answer.remedies
    if helps is None or (not helps.ranked and not helps.why_none):
        return NOTHING
    title = element("h3", REMEDIES_TITLE if helps.ranked else "Fixes")
    if not helps.ranked:
        return element("div", title, element("p", helps.why_none))
    items = []
    for remedy in helps.ranked:
        lines = verbatim(remedy.lines, "Lines for the configuration") if remedy.lines else None
        items.append(element("li", " ".join(remedy_sentences(remedy)), lines))
    return element("div", title, element("ol", items))


def _notes(answer: Answer) -> Markup:
    resolution = answer.resolution
    notes = [f"{message.place}: {message.text}" for message in resolution.settings.messages]
    notes += [f"Before it can start: {line}" for line in resolution.prerequisites]
    notes += [f"Documented and shipped differ: {line}" for line in answer.differences or ()]
    notes += [f"Reported, and not seen here: {line}" for line in answer.reports]
    return element("div", element("h3", "Notes"), bullets(notes)) if notes else NOTHING


def _cases(key: str, resolution: Resolution) -> Markup:
    """Draw the case that gives the verdict; say of the others what comes of them."""
    shown = resolution.outcome
    if shown is None:
        return NOTHING
    others = [case for case in resolution.outcomes if case is not shown]
    sentences = [
        f"With {' or '.join(case.assumptions)}: it {VERDICT_WORDS[case.built.verdict]}"
        for case in others
        if case.assumptions
    ]
    assumed = f"Shown: with {' or '.join(shown.assumptions)}." if shown.assumptions else ""
    return element(
        "div",
        element("h3", "Its memory, before and after"),
        element("p", assumed) if assumed else None,
        bullets(sentences),
        _layout(key, resolution, shown),
    )


def _layout(key: str, resolution: Resolution, case: PossibleOutcome) -> Markup:
    layout = case.built.layout
    if layout is None:
        return element("p", "No region is reserved: the guest is not laid out around any.")
    title = f"Memory of {resolution.guest.name or resolution.guest.source}, before and after"
    figure = element(
        "figure",
        zoomable(_picture(key, layout, title), title),
        _caption(key, layout),
    )
    rows = [region_row(resolution, case, placed) for placed in layout.placed[:_MOST]]
    left = len(layout.placed) - len(rows)
    tables = [
        table(f"{title}, in words", ("From", "To", "What it is", "Size"), _rows(layout)),
        table("Regions, in libxl's order", REGION_COLUMNS, rows) if rows else None,
        element("p", f"and {left} more: dmaragent resolve --details lists all") if left else None,
    ]
    return element("div", figure, element("div", tables), class_="beside-it")


def _picture(key: str, layout: GuestLayout, title: str) -> Markup:
    regions = [
        Box(
            range=placed.reservation.region,
            kind=_KINDS[placed.placement][0],
            description=f"{span(placed.reservation.region)}: {_KINDS[placed.placement][1]}; {placed.reason}",
            label=f"{size_words(placed.reservation.region.size)}, {_KINDS[placed.placement][1]}",
            reached=True,
        )
        for placed in layout.placed[:_MOST]
    ]
    before, after = _ram(layout.before, "before"), _ram(layout.after, "after")
    reserved = [box.range for box in regions]
    scale = make_scale([box.range for box in (*before, *after)], reserved, (FOUR_GIB,))
    columns = [Column(name="before", boxes=before), Column(name="after", boxes=after)]
    if regions:
        columns.append(Column(name="regions", boxes=tuple(regions), beside=True))
    return picture(scale, columns, key=key, title=title)


def _ram(ram: RamLayout, when: str) -> tuple[Box, ...]:
    return tuple(
        Box(range=part, kind="ram", description=f"RAM {when}: {span(part)}", label="RAM")
        for part in ram_ranges(ram)
        if part.size
    )


def _caption(key: str, layout: GuestLayout) -> Markup:
    moved = layout.before.lowmem_end - layout.after.lowmem_end
    sentence = f"{rough_size_words(moved)} of RAM is moved to above 4 GiB. " if moved else ""
    used = {"ram", *(_KINDS[placed.placement][0] for placed in layout.placed)}
    return element(
        "figcaption",
        element("p", f"{sentence}The scale is not linear, as above."),
        legend(_LEGEND, used, key),
    )


def _rows(layout: GuestLayout) -> Iterator[Sequence[Child]]:
    rows: list[tuple[AddressRange, str]] = []
    for when, ram in (("before", layout.before), ("after", layout.after)):
        rows += [(part, f"RAM {when}") for part in ram_ranges(ram) if part.size]
    placed = layout.placed[:_MOST]
    rows += [
        (region.reservation.region, f"region: {_KINDS[region.placement][1]}") for region in placed
    ]
    for part, what in sorted(rows, key=lambda pair: pair[0]):
        end = f"{part.end - 1:#x}" if part.size else "-"
        yield f"{part.start:#x}", end, what, short(rough_size_words(part.size))
