"""The words of an xl.cfg file, as libxlutil from 4.13 on tells them apart.

Older ones do not know ``+=``, which their reader refuses in xlcfg.py.

Pure.  The library has them in a lexer of its own too, libxlu_cfg_l.l, below its grammar.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the file; `kind` is a class of words, or the punctuation itself."""

    kind: str
    text: str
    line: int
    touches: bool
    """Whether nothing stands between it and the token before it."""
    wrong: str = ""
    """What should stand here instead, if that can be told from the word alone."""


_WORD = re.compile(
    r"""(?P<name>[a-z][._0-9a-z]*)
    |(?P<number>[0-9][0-9a-fx]*)
    |(?P<string>'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*")
    |(?P<newline>(?:\#.*)?\n)
    |(?P<mark>\+?=|[;,[\]])
    |(?P<blank>[ \t]+)""",
    re.VERBOSE,
)


def read_tokens(text: str) -> Iterator[Token]:
    """Yield the words of `text` and an end; what is no word comes out bad, and is the last.

    The library passes over what is no word if it is the last byte of all.
    """
    at, line, last, touches = 0, 1, 1, False
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            near, wrong = _unreadable(text, at)
            dropped = at + 1 == len(text) and len(text[at].encode(errors="surrogateescape")) == 1
            yield Token("end" if dropped else "bad", near, line, touches, wrong)
            return
        at = match.end()
        kind = str(match.lastgroup)
        if kind == "blank":
            touches = False
            continue
        yield Token(match[0] if kind == "mark" else kind, match[0], line, touches)
        touches = True
        if kind == "newline":
            line += 1
        else:
            last = line
    # After blank lines a person looks at the line where something is missing.
    yield Token("end", "", last, touches)


_TELLING = {
    "\r\n": "lines that end with a newline alone; this one has a DOS line end",
    "\r": "a newline, or nothing; not a carriage return",
    "#": "a newline after the comment, which ends the file without one",
    "'": "the closing quote ' on the same line",
    '"': 'the closing quote " on the same line',
    "\ufeff": "no byte order mark",
    "\0": "no NUL character outside comments",
    **dict.fromkeys("\u2018\u2019\u201c\u201d", "straight quotes, ' or \""),
}
"""What to say of something that is no word, by how it begins."""


def _unreadable(text: str, at: int) -> tuple[str, str]:
    """Give what stands at `at`, where no word begins, and what should; empty if not known."""
    line = text[at:].partition("\n")[0].rstrip("\r")
    for beginning, wrong in _TELLING.items():
        if text.startswith(beginning, at):
            escaped = beginning in "'\"" and f"\\{beginning}" in line
            hint = "; a quote after a backslash is text" if escaped else ""
            return line if beginning in "'\"#" else text[at], wrong + hint
    return re.split(r"(?<=.)[\s,;=+#'\"[\]]", line, maxsplit=1)[0], ""
