"""The types of docs/schema/explain.v2.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.passthrough.model import Can
from dmaragent.present.json.schema.common import Prose, Sbdf, Stack, StackOrigin
from dmaragent.present.json.schema.regions import Absence, Device, Group, Published, Region, Unit
from dmaragent.remedies.remedy import Safety

CanWord = Annotated[str, Can]
"""Whether the device can be passed through; not-applicable: this side does not decide on this
host."""


class Case(TypedDict):
    """One case of the rules."""

    title: str
    """The name of the case, in a few words."""
    can: CanWord
    explanation: Prose
    rule: str
    """The source file and function of the rule; or empty."""
    error: str
    """The error that is returned, by name; or empty."""
    releases: Prose
    """The releases it applies to, in words; or empty."""
    message: str
    """The message that is printed in this case; or empty."""


class Side(TypedDict):
    """The verdict of one side."""

    can: CanWord
    explanation: Prose
    """The reason; for on-conditions the condition, which begins with "if" unless there is a risk."""
    cases: list[Case]


class Step(TypedDict):
    """A prerequisite or a fix."""

    safety: Annotated[str, Safety]
    side: Annotated[str, ("enum", ("Xen", "Linux"))] | None
    """The side that it is for; null: both."""
    title: Prose
    explanation: Prose
    where: Prose
    """Where the lines go; or empty."""
    lines: list[str]


class ToolstackPolicy(TypedDict):
    """A toolstack, and its default policy for the device."""

    toolstack: Annotated[str, ("enum", ("xl", "libvirt", "Qubes", "XAPI"))]
    policy: Annotated[str, ("enum", ("strict", "relaxed"))]
    can: CanWord
    explanation: Prose


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    device: Sbdf
    function: Device | None
    """The PCI function; null: it is absent, or the functions were not collected."""
    stack: Stack
    decides: Annotated[list[Annotated[str, ("enum", ("xen", "linux"))]], ("minItems", 1)]
    """The side that decides on this host; both if that is unknown."""
    xen: Side
    linux: Side
    regions: list[Region]
    """The regions that concern the device, in table order."""
    unit: Unit | None
    """The remapping unit that serves it."""
    groups: list[Group] | None
    """The groups of the devices that regions concern; null: unknown."""
    steps: list[Step]
    """Prerequisites and fixes, safest first."""
    toolstacks: list[ToolstackPolicy]
    """The default policy of the device by toolstack; empty if no policy matters."""
    notes: list[Prose]
    absence: Absence | None
    """Why there is no table, by the available evidence."""
    complete: bool
    """True if no region can be missing: there is a table without damage and, for one device, no path
    is undetermined."""
    problems: list[Prose]
    """The readings that could not be read or understood, a sentence each."""
    published: list[Published]
    """Reserved regions that Linux publishes in /sys/kernel/iommu_groups/N/reserved_regions and that
    no region of a decoded table explains."""


class ExplainDocument(TypedDict):
    """dmaragent explain.

    Whether Xen and Linux can pass one device through, why, and the fixes.
    """

    format: Literal["dmaragent.explain"]
    version: Literal[2]
    origin: StackOrigin
    answer: Answer
