"""The types of docs/schema/devices.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.passthrough.model import Can
from dmaragent.present.json.schema.common import Count, Ordinal, Range, Sbdf, Stack, StackOrigin
from dmaragent.present.json.schema.regions import Absence, Device
from dmaragent.remedies.remedy import Safety


class Side(TypedDict):
    """What one side decides; dmaragent explain has the reason."""

    can: Annotated[str, Can]
    """Whether the device can be passed through; not-applicable: this side does not decide on this
    host."""
    risk: bool
    """Whether it can only in a way in which firmware, device and guest can overwrite each other's
    memory."""


class Step(TypedDict):
    """What to try first; dmaragent explain has the commands."""

    safety: Annotated[str, Safety]
    side: Annotated[str, ("enum", ("Xen", "Linux"))] | None
    """For whom it is; null: for both."""
    title: str


class Row(TypedDict):
    """One PCI function."""

    device: Sbdf
    function: Device | None
    """What is present there; null: nothing, or the functions were not collected."""
    absent: bool
    """Whether a region names it, and it is known that nothing is present there."""
    chipset: bool
    """Whether it is a bridge or a chipset function, which nobody passes through."""
    xen: Side
    linux: Side
    regions: list[Ordinal] | None
    """The numbers of the regions that concern it, in table order; null: unknown."""
    reported: list[Range]
    """The reserved regions that Xen or Linux report for it and no region of a table has."""
    iommu_group: int | None
    """null: it has none, or that is unknown."""
    step: Step | None
    """The remedy to try first; null: whoever decides allows the device, or nothing helps."""
    unknown: list[str]
    """Why verdicts of whoever decides are unknown."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    stack: Stack
    decides: Annotated[list[Annotated[str, ("enum", ("xen", "linux"))]], ("minItems", 1)]
    """Who decides on this host; both if that is unknown."""
    devices: list[Row]
    """By address; those that the filters leave."""
    known: Count
    """How many devices the host has; bridges, chipset functions and absent devices aside."""
    chipset_left_out: Count
    """How many bridges and chipset functions are left out."""
    absent_left_out: Count
    """How many devices that a region names and that are not present are left out."""
    absence: Absence | None
    """Why there is no table, as far as the evidence goes."""
    complete: bool
    """True if no region can be missing: the table is not damaged."""
    problems: list[str]
    """What could not be read or understood, a sentence each."""


class DevicesDocument(TypedDict):
    """dmaragent devices.

    Which devices of a host can be passed through, by Xen and by Linux.
    """

    format: Literal["dmaragent.devices"]
    version: Literal[1]
    origin: StackOrigin
    answer: Answer
