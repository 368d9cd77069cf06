"""The types of docs/schema/fleet.v1.json."""

from typing import Annotated, Literal, NotRequired, TypedDict

from dmaragent.passthrough.model import Can
from dmaragent.present.json.schema.common import Count, GuestVerdict, Prose, Sbdf, ToolOrigin

WhyWord = Annotated[str, ("enum", ("absent", "stale", "unreadable", "newer-format", "replaced"))]
"""absent: it was expected and has no document; stale: its document is too old; unreadable;
newer-format: a newer dmaragent made it; replaced: another document of its name is newer."""


class FleetOrigin(ToolOrigin):
    """Which documents the answer is about."""

    folders: list[str]
    documents: Count
    """How many documents were found."""
    expected: Count | None
    """How many hosts were named; null: none."""


class Machine(TypedDict):
    """null: unknown."""

    vendor: str | None
    model: str | None
    firmware: str | None


class FleetClass(TypedDict):
    """Hosts with equal answers about every Xen guest."""

    label: str
    """A letter or more, by size."""
    digest: str
    hosts: list[str]
    machine: Machine
    """Of its first host; a class can have several."""
    xen: str | None
    linux: str | None
    list_source: str
    table: str
    """Signature and digest of the table; empty without one."""
    regions: Count


class FleetVerdict(TypedDict):
    """The verdict on a guest on the hosts of a class."""

    label: str
    hosts: list[str]
    verdict: GuestVerdict
    reasons: list[Prose]
    risk: bool
    remedies: list[Prose] | None
    """The fixes that were tried on the class's first host; null: none was tried.  They are tried if the
    guest is refused, on the eight largest classes, with --details on all."""


class Counts(TypedDict):
    """How many hosts."""

    starts: Count
    refused: Count
    undecided: Count
    no_data: Count


class FleetGuest(TypedDict):
    """One guest on the fleet."""

    guest: str
    source: str
    verdicts: list[FleetVerdict]
    counts: Counts


class FleetDevice(TypedDict):
    """A device of a host."""

    host: str
    device: Sbdf
    verdict: str
    can: Annotated[str, Can]
    driver: str | None
    regions: Count
    step: Prose


class Odd(TypedDict):
    """A host that differs from most of its model."""

    host: str
    differs: Annotated[str, ("enum", ("firmware", "table", "xen", "list"))]
    value: str
    usual: str


class Without(TypedDict):
    """A host without an answer."""

    host: str
    why: WhyWord
    detail: Prose
    next: Prose


ChangeWord = Annotated[
    str,
    ("enum", ("model", "firmware", "xen", "linux", "list", "table", "regions", "facts")),
]
"""facts: the class of the host changed, and none of the other facts."""


class FactChange(TypedDict):
    """A fact before and after; empty: unknown."""

    what: ChangeWord
    before: str
    after: str
    """Of regions: their number, or "elsewhere" if they only moved."""


class VerdictChange(TypedDict):
    """The verdict on a guest before and after."""

    guest: str
    before: GuestVerdict
    after: GuestVerdict


class ChangedHosts(TypedDict):
    """Hosts that changed alike."""

    hosts: list[str]
    model: str
    changes: list[FactChange]
    guests: list[VerdictChange]


class FleetAnswer(TypedDict):
    """The answer; it is equal for equal documents, whatever their order."""

    classes: list[FleetClass]
    """The largest first."""
    no_data: list[Without]
    odd: NotRequired[list[Odd]]
    """Of fleet show."""
    guests: NotRequired[list[FleetGuest]]
    """Of fleet resolve."""
    devices: NotRequired[list[FleetDevice]]
    """Of fleet device."""
    without_device: NotRequired[list[str]]
    """Of fleet device: the hosts that do not have it."""
    functions_unknown: NotRequired[list[str]]
    """Of fleet device: the hosts whose PCI functions are unknown."""
    changed: NotRequired[list[ChangedHosts]]
    """Of fleet diff, whose classes and no_data are those of the later state."""
    same: NotRequired[Count]
    """Of fleet diff: how many hosts did not change."""
    only_before: NotRequired[list[str]]
    """Of fleet diff: hosts without a later document."""
    only_after: NotRequired[list[str]]
    """Of fleet diff: hosts without an earlier document."""
    not_compared: NotRequired[list[str]]
    """Of fleet diff: hosts of which an earlier or later document has no data."""
    no_data_before: NotRequired[list[Without]]
    """Of fleet diff: the earlier documents without data."""


class FleetDocument(TypedDict):
    """dmaragent fleet show, resolve or device, version 1.

    Many hosts, by class: hosts of a class have the same answer.
    """

    format: Literal["dmaragent.fleet"]
    version: Literal[1]
    origin: FleetOrigin
    answer: FleetAnswer
