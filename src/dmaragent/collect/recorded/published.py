"""The inventory that the service publishes, for users who cannot read the table themselves."""

import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from dmaragent.addresses import SBDF
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


def regions_of_devices(published: PublishedInventory) -> Mapping[SBDF, tuple[int, ...]]:
    """Return the numbers of the regions of each device; nothing if the document has another form."""
    found: dict[SBDF, list[int]] = {}
    try:
        for region in json.loads(published.document)["answer"]["regions"]:
            for owner in region["owners"]:
                if owner["sbdf"] is not None:
                    found.setdefault(SBDF.parse(owner["sbdf"]), []).append(int(region["number"]))
    except (ValueError, TypeError, KeyError):
        return {}
    return {sbdf: tuple(numbers) for sbdf, numbers in found.items()}
