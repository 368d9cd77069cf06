"""The types of docs/schema/fleet.v1.json."""

from typing import Annotated, Literal, NotRequired, TypedDict

from dmaragent.passthrough.model import Can
from dmaragent.present.json.schema.check import RuleId
from dmaragent.present.json.schema.common import Count, GuestVerdict, Prose, Sbdf, ToolOrigin
from fwtables.fields import Address

WhyWord = Annotated[str, ("enum", ("absent", "stale", "unreadable", "newer-format", "replaced"))]
"""absent: it was expected and has no document; stale: its document is too old; unreadable;
newer-format: a newer dmaragent made it; replaced: another document of its name is newer."""


class LeftOut(TypedDict):
    """Something in the folders that was not read."""

    path: str
    """Its path; of a file in an archive, the archive and the path in it."""
    why: Annotated[str, ("enum", ("not-a-document", "link", "special-file"))]
    """not-a-document: its name and its content show that it is something else, such as a guest, notes
    or checksums; link: links are not followed; special-file: a pipe, a socket or a device."""


class FleetOrigin(ToolOrigin):
    """Which documents the answer is about."""

    folders: list[str]
    documents: Count
    """How many documents were found."""
    expected: Count | None
    """How many hosts were named; null: none."""
    left_out: list[LeftOut]
    """What is in the folders and was not read; hidden files are not listed."""


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
    regions: Count | None
    """null: unknown, because there is no table or it is damaged."""


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
    remedy_lines: list[list[str]] | None
    """The lines to write for each of `remedies`, in xl.cfg's syntax; none for a fix that removes rdm=."""


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
    decides: Annotated[list[Annotated[str, ("enum", ("xen", "linux"))]], ("minItems", 1)]
    """Whose verdict it is: with --xen Xen's, otherwise that of the side that decides on this host; both
    if that is unknown."""
    driver: str | None
    """null: none or unknown."""
    regions: Count | None
    """How many regions apply to it; null: unknown."""
    step: Prose
    """The fix to try first; or empty."""
    reasons: list[Prose]
    """Why the verdict is unknown, and what settles it; none if it is known."""


class Odd(TypedDict):
    """A host that differs from most of its model.

    A value is empty if it is unknown, and ``none`` if the host has no Xen or no table.
    """

    host: str
    differs: Annotated[str, ("enum", ("firmware", "table", "xen", "list"))]
    value: str
    usual: str


class HostsWithErrors(TypedDict):
    """Hosts whose tables have the same errors."""

    hosts: list[str]
    findings: list[RuleId]
    """The IDs of the findings that are errors or critical, in alphabetical order."""


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
    """A fact before and after; empty: unknown; none: no Xen or no table."""

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


class SettingEntry(TypedDict):
    """An entry of pci= that changes."""

    device: str
    """The entry as it is."""
    rdm_policy: Annotated[str, ("enum", ("strict", "relaxed"))]


class Setting(TypedDict):
    """A change of an xl.cfg."""

    mmio_hole: Count | None
    """In MiB; null: as written."""
    memory: Count | None
    """In MiB; null: as written."""
    low_memory: Count | None
    """The most MiB of guest memory below 4 GiB with this mmio_hole; null: mmio_hole is as written."""
    entries: list[SettingEntry]
    lines: list[str]
    """The lines to write; none: the guest is right as it is."""


class RegionOnHost(TypedDict):
    """A region of a host."""

    host: str
    base: Address
    limit: Address


class ClassResult(TypedDict):
    """The hosts of a class, and why they are listed."""

    label: str
    hosts: list[str]
    reasons: list[Prose]


class OneSetting(Setting):
    """The setting with which a guest starts on most hosts."""

    guest: str
    source: str
    found: Annotated[str, ("enum", ("found", "none", "unknown"))]
    """found: it starts on every host, tried on every class; none: with every setting that was
    tried, it does not start on some host; unknown: no host is known to prevent it, but some are
    unknown or have no data."""
    bar_room: Count | None
    """The MiB left below the regions of all devices of all hosts; null: not requested."""
    lowest_region: RegionOnHost | None
    """The region that mmio_hole is for; null: it is as written."""
    no_room: RegionOnHost | None
    """The region below which bar_room cannot be left; null: it can."""
    tried: Count
    """On how many classes."""
    starts: Count
    """On how many hosts it starts."""
    prevented_by: list[ClassResult]
    unknown: list[ClassResult]
    risks: list[ClassResult]
    """The hosts on which it starts with a risk, with the warnings."""
    less_memory: Setting | None
    """A better setting that needs less memory, tried on every class."""


class MovedDevice(TypedDict):
    """A device of a guest."""

    device: str
    """Its address on the source, or the ID of --device."""
    id: str
    """Vendor and device; empty if unknown."""


class AttachedDevice(TypedDict):
    """A device of a guest on a target."""

    id: str
    device: Sbdf | None
    """Its address there; null: there is none, or it is unknown."""
    spec: str
    """What to write for xl pci-attach; empty for a KVM guest."""
    verdict: Annotated[str, ("enum", ("attached", "refused", "undecided"))]
    """undecided: unknown, and the reasons explain why."""
    reasons: list[Prose]
    """Why it is not attached; of an attached device its warnings."""
    shown: list[str]
    """What Xen or a tool prints if it is refused: the name of an error, or a message."""
    risk: bool
    """Whether it is attached with memory at risk."""
    bound: bool | None
    """Whether it is bound to pciback (KVM: to a driver of VFIO); null: unknown."""
    needs: list[Prose]
    """The commands to run first."""
    relaxed: Annotated[str, ("enum", ("no", "risk", "yes"))]
    """Whether a refused device is attached with rdm_policy=relaxed: no, only with memory at risk,
    or yes."""


class Target(TypedDict):
    """The devices of a guest on a target."""

    host: str
    verdict: Annotated[str, ("enum", ("attached", "refused", "undecided"))]
    """Of all devices together."""
    reason: Prose
    """Why nothing is known about it; or empty."""
    devices: list[AttachedDevice]


class MoveCounts(TypedDict):
    """How many hosts."""

    attached: Count
    refused: Count
    undecided: Count
    no_data: Count


class FleetMove(TypedDict):
    """A guest that is migrated without its devices."""

    guest: str
    source: str
    """Its file."""
    started_on: str
    """The host whose memory layout it keeps."""
    hypervisor: Annotated[str, ("enum", ("xen", "kvm"))]
    devices: list[MovedDevice]
    ram_ends: list[Address]
    """Where its RAM below 4 GiB can end; none: unknown, or not an HVM guest of Xen."""
    ram_unknown: Prose
    """Why that is unknown: the reason why the guest would not start on the source; or empty."""
    targets: list[Target]
    counts: MoveCounts


class FleetAnswer(TypedDict):
    """The answer; it is equal for equal documents, whatever their order."""

    classes: list[FleetClass]
    """The largest first."""
    no_data: list[Without]
    odd: NotRequired[list[Odd]]
    """Of fleet show."""
    table_errors: NotRequired[list[HostsWithErrors]]
    """Of fleet show: the hosts whose table has errors, most hosts first."""
    linux_classes: NotRequired[list[FleetClass]]
    """Of fleet resolve with KVM guests: the classes of their verdicts, with labels in small letters."""
    guests: NotRequired[list[FleetGuest]]
    """Of fleet resolve."""
    one_setting: NotRequired[list[OneSetting]]
    """Of fleet resolve --one-setting, by guest."""
    devices: NotRequired[list[FleetDevice]]
    """Of fleet device."""
    without_device: NotRequired[list[str]]
    """Of fleet device: the hosts that do not have it."""
    move: NotRequired[FleetMove]
    """Of fleet move."""
    functions_unknown: NotRequired[list[str]]
    """Of fleet device: the hosts that may have such a device, because their PCI functions, or the ID
    or the class of one, are unknown."""
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
    """dmaragent fleet show, resolve, device or move, version 1.

    Many hosts, by class: hosts of a class have the same answer.
    """

    format: Literal["dmaragent.fleet"]
    version: Literal[1]
    origin: FleetOrigin
    answer: FleetAnswer
