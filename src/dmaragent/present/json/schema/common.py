"""Types that several documents share: addresses, ranges, decisions, origins."""

from typing import Annotated, TypedDict

from dmaragent.policy.decisions import Decider, Effect, Verdict
from dmaragent.policy.settings import Toolstack
from fwtables.fields import Address
from fwtables.text.forms import TextForm

LongAddress = Annotated[str, ("pattern", "^0x[0-9a-f]{1,17}$")]
"""An address in a guest's memory or in a message, which may exceed 64 bits."""
Sbdf = Annotated[str, ("pattern", r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$")]
Release = Annotated[str, ("pattern", r"^[0-9]+\.[0-9]+(\.[0-9]+)?$")]
Digest = Annotated[str, ("pattern", "^[0-9a-f]{64}$")]
Prose = Annotated[str, ("x-prose", True)]
"""A sentence for people: its words may change in any release, so programs must not compare it."""
Count = Annotated[int, ("minimum", 0)]
Ordinal = Annotated[int, ("minimum", 1)]

GuestVerdict = Annotated[str, Verdict]
"""refused: it does not start, or stops before it runs; undecided: unknown, with the reasons."""

TEXT_FORMS = tuple(form.value for form in TextForm)
HostKind = Annotated[
    str,
    ("enum", ("live", "recorded", "directory", "table", *TEXT_FORMS, "bundle", "archive")),
]


class Host(TypedDict):
    """A host or its recording."""

    kind: HostKind
    path: str
    """The argument of --host, or A or B of a comparison; empty for this machine."""


class ToolOrigin(TypedDict):
    """The program that made the document."""

    tool: Annotated[str, ("pattern", "^dmaragent ")]


class HostOrigin(ToolOrigin):
    """Which host the answer is about; it may differ between a host and its recording."""

    host: Host


class StackSource(TypedDict):
    """Which host the answer is about, and how the releases are known."""

    host: Host
    libxlutil: Release | None
    """The release of this machine's libxlutil, if it parsed the texts; null: they were parsed by
    the known rules of the release."""
    rests_on: Prose
    """How the releases are known."""


class StackOrigin(ToolOrigin, StackSource):
    """Which host the answer is about, and how the releases are known."""


class Range(TypedDict):
    """A range; limit is its last byte, or its base if it has no pages."""

    base: Address
    limit: Address


class LongRange(TypedDict):
    """Addresses, which may exceed 64 bits; limit is the last byte."""

    base: LongAddress
    limit: LongAddress


ClassName = TypedDict("ClassName", {"class": str | None})  # a keyword cannot be written as a field


class PassedOver(TypedDict):
    """A file that was not read, with the reason."""

    path: str
    reason: str


class Stack(TypedDict):
    """The toolstack and the releases that the answer is for."""

    toolstack: Annotated[str, Toolstack]
    """The program that builds the guest."""
    release: Release
    """The release of Xen's tools, which read the configuration and lay out the guest's memory."""
    hypervisor: Release
    """The release of Xen, which lists the regions and assigns the devices."""
    documented: bool
    """Whether the answer follows the manual pages instead of the release's behaviour."""


class Decision(TypedDict):
    """The decision of one program about a guest, with the reason."""

    decider: Annotated[str, Decider]
    """The program that decides; the manual pages: with --xen documented; dmaragent: no program,
    because something is unknown."""
    effect: Annotated[str, Effect]
    """The effect of this decision alone; warning: the guest still starts."""
    reason: Prose
    rule: str
    """The source file and function in Xen, its tools, Linux or Proxmox; or empty."""
    shown: str
    """The message or the name of the error that Xen or a tool prints; or empty."""
    region: Range | None
    """null: it does not concern a single region."""
    device: Sbdf | None
    """null: it does not concern a single device, or the region's device is unknown."""
    place: str
    """The place in the configuration: FILE:LINE, a path within JSON, or an option; empty if there
    is no single place."""
