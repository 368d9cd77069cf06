"""The short inventory in words: cells of its tables, remarks, and how much a list leaves out."""

from collections.abc import Iterator, Sequence

from dmaragent.inventory import Inventory, Region
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count, numbered_regions
from dmaragent.present.words.region import (
    access_words,
    how_reserved,
    is_elsewhere,
    memory_kinds,
    named_ids,
)

LINUX_PREDICTED = "The column Linux is predicted from the table."


def left_out(number: int, what: str) -> str:
    """Return how many entries a list leaves out, and how to see them."""
    return f"{count(number, f'more {what}')}: add --details"


def regions_label(numbers: Sequence[int]) -> str:
    """Return the label of a group of regions: their numbers."""
    return numbered_regions(numbers).capitalize()


def xen_cell(region: Region) -> str:
    """Return whether Xen lists a region; empty if nothing predicts or reports it."""
    view = region.xen
    if view.listed is None:
        unknown = "by release" if view.by_release else "unknown"
        return unknown if view.reason else ""
    return "listed" if view.listed else "not listed"


def linux_cell(region: Region) -> str:
    """Return how strictly Linux enforces a region on its devices; or empty."""
    holds = {held.hold for held in region.linux}
    return ", ".join(hold.word for hold in Hold if hold in holds)


def region_remarks(region: Region) -> Iterator[str]:
    """Yield why Xen does not or may not list a region, and its type if it is not reserved memory."""
    view = region.xen
    if view.listed is None and view.reason:
        yield visible(view.reason)
    elif view.listed is False:
        yield f"not listed: {visible(view.reason)}"
    if not region.owners and not named_ids(region):
        yield "names no device, because its device scope is empty"
    if access_words(region):
        yield access_words(region)
    if is_elsewhere(region):
        yield f"{memory_kinds(region)} in the memory map, {how_reserved(region)}"


def absent_words(label: str, names: Sequence[str]) -> str:
    """Return the absent devices of the regions that `label` names."""
    return f"Absent devices of {label[:1].lower()}{label[1:]}: {'  '.join(names)}"


def is_linux_predicted(inventory: Inventory) -> bool:
    """Return whether Linux's treatment of a region is predicted and shown."""
    if inventory.linux.state is LinuxState.UNDER_XEN:
        return False
    return any(not held.by_kernel for region in inventory.regions for held in region.linux)
