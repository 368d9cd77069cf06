"""A guest's memory as a bar of characters: RAM, reserved regions, conflicts, nothing.

The bar has a part below 4 GiB, with a cell of the same size in every bar, and a part above,
drawn to the same scale.  A region always has a cell, however small it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dmaragent.addresses import AddressRange

CELLS = 32
"""Cells for the first 4 GiB: 128 MiB each."""
_CELL = (4 << 30) // CELLS
_MOST_ABOVE = 28
RAM, RESERVED, CONFLICT, EMPTY = "#", "R", "!", "."
LEGEND = f"{RAM} RAM  {RESERVED} reserved  {CONFLICT} reserved, overlaps RAM  {EMPTY} empty"


@dataclass(frozen=True, slots=True)
class Painted:
    """The ranges that a bar shows."""

    ram: tuple[AddressRange, ...]
    reserved: tuple[AddressRange, ...]
    """Regions without RAM."""
    conflicts: tuple[AddressRange, ...]
    """Regions with RAM in them."""

    @property
    def end(self) -> int:
        """The address after all that is drawn."""
        drawn = (*self.ram, *self.reserved, *self.conflicts)
        return max((part.end for part in drawn), default=0)


def bars(rows: Sequence[tuple[str, Painted]], indent: int = 2) -> list[str]:
    """Draw a bar for each of `rows`, named and to one scale, with marks below."""
    above = max((row.end for _, row in rows), default=0) - CELLS * _CELL
    cells = min(_MOST_ABOVE, max(0, -(-above // _CELL)))
    names = max(len(name) for name, _ in rows)
    lines = [
        f"{'':{indent}}{name:{names}}  {_bar(row, 0, CELLS)}"
        + (f"|{_bar(row, CELLS * _CELL, cells)}" if cells else "")
        for name, row in rows
    ]
    lines.append(f"{'':{indent + names + 2}}{_marks(cells)}")
    if above > cells * _CELL:
        lines.append(f"{'':{indent + names + 2}}higher addresses are not drawn")
    return lines


def _bar(row: Painted, start: int, cells: int) -> str:
    """Draw `cells` cells from the address `start`."""
    drawn = [EMPTY] * cells
    for what, ranges in ((RAM, row.ram), (RESERVED, row.reserved), (CONFLICT, row.conflicts)):
        for cell in _cells(ranges, start, cells, whole=what == RAM):
            drawn[cell] = what
    return "".join(drawn)


def _cells(ranges: Iterable[AddressRange], start: int, cells: int, *, whole: bool) -> Iterable[int]:
    """Yield the cells that `ranges` touch; of RAM those that it fills by half or more."""
    for covered in ranges:
        first = max(0, (covered.start - start) // _CELL)
        last = min(cells - 1, (covered.end - 1 - start) // _CELL)
        for cell in range(first, last + 1):
            begin = start + cell * _CELL
            size = min(covered.end, begin + _CELL) - max(covered.start, begin)
            if not whole or size * 2 >= _CELL:
                yield cell


def _marks(cells: int) -> str:
    """Write the addresses at each GiB below the bars."""
    marks = [" "] * (CELLS + 1 + cells + 8)
    for gib in range(cells // 8 + 5):
        at = gib * 8 + (1 if gib > 4 or (gib == 4 and cells) else 0)
        word = "0" if gib == 0 else f"{gib} GiB"
        if gib < 4 or at <= CELLS + 1 + cells:
            marks[at : at + len(word)] = word
    return "".join(marks).rstrip()
