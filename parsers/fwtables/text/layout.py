"""The base of a dump's offsets, and the number of bytes in a row."""

from itertools import pairwise

from fwtables.text.rows import LONGEST_ROW, Reader, Row, line_ends
from fwtables.text.units import CHARACTERS

AHEAD = 40
"""Maximum number of other lines between two rows with consecutive offsets."""
_SAMPLE = 6
"""Number of rows that decide the base of the offsets."""


def layout_of(reader: Reader, first: Row) -> tuple[int, int]:
    """Return the base of the offsets and the number of bytes in a row; (0, 0) without offsets."""
    following, end, last = _offsets_after(reader, first)
    offsets = [first.offset, *following]
    size = len(first.data)
    if len(offsets) == 1:
        if number_of(first.offset, 16) == 0 and len(first.offset) >= 4:
            return 16, size
        reader.drop_offset()
        return 0, 0
    span = next(line_ends(reader.text, first.end + 1), None)
    repeated = span is not None and reader.is_repeated(*span)
    bases = _bases(offsets[:-1] if end and len(offsets) > 2 else offsets, size)
    # First the bases in which each row is a multiple of the first; then base 16 with damage.
    for base, damaged in [*((base, False) for base in bases), (16, True)]:
        numbers = [number_of(offset, base) for offset in offsets]
        steps = [after - before for before, after in pairwise(numbers)]
        step = steps[0]
        rows = steps[:-1] if end and len(steps) > 1 else steps
        # Of repeated rows, the first step is several rows.
        unit = 1 if damaged else size if repeated else step
        if min(numbers) < 0 or step < 1 or any(number % unit for number in rows):
            continue
        if base == 10 and set(steps) == {1} and size > 1:
            reader.number_lines()
            return 0, 0
        follows = rows[1:2] in ([], [size]) and (not end or steps[-1] <= last)
        if repeated and step % size == 0 and follows:
            return base, size
        if _is_width(step, base, reader, first):
            return base, step
    if reader.offset_is_unit():
        return 0, 0
    likely = _base_of_steps(bases, offsets, size)
    if likely:
        return likely, size  # the second row is missing
    ahead = number_of(offsets[1], 16) - number_of(first.offset, 16)
    return 16, ahead if size < ahead <= 2 * size else min(size, 16) or 16


def _is_width(step: int, base: int, reader: Reader, first: Row) -> bool:
    """Return whether `first` can have `step` bytes, with blanks at its end that were cut off."""
    size = len(first.data)
    filled = reader.style is CHARACTERS and size < step == 16
    within = step < size and (step in first.gaps or (base, step) == (16, 16))
    return step == size or filled or within


def _base_of_steps(bases: list[int], offsets: list[str], size: int) -> int:
    """Return the base in which an offset is `size` more than the one before it, or 0."""
    for base in bases:
        numbers = [number_of(offset, base) for offset in offsets]
        if any(after - before == size for before, after in pairwise(numbers)):
            return base
    return 0


def _bases(offsets: list[str], size: int) -> list[int]:
    """Return the possible bases of the offsets.

    First the base in which all steps are equal, and of several the one in which they are `size`.
    """

    def unlikely(base: int) -> tuple[bool, bool]:
        numbers = [number_of(offset, base) for offset in offsets]
        steps = {after - before for before, after in pairwise(numbers)}
        return len(steps) > 1, size not in steps

    return sorted((16, 8, 10), key=unlikely)


def _offsets_after(reader: Reader, first: Row) -> tuple[list[str], bool, int]:
    """Return the next offsets, whether the last one ends the dump, and the bytes of the last row.

    The offset that ends a dump is alone on its line.
    """
    offsets: list[str] = []
    last = len(first.data)
    others = 0
    for start, end in line_ends(reader.text, first.end + 1):
        row = reader.row(start, end, LONGEST_ROW)
        alone = "" if row else reader.total(start, end)
        if row or alone:
            if (row.offset if row else alone) == first.offset:
                break
            offsets.append(row.offset if row else alone)
            if row is None:
                return offsets, True, last
            last = len(row.data)
            if len(offsets) == _SAMPLE:
                break
        else:
            others += 1
            if others > AHEAD:
                break
    return offsets, False, last


def number_of(digits: str, base: int) -> int:
    """Return the value of `digits` in `base`; -1 if they are not digits of it."""
    try:
        return int(digits, base)
    except ValueError:
        return -1
