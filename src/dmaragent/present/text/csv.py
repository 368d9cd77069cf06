"""Rows as comma-separated values (RFC 4180) that no spreadsheet reads as formulas."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.present.escaping import visible

_QUOTED = frozenset('",\r\n')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the header and each row as a line with its line end.

    A cell that would begin a formula gets an apostrophe before it.
    """
    for cells in (head, *rows):
        yield ",".join(map(_cell, cells)) + "\r\n"


def _cell(text: str) -> str:
    shown = visible(text)
    if shown.lstrip().startswith(_FORMULA):
        shown = f"'{shown}"
    if _QUOTED.isdisjoint(shown):
        return shown
    return '"' + shown.replace('"', '""') + '"'
