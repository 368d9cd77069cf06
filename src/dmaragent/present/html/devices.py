"""The matrix of a host's devices in a report: the rows of ``dmaragent devices``."""

from collections.abc import Iterator, Sequence

from dmaragent.answers.devices import DeviceRow
from dmaragent.present.html.marks import can_mark
from dmaragent.present.html.markup import Child, element
from dmaragent.present.html.parts import folded, table
from dmaragent.present.words import devices as words
from dmaragent.present.words.device import class_name
from dmaragent.present.words.numbers import count

_HEAD = ("Device", "What it is", "Driver", "Slot", "Regions", "Group", "Fix")
_MOST = 512
"""Rows that are shown of either table."""


def device_matrix(rows: Sequence[DeviceRow]) -> list[Child]:
    """Return the table of the devices, and one of what nobody passes through, folded."""
    shown = [row for row in rows if not row.chipset and not row.absent]
    others = [row for row in rows if row.chipset or row.absent]
    parts: list[Child] = []
    if shown:
        parts += _tables("Devices and their verdicts", shown)
    if others:
        title = f"{count(len(others), 'bridge, chipset function or absent device', 'bridges, chipset functions and absent devices')}"
        parts.append(folded(title, _tables("What nobody passes through", others)))
    return parts


def _tables(caption: str, rows: Sequence[DeviceRow]) -> list[Child]:
    sides = ("linux", "xen") if rows[0].decides == ("linux",) else ("xen", "linux")
    first, *others = _HEAD
    head = (first, *(words.SIDES[side] for side in sides), *others)
    left = len(rows) - _MOST
    return [
        table(caption, head, _cells(rows[:_MOST], sides)),
        element("p", words.more_devices(left)) if left > 0 else None,
    ]


def _cells(rows: Sequence[DeviceRow], sides: Sequence[str]) -> Iterator[Sequence[Child]]:
    for row in rows:
        function = row.function
        verdicts = [row.xen if side == "xen" else row.linux for side in sides]
        yield (
            str(row.sbdf),
            *(can_mark(verdict.can, risk=verdict.risk) for verdict in verdicts),
            _what(row),
            words.driver_cell(row),
            (function and function.slot) or words.NOTHING,
            words.region_spans(row),
            words.group_cell(row),
            words.NOTHING if row.remedy is None else words.remedy_sentence(row.remedy),
        )


def _what(row: DeviceRow) -> str:
    """Return class, numbers and name of a device, the class in full."""
    if row.function is None:
        return words.short_class(row)
    parts = (class_name(row.function), words.device_id(row), words.known_name(row))
    return " ".join(part for part in parts if part)
