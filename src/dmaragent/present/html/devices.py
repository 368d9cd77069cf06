"""The devices of a host in a report: a matrix with the verdicts, reasons and fixes of each."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.answers.devices import DeviceRow
from dmaragent.answers.explain import Explanation
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.present.html import words
from dmaragent.present.html.marks import can_mark
from dmaragent.present.html.markup import NOTHING, Child, Markup, element, several
from dmaragent.present.html.parts import (
    RowGroup,
    Section,
    bullets,
    facts,
    folded,
    grouped_table,
    section,
    verbatim,
)
from dmaragent.present.html.words import devices as devices_words
from dmaragent.present.html.words import page as page_words
from dmaragent.present.html.words import regions as regions_words
from dmaragent.present.words import devices as device_words
from dmaragent.present.words.device import card_facts, class_name
from dmaragent.present.words.findings import common
from dmaragent.present.words.passthrough import step_title, verdict_sentence
from dmaragent.remedies.remedy import DeviceRemedy
from dmaragent.spans import span_words

MOST_EXPLAINED = 32
"""Devices with reasons and fixes; each takes about 10 ms to find."""
_MOST_PATHS = 8
"""Paths that lead to no device; more are folded."""
_MOST = 512
"""Rows of a table; ``dmaragent devices`` lists all."""


class DeviceAnswers(NamedTuple):
    """The devices of a host with their verdicts."""

    rows: Sequence[DeviceRow] = ()
    """All of them."""
    explanations: Sequence[Explanation] = ()
    """The reasons and fixes of those that regions concern, or of the first of them."""


class _Line(NamedTuple):
    """Functions of one device that differ in nothing but their address and group."""

    rows: list[DeviceRow]

    @property
    def first(self) -> DeviceRow:
        return self.rows[0]


def devices_section(inventory: Inventory, devices: DeviceAnswers) -> Section | None:
    """Return the matrix, and the paths of the table that lead to no device."""
    lost = _lost(inventory)
    if not devices.rows and lost is NOTHING:
        return None
    shown, others = passed_through(devices.rows)
    return section(
        "devices", devices_words.DEVICES, _matrix(inventory, shown, devices), _others(others), lost
    )


def passed_through(rows: Sequence[DeviceRow]) -> tuple[list[DeviceRow], list[DeviceRow]]:
    """Return the devices that users pass through, and the bridges, chipset and absent ones."""
    shown = [row for row in rows if not row.chipset and not row.absent]
    return shown, [row for row in rows if row.chipset or row.absent]


def devices_to_explain(rows: Sequence[DeviceRow]) -> list[SBDF]:
    """Return the devices whose reasons and fixes belong in the report, one of those that are alike."""
    shown, _ = passed_through(rows)
    lines = [line for alike in _alike(shown) for line in _lines(alike)]
    concerned = [line.first for line in lines if _is_concerned(line.first)]
    return [row.sbdf for row in concerned[:MOST_EXPLAINED]]


def _is_concerned(row: DeviceRow) -> bool:
    return bool(row.regions or row.reported or row.remedy is not None)


def _matrix(inventory: Inventory, rows: Sequence[DeviceRow], devices: DeviceAnswers) -> list[Child]:
    if not rows:
        return []
    explanations = {explanation.sbdf: explanation for explanation in devices.explanations}
    groups = [list(_lines(alike)) for alike in _alike(rows[:_MOST])]
    left = len(rows) - _MOST
    return [
        [element("p", line, class_="note") for line in _side_notes(inventory, rows)],
        element("p", devices_words.HOW_TO_READ, class_="note") if len(groups) < len(rows) else None,
        grouped_table(
            devices_words.MATRIX,
            _head(rows),
            [
                RowGroup([*map(_cells, lines)], _note(inventory, lines, explanations))
                for lines in groups
            ],
        ),
        element("p", device_words.more_devices(left)) if left > 0 else None,
    ]


def _side_notes(inventory: Inventory, rows: Sequence[DeviceRow]) -> Iterator[str]:
    """Yield why a side does not decide on this host."""
    for side in device_words.SIDES:
        if side not in rows[0].decides:
            yield devices_words.side_note(side, device_words.side_words(inventory, rows, side))


def _others(rows: Sequence[DeviceRow]) -> Child:
    if not rows:
        return None
    left = len(rows) - _MOST
    whole = grouped_table(
        devices_words.OTHERS_CAPTION, _head(rows), [RowGroup([*map(_cells, _lines(rows[:_MOST]))])]
    )
    more = element("p", device_words.more_devices(left, " --all")) if left > 0 else None
    return folded(devices_words.other_devices(len(rows)), whole, more)


def _sides(row: DeviceRow) -> tuple[str, str]:
    """Return the sides in the order of the columns: whoever decides is first."""
    return ("linux", "xen") if row.decides == ("linux",) else ("xen", "linux")


def _head(rows: Sequence[DeviceRow]) -> tuple[str, ...]:
    sides = (device_words.SIDES[side] for side in _sides(rows[0]))
    return (devices_words.DEVICE_COLUMN, *sides, *devices_words.DEVICE_COLUMNS)


# Devices that are alike -----------------------------------------------------------------


def _alike(rows: Sequence[DeviceRow]) -> Iterable[list[DeviceRow]]:
    """Return the devices with the same verdicts, regions and fix; by the first address."""
    groups: dict[Hashable, list[DeviceRow]] = {}
    for row in rows:
        key = (row.xen, row.linux, row.regions, row.reported, row.remedy, row.unknown)
        groups.setdefault(key, []).append(row)
    return groups.values()


def _lines(rows: Sequence[DeviceRow]) -> Iterator[_Line]:
    """Yield a line for each row; functions of one device that are alike share one."""
    line: _Line | None = None
    for row in rows:
        if line is not None and _one_line(line.rows[-1], row):
            line.rows.append(row)
            continue
        if line is not None:
            yield line
        line = _Line([row])
    if line is not None:
        yield line


def _one_line(row: DeviceRow, following: DeviceRow) -> bool:
    first, second = row.sbdf, following.sbdf
    slots = ((sbdf.segment, sbdf.bus, sbdf.device, sbdf.function) for sbdf in (first, second))
    (*device, function), (*other, next_function) = slots
    if device != other or next_function != function + 1:
        return False
    return _looks(row) == _looks(following)


def _looks(row: DeviceRow) -> Hashable:
    return (row.xen, row.linux, row.absent, row.regions, row.reported, *_identity(row))


def _identity(row: DeviceRow) -> tuple[str, str, str]:
    function = row.function
    slot = (function and function.slot) or words.NOTHING
    return _what(row), device_words.driver_cell(row), slot


def _cells(line: _Line) -> Sequence[Child]:
    row = line.first
    verdicts = [row.xen if side == "xen" else row.linux for side in _sides(row)]
    groups = dict.fromkeys(each.group for each in line.rows if each.group is not None)
    return (
        _addresses(line),
        *(can_mark(verdict.can, risk=verdict.risk) for verdict in verdicts),
        *_identity(row),
        device_words.region_spans(row),
        span_words(sorted(groups)) or words.NOTHING,
    )


def _addresses(line: _Line) -> str:
    first, last = line.first.sbdf, line.rows[-1].sbdf
    return str(first) if first == last else devices_words.functions_of(str(first), str(last))


def _what(row: DeviceRow) -> str:
    """Return class, numbers and name of a device, the class in full."""
    if row.function is None:
        return device_words.short_class(row)
    parts = (class_name(row.function), device_words.device_id(row), device_words.known_name(row))
    return " ".join(part for part in parts if part)


# Reasons and fixes ----------------------------------------------------------------------


def _note(
    inventory: Inventory, lines: Sequence[_Line], explanations: Mapping[SBDF, Explanation]
) -> Child:
    """Return warnings, common reasons and the fix of devices that are alike, and details of each.

    Nothing if all allow them.
    """
    row = lines[0].first
    told = [line for line in lines if line.first.sbdf in explanations]
    if not told and row.remedy is None:
        return None
    fix = () if row.remedy is None else [(words.FIX, device_words.remedy_sentence(row.remedy))]
    complete = len(told) == len(lines)
    reasons = _common_reasons(row, [explanations[line.first.sbdf] for line in told])
    return [
        facts([*_warnings(told, explanations), *(reasons if complete else ()), *fix]),
        _all_details(inventory, told, explanations) if told else None,
        None if complete else element("p", devices_words.EXPLAIN_HAS_MORE, class_="note"),
    ]


def _warnings(
    lines: Sequence[_Line], explanations: Mapping[SBDF, Explanation]
) -> Iterator[tuple[str, Child]]:
    """Yield the data or access that the host loses if a device is assigned."""
    for line in lines:
        warnings = [remedy.warning for remedy in explanations[line.first.sbdf].remedies]
        for warning in dict.fromkeys(filter(None, warnings)):
            yield _addresses(line), warning


def _common_reasons(
    row: DeviceRow, explanations: Sequence[Explanation]
) -> Iterator[tuple[str, Child]]:
    """Yield the reason of each side that decides on this host, if it is the same for all."""
    for side in row.decides:
        verdicts = [each.xen if side == "xen" else each.linux for each in explanations]
        reason = common(list(map(_reason, verdicts)))
        if reason and verdicts[0].can is not Can.YES:
            yield device_words.SIDES[side], reason


def _all_details(
    inventory: Inventory, lines: Sequence[_Line], explanations: Mapping[SBDF, Explanation]
) -> Markup:
    """Return the details of each device; those of several are folded once more."""
    if len(lines) == 1:
        return folded(
            devices_words.details_of(_addresses(lines[0])),
            _details(inventory, lines[0], explanations),
        )
    return folded(
        devices_words.details_of_each(len(lines)),
        [
            folded(
                [element("strong", _addresses(line)), f" {_what(line.first)}"],
                _details(inventory, line, explanations),
            )
            for line in lines
        ],
    )


def _reason(verdict: PlatformVerdict) -> str:
    return verdict_sentence(verdict)


def _details(
    inventory: Inventory, line: _Line, explanations: Mapping[SBDF, Explanation]
) -> list[Child]:
    """Return the verdicts with their reasons, the facts, the fixes and the notes."""
    row = line.first
    explanation = explanations[row.sbdf]
    known = [] if row.function is None else list(card_facts(inventory, row.function))
    sides = {"xen": explanation.xen, "linux": explanation.linux}
    reasons = [(device_words.SIDES[side], _reason(sides[side])) for side in _sides(row)]
    steps, notes = explanation.remedies, explanation.notes
    alone = len(line.rows) == 1
    return [
        None if alone else element("p", devices_words.one_of_several(str(row.sbdf)), class_="note"),
        facts([*reasons, *known]),
        [element("h3", words.FIXES), _steps(steps)] if steps else None,
        [element("h3", words.NOTES), bullets(notes)] if notes else None,
    ]


def _steps(steps: Sequence[DeviceRemedy]) -> Markup:
    return element("ol", [element("li", _step(step)) for step in steps])


def _step(step: DeviceRemedy) -> Markup:
    title = element("strong", step_title(step))
    if not step.lines:
        return several(title, element("p", step.explanation))
    return several(
        title,
        element("p", step.explanation),
        element("p", devices_words.lines_for(step.where)),
        verbatim(step.lines, step.title),
    )


# Paths without a device -----------------------------------------------------------------


def _lost(inventory: Inventory) -> Markup:
    """Return the paths of the table that lead to no known device, each with its reason."""
    reasons = lost_paths(inventory)
    if not reasons:
        return NOTHING
    title, paths = page_words.lost_paths(len(reasons)), bullets(reasons)
    if len(reasons) > _MOST_PATHS:
        return folded(title, paths)
    return element("div", element("h3", title), paths)


def lost_paths(inventory: Inventory) -> list[str]:
    """Return the paths of the table that lead to no known device, each with its reason."""
    return sorted(
        {
            f"{regions_words.owner(owner)}: {owner.reason}"
            for region in inventory.regions
            for owner in region.owners
            if owner.sbdf is None
        }
    )
