"""The types of docs/schema/diff.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.checks.common.model import Severity
from dmaragent.comparison.model import FindingFate, RegionFate, Side
from dmaragent.host.topology import Presence
from dmaragent.present.json.schema.common import (
    Count,
    Decision,
    GuestVerdict,
    LongRange,
    Ordinal,
    PassedOver,
    Prose,
    Sbdf,
    Stack,
    StackSource,
    ToolOrigin,
)
from fwtables.fields import Address


class Origin(ToolOrigin):
    """The program that made the document, and what it compared."""

    a: StackSource
    b: StackSource


class NotCompared(TypedDict):
    """Something that is not compared: that no difference is reported has no meaning."""

    what: str
    """A stable name."""
    side: Annotated[str, Side] | None
    """The side that lacks it; null: both."""
    why: Prose


class Changed(TypedDict):
    """One fact that both sides know and that differs."""

    what: str
    """A stable name of the fact."""
    old: str
    """Its value on A, in words."""
    new: str
    """Its value on B, in words."""


class Reworded(TypedDict):
    """One effect that differs, as a sentence or a clause for people."""

    what: str
    """A stable name of the effect."""
    old: Prose
    """The effect on A."""
    new: Prose
    """The effect on B."""


class Owner(TypedDict):
    """A device that the firmware names for a region."""

    name: str
    """Its address, or its path if that leads to no device; with its kind if it is not a PCI
    endpoint."""
    sbdf: Sbdf | None
    presence: Annotated[str, Presence]


class Region(LongRange):
    """A reserved region of one side."""

    number: Ordinal
    """Its place in that table."""
    segment: int
    size: Count
    owners: list[Owner]


class OwnerChange(TypedDict):
    """An owner that differs; null on the side that does not name it."""

    a: Owner | None
    b: Owner | None
    changes: list[Changed]
    """address, presence, device (vendor:device of what is there)."""


class RegionMatch(TypedDict):
    """A region of one side, or two regions that are the same one.

    Each region of A and of B is in exactly one match.
    """

    fate: Annotated[str, RegionFate]
    """moved: same owners and size; resized: same owners, other size; owners: same range, other
    owners."""
    differs: bool
    """Whether anything of it differs; false only if fate is same."""
    certain: bool
    """false: the table of the side that lacks it is damaged, so it may be there."""
    a: Region | None
    b: Region | None
    owners: list[OwnerChange]
    changes: list[Reworded]
    """meaning, access, shared, xen, linux, memory-map."""


class TableOrder(TypedDict):
    """The order of the regions."""

    old: str
    new: str


class Renumbered(TypedDict):
    """A PCI function at two addresses."""

    a: Sbdf
    b: Sbdf


class Unit(TypedDict):
    """A remapping unit of one side."""

    segment: int
    register_base: Address
    include_pci_all: bool
    scopes: list[str]


class UnitChange(TypedDict):
    """A remapping unit that differs; null on the side that does not have it."""

    certain: bool
    a: Unit | None
    b: Unit | None
    changes: list[Changed]
    """registers, register-size, include-pci-all, other-flags, proximity-domain."""
    scopes_gone: list[str]
    scopes_added: list[str]


class Structure(TypedDict):
    """A structure that only one side has."""

    side: Annotated[str, Side]
    """The only side that has it."""
    certain: bool
    structure: str
    """The specification's name."""
    said: Prose
    """Its content, in words."""


class Finding(TypedDict):
    """A finding of one side."""

    id: str
    severity: Annotated[str, Severity]
    subject: str
    """What it is about; with the id it identifies the finding."""
    said: Prose


class FindingChange(TypedDict):
    """A finding that differs."""

    fate: Annotated[str, FindingFate]
    """not-known: one side has it, and its rule could not run on the other; so it is neither new nor
    fixed."""
    why: Prose
    """Why it is unknown; otherwise empty."""
    a: Finding | None
    b: Finding | None
    changes: list[Reworded]
    """severity, xen, linux."""


class Resolution(TypedDict):
    """The answer for a guest on one side."""

    hypervisor: Annotated[str, ("enum", ("xen", "kvm"))]
    """The hypervisor that runs the guest."""
    stack: Stack | None
    """null: a KVM guest."""
    verdict: GuestVerdict
    reasons: list[Decision]


class Remedy(TypedDict):
    """A change of the configuration that lets the guest start."""

    lines: list[str]
    effect: Prose


class Guest(TypedDict):
    """A guest whose answer differs."""

    source: str
    """The file, with [n] after it for a guest of a JSON list; or 'standard input'."""
    name: str
    """Empty if the configuration has none."""
    fate: Annotated[
        str,
        (
            "enum",
            (
                "no-longer-starts",
                "starts-now",
                "no-longer-certain",
                "certain-now",
                "other-devices",
                "other-reasons",
                "other-warnings",
                "other-layout",
            ),
        ),
    ]
    a: Resolution
    b: Resolution
    devices: list[Changed]
    """Addresses of the guest that belong to another device on B, by vendor:device."""
    remedies: list[Remedy] | None
    """The fixes on B; null if the guest needs none."""


class Guests(TypedDict):
    """The guests."""

    changed: list[Guest]
    same: dict[GuestVerdict, Ordinal]
    """How many guests do not differ, by verdict; a verdict that no guest has is left out."""
    passed_over: list[PassedOver]
    """Files of a folder that are not guests."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    differs: bool
    """Whether anything that could be compared differs."""
    hindrance: NotCompared | None
    """Why nothing can be compared; null: it can."""
    facts: list[Changed]
    """The machine, its firmware, its software, the table's header and damage."""
    regions: list[RegionMatch]
    """All regions of both sides, by address."""
    table_order: TableOrder | None
    """The order of the regions that both tables have, by A's numbers; null: the same."""
    xen: list[Reworded]
    """Changes of Xen's list that no region shows: vt-d or amd-vi, entry, list-order."""
    renumbered: list[Renumbered]
    """PCI functions that are certainly the same and have another address."""
    units: list[UnitChange]
    structures: list[Structure]
    """Structures, neither regions nor units (RMRR, DRHD; AMD: IVMD, IVHD), that only one side has."""
    findings: list[FindingChange]
    findings_same: Count
    not_compared: list[NotCompared]
    guests: Guests | None
    """null: no guests were given."""


class DiffDocument(TypedDict):
    """dmaragent diff --json, version 1.

    Two hosts, tables or recordings compared: A is one host or the state before, B the other or the
    state after. 'answer' is equal on hosts and on their recordings; 'origin' shows which were read.
    """

    format: Literal["dmaragent.diff"]
    version: Literal[1]
    origin: Origin
    answer: Answer
