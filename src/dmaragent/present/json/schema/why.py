"""The types of docs/schema/why.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.host.topology import Presence
from dmaragent.linux.regions import Hold
from dmaragent.messages.model import MessageSeverity, Program
from dmaragent.present.json.schema.common import (
    ClassName,
    Count,
    Host,
    LongRange,
    Ordinal,
    Sbdf,
    ToolOrigin,
)
from dmaragent.xen.reserved_list.model import Origin as ListOrigin

MessageId = Annotated[str, ("pattern", "^[a-z]+(-[a-z0-9]+)+$")]


class Origin(ToolOrigin):
    """What made the document, and which host it is about."""

    host: Host | None
    """null: --list, which asks no host."""


class Names(TypedDict):
    """What a message names."""

    devices: list[Sbdf]
    addresses: list[LongRange]
    """Of all its lines, the first 16; page numbers are converted to addresses."""
    domain: int | None
    """A Xen domain's number."""
    quarantine: bool
    """Whether the domain is 32753, Xen's quarantine and no guest."""
    group: int | None
    """An IOMMU group."""
    error: str | None
    """An errno by name."""
    result: int | None
    """libxl's rc."""
    fault_reason: int | None
    """A VT-d fault reason."""
    word: str
    """What the message quotes; empty: nothing."""


class Region(LongRange):
    """A reserved region."""

    number: Ordinal
    offset: Count
    """Of the RMRR structure in the table, in bytes."""
    sharers: Count
    """Entries of its scope that Xen counts."""
    owners: list[Sbdf | None]
    """null: behind a bridge that is absent or unknown."""


class LinuxHold(TypedDict):
    """A region that Linux ties the device to."""

    region: int
    type: Annotated[str, Hold]
    through: Sbdf | None
    """The bridge whose scope covers it."""
    by_kernel: bool


class Device(ClassName):
    """A device that a message names."""

    sbdf: Sbdf
    presence: Annotated[str, Presence]
    driver: str | None
    slot: str | None
    iommu_group: int | None
    regions: list[Region]
    """Those whose scope names it."""
    linux: list[LinuxHold]


class XenEntry(LongRange):
    """An entry of Xen's list."""

    origin: Annotated[str, ListOrigin]


class Place(LongRange):
    """Addresses that a message names, and what is there."""

    regions: list[Region]
    xen_entries: list[XenEntry]
    """Entries of Xen's list that come from no region of the table."""
    units: list[int]
    """Offsets of the DRHD structures that have their registers there."""
    memory_map: str | None
    """What the firmware's map calls it; null: there is no map."""


class GroupDevice(TypedDict):
    """A device of the group."""

    sbdf: Sbdf
    driver: str | None
    locked_to: list[Ordinal]
    """Numbers of the regions that Linux holds it to, so that none of the group can go; empty also
    where Xen decides."""


class Group(TypedDict):
    """The IOMMU group that a message names."""

    number: int
    devices: list[GroupDevice]


class Iommu(TypedDict):
    """The IOMMU of the host."""

    groups: Count | None
    """How many IOMMU groups the kernel has; null: unknown, or Xen owns the IOMMU."""
    under_xen: bool
    """Whether Linux runs under Xen, so that it has no groups whatever its options."""
    switched_off_by: str
    """The kernel option that switches the IOMMU off, as it was given; empty: none."""
    switched_on_by: str
    """The kernel option that switches it on; empty: none."""
    options_known: bool
    """Whether the kernel's command line was read."""
    xen_switched_off_by: str
    """Xen's option that switches the IOMMU off; empty: none, or unknown."""
    table: bool | None
    """Whether the firmware gives a DMAR or IVRS table; null: unknown."""


class Reserved(LongRange):
    """A reserved region as the kernel has it."""

    type: str


class Dma(LongRange):
    """Addresses of a mapping for DMA."""

    address_bits: Count
    """The address bits that the mapping needs."""
    host_address_bits: int | None
    """The host address width of the table; null: unknown."""
    reserved: list[Reserved]
    """What the kernel reserves there in its IOMMU groups, the first three; direct-relaxable is left
    out, as memory may be mapped over it."""


class Here(TypedDict):
    """What a message means on the host."""

    fits: bool | None
    """Whether the host has what the message names; null: it names nothing, or this is unknown."""
    decided_by_xen: bool
    """Whether Linux or QEMU printed it on a host whose IOMMU is Xen's."""
    vtd_off: str
    """Why Xen switches VT-d off on the host, as predicted; empty: it does not, or it has nothing to
    do with the message."""
    devices: list[Device]
    addresses: list[Place]
    group: Group | None
    iommu: Iommu | None
    """What the host says of its IOMMU; null: the message does not say that it is off."""
    dma: list[Dma]
    """Addresses at which a guest or a program wants its memory for DMA; they are not the host's."""
    translated: bool
    """Whether its addresses are probably the IOMMU's own: Linux logged them, and is not known to
    run with iommu=pt."""
    forgotten: LongRange | None
    """Pages of a fault that no region has: the firmware may have forgotten one."""


class Message(TypedDict):
    """What is known of a message."""

    id: MessageId
    """Stable; the anchor in docs/messages.md."""
    printer: Annotated[str, Program]
    weight: Annotated[str, MessageSeverity]
    """refusal: something that was asked for is not done; fault: an access was stopped; consequence:
    it follows from another message, which says why; firmware: the table or an option is wrong and
    stops nothing by itself; note: nothing is wrong."""
    title: str
    releases: str
    source: str
    """Where it is printed, and how far that was checked."""


class Recognised(Message):
    """A message that was recognised."""

    meaning: str
    """With what its numbers add."""
    advice: str
    text: str
    """Its first line, cut if it is very long. A stranger may have written it."""
    count: Ordinal
    line_numbers: list[Ordinal]
    """From 1; the first 20."""
    split: bool
    """Whether it was put together from lines that were split."""
    cut: bool
    """Whether the end or the begin of the message is missing: a pager or a narrow terminal left it
    out."""
    vendor: Annotated[str, ("enum", ("AMD",))] | None
    """AMD: it is about AMD's IOMMU, whose regions are in IVRS. null: Intel's, or it does not
    matter."""
    names: Names
    more_addresses: Count
    """Lines whose addresses are not kept."""
    here: Here
    findings: list[str]
    """Ids of dmaragent check."""
    next: list[str]
    """Commands of dmaragent that go on from here."""


class Wording(TypedDict):
    """A wording of a message."""

    template: str
    """The text; <name> is a value, {...} may be missing."""
    releases: str
    """Empty: all that print the message."""


class Known(Message):
    """A message that is known."""

    meaning: str
    advice: str
    wordings: Annotated[list[Wording], ("minItems", 1)]


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    source: Annotated[str, ("enum", ("text", "file", "standard-input", "boot-log", "list"))]
    """What was read; list: nothing, --list was given."""
    lines: Count
    """How many lines were read."""
    table_known: bool | None
    """Whether the host's table could be read, so that regions can be named; null with --list, and
    if nothing was recognised in what was given: then the host was not read."""
    recognised: list[Recognised]
    """The worst first, then in the order of the text."""
    left_out: Count
    """Lines with known messages beyond the most that are kept apart."""
    known: list[Known] | None
    """Every known message, with --list; else null."""


class WhyDocument(TypedDict):
    """dmaragent why --json, version 1.

    Messages that were recognised in a text, explained and tied to a host. 'answer' is equal on a
    host and on its recording; 'origin' says which it was.
    """

    format: Literal["dmaragent.why"]
    version: Literal[1]
    origin: Origin
    answer: Answer
