"""The types of docs/schema/why.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.host.topology import Presence
from dmaragent.linux.regions import Hold
from dmaragent.messages.model import MessageSeverity, Program
from dmaragent.present.json.schema.common import (
    PUBLISHED,
    ClassName,
    Count,
    Host,
    LongRange,
    Ordinal,
    Prose,
    PublishedOrigin,
    Sbdf,
    ToolOrigin,
)
from dmaragent.xen.reserved_list.model import Origin as ListOrigin

MessageId = Annotated[str, ("pattern", "^[a-z]+(-[a-z0-9]+)+$")]


class Origin(ToolOrigin, PublishedOrigin):
    """The program that wrote the document, and the host that it is about."""

    host: Host | None
    """null with --list, which reads no host."""


class Names(TypedDict):
    """The devices, addresses and numbers in a message."""

    devices: list[Sbdf]
    addresses: list[LongRange]
    """The first 16 of all its lines; page numbers are converted to addresses."""
    domain: int | None
    """A Xen domain's number."""
    quarantine: bool
    """Whether the domain is 32753: Xen's quarantine, not a guest."""
    group: int | None
    """An IOMMU group."""
    error: str | None
    """An errno by name."""
    result: int | None
    """libxl's rc."""
    fault_reason: int | None
    """A VT-d fault reason."""
    word: str
    """The option, name or value that the message quotes; empty: none."""


class Region(LongRange):
    """A reserved region; its limit is below its base if the table is wrong."""

    number: Ordinal
    offset: Count
    """Offset of the RMRR structure or the IVMD block in the table, in bytes."""
    sharers: Count
    """How many entries of its scope Xen counts."""
    owners: list[Sbdf | None]
    """null: a device behind a bridge that is absent or unknown."""


class LinuxHold(TypedDict):
    """A region that Linux applies to the device."""

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
    """null: none or unknown."""
    slot: str | None
    iommu_group: int | None
    regions: list[Region]
    """The regions whose scope names it."""
    linux: list[LinuxHold]


class XenEntry(LongRange):
    """An entry of Xen's list."""

    origin: Annotated[str, ListOrigin]


class Place(LongRange):
    """Addresses in a message, and what this host has there."""

    regions: list[Region]
    xen_entries: list[XenEntry]
    """Entries of Xen's list that do not come from a region of the table."""
    units: list[int]
    """Offsets of the DRHD structures or IVHD blocks with registers there."""
    memory_map: str | None
    """Its type in the firmware's memory map; null: the map is unknown."""


class GroupDevice(TypedDict):
    """A device of the group."""

    sbdf: Sbdf
    driver: str | None
    """null: none or unknown."""
    locked_to: list[Ordinal]
    """Numbers of the regions for which Linux requires a 1:1 mapping, so that no device of the group
    can be assigned; empty also if Xen decides."""


class Group(TypedDict):
    """The IOMMU group that a message names."""

    number: int
    devices: list[GroupDevice]


class Iommu(TypedDict):
    """The IOMMU of the host."""

    groups: Count | None
    """How many IOMMU groups the kernel has; null: unknown, or Xen owns the IOMMU."""
    under_xen: bool
    """Whether Linux runs under Xen and so has no groups, whatever its options."""
    switched_off_by: str
    """The kernel option that disables the IOMMU, as given; empty: none."""
    switched_on_by: str
    """The kernel option that enables it; empty: none."""
    firmware_opts_out: bool
    """Whether a flag of the firmware's table keeps the IOMMU off, whatever the options: Linux 7.3
    and later."""
    options_known: bool
    """Whether the kernel's command line was read."""
    xen_switched_off_by: str
    """Xen's option that disables the IOMMU; empty: none, or unknown."""
    table: bool | None
    """Whether the firmware has a DMAR or IVRS table; null: unknown."""


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
    """The first three regions that the kernel reserves there in its IOMMU groups. direct-relaxable
    is left out, because memory can be mapped over it."""


class Covered(TypedDict):
    """IVMD blocks for the same devices, and how many functions of the host these are."""

    regions: list[Ordinal]
    offsets: list[Count]
    """Offsets of the blocks in the table, in bytes."""
    devices: str
    """The devices as the table has them."""
    present: Count
    """How many of them are present."""
    blocked: Count
    """How many of them Linux blocks: those with an IOMMU."""


class Coverage(TypedDict):
    """What AMD's table covers, for a message about a device that Linux blocks for it."""

    blocks: Annotated[list[Covered], ("minItems", 1)]
    functions: Count
    """How many PCI functions the host has."""
    free: list[Sbdf]
    """Devices that Linux blocks neither for a block of their own nor for one of their group."""
    unknown: list[Sbdf]
    """Functions that may be such devices: their class or their group is unknown."""
    preboot: bool | None
    """Whether the firmware used the IOMMU before boot, as IVinfo has it; null: unknown."""
    board: Prose
    """What users reported of the firmware setup of this board; empty: nothing."""


class Here(TypedDict):
    """The message on this host."""

    fits: bool | None
    """Whether the host has what the message names; null: it names nothing, or this is unknown."""
    decided_by_xen: bool
    """Whether Linux or QEMU printed it on a host where Xen controls the IOMMU."""
    vtd_off: str
    """Why Xen disables VT-d or AMD-Vi on the host, as predicted; empty: it does not, or the message
    is about something else."""
    devices: list[Device]
    addresses: list[Place]
    group: Group | None
    coverage: Coverage | None
    """null: the host has Intel's table, or the message is not about a region."""
    iommu: Iommu | None
    """The state of the host's IOMMU; null: the message is not about a disabled IOMMU."""
    dma: list[Dma]
    """DMA addresses of a guest or a program; they are not the host's."""
    translated: bool
    """Whether its addresses are probably the IOMMU's own: Linux logged them, and its options do not
    show iommu=pt."""
    forgotten: LongRange | None
    """Pages of a fault that are in no region: the firmware may have forgotten the region."""


class Message(TypedDict):
    """A known message."""

    id: MessageId
    """Stable; the anchor in docs/messages.md."""
    printer: Annotated[str, Program]
    weight: Annotated[str, MessageSeverity]
    """refusal: a request failed; fault: a DMA access was blocked; consequence: another message has
    the reason; firmware: the table or an option is wrong, without effect by itself; note: nothing
    is wrong."""
    title: Prose
    releases: str
    source: str
    """The file and function that print it, and how that was verified."""


class Recognised(Message):
    """A message that was recognised."""

    meaning: Prose
    """The meaning, with that of its error numbers."""
    advice: Prose
    text: str
    """Its first line, shortened if very long. Untrusted input."""
    count: Ordinal
    line_numbers: list[Ordinal]
    """From 1; the first 20."""
    split: bool
    """Whether it was joined from lines that a terminal or a mail split."""
    cut: bool
    """Whether its end or beginning is missing, because a pager or a narrow terminal cut it off."""
    vendor: Annotated[str, ("enum", ("AMD",))] | None
    """AMD: the message is about AMD's IOMMU, whose regions are in the IVRS table. null: Intel's
    IOMMU, or either."""
    names: Names
    more_addresses: Count
    """How many lines have addresses that are left out."""
    here: Here
    findings: list[str]
    """Ids of findings of dmaragent check."""
    next: list[str]
    """The next commands of dmaragent."""


class Wording(TypedDict):
    """A wording of a message."""

    template: str
    """The text; <name> is a value, {...} is optional."""
    releases: str
    """The releases with this wording; empty: all that print the message."""


class Known(Message):
    """A message that is known."""

    meaning: Prose
    advice: Prose
    wordings: Annotated[list[Wording], ("minItems", 1)]


class Answer(TypedDict):
    """The answer, the same for a host and for its recording."""

    source: Annotated[str, ("enum", ("text", "file", "standard-input", "boot-log", "list"))]
    """The input; list: --list, without input."""
    lines: Count
    """How many lines were read."""
    table_known: bool | None
    """Whether the host's table could be read, so that regions can be named. null with --list, or if
    no message was recognised: then the host was not read."""
    regions_doubt: Prose
    """Why the table may have regions that are not named: it is damaged, or a path in it may lead to
    any device; or empty."""
    recognised: list[Recognised]
    """The most severe first, then in the order of the text."""
    left_out: Count
    """How many lines with known messages exceed the limit of different messages."""
    known: list[Known] | None
    """Every known message, with --list; else null."""


class WhyDocument(TypedDict):
    """dmaragent why --json, version 1.

    Known messages of a text, with their meaning on a host. 'answer' is the same for a host and for
    its recording; 'origin' names the source.
    """

    format: Literal["dmaragent.why"]
    version: Literal[1]
    origin: Annotated[Origin, ("dependentRequired", PUBLISHED)]
    answer: Answer
