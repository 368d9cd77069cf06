"""The terminal that an answer is printed on."""

import os
from typing import TextIO

from dmaragent.present.screen import PLAIN, Screen

NARROWEST, WIDEST = 60, 120
"""Columns: tables are unreadable in fewer, and lines of text in more."""


def screen_of(stream: TextIO) -> Screen:
    """Return what text on `stream` is laid out for."""
    return Screen(min(max(_columns(stream), NARROWEST), WIDEST))


def _columns(stream: TextIO) -> int:
    """Return the columns of the terminal: as COLUMNS says, else as the terminal itself does.

    This is ``shutil.get_terminal_size`` without its import, which costs 1 ms at each start.
    """
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns > 0:
        return columns
    try:
        return os.get_terminal_size(stream.fileno()).columns or PLAIN.width
    except (OSError, ValueError):  # not a terminal: a file, a pipe, a test's; or closed
        return PLAIN.width
