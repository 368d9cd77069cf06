"""What the service publishes, for who may not read the table himself."""

import json
import os
from typing import NamedTuple

from dmaragent.collect.reader import read_stream
from dmaragent.readings import Missing
from dmaragent.service_paths import INVENTORY, INVENTORY_TEXT, RUNTIME

_MOST = 1 << 28


class PublishedInventory(NamedTuple):
    """A published inventory: the document, and the same in words."""

    document: str
    text: str
    which: str
    """Its generation."""
    complete: bool
    """Whether the table could be read whole."""


def read_published(runtime: str = RUNTIME) -> PublishedInventory | None:
    """Read what is published below `runtime`; None where there is nothing of a table."""
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
