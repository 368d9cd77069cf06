"""Parts that every section of a report consists of: headings, tables, lists, folded text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dmaragent.present.html import words
from dmaragent.present.html.markup import NOTHING, Child, Markup, element, several, text_lines
from dmaragent.present.html.words import page as page_words

_MOST_BESIDE = 4
"""Columns that fit side by side on a narrow screen."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a report, with its entry in the table of contents."""

    key: str
    title: str
    content: Markup


class RowGroup(NamedTuple):
    """Rows of a table that share something."""

    rows: Sequence[Sequence[Child]]
    note: Child = None
    """What is true of all of them; it has a row of its own below them."""


class Tile(NamedTuple):
    """One answer: a sentence that leads to its section, and what belongs to it."""

    sentence: str
    section: str = ""
    """The key of the section; empty: it has none."""
    more: Sequence[Child] = ()
    tone: str = "muted"


def section(key: str, title: str, *children: Child) -> Section:
    """Return a section that is named by its heading."""
    heading = element("h2", title, id=f"{key}-heading")
    whole = element("section", heading, children, id=key, aria_labelledby=f"{key}-heading")
    return Section(key, title, whole)


def strip(tiles: Sequence[Tile]) -> Markup:
    """Return tiles side by side, as many as fit."""
    return element("ul", map(_tile, tiles), class_="strip") if tiles else NOTHING


def _tile(tile: Tile) -> Markup:
    link = element("a", tile.sentence, href=f"#{tile.section}") if tile.section else tile.sentence
    more = [element("p", line) for line in tile.more if line is not None]
    return element("li", element("p", element("strong", link)), more, class_=tile.tone)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """Return a table; the first column names the rows.

    On a narrow screen, a table with few columns scrolls sideways. In a table with more columns,
    the cells of a row are below each other, each with the name of its column.
    """
    if len(head) > _MOST_BESIDE:
        return grouped_table(caption, head, [RowGroup(list(rows))])
    columns = element("tr", [element("th", name, scope="col") for name in head])
    body = [
        element("tr", element("th", row[0], scope="row"), [element("td", cell) for cell in row[1:]])
        for row in rows
    ]
    whole = element(
        "table",
        element("caption", caption),
        element("thead", columns),
        element("tbody", body),
    )
    return element(
        "div", whole, class_="scroll", tabindex="0", role="group", aria_label=f"Table: {caption}"
    )


def grouped_table(caption: str, head: Sequence[str], groups: Iterable[RowGroup]) -> Markup:
    """Return a table whose rows are in groups; columns in which no row has anything are left out.

    Its elements have explicit roles: some browsers drop the implied ones if CSS makes them blocks.
    """
    head, groups = _without_empty_columns(head, list(groups))
    columns = [element("th", name, scope="col", role="columnheader") for name in head]
    bodies = [
        element(
            "tbody", [_row(head, row) for row in rows], _note_row(note, len(head)), role="rowgroup"
        )
        for rows, note in groups
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", columns, role="row"), role="rowgroup"),
        bodies,
        class_="stack",
        role="table",
    )


def _without_empty_columns(
    head: Sequence[str], groups: Sequence[RowGroup]
) -> tuple[Sequence[str], Sequence[RowGroup]]:
    rows = [row for group in groups for row in group.rows]
    kept = [at for at in range(len(head)) if any(row[at] != words.NOTHING for row in rows)]
    if not rows or len(kept) == len(head):
        return head, groups
    narrowed = [
        RowGroup([[row[at] for at in kept] for row in group.rows], group.note) for group in groups
    ]
    return [head[at] for at in kept], narrowed


def _row(head: Sequence[str], row: Sequence[Child]) -> Markup:
    return element(
        "tr",
        element("th", _cell(row[0]), scope="row", role="rowheader", data_column=head[0]),
        [
            element("td", _cell(cell), role="cell", data_column=name, class_=_nothing(cell))
            for name, cell in zip(head[1:], row[1:], strict=True)
        ],
        role="row",
    )


def _note_row(note: Child, columns: int) -> Markup:
    if note is None:
        return NOTHING
    inside = element("div", note)  # the style sheet keeps its width out of that of the columns
    cell = element("td", inside, colspan=str(columns), role="cell")
    return element("tr", cell, role="row", class_="note-row")


def _cell(content: Child) -> Markup:
    return element("span", content)


def _nothing(content: Child) -> str | None:
    return "none" if content == words.NOTHING else None


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Return a list of labels, each with its fact."""
    rows = [element("div", element("dt", name), element("dd", fact)) for name, fact in pairs]
    return element("dl", rows) if rows else NOTHING


def bullets(items: Iterable[Child]) -> Markup:
    """Return a list."""
    rows = [element("li", item) for item in items]
    return element("ul", rows) if rows else NOTHING


def folded(summary: Child, *children: Child) -> Markup:
    """Return a part that shows its summary only, until it is opened or printed."""
    return element("details", element("summary", summary), element("div", children))


def verbatim(lines: Iterable[str], what: str) -> Markup:
    """Return lines as they are, with a button that copies them.

    On a narrow screen they scroll sideways. The script shows the button.
    """
    shown = element(
        "pre", element("code", text_lines(lines)), tabindex="0", role="group", aria_label=what
    )
    button = element(
        "button",
        page_words.COPY,
        type="button",
        class_="copy",
        aria_label=page_words.copy(what),
        hidden=True,
    )
    return element("div", shown, button, class_="verbatim")


def code(text: str) -> Markup:
    """Return a word in the font for code."""
    return element("code", text)


def short(text: str) -> Markup:
    """Return a few words that stay on one line."""
    return element("span", text, class_="short")


def lines_of(texts: Iterable[Child]) -> Markup:
    """Return short texts for a cell; as many as fit are on a line."""
    return element("span", [_line(text) for text in texts])


def _line(text: Child) -> Markup:
    return several(element("span", text, class_="line"), " ")


def block_of(texts: Iterable[Child]) -> Markup:
    """Return short texts for a cell, each on a line of its own."""
    return element("span", [_line(text) for text in texts], class_="block")
