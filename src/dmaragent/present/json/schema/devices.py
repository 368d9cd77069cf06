"""The types of docs/schema/devices.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.passthrough.model import Can
from dmaragent.present.json.schema.common import (
    PUBLISHED,
    Count,
    Ordinal,
    Prose,
    PublishedStackOrigin,
    Range,
    Sbdf,
    Stack,
)
from dmaragent.present.json.schema.regions import Absence, Device
from dmaragent.remedies.remedy import Safety


class Side(TypedDict):
    """The verdict of one side; dmaragent explain has the reason."""

    can: Annotated[str, Can]
    """Whether the device can be passed through; not-applicable: this side does not decide on this
    host."""
    risk: bool
    """Whether it can be passed through only with the risk that firmware, device and guest overwrite
    each other's memory."""


class Step(TypedDict):
    """The fix to try first; dmaragent explain has the commands."""

    safety: Annotated[str, Safety]
    side: Annotated[str, ("enum", ("Xen", "Linux"))] | None
    """The side that it is for; null: both."""
    title: Prose


class Row(TypedDict):
    """One PCI function."""

    device: Sbdf
    function: Device | None
    """The PCI function; null: it is absent, or the functions were not collected."""
    absent: bool
    """Whether a region names it and it is certainly not present."""
    chipset: bool
    """Whether it is a bridge or a chipset function, which is not passed through."""
    xen: Side
    linux: Side
    regions: list[Ordinal] | None
    """The numbers of the regions that concern it, in table order; null: unknown."""
    reported: list[Range]
    """The reserved regions that Xen or Linux report for it and no table has."""
    iommu_group: int | None
    """null: it is in none, or the group is unknown."""
    step: Step | None
    """The fix to try first; null: the side that decides allows the device, or there is no fix."""
    unknown: list[Prose]
    """Why verdicts of the sides that decide are unknown."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    stack: Stack
    decides: Annotated[list[Annotated[str, ("enum", ("xen", "linux"))]], ("minItems", 1)]
    """The side that decides on this host; both if that is unknown."""
    devices: list[Row]
    """The devices that pass the filters, by address."""
    known: Count
    """How many devices the host has, without bridges, chipset functions and absent devices; if its PCI
    functions are unknown, how many of them a region or a report names."""
    chipset_left_out: Count
    """How many bridges and chipset functions are left out."""
    absent_left_out: Count
    """How many absent devices that a region names are left out."""
    may_match: Count
    """How many other devices may pass the filters: their class or their numbers are unknown."""
    absence: Absence | None
    """Why there is no table, by the available evidence."""
    complete: bool
    """True if no region can be missing: there is a table without damage."""
    problems: list[Prose]
    """The readings that could not be read or understood, a sentence each."""


class DevicesDocument(TypedDict):
    """dmaragent devices.

    Whether Xen and Linux can pass through each device of a host.
    """

    format: Literal["dmaragent.devices"]
    version: Literal[1]
    origin: Annotated[PublishedStackOrigin, ("dependentRequired", PUBLISHED)]
    answer: Answer
