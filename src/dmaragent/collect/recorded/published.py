"""The inventory that the service publishes, for users who cannot read the table themselves."""

import json
import os
from typing import NamedTuple

from dmaragent.collect.reader import read_stream
from dmaragent.readings import Missing
from dmaragent.service_paths import INVENTORY, INVENTORY_TEXT, RUNTIME

_MOST = 1 << 28


class PublishedInventory(NamedTuple):
    """A published inventory: the document, and its text."""

    document: str
    text: str
    which: str
    """Its generation."""
    complete: bool
    """Whether the whole table could be read."""


def read_published(runtime: str = RUNTIME) -> PublishedInventory | None:
    """Read the published inventory below `runtime`; return None if there is no decoded table."""
    document = read_stream(os.path.join(runtime, INVENTORY), _MOST)
    text = read_stream(os.path.join(runtime, INVENTORY_TEXT), _MOST)
    if isinstance(document, Missing) or isinstance(text, Missing):
        return None
    try:
        published = json.loads(document)
        generation = int(published["origin"]["generation"])
        state = published["answer"]["table"]["state"]
        complete = bool(published["answer"]["complete"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    if state != "decoded":
        return None
    return PublishedInventory(
        document=document.decode("ascii", "backslashreplace"),
        text=text.decode("utf-8", "backslashreplace"),
        which=f"generation {generation}",
        complete=complete,
    )
