"""The text of ``dmaragent devices``: one line per device, within the terminal's width."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.devices import DeviceRow
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can
from dmaragent.policy.resolution import Stack
from dmaragent.present.screen import current_screen
from dmaragent.present.text.inventory import limits_text
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.words import devices as words
from dmaragent.present.words.devices import DeviceList
from dmaragent.present.words.host import machine_words

_WHAT = "What it is"
_USUAL_WHAT = 20
_LEAST_WHAT = 12
_LEAST_DRIVER = 8


def devices_text(inventory: Inventory, devices: DeviceList, stack: Stack) -> Iterator[str]:
    """Yield the lines of ``dmaragent devices``, within the screen's width except for long paths."""
    width = current_screen().width
    rows, title = devices.rows, devices.title
    yield from limits_text(inventory)
    if title:
        machine = machine_words(inventory)
        yield from paragraph(f"{title}: {machine}" if machine else title, hang=2)
    order = _order(rows)
    if rows:
        for side in order:
            text = words.side_words(inventory, rows, side)
            yield from labelled(words.SIDES[side], text)
        yield ""
        yield from _table(rows, order, width)
    else:
        yield from paragraph(words.none_listed(devices, inventory))
    foot = [
        words.may_match_words(devices.may_match, listed=bool(rows)),
        words.left_out_words(devices.chipset, devices.absent),
        *(words.limits(inventory, rows, stack, rows[0].decides) if rows else ()),
        *words.problem_lines(inventory),
    ]
    yield ""
    for line in filter(None, foot):
        yield from paragraph(line, hang=2)
    if rows:
        yield f"Next: dmaragent explain {_short(_worst(rows).sbdf, rows)}{devices.options}"


def _order(rows: Sequence[DeviceRow]) -> tuple[str, str]:
    """Return the sides; the side that decides comes first."""
    return ("linux", "xen") if rows and rows[0].decides == ("linux",) else ("xen", "linux")


_WORST_FIRST = (Can.NO, Can.CONDITIONS, Can.UNKNOWN, Can.YES, Can.NOT_APPLICABLE)


def _worst(rows: Sequence[DeviceRow]) -> DeviceRow:
    """Return the first device with the worst verdict; one in a slot or with a fix comes first."""

    def badness(row: DeviceRow) -> tuple[int, bool, bool, bool]:
        worst = min(_WORST_FIRST.index(verdict.can) for verdict in row.deciding)
        risk = any(verdict.risk for verdict in row.deciding)
        slot = row.function is not None and row.function.slot is not None
        return worst, not risk, not slot, row.remedy is None

    return min(rows, key=badness)


def _short(sbdf: object, rows: Sequence[DeviceRow]) -> str:
    """Return an address without its segment if all devices are on segment 0, like lspci."""
    text = str(sbdf)
    return text if any(row.sbdf.segment for row in rows) else text.partition(":")[2]


def _table(rows: Sequence[DeviceRow], order: tuple[str, str], width: int) -> Iterator[str]:
    """Yield the table, with fixes as a column if it is wide enough, else by number below it."""
    columns: dict[str, list[str]] = {"Device": [_short(row.sbdf, rows) for row in rows]}
    columns[_WHAT] = [words.what_it_is(row) for row in rows]
    columns["Driver"] = [words.driver_cell(row) for row in rows]
    for side in order:
        if side == "linux" and rows[0].decides == ("xen",):
            continue  # the line above the table explains why it is not applicable
        verdicts = [row.xen if side == "xen" else row.linux for row in rows]
        decides = side in rows[0].decides
        columns[words.SIDES[side]] = [
            words.verdict_cell(verdict, decides=decides) for verdict in verdicts
        ]
    columns["Regions"] = [words.region_spans(row) for row in rows]
    columns["Group"] = [words.group_cell(row) for row in rows]
    columns["Fix"] = [words.remedy_words(row.remedy) or words.NOTHING for row in rows]
    columns = {
        name: cells
        for name, cells in columns.items()
        if name == "Regions" or set(cells) not in ({words.NOTHING}, {words.UNKNOWN})
    }
    least = _least_identity(rows)
    fixes = list(dict.fromkeys(row.remedy for row in rows if row.remedy is not None))
    numbered = "Fix" in columns and _needed(columns, least) > width
    if numbered:
        columns["Fix"] = [
            words.NOTHING if row.remedy is None else str(fixes.index(row.remedy) + 1)
            for row in rows
        ]
    yield from _laid_out(columns, rows, width)
    if fixes:
        yield from ["", "Fixes"]
    for number, fix in enumerate(fixes, 1):
        sentence = words.remedy_sentence(fix)
        if numbered:
            yield from paragraph(f"{number:3}  {sentence}", hang=5)
        else:
            yield from paragraph(sentence, indent=2, hang=2)


def _least_identity(rows: Sequence[DeviceRow]) -> int:
    """Return the least width of the column "What it is": most classes fit without a cut."""
    return max(len(words.identity(row, _USUAL_WHAT)) for row in rows)


def _widths(columns: dict[str, list[str]]) -> dict[str, int]:
    return {name: max(len(name), *map(len, cells)) for name, cells in columns.items()}


def _needed(columns: dict[str, list[str]], what: int, gap: int = 2) -> int:
    """Return the width of the table if the column "What it is" has the width `what`."""
    widths = _widths(columns)
    if _WHAT in widths:
        widths[_WHAT] = max(what, len(_WHAT))
    return sum(widths.values()) + gap * (len(widths) - 1)


def _laid_out(
    columns: dict[str, list[str]], rows: Sequence[DeviceRow], width: int
) -> Iterator[str]:
    """Yield the lines of a table; the column "What it is" gets the remaining width."""
    least = _least_identity(rows)
    gap = 2 if _needed(columns, least) <= width else 1
    widths = _widths(columns)
    over = sum(widths.values()) + gap * (len(widths) - 1) - width
    for name, narrowest in ((_WHAT, least), ("Driver", _LEAST_DRIVER), (_WHAT, _LEAST_WHAT)):
        if over > 0 and name in widths:
            taken = max(0, min(over, widths[name] - max(narrowest, len(name))))
            widths[name] -= taken
            over -= taken
    if _WHAT in widths:
        columns = {**columns, _WHAT: [words.what_it_is(row, widths[_WHAT]) for row in rows]}
    for cells in ([*columns], *zip(*columns.values(), strict=True)):
        parts = [
            words.cut(cell, widths[name]).ljust(widths[name])
            for name, cell in zip(columns, cells, strict=True)
        ]
        yield (" " * gap).join(parts).rstrip()
