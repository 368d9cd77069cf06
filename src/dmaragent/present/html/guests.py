"""The guests of a report: verdict, reasons, fixes and memory of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from dmaragent.addresses import AddressRange, span
from dmaragent.answers.guest import Answer
from dmaragent.inventory import Inventory
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Decision, Effect, Harm, Verdict
from dmaragent.policy.layout import GuestLayout, PlacedRegion, RamLayout
from dmaragent.policy.resolution import PossibleOutcome, Resolution
from dmaragent.present.html import words
from dmaragent.present.html.guest_picture import (
    OVERWRITTEN,
    REGION,
    DrawnRam,
    DrawnRegion,
    beside,
    drawn_region,
    memory_figure,
)
from dmaragent.present.html.marks import guest_mark
from dmaragent.present.html.markup import NOTHING, Child, Markup, element
from dmaragent.present.html.parts import (
    Section,
    block_of,
    bullets,
    facts,
    folded,
    section,
    table,
    verbatim,
)
from dmaragent.present.html.words import guests as guests_words
from dmaragent.present.words.guest import (
    REMEDIES_TITLE,
    any_stack_words,
    ram_ranges,
    reason_groups,
    reason_words,
    region_row,
    remedy_sentences,
    why_it_starts,
)
from dmaragent.present.words.kvm_guest import (
    DEVICE_WORDS,
    kvm_memory_words,
    kvm_next_step,
    kvm_regions_source,
    why_kvm_starts,
)
from dmaragent.present.words.numbers import numbered_regions, rough_size_words, size_words

AnyAnswer = Answer | KvmResolution

_MOST = 64
"""Reasons and regions that are listed of a guest; ``dmaragent resolve`` lists all."""
_MOST_OPEN = 3
"""Guests that are shown unfolded; more are folded, each below its verdict."""


def resolution_of(answer: AnyAnswer) -> AnyResolution:
    """Return the resolution of a guest, whichever hypervisor runs it."""
    return answer if isinstance(answer, KvmResolution) else answer.resolution


def guest_name(answer: AnyAnswer) -> str:
    """Return the name of a guest, or else its file."""
    guest = resolution_of(answer).guest
    return guest.name or guest.source


def guests_section(inventory: Inventory, answers: Sequence[AnyAnswer]) -> Section | None:
    """Return all guests; many are folded."""
    if not answers:
        return None
    numbers = {region.range: region.number for region in inventory.regions if region.range}
    return section(
        "guests",
        guests_words.GUESTS,
        [
            _guest(number, answer, numbers, fold=len(answers) > _MOST_OPEN)
            for number, answer in enumerate(answers, 1)
        ],
    )


def _first_reason(resolution: AnyResolution) -> str:
    return reason_words(resolution.reasons[0]) if resolution.reasons else _why_it_starts(resolution)


def _why_it_starts(resolution: AnyResolution) -> str:
    if isinstance(resolution, KvmResolution):
        return words.sentence(why_kvm_starts(resolution))
    return words.sentence(why_it_starts(resolution))


def _guest(
    number: int, answer: AnyAnswer, numbers: Mapping[AddressRange, int], *, fold: bool
) -> Markup:
    key = f"guest-{number}"
    resolution = resolution_of(answer)
    heading = element("h3", guests_words.guest_title(guest_name(answer)), id=f"{key}-heading")
    verdict: list[Child] = [guest_mark(answer), " ", element("small", any_stack_words(resolution))]
    if isinstance(answer, KvmResolution):
        content = _kvm_parts(key, answer, numbers)
    else:
        content = _xen_parts(key, answer, numbers)
    parts: list[Child] = [heading, element("p", verdict, class_="lead"), content]
    if fold:
        reason = element("span", _first_reason(resolution), class_="reason")
        parts = [folded([heading, verdict, reason], content)]
    return element("article", parts, id=key, aria_labelledby=f"{key}-heading", class_="guest")


# Any guest ------------------------------------------------------------------------------


def _reasons(resolution: AnyResolution, numbers: Mapping[AddressRange, int]) -> Markup:
    if not resolution.reasons:
        return element("p", _why_it_starts(resolution))
    title = guests_words.WARNINGS if resolution.verdict is Verdict.STARTS else guests_words.REASONS
    reasons = [_reason(group, numbers) for group in reason_groups(resolution.reasons)]
    return element("div", element("h4", title), bullets(reasons))


def _reason(group: Sequence[Decision], numbers: Mapping[AddressRange, int]) -> Child:
    """Return the first of several reasons by one rule in full, and which regions have it too."""
    first = group[0]
    source = "" if first.rule is None else first.rule.source
    rule = ": ".join(part for part in (source, first.shown) if part)
    others = [reason.region for reason in group[1:] if reason.region is not None]
    return [
        reason_words(first),
        element("p", _likewise(others, numbers), class_="note") if others else None,
        element("p", element("small", f"[{rule}]")) if rule else None,
    ]


def _likewise(regions: Sequence[AddressRange], numbers: Mapping[AddressRange, int]) -> str:
    if numbers.keys() >= set(regions):
        return guests_words.likewise(numbered_regions([numbers[region] for region in regions]), 0)
    return guests_words.likewise(", ".join(map(span, regions[:_MOST])), len(regions) - _MOST)


def _notes(notes: Iterable[str]) -> Markup:
    lines = bullets(notes)
    return NOTHING if lines is NOTHING else element("div", element("h4", words.NOTES), lines)


def _overwritten(warnings: Iterable[Decision], verdict: Verdict) -> frozenset[AddressRange]:
    """Return the regions through which DMA can overwrite RAM of a guest that may run."""
    if verdict is Verdict.REFUSED:
        return frozenset()
    return frozenset(
        warning.region
        for warning in warnings
        if warning.region is not None and warning.harm is Harm.CORRUPTION
    )


# Xen guests -----------------------------------------------------------------------------


def _xen_parts(key: str, answer: Answer, numbers: Mapping[AddressRange, int]) -> list[Child]:
    return [
        _reasons(answer.resolution, numbers),
        _remedies(answer),
        _memory_and_settings(key, answer, numbers),
        _notes(_xen_notes(answer)),
    ]


def _settings(answer: Answer) -> Markup:
    settings = [
        (setting.name, f"{setting.value} ({setting.origin})") for setting in answer.settings
    ]
    if not settings:
        return NOTHING
    return element("div", element("h4", guests_words.SETTINGS), facts(settings))


def _remedies(answer: Answer) -> Markup:
    helps = answer.remedies
    if helps is None or (not helps.ranked and not helps.why_none):
        return NOTHING
    title = element("h4", REMEDIES_TITLE if helps.ranked else words.FIXES)
    if not helps.ranked:
        return element("div", title, element("p", helps.why_none))
    items = []
    for remedy in helps.ranked:
        lines = verbatim(remedy.lines, guests_words.CONFIGURATION_LINES) if remedy.lines else None
        items.append(element("li", " ".join(remedy_sentences(remedy)), lines))
    return element("div", title, element("ol", items))


def _xen_notes(answer: Answer) -> Iterator[str]:
    resolution = answer.resolution
    yield from (f"{message.place}: {message.text}" for message in resolution.settings.messages)
    yield from map(guests_words.before_start, resolution.prerequisites)
    yield from map(guests_words.documented_otherwise, answer.differences or ())
    yield from map(guests_words.reported, answer.reports)


def _memory_and_settings(
    key: str, answer: Answer, numbers: Mapping[AddressRange, int]
) -> list[Child]:
    """Return the memory in the case that gives the verdict, and the settings in effect."""
    resolution, settings = answer.resolution, _settings(answer)
    shown = resolution.outcome
    if shown is None or shown.built.layout is None:
        return [bullets(_other_outcomes(resolution)), settings]
    assumed = guests_words.with_assumptions(shown.assumptions) if shown.assumptions else ""
    return [
        element("h4", guests_words.MEMORY),
        element("p", assumed) if assumed else None,
        bullets(_other_outcomes(resolution)),
        _memory(key, resolution, shown, numbers, settings)
        if shown.built.layout.placed
        else [
            element("p", _without_regions(shown)),
            facts(_ram_facts(shown.built.layout)),
            settings,
        ],
    ]


def _without_regions(case: PossibleOutcome) -> str:
    return guests_words.NO_REGION_KNOWN if case.missing else guests_words.NO_REGION_RESERVED


def _other_outcomes(resolution: Resolution) -> Iterator[str]:
    """Yield the verdicts of the cases that are not shown."""
    for case in resolution.outcomes:
        if case is not resolution.outcome and case.assumptions:
            yield guests_words.other_outcome(case.assumptions, case.verdict)


def _memory(
    key: str,
    resolution: Resolution,
    case: PossibleOutcome,
    numbers: Mapping[AddressRange, int],
    settings: Markup,
) -> Markup:
    """Return the picture of a guest's memory, with its regions and settings beside it."""
    layout = case.built.layout
    if layout is None:
        return settings
    overwritten = _overwritten(case.built.warnings, case.built.verdict)
    different = list(dict.fromkeys(layout.placed))  # on AMD, Xen lists a region for each device ID
    placed = different[:_MOST]
    drawn = [
        drawn_region(each.reservation.region, each.placement, overwritten, numbers)
        for each in placed
    ]
    name = resolution.guest.name or resolution.guest.source
    moved = layout.before.lowmem_end - layout.after.lowmem_end
    note = guests_words.moved(rough_size_words(moved)) if moved else ""
    rows = [*_region_rows(resolution, case, placed, drawn)]
    left = len(different) - len(placed)
    return beside(
        memory_figure(key, name, [*_ram_columns(layout)], drawn, f"{note} {words.SCALE}".strip()),
        table(guests_words.REGIONS_OF_GUEST, guests_words.GUEST_REGION_COLUMNS, rows),
        element("p", guests_words.more_of_guest(left)) if left else None,
        facts(_ram_facts(layout)),
        settings,
    )


def _ram(layout: RamLayout) -> list[AddressRange]:
    return [part for part in ram_ranges(layout) if part.size]


def _ram_columns(layout: GuestLayout) -> Iterator[DrawnRam]:
    if layout.before == layout.after:
        yield DrawnRam(guests_words.RAM, _ram(layout.after))
        return
    yield DrawnRam(guests_words.RAM_BEFORE, _ram(layout.before), final=False)
    yield DrawnRam(guests_words.RAM_AFTER, _ram(layout.after))


def _ram_facts(layout: GuestLayout) -> Iterator[tuple[str, str]]:
    for ram in _ram_columns(layout):
        yield guests_words.ram_name(ram.name), ", ".join(map(span, ram.ranges))


def _region_rows(
    resolution: Resolution,
    case: PossibleOutcome,
    placed: Sequence[PlacedRegion],
    drawn: Sequence[DrawnRegion],
) -> Iterator[Sequence[Child]]:
    """Yield a row for each run of regions that differ in nothing but their range."""
    rows = []
    for each, region in zip(placed, drawn, strict=True):
        _, owner, policy, decided, _ = region_row(resolution, case, each)
        rows.append((region, (owner, policy, decided, region.outcome)))

    for cells, alike in groupby(rows, key=lambda row: row[1]):
        yield (block_of(_range(region) for region, _ in alike), *cells)


def _range(region: DrawnRegion) -> Child:
    size = size_words(region.range.size)
    text = f"{span(region.range)}, {size}"
    if region.number is None:
        return text
    return [element("a", f"{region.number}", href=f"#region-{region.number}"), f": {text}"]


# KVM guests -----------------------------------------------------------------------------


def _kvm_parts(
    key: str, resolution: KvmResolution, numbers: Mapping[AddressRange, int]
) -> list[Child]:
    rows = [
        (
            str(function.sbdf),
            function.device.text,
            function.device.place,
            DEVICE_WORDS[function.verdict],
        )
        for function in resolution.functions[:_MOST]
    ]
    left = len(resolution.functions) - len(rows)
    sentences = (
        kvm_memory_words(resolution),
        kvm_regions_source(resolution),
        kvm_next_step(resolution),
    )
    notes = [f"{note.place}: {note.text}" for note in resolution.guest.notes]
    return [
        _reasons(resolution, numbers),
        facts(zip(guests_words.KVM_LABELS, sentences, strict=True)),
        table(guests_words.KVM_DEVICES, guests_words.KVM_DEVICE_COLUMNS, rows) if rows else None,
        element("p", guests_words.more_of_guest(left)) if left else None,
        _kvm_memory(key, resolution, numbers),
        _notes([*notes, *map(guests_words.before_start, resolution.prerequisites)]),
    ]


def _kvm_memory(key: str, resolution: KvmResolution, numbers: Mapping[AddressRange, int]) -> Markup:
    """Return the picture of the regions that are reasons beside the guest's RAM."""
    regions = {reason.region: reason for reason in resolution.reasons if reason.region is not None}
    if not regions or not resolution.ram:
        return NOTHING
    overwritten = _overwritten(resolution.reasons, resolution.verdict)
    drawn = [
        _kvm_region(part, reason, overwritten, numbers)
        for part, reason in sorted(regions.items(), key=lambda pair: pair[0])[:_MOST]
    ]
    columns = [
        DrawnRam(guests_words.RAM, [part for part in ram.ranges if part.size])
        for ram in resolution.ram
    ]
    name = resolution.guest.name or resolution.guest.source
    figure = memory_figure(key, name, columns, drawn, words.SCALE)
    return element("div", element("h4", guests_words.MEMORY), figure)


def _kvm_region(
    part: AddressRange,
    reason: Decision,
    overwritten: frozenset[AddressRange],
    numbers: Mapping[AddressRange, int],
) -> DrawnRegion:
    number = numbers.get(part)
    if part in overwritten:
        return DrawnRegion(part, OVERWRITTEN, guests_words.OVERWRITTEN, number)
    blocked = reason.effect is Effect.REFUSED
    outcome = guests_words.LINUX_BLOCKS if blocked else guests_words.REGION_OF_DEVICE
    return DrawnRegion(part, REGION, outcome, number)
