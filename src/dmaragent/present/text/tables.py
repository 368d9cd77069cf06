"""Columns and paragraphs of text within a width: what does not fit is wrapped, never cut."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from dmaragent.present.screen import current_screen, shown
from dmaragent.present.words.numbers import count

_NO_BREAK = "\N{NO-BREAK SPACE}"
_GAP = 2
LABEL = 9
"""The width of the column of labels before the facts of an answer."""


def render(
    rows: Iterable[Sequence[str]],
    *,
    right: frozenset[int] = frozenset(),
    whole: frozenset[int] = frozenset(),
    indent: int = 2,
    width: int | None = None,
) -> list[str]:
    """Return `rows` as lines in columns, each as wide as its widest cell.

    If they do not fit `width` (default: the screen), the widest columns are narrowed and their
    cells wrapped.  `right` has the columns that are flush right, `whole` those whose cells are
    copied: to keep these on one line, other cells are wrapped between words, and the gaps narrowed.
    """
    cells = [[shown(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    gap, most = _GAP, (width or current_screen().width) - indent
    room = most - gap * (len(widths) - 1)
    if whole and sum(widths) > room:
        words = [
            max(len(word) for row in cells for word in _words(row[n])) for n in range(len(widths))
        ]
        least = [wide if n in whole else words[n] for n, wide in enumerate(widths)]
        gap = _GAP if sum(least) <= room else 1
        room = most - gap * (len(widths) - 1)
        while sum(widths) > room and widths != least:
            wider = [n for n, wide in enumerate(widths) if wide > least[n]]
            widths[max(wider, key=widths.__getitem__)] -= 1
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return [line for row in cells for line in _row(row, widths, right, indent, gap)]


def _words(cell: str) -> list[str]:
    """Return the pieces between which `cell` may be wrapped."""
    return cell.replace("-", "- ").split() or [""]


def _row(
    row: list[str], widths: list[int], right: frozenset[int], indent: int, gap: int
) -> list[str]:
    wrapped = [
        (_wrap(cell, width) if width else []) or [""]
        for cell, width in zip(row, widths, strict=True)
    ]
    lines = []
    for n in range(max(map(len, wrapped))):
        parts = [
            _set(cell[n] if n < len(cell) else "", width, column in right)
            for column, (cell, width) in enumerate(zip(wrapped, widths, strict=True))
        ]
        lines.append((" " * indent + (" " * gap).join(parts)).rstrip())
    return lines


def _set(text: str, width: int, flush_right: bool) -> str:  # noqa: FBT001 - private, named by its place
    return text.rjust(width) if flush_right else text.ljust(width)


def paragraph(text: str, *, indent: int = 0, hang: int = 0, whole_paths: bool = True) -> list[str]:
    """Return `text` in lines as wide as the screen; `hang` indents all but the first further.

    A no-break space keeps two words on one line and is printed as a space.  Unprintable characters
    are escaped, because the text may come from firmware or a stranger's file.  A path is not broken,
    because it is copied, unless `whole_paths` is False.
    """
    safe = _NO_BREAK.join(map(shown, text.split(_NO_BREAK)))
    width = current_screen().width
    lines = _wrap(safe, width, (indent, indent + hang), hyphens=False, paths=whole_paths)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _wrap(
    text: str,
    width: int,
    indents: tuple[int, int] = (0, 0),
    *,
    hyphens: bool = True,
    paths: bool = True,
) -> list[str]:
    """Return escaped text in indented lines; the most common case, a single line, is not wrapped."""
    first, others = indents
    if first + len(text) <= width and text[-1:].strip():
        return [" " * first + text]
    return wrap(
        text,
        width,
        initial_indent=" " * first,
        subsequent_indent=" " * others,
        break_on_hyphens=hyphens,
        break_long_words=not (paths and _is_path(max(text.split(), key=len, default=""))),
    )


def _is_path(word: str) -> bool:
    """Return whether a long word is to stay whole, because it is copied."""
    return "/" in word


def labelled(label: str, text: str, *, indent: int = 0, column: int = LABEL) -> list[str]:
    """Return `text` in a column beside its label."""
    return paragraph(f"{label:{column}}".replace(" ", _NO_BREAK) + text, indent=indent, hang=column)


def bytes_lines(data: bytes) -> Iterator[str]:
    """Yield the first 256 bytes of `data` in hexadecimal."""
    shown = data[:256]
    for at in range(0, len(shown), 16):
        yield f"       {shown[at : at + 16].hex(' ')}"
    if len(data) > len(shown):
        yield f"       {count(len(data) - len(shown), 'byte')} more: see --json"


def folded(rows: Iterable[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield each row with how often it follows itself: Xen's list repeats regions on AMD."""
    for row, same in groupby(rows):
        yield row, sum(1 for _ in same)


def row_words(row: tuple[str, ...], times: int) -> tuple[str, ...]:
    """Return `row`, with how often it is repeated in its last cell."""
    return row if times == 1 else (*row[:-1], f"{row[-1]} ({times:,} times)")
