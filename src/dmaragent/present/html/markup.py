"""The writer of HTML and SVG: it escapes all text, and no other module makes markup.

Names from firmware, guests and files may be anywhere in a page. They remain text, with control
characters and bidirectional marks made visible. The writer refuses what could load or run
something (``src``, ``style``, ``onclick``, a link out of the document).

A template of jinja2 was tried for the findings. Both ways made the same elements. The template is
easier to read, but mypy does not check its names. It escapes text in the same way everywhere, so it
refuses neither a link out of the document nor ``onclick``.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TypeAlias

from dmaragent.present.escaping import visible


@dataclass(frozen=True, slots=True)
class Markup:
    """Finished markup; only this module makes it."""

    source: str


Child: TypeAlias = "Markup | str | Iterable[Child] | None"
Attribute: TypeAlias = str | float | bool | None
NOTHING = Markup("")
_EMPTY = frozenset({"br", "col", "hr", "link", "meta", "wbr"})
"""Elements without an end tag: HTML, 13.1.2, void elements."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_REFUSED = re.compile(r"on.*|style|src|srcset|srcdoc|action|formaction|data|background|poster")


def element(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """Return an element; a child is text, markup, or several of these.

    In the name of an attribute, ``_`` becomes ``-``, and one at the end is dropped: ``class_``,
    ``aria_label``. None and False leave an attribute out.

    Raises:
        ValueError: the name is impossible, or could load or run something.

    """
    _check_name(name)
    if name in ("script", "style", "iframe", "object", "embed", "img", "base"):
        raise ValueError(f"element() does not write <{name}>")
    written = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value)
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{_written(children)}</{name}>")


def several(*children: Child) -> Markup:
    """Return pieces in a row."""
    return Markup(_written(children))


def text_lines(lines: Iterable[str]) -> Markup:
    """Return lines of text for a ``pre``; nothing else keeps line breaks."""
    return Markup("\n".join(_text(line) for line in lines))


def page(head: Markup, body: Markup, *, css: str, script: str) -> str:
    """Return a document that may use its own style and script, and nothing else.

    Its policy has the hash of both (Content Security Policy level 3, 2.3.1), so a browser runs no
    other. The policy allows no address at all.
    """
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(css)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    guard = element("meta", http_equiv="Content-Security-Policy", content=policy)
    charset = element("meta", charset="utf-8")
    style = _verbatim("style", css).source
    top = f"<head>{charset.source}{guard.source}{head.source}{style}</head>"
    code = _verbatim("script", script).source
    bottom = f"<body>{body.source}{code}</body>"
    return f'<!DOCTYPE html>\n<html lang="en">{top}\n{bottom}</html>\n'


def _verbatim(name: str, content: str) -> Markup:
    """Return a style or a script of this package, which is not escaped."""
    if "</" in content or "<!--" in content:
        raise ValueError(f"a {name} must not contain '</' or '<!--'")
    return Markup(f"<{name}>{content}</{name}>")


def _hash(content: str) -> str:
    return "sha256-" + b64encode(sha256(content.encode()).digest()).decode("ascii")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name an element or an attribute")


def _attribute(name: str, value: Attribute) -> str:
    _check_name(name)
    if _REFUSED.fullmatch(name):
        raise ValueError(f"the attribute {name} could load or run something")
    if name == "href" and not str(value).startswith("#"):
        raise ValueError("a link must be to a place in the document (#…)")
    if value is True:
        return f' {name}=""'
    shown = _number(value) if isinstance(value, float) else str(value)
    return f' {name}="{_text(shown)}"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _written(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child.source
    if isinstance(child, str):
        return _text(child)
    return "".join(_written(part) for part in child)
