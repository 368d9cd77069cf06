"""What the sections of a report are made of: sections, tables, facts, folded parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dmaragent.present.html.markup import NOTHING, Child, Markup, element, text_lines

_MOST_BESIDE = 4
"""Columns that have room beside each other on a narrow screen."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a report, and what the table of contents says of it."""

    key: str
    title: str
    content: Markup


def section(key: str, title: str, *children: Child) -> Section:
    """Make a section that its heading names."""
    heading = element("h2", title, id=f"{key}-heading")
    whole = element("section", heading, children, id=key, aria_labelledby=f"{key}-heading")
    return Section(key, title, whole)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """Make a table, its first column the rows' names.

    On a narrow screen one of few columns is scrolled by itself; of one of more, the cells of
    a row stand below each other, each with the name of its column.
    """
    if len(head) > _MOST_BESIDE:
        return _stacked(caption, head, rows)
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
        "div", whole, class_="scroll", tabindex="0", role="region", aria_label=f"Table: {caption}"
    )


def _stacked(caption: str, head: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """Make a table that says its roles: laid out as blocks, not every browser keeps them."""
    columns = [element("th", name, scope="col", role="columnheader") for name in head]
    body = [
        element(
            "tr",
            element("th", _cell(row[0]), scope="row", role="rowheader", data_column=head[0]),
            [
                element("td", _cell(cell), role="cell", data_column=name, class_=_nothing(cell))
                for name, cell in zip(head[1:], row[1:], strict=True)
            ],
            role="row",
        )
        for row in rows
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", columns, role="row"), role="rowgroup"),
        element("tbody", body, role="rowgroup"),
        class_="stack",
        role="table",
    )


def _cell(content: Child) -> Markup:
    return element("span", content)


def _nothing(content: Child) -> str | None:
    return "none" if content == "-" else None


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Make a list of names and what each is."""
    rows = [element("div", element("dt", name), element("dd", fact)) for name, fact in pairs]
    return element("dl", rows) if rows else NOTHING


def bullets(items: Iterable[Child]) -> Markup:
    """Make a list."""
    rows = [element("li", item) for item in items]
    return element("ul", rows) if rows else NOTHING


def folded(summary: Child, *children: Child) -> Markup:
    """Make a part that is folded away, and unfolded on paper."""
    return element("details", element("summary", summary), element("div", children))


def verbatim(lines: Iterable[str], what: str) -> Markup:
    """Show lines as they are; a narrow screen scrolls them by themselves."""
    return element(
        "pre", element("code", text_lines(lines)), tabindex="0", role="region", aria_label=what
    )


def code(text: str) -> Markup:
    """Set a word as code."""
    return element("code", text)


def short(text: str) -> Markup:
    """Keep a few words on one line."""
    return element("span", text, class_="short")


def lines_of(texts: Iterable[str]) -> Markup:
    """Put short texts below each other in a cell."""
    return element("span", [element("span", text, class_="line") for text in texts])
