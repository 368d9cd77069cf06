"""Types that several documents share: addresses, ranges, decisions, origins."""

from typing import Annotated, NotRequired, TypedDict

from dmaragent.policy.decisions import Decider, Effect, Verdict
from dmaragent.policy.settings import Toolstack
from fwtables.fields import Address
from fwtables.text.forms import TextForm

LongAddress = Annotated[str, ("pattern", "^0x[0-9a-f]{1,19}$")]
"""An address that can exceed 64 bits: the end of a region in a wrong table, an end in a guest's
memory, or one in a message, in which a page number has up to 64 bits."""
Sbdf = Annotated[str, ("pattern", r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$")]
Release = Annotated[str, ("pattern", r"^[0-9]+\.[0-9]+(\.[0-9]+)?$")]
Digest = Annotated[str, ("pattern", "^[0-9a-f]{64}$")]
Prose = Annotated[str, ("x-prose", True)]
"""A sentence for people. Its words can change in any release, so programs must not compare it."""
Count = Annotated[int, ("minimum", 0)]
Ordinal = Annotated[int, ("minimum", 1)]

GuestVerdict = Annotated[str, Verdict]
"""starts: the guest starts; refused: it does not start, or ends before it runs; undecided: unknown,
and the reasons explain why."""

TEXT_FORMS = tuple(form.value for form in TextForm)
HostKind = Annotated[
    str,
    ("enum", ("live", "recorded", "directory", "table", *TEXT_FORMS, "bundle", "archive")),
]


class Host(TypedDict):
    """A host or its recording."""

    kind: HostKind
    path: str
    """The path of --host, or of A or B in a comparison; empty for this machine."""


class ToolOrigin(TypedDict):
    """The program that made the document."""

    tool: Annotated[str, ("pattern", "^dmaragent ")]


class HostOrigin(ToolOrigin):
    """The host that the answer is about; it can differ between a host and its recording."""

    host: Host


class PublishedOrigin(TypedDict):
    """What the agent adds to the origin of each document that its local API returns."""

    generation: NotRequired[Ordinal]
    """Only from the agent: a counter that starts at 1 with the agent and increases with every change
    of what it publishes."""
    digest: NotRequired[Digest]
    """Only from the agent: the SHA-256 of the answer of the inventory."""


PUBLISHED = {"generation": ["digest"], "digest": ["generation"]}


class StackSource(TypedDict):
    """The host that the answer is about, and how the releases are known."""

    host: Host
    libxlutil: Release | None
    """The release of this machine's libxlutil, if it read the texts; null if they were read by the
    rules of the release."""
    rests_on: Prose
    """How the releases are known."""


class StackOrigin(ToolOrigin, StackSource):
    """The host that the answer is about, and how the releases are known."""


class PublishedHostOrigin(HostOrigin, PublishedOrigin):
    """The host that the answer is about; it can differ between a host and its recording."""


class PublishedStackOrigin(StackOrigin, PublishedOrigin):
    """The host that the answer is about, and how the releases are known."""


class Range(TypedDict):
    """A range; limit is its last byte, or its base if it has no pages."""

    base: Address
    limit: Address


class LongRange(TypedDict):
    """Addresses, which can exceed 64 bits; limit is the last byte, below base if there is none."""

    base: LongAddress
    limit: LongAddress


ClassName = TypedDict("ClassName", {"class": str | None})  # a keyword cannot be written as a field


class PassedOver(TypedDict):
    """A file that was not read, with the reason."""

    path: str
    reason: Prose


class Stack(TypedDict):
    """The toolstack and the releases that the answer applies to."""

    toolstack: Annotated[str, Toolstack]
    """The program that builds the guest."""
    release: Release
    """The release of Xen's tools, which read the configuration and build the guest."""
    hypervisor: Release
    """The release of Xen, which lists the regions and assigns the devices."""
    documented: bool
    """Whether the manual pages are followed instead of the release."""


class Decision(TypedDict):
    """One program's decision about a guest, and its reason."""

    decider: Annotated[str, Decider]
    """The program that decides; manual pages with --xen documented; dmaragent if something is
    unknown."""
    effect: Annotated[str, Effect]
    """The effect of this decision alone; a warning stops nothing."""
    reason: Prose
    rule: str
    """The source of the rule: a file and function of Xen, its tools, Linux or Proxmox; or empty."""
    shown: str
    """The message or error name that Xen or a tool prints; or empty."""
    region: Range | None
    """null if it is not about one region."""
    device: Sbdf | None
    """null if it is not about one device, or if the region's device is unknown."""
    place: str
    """The place in the configuration: FILE:LINE, a path within JSON, or an option; empty if there
    is no single place."""
