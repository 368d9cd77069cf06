"""The overview of a host in words: its regions, its blocked devices, its findings."""

from collections.abc import Mapping

from dmaragent.addresses import SBDF
from dmaragent.checks.common.model import Checked, Severity
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can
from dmaragent.present.words.findings import severity_words
from dmaragent.present.words.host import region_count
from dmaragent.present.words.numbers import count
from dmaragent.present.words.region import named_ids
from dmaragent.readings import Missing

_MOST = 2
"""The overview names this many devices and counts the rest."""


def overview_title(version: str) -> str:
    """Return the first line: the program and its subject."""
    return f"dmaragent {version}: memory that firmware reserves for devices"


MACHINE_UNKNOWN = "vendor and model unknown"


def regions_summary(inventory: Inventory) -> str:
    """Return how many regions there are, and their size."""
    table = inventory.iommu
    hidden = not isinstance(table, Missing) and table.hides_structures
    if not inventory.regions:
        return "none in the decoded part of the table" if hidden else "none"
    more = "; the table is damaged, so regions may be missing" if hidden else ""
    return f"{region_count(inventory.regions)}{more}"


def devices_words(
    verdicts: Mapping[SBDF, Mapping[str, Can]], inventory: Inventory
) -> tuple[str, ...]:
    """Return the numbers of verdicts on the devices with reserved memory.

    If it is unknown which side decides, the line of each side follows.
    """
    if not verdicts:
        return (_without_verdict(inventory),)
    first, *others = _sides(verdicts)
    devices = f"{len(verdicts)} with reserved memory"
    if not others:
        return (f"{devices}: {_numbers(verdicts, first)}",)
    sides = (f"{_NAMES[side]}: {_numbers(verdicts, side)}" for side in (first, *others))
    return (devices, *sides)


_NAMES = {"xen": "Xen", "linux": "Linux"}


def _sides(verdicts: Mapping[SBDF, Mapping[str, Can]]) -> list[str]:
    """Return the sides that have a verdict; both, if it is unknown which one decides."""
    return list(dict.fromkeys(side for sides in verdicts.values() for side in sides))


def _numbers(verdicts: Mapping[SBDF, Mapping[str, Can]], side: str) -> str:
    """Return how many devices have each verdict of `side`."""
    given = [sides[side] for sides in verdicts.values() if side in sides]
    return ", ".join(
        f"{number} {word}"
        for can, word in (
            (Can.NO, "blocked"),
            (Can.CONDITIONS, "allowed with conditions"),
            (Can.YES, "allowed"),
            (Can.UNKNOWN, "unknown"),
            (Can.NOT_APPLICABLE, "not applicable"),
        )
        if (number := given.count(can))
    )


def _without_verdict(inventory: Inventory) -> str:
    """Return whether a device has reserved memory, if no verdict on one is known."""
    owners = [owner for region in inventory.regions for owner in region.owners]
    unread = isinstance(inventory.host.topology.functions, Missing)
    if unread and any(owners or named_ids(region) for region in inventory.regions):
        return "unknown: the PCI functions were not read"
    if any(owner.presence is Presence.UNKNOWN for owner in owners):
        return "unknown: a bridge on the path to one has no known bus number"
    if inventory.region_count is None:
        return "none is known to have reserved memory"
    return "no present device has reserved memory"


def blocked_devices(verdicts: Mapping[SBDF, Mapping[str, Can]]) -> list[SBDF]:
    """Return the devices that a side blocks, in the same order."""
    return [sbdf for sbdf, sides in verdicts.items() if Can.NO in sides.values()]


def blocked_words(verdicts: Mapping[SBDF, Mapping[str, Can]]) -> str:
    """Return the first blocked devices, how many more there are, and who blocks them."""
    blocked = blocked_devices(verdicts)
    named = " ".join(map(str, blocked[:_MOST]))
    more = len(blocked) - _MOST
    text = f"{named} and {more} more" if more > 0 else named
    sides = _sides(verdicts)
    if len(sides) == 1:
        return text
    by = [side for side in sides if any(verdicts[sbdf].get(side) is Can.NO for sbdf in blocked)]
    return f"{text} (by {' or '.join(_NAMES[side] for side in by)})"


def findings_words(checked: Checked) -> str:
    """Return how many findings of each severity there are."""
    numbers = [(severity, checked.count(severity)) for severity in Severity]
    found = [severity_words(severity, number) for severity, number in numbers if number]
    if not checked.decoded:
        return "the table cannot be decoded"
    return ", ".join(found) or f"none ({count(checked.asked, 'check')} ran)"
