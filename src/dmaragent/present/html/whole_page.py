"""A whole page: head, table of contents and sections, with the style and the script of this package.

The report of a host and that of a fleet are such pages.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from dmaragent import __version__
from dmaragent.present.html.markup import Markup, element, page, several
from dmaragent.present.html.parts import Section
from dmaragent.present.html.words import page as words


@cache
def own_file(name: str) -> str:
    """Return a file of this package, the style or the script; it begins on a line of its own."""
    return "\n" + (files("dmaragent.present.html") / name).read_text("utf-8")


def whole_page(title: str, sentence: str, sections: Sequence[Section]) -> str:
    """Return a page with `sections`, below its title and a sentence."""
    head = several(
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
    )
    body = _body(title, sentence, sections)
    return page(head, body, css=own_file("style.css"), script=own_file("script.js"))


def _body(title: str, sentence: str, sections: Sequence[Section]) -> Markup:
    skip = element("a", words.SKIP, href="#report", class_="skip")
    lead = element("p", sentence, class_="lead")
    banner = element("header", element("h1", title), lead)
    links = [element("li", element("a", part.title, href=f"#{part.key}")) for part in sections]
    contents = element("nav", element("ul", links), aria_label=words.CONTENTS)
    main = element("main", [part.content for part in sections], id="report", tabindex="-1")
    footer = element("footer", element("p", words.made_by(__version__)))
    heard = element("p", "", role="status", class_="unseen", id="copied")
    return several(skip, banner, element("div", contents, main, class_="page"), footer, heard)
