"""The screen that text is printed on: its width, and whether it shows colours.

Text is laid out for :data:`PLAIN`, as files and programs get it, unless the code that prints it
chooses another screen.

:func:`toned` marks a word when the answer is made, and :func:`painted` colours it when the answer
is printed.  A marked word has as many characters as the word itself: each is replaced by one of a
private plane of Unicode, so marks do not change the layout.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import NamedTuple

from dmaragent.present.escaping import visible


class Screen(NamedTuple):
    """Width and colours of a screen."""

    width: int = 80
    colors: bool = False


class Tone(Enum):
    """The colour of a word; the value is the terminal's code."""

    GOOD = 32
    """Green."""
    CARE = 33
    """Yellow: yes with a risk, on conditions, or unknown."""
    BAD = 31
    """Red."""


PLAIN = Screen()
_screen = ContextVar("screen", default=PLAIN)


def current_screen() -> Screen:
    """Return the screen that text is now laid out for."""
    return _screen.get()


@contextmanager
def printed_on(screen: Screen) -> Iterator[None]:
    """Lay text out for `screen` while the context lasts."""
    token = _screen.set(screen)
    try:
        yield
    finally:
        _screen.reset(token)


_PLANE = 0xF0000
_MARKED = re.compile("[\U000f1f00-\U000f21ff]+")
"""The characters of marked words: one of :data:`_PLANE` for each tone and ASCII character."""
_marked: set[str] = set()
"""All marked words.  Other text with these characters comes from the host, and is escaped."""


def toned(text: str, tone: Tone | None) -> str:
    """Return `text`, its words marked with the colour of `tone` if the screen shows colours."""
    if tone is None or not _screen.get().colors:
        return text
    base = _PLANE + (tone.value << 8)
    words = [
        "".join(chr(base + ord(letter)) for letter in word) if word.isascii() else word
        for word in text.split(" ")
    ]
    _marked.update(words)
    return " ".join(words)


def shown(text: str) -> str:
    """Return `text` escaped as by :func:`visible`, except marked words."""
    if text.isprintable() or not _screen.get().colors:
        return visible(text)
    return _replace_marked(text, lambda word: word, visible)


def painted(line: str) -> str:
    """Return `line` with the terminal's colour codes around marked words, the rest escaped.

    Every line for people passes here.  So the text of a host, a path or a guest cannot act as a
    terminal command, even if the code that made the line did not escape it.
    """
    if line.isprintable() or not _screen.get().colors:
        return visible(line)
    return _replace_marked(line, _painted_word, visible)


def _replace_marked(text: str, marked: Callable[[str], str], other: Callable[[str], str]) -> str:
    """Return `text` with marked words replaced by one function and the rest by another."""
    parts, end = [], 0
    for match in _MARKED.finditer(text):
        if match[0] in _marked:
            parts += [other(text[end : match.start()]), marked(match[0])]
            end = match.end()
    return "".join([*parts, other(text[end:])])


def _painted_word(word: str) -> str:
    tone = (ord(word[0]) - _PLANE) >> 8
    return f"\x1b[{tone}m{''.join(chr(ord(letter) & 0x7F) for letter in word)}\x1b[0m"
