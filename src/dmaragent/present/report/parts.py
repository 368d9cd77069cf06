"""What the sections of a report are made of: sections, tables, facts, folded parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dmaragent.present.markup import NOTHING, Child, Markup, element, text_lines


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
    """Make a table, its first column the rows' names; a narrow screen scrolls it by itself."""
    columns = element("tr", [element("th", name, scope="col") for name in head])
    body = [
        element("tr", element("th", row[0], scope="row"), [element("td", one) for one in row[1:]])
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


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Make a list of names and what each is."""
    rows = [element("div", element("dt", name), element("dd", said)) for name, said in pairs]
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
    return element("span", [element("span", one, class_="line") for one in texts])
