"""The lines that name the source of an answer about guests and devices."""

from collections.abc import Sequence

from dmaragent.api import OpenedContext
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.present.text.tables import labelled
from dmaragent.present.words.guest import source_words


def source_lines(asked: OpenedContext, guests: Sequence[Guest] = ()) -> list[str]:
    """Return the lines that say what an answer about `guests` rests on."""
    opened = asked.opened
    xen = not guests or any(isinstance(guest, GuestConfig) for guest in guests)
    listed = asked.facts.source if xen else None
    source = source_words(opened.kind, opened.path, asked.stack, listed)
    return labelled("Source", source)
