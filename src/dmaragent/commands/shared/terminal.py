"""The terminal that an answer is printed on."""

import os
from typing import TextIO

from dmaragent.present.screen import PLAIN, Screen

NARROWEST, WIDEST = 60, 120
"""Columns: tables need the first number, and longer lines of text are hard to read."""


COLOR_CHOICES = ("auto", "always", "never")


def screen_of(stream: TextIO, color: str = "never") -> Screen:
    """Return the screen for text on `stream`; `color` is one of :data:`COLOR_CHOICES`."""
    colors = color == "always" or (color == "auto" and _shows_colors(stream))
    return Screen(min(max(_columns(stream), NARROWEST), WIDEST), colors=colors)


def _shows_colors(stream: TextIO) -> bool:
    """Return whether `stream` is a terminal with colours, and the user wants them."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not unwanted and stream.isatty()


def _columns(stream: TextIO) -> int:
    """Return the columns of the terminal, from COLUMNS or else from the terminal itself.

    This is ``shutil.get_terminal_size`` without its import, which takes 1 ms at each start.
    """
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns > 0:
        return columns
    try:
        return os.get_terminal_size(stream.fileno()).columns or PLAIN.width
    except (OSError, ValueError):  # not a terminal: a file, a pipe, or closed
        return PLAIN.width
