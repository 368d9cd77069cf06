"""What text is printed on: how many columns it has.

Text is laid out for :data:`PLAIN`, as files and programs get it, unless whoever prints it says
that it goes to something else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Screen:
    """What text is laid out for."""

    width: int = 80


PLAIN = Screen()
_screen = ContextVar("screen", default=PLAIN)


def current_screen() -> Screen:
    """Return what text is laid out for now."""
    return _screen.get()


@contextmanager
def printed_on(screen: Screen) -> Iterator[None]:
    """Lay text out for `screen` for as long as the context lasts."""
    token = _screen.set(screen)
    try:
        yield
    finally:
        _screen.reset(token)
