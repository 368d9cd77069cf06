"""The devices of a host for people: a line a device, within the terminal's width."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.devices import DeviceRow
from dmaragent.inventory import Inventory
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
    """Yield the lines of ``dmaragent devices``, none wider than the screen but for long paths."""
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
        yield from paragraph(words.none_listed(devices.known))
    foot = [
        words.left_out_words(devices.chipset, devices.absent),
        *(words.limits(inventory, rows, stack, rows[0].decides) if rows else ()),
        *words.problem_lines(inventory),
    ]
    yield ""
    for line in filter(None, foot):
        yield from paragraph(line, hang=2)
    if rows:
        yield f"Next: dmaragent explain {_short(_first_hindered(rows).sbdf, rows)}{devices.options}"


def _order(rows: Sequence[DeviceRow]) -> tuple[str, str]:
    """Return the sides, that of whoever decides first."""
    return ("linux", "xen") if rows and rows[0].decides == ("linux",) else ("xen", "linux")


def _first_hindered(rows: Sequence[DeviceRow]) -> DeviceRow:
    """Return the first device with a remedy, else the first that is not simply allowed."""
    allowed = words.VERDICTS[0]
    hindered = [row for row in rows if any(verdict != allowed for verdict in row.deciding)]
    return next((row for row in hindered if row.remedy), (hindered or rows)[0])


def _short(sbdf: object, rows: Sequence[DeviceRow]) -> str:
    """Return an address without its segment if all are on segment 0, as lspci does."""
    text = str(sbdf)
    return text if any(row.sbdf.segment for row in rows) else text.partition(":")[2]


def _table(rows: Sequence[DeviceRow], order: tuple[str, str], width: int) -> Iterator[str]:
    """Yield the table; fixes stand in it if there is room, else below it by number."""
    columns: dict[str, list[str]] = {"Device": [_short(row.sbdf, rows) for row in rows]}
    columns[_WHAT] = [words.what_it_is(row) for row in rows]
    columns["Driver"] = [words.driver_cell(row) for row in rows]
    for side in order:
        if side == "linux" and rows[0].decides == ("xen",):
            continue  # not applicable, as is said above the table
        verdicts = [row.xen if side == "xen" else row.linux for row in rows]
        columns[words.SIDES[side]] = [words.verdict_words(verdict) for verdict in verdicts]
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
    """Return how wide the column of what each device is must be: most classes are not cut."""
    return max(len(words.identity(row, _USUAL_WHAT)) for row in rows)


def _widths(columns: dict[str, list[str]]) -> dict[str, int]:
    return {name: max(len(name), *map(len, cells)) for name, cells in columns.items()}


def _needed(columns: dict[str, list[str]], what: int, gap: int = 2) -> int:
    """Return how wide the table is with `what` columns for what each device is."""
    widths = _widths(columns)
    if _WHAT in widths:
        widths[_WHAT] = max(what, len(_WHAT))
    return sum(widths.values()) + gap * (len(widths) - 1)


def _laid_out(
    columns: dict[str, list[str]], rows: Sequence[DeviceRow], width: int
) -> Iterator[str]:
    """Yield the lines of a table; what each device is gets what the other columns leave."""
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
