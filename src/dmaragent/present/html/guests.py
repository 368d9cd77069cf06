"""What becomes of a guest: verdict, reasons, remedies, and its memory before and after."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import AddressRange, span
from dmaragent.answers.guest import Answer
from dmaragent.guests.rdm import FOUR_GIB
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.layout import GuestLayout, Outcome, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolver import Resolution
from dmaragent.present.html.legend import legend
from dmaragent.present.html.markup import NOTHING, Child, Markup, element
from dmaragent.present.html.parts import Section, bullets, facts, section, short, table, verbatim
from dmaragent.present.html.picture import Box, Column, picture
from dmaragent.present.html.scale import make_scale
from dmaragent.present.html.words import guest_mark
from dmaragent.present.html.zoom import zoomable
from dmaragent.present.remedy_words import TITLE, remedy_sentences
from dmaragent.present.text.resolve import REGION_COLUMNS, ram_ranges, reason_groups, region_row
from dmaragent.present.text.resolve_head import (
    VERDICT_WORDS,
    reason_words,
    stack_words,
    why_it_starts,
)
from dmaragent.present.wording import rough_size_words, size_words

_MOST = 64
"""Reasons and regions that are listed of a guest; ``dmaragent resolve`` lists all."""
_KINDS = {
    Outcome.CLEAR: ("kept", "kept free"),
    Outcome.MOVED: ("kept", "RAM moved away"),
    Outcome.HIDDEN: ("untold", "not told"),
    Outcome.CONFLICT: ("conflict", "CONFLICT"),
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
    found = answer.resolution
    key = f"guest-{number}"
    mark = guest_mark(found)
    head = element("p", mark, f" ({stack_words(found.stack)})", class_="lead")
    settings = [(one.name, f"{one.value} ({one.origin})") for one in answer.settings]
    return section(
        key,
        guest_title(answer),
        head,
        _reasons(found),
        _remedies(answer),
        [element("h3", "Settings in effect"), facts(settings)] if settings else None,
        _cases(key, found),
        _notes(answer),
    )


def _reasons(found: Resolution) -> Markup:
    if not found.reasons:
        said = why_it_starts(found)
        return element("p", said[:1].upper() + said[1:] + ".")
    title = "Warnings" if found.verdict is Verdict.STARTS else "Why"
    return element(
        "div", element("h3", title), bullets(map(reason_item, reason_groups(found.reasons)))
    )


def reason_item(group: Sequence[Decision]) -> Child:
    """Tell the first of several reasons by one rule in full, and which regions have it too."""
    one = group[0]
    source = "" if one.rule is None else one.rule.source
    rule = ": ".join(part for part in (source, one.shown) if part)
    others = [span(each.region) for each in group[1:] if each.region is not None]
    left = len(others) - _MOST
    more = f" and {left} more" if left > 0 else ""
    also = [f"Likewise: {', '.join(others[:_MOST])}{more}"] if others else []
    return [
        reason_words(one),
        element("small", f" [{rule}]") if rule else None,
        [element("p", each, class_="note") for each in also],
    ]


def _remedies(answer: Answer) -> Markup:
    helps = answer.remedies
    if helps is None or (not helps.ranked and not helps.why_none):
        return NOTHING
    title = element("h3", TITLE if helps.ranked else "Fixes")
    if not helps.ranked:
        return element("div", title, element("p", helps.why_none))
    items = []
    for one in helps.ranked:
        lines = verbatim(one.lines, "Lines for the configuration") if one.lines else None
        items.append(element("li", " ".join(remedy_sentences(one)), lines))
    return element("div", title, element("ol", items))


def _notes(answer: Answer) -> Markup:
    found = answer.resolution
    told = [f"{one.place}: {one.text}" for one in found.settings.messages]
    told += [f"Before it can start: {line}" for line in found.prerequisites]
    told += [f"Documented and shipped differ: {line}" for line in answer.differences or ()]
    told += [f"Reported, and not seen here: {line}" for line in answer.reports]
    return element("div", element("h3", "Notes"), bullets(told)) if told else NOTHING


def _cases(key: str, found: Resolution) -> Markup:
    """Draw the case that gives the verdict; say of the others what comes of them."""
    shown = found.case
    if shown is None:
        return NOTHING
    others = [one for one in found.cases if one is not shown]
    told = [
        f"With {' or '.join(one.assumptions)}: it {VERDICT_WORDS[one.built.verdict]}"
        for one in others
        if one.assumptions
    ]
    assumed = f"Shown: with {' or '.join(shown.assumptions)}." if shown.assumptions else ""
    return element(
        "div",
        element("h3", "Its memory, before and after"),
        element("p", assumed) if assumed else None,
        bullets(told),
        _layout(key, found, shown),
    )


def _layout(key: str, found: Resolution, case: PossibleOutcome) -> Markup:
    layout = case.built.layout
    if layout is None:
        return element("p", "No region is reserved: the guest is not laid out around any.")
    title = f"Memory of {found.guest.name or found.guest.source}, before and after"
    figure = element(
        "figure",
        zoomable(_picture(key, layout, title), title),
        _caption(key, layout),
    )
    rows = [region_row(found, case, one) for one in layout.placed[:_MOST]]
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
            range=one.reservation.region,
            kind=_KINDS[one.outcome][0],
            said=f"{span(one.reservation.region)}: {_KINDS[one.outcome][1]}; {one.reason}",
            label=f"{size_words(one.reservation.region.size)}, {_KINDS[one.outcome][1]}",
            reached=True,
        )
        for one in layout.placed[:_MOST]
    ]
    before, after = _ram(layout.before, "before"), _ram(layout.after, "after")
    reserved = [one.range for one in regions]
    scale = make_scale([one.range for one in (*before, *after)], reserved, (FOUR_GIB,))
    columns = [Column(name="before", boxes=before), Column(name="after", boxes=after)]
    if regions:
        columns.append(Column(name="regions", boxes=tuple(regions), beside=True))
    return picture(scale, columns, key=key, title=title)


def _ram(ram: RamLayout, when: str) -> tuple[Box, ...]:
    return tuple(
        Box(range=one, kind="ram", said=f"RAM {when}: {span(one)}", label="RAM")
        for one in ram_ranges(ram)
        if one.size
    )


def _caption(key: str, layout: GuestLayout) -> Markup:
    moved = layout.before.lowmem_end - layout.after.lowmem_end
    said = f"{rough_size_words(moved)} of RAM is moved to above 4 GiB. " if moved else ""
    used = {"ram", *(_KINDS[one.outcome][0] for one in layout.placed)}
    return element(
        "figcaption",
        element("p", f"{said}The scale is not linear, as above."),
        legend(_LEGEND, used, key),
    )


def _rows(layout: GuestLayout) -> Iterator[Sequence[Child]]:
    told: list[tuple[AddressRange, str]] = []
    for when, ram in (("before", layout.before), ("after", layout.after)):
        told += [(one, f"RAM {when}") for one in ram_ranges(ram) if one.size]
    placed = layout.placed[:_MOST]
    told += [(one.reservation.region, f"region: {_KINDS[one.outcome][1]}") for one in placed]
    for one, what in sorted(told, key=lambda pair: pair[0]):
        end = f"{one.end - 1:#x}" if one.size else "-"
        yield f"{one.start:#x}", end, what, short(rough_size_words(one.size))
