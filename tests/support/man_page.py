"""The manual page dmaragent(8), made from docs/manual.md: ``make docs`` writes it.

It has what that page has: headings, paragraphs, lists, fenced blocks, code and links.  An item of a
list that begins with code and a colon is an option with its description.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from dmaragent import __version__

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs/manual.md"
PAGE = ROOT / "docs/man/dmaragent.8"

_UNBROKEN = 40
"""Characters of code that stay on one line."""
_TAGGED = re.compile(r"((?:`[^`]+`(?:, )?)+): (.*)")


def page() -> str:
    """Return the manual page in the man macros, which have no header of their own as mdoc has."""
    text = SOURCE.read_text("utf-8")
    date = re.search(r"date: (\S+) -->", text)
    if date is None:
        raise ValueError(f"{SOURCE.name} has no date")
    _, _, body = text.partition("\n# Manual\n\n")
    head, _, rest = body.partition("\n\n")
    lines = [
        '.\\" Written by `make docs` from docs/manual.md.',
        f'.TH dmaragent 8 "{date[1]}" "dmaragent {__version__}" "dmaragent"',
        '.\\" A line that is cut or hyphenated cannot be pasted.',
        ".nr HY 0",
        ".ad l",
        ".SH NAME",
        head.replace(" - ", " \\- ", 1),
        *_body(rest),
    ]
    return "\n".join(lines) + "\n"


def _body(text: str) -> Iterator[str]:
    """Yield the lines of the page for the Markdown `text`."""
    after_heading = False
    for block in _blocks(text):
        first = block[0]
        if not after_heading and not first.startswith(("#", "- ")):
            yield ".PP"
        after_heading = first.startswith("#")
        if first.startswith("```"):
            yield from (".EX", *map(_literal, block[1:]), ".EE")
        elif first.startswith("## "):
            yield f".SH {first.removeprefix('## ').upper()}"
        elif first.startswith("### "):
            yield f".SS {first.removeprefix('### ')}"
        elif first.startswith("- "):
            yield from _item(" ".join(line.strip() for line in block)[2:])
        else:
            yield _inline(" ".join(block))


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each heading, paragraph, item and fenced block."""
    block: list[str] = []
    fenced = False
    for line in [*text.splitlines(), ""]:
        if line.startswith("```"):
            fenced = not fenced
            if fenced:
                block = [line]
            else:
                yield block
                block = []
        elif fenced:
            block.append(line)
        else:
            if block and (not line or line.startswith("- ")):
                yield block
                block = []
            if line:
                block.append(line)


def _item(text: str) -> Iterator[str]:
    tagged = _TAGGED.fullmatch(text)
    if tagged:
        yield from (".TP", _inline(tagged[1]), _inline(tagged[2]))
    else:
        yield from (".IP \\(bu 2", _inline(text))


def _inline(text: str) -> str:
    """Return a paragraph with code in bold, and links as what they name."""
    text = re.sub(r"\[([^]]+)\]\(#[^)]*\)", lambda link: link[1].upper(), text)
    text = re.sub(r"\[([^]]+\.md)\]\(([^)]*)\)", r"docs/\2", text)
    parts = text.split("`")
    words = "".join(
        f"\\fB{_code(part)}\\fR" if at % 2 else _escaped(part) for at, part in enumerate(parts)
    )
    return f"\\&{words}" if words[0] in ".'" else words


def _code(text: str) -> str:
    """Return code that can be pasted: each hyphen is a minus sign, and short code is not broken."""
    escaped = _ascii(text)
    return escaped.replace(" ", "\\ ") if len(text) <= _UNBROKEN else escaped


def _literal(line: str) -> str:
    escaped = _ascii(line)
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped


def _ascii(text: str) -> str:
    """Return `text` so that a terminal has the very characters in UTF-8, too."""
    signs = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
    return "".join(signs.get(character, character) for character in text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
