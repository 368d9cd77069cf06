"""What several documents contain: addresses, ranges, decisions, origins."""

from typing import Annotated, TypedDict

from dmaragent.policy.decisions import Decider, Effect, Verdict
from dmaragent.policy.settings import Toolstack
from fwtables.fields import Address
from fwtables.text.forms import TextForm

LongAddress = Annotated[str, ("pattern", "^0x[0-9a-f]{1,17}$")]
"""Of a guest's memory or in a message, which may be beyond 64 bits."""
Sbdf = Annotated[str, ("pattern", r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$")]
Release = Annotated[str, ("pattern", r"^[0-9]+\.[0-9]+(\.[0-9]+)?$")]
Digest = Annotated[str, ("pattern", "^[0-9a-f]{64}$")]
Prose = Annotated[str, ("x-prose", True)]
"""A sentence for people: its words may change in any release, so programs must not compare it."""
Count = Annotated[int, ("minimum", 0)]
Ordinal = Annotated[int, ("minimum", 1)]

GuestVerdict = Annotated[str, Verdict]
"""refused: it does not start, or not to the point where it runs; undecided: this is unknown, and
the reasons say why."""

TEXT_FORMS = tuple(form.value for form in TextForm)
HostKind = Annotated[
    str,
    ("enum", ("live", "recorded", "directory", "table", *TEXT_FORMS, "bundle", "archive")),
]


class Host(TypedDict):
    """A host or its recording."""

    kind: HostKind
    path: str
    """What was given as --host, or as A or B of a comparison; empty for this machine."""


class ToolOrigin(TypedDict):
    """What made the document."""

    tool: Annotated[str, ("pattern", "^dmaragent ")]


class HostOrigin(ToolOrigin):
    """Which host the answer is about; it may differ between a host and its recording."""

    host: Host


class StackSource(TypedDict):
    """Which host the answer is about, and how the releases are known."""

    host: Host
    libxlutil: Release | None
    """The release of this machine's libxlutil, if it was asked how it reads the texts; null: they
    are read by what is known of the release."""
    rests_on: Prose
    """How the releases are known, in words."""


class StackOrigin(ToolOrigin, StackSource):
    """Which host the answer is about, and how the releases are known."""


class Range(TypedDict):
    """A range; limit is its last byte, or its base if it has no pages."""

    base: Address
    limit: Address


class LongRange(TypedDict):
    """Addresses, which may be beyond 64 bits; limit is the last byte."""

    base: LongAddress
    limit: LongAddress


ClassName = TypedDict("ClassName", {"class": str | None})  # a keyword cannot be written as a field


class PassedOver(TypedDict):
    """A file that was not read, with the reason."""

    path: str
    reason: Prose


class Stack(TypedDict):
    """For whom the answer is."""

    toolstack: Annotated[str, Toolstack]
    """Who builds the guest."""
    release: Release
    """Of Xen's tools: they read the configuration and lay the guest out."""
    hypervisor: Release
    """Of Xen: it lists the regions and assigns the devices."""
    documented: bool
    """Whether the manual pages are followed, not what the release does."""


class Decision(TypedDict):
    """What one program decides about a guest, and why."""

    decider: Annotated[str, Decider]
    """Who decides; the manual pages: with --xen documented; dmaragent: nobody, because something is
    unknown."""
    effect: Annotated[str, Effect]
    """The effect of this alone; warning: the guest starts in spite of it."""
    reason: Prose
    rule: str
    """Where it comes from: a file and function of Xen, its tools, Linux or Proxmox; or empty."""
    shown: str
    """What Xen or a tool prints, a message or an error's name; or empty."""
    region: Range | None
    """null: it is about no one region."""
    device: Sbdf | None
    """null: it is about no one device, or the region's is unknown."""
    place: str
    """Where in the configuration: FILE:LINE, a path within JSON, or an option; empty if it is in no
    one place."""
