"""The types of docs/schema/resolve.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.guests.config import GuestType
from dmaragent.guests.kvm_guest import GuestFormat
from dmaragent.guests.rdm import Policy
from dmaragent.policy.layout import Placement
from dmaragent.present.json.schema.common import (
    PUBLISHED,
    Count,
    Decision,
    GuestVerdict,
    LongAddress,
    LongRange,
    PassedOver,
    Prose,
    PublishedStackOrigin,
    Range,
    Sbdf,
    Stack,
)
from dmaragent.remedies.remedy import RemedyKind
from dmaragent.xen.reserved_list.model import ListSource

RegionPolicy = Annotated[str, Policy]
"""invalid: unset, and this libxl has applied no default yet; neither: a number that is not a policy,
from uninitialized memory."""


class Memory(TypedDict):
    """In bytes; null: not set in the configuration."""

    start: int | None
    """memory=."""
    most: int
    """maxmem=, else memory=, else the default: the size of the laid-out RAM."""
    video: int
    """Video memory, which is part of it."""
    boundary: int | None
    """rdm_mem_boundary=."""
    mmio_hole: int | None


class Remedy(TypedDict):
    """A fix: a change of the configuration that works."""

    kind: Annotated[str, RemedyKind]
    lines: list[str]
    """The new lines of the configuration, in xl.cfg's syntax; none for the kind strategy, which
    removes rdm=; in words for libvirt and Qubes."""
    effect: Prose
    """What to do, its effect and its risk, in the imperative."""
    verdict: GuestVerdict
    """The verdict when it was tried. Not starts: it removes the first refusal, and another one
    remains."""
    warnings: Count
    """The number that remain with it."""
    harm: Annotated[
        str, ("enum", ("none", "shared", "host-memory", "corruption", "all-host-memory"))
    ]
    """The worst harm of those warnings. shared: other devices can use the same memory by
    DMA; host-memory: the guest can reach host memory; corruption: DMA can overwrite guest RAM;
    all-host-memory: DMA can overwrite all memory of the host.
    Remedies are listed by this, then by their cost."""
    cost: Prose
    """What is lost; empty: nothing."""
    undo: Prose
    """How to undo it."""


class Message(TypedDict):
    """A note on the configuration."""

    place: str
    text: Prose


class Setting(TypedDict):
    """A setting in effect."""

    name: str
    """As in xl.cfg; of rdm=, strategy and policy; of an entry of pci=, its PCI address (* for all
    functions) or name=NAME."""
    value: str
    """In words, a size with its unit; of a device, its policy."""
    origin: Prose
    """Its place in the configuration, or whose default it is."""


class Ram(TypedDict):
    """RAM from 0 to lowmem_end and from 4 GiB to highmem_end.

    An end is the first byte after it.
    """

    lowmem_end: LongAddress
    highmem_end: LongAddress
    """0x0 or 0x100000000: no RAM above 4 GiB."""


class Region(Range):
    """A region that is reserved for the guest."""

    owners: list[Sbdf]
    """Devices of the host that the table or rmrr= names; empty: unknown."""
    policies: Annotated[list[RegionPolicy], ("minItems", 1)]
    """The possible policies in this case: several if it was never written."""
    decided_by: Sbdf | None
    """The guest's device that sets the policy; null: the guest's own policy, of rdm=."""
    from_host: bool
    """Whether strategy=host adds it, and not a device."""
    outcome: Annotated[str, Placement]
    """clear: no RAM overlapped it; moved: RAM was moved from it to above 4 GiB; hidden: the guest's
    memory map does not show it; conflict: it is strict and RAM overlaps it, so the guest does not
    start."""
    reason: Prose


class Layout(TypedDict):
    """The guest's RAM before and after libxl moves it away from reserved regions."""

    before: Ram
    after: Ram
    regions: list[Region]
    """The regions that are reserved for the guest, in libxl's order."""


class MemoryMapEntry(LongRange):
    """A range of the guest's memory map."""

    type: Annotated[str, ("enum", ("System RAM", "Reserved", "ACPI Non-volatile Storage"))]


class Case(TypedDict):
    """One possible outcome."""

    assumptions: list[Prose]
    """The readings that lead to it, any of them; empty if there is only one case."""
    verdict: GuestVerdict
    decisions: list[Decision]
    """Refusals, then unknowns; the first is the reason."""
    warnings: list[Decision]
    layout: Layout | None
    """null: it is not laid out, because it is not an HVM guest or is refused before."""
    memory_map: list[MemoryMapEntry]
    """libxl's map for hvmloader, in its order, which is not sorted; empty if it makes none. It does
    not contain RAM below 1 MiB."""


class Resolution(TypedDict):
    """A guest that Xen runs."""

    source: str
    """The file, with [n] after it for a guest of a JSON list; or 'standard input', or 'the command
    line'."""
    name: str
    """Empty if the configuration has none; 'a guest' for one of options."""
    hypervisor: Literal["xen"]
    format: Annotated[str, ("enum", ("xl", "libvirt"))]
    """The format of the guest. xl: an xl.cfg, libxl's JSON or options; libvirt: domain XML."""
    type: Annotated[str, GuestType] | None
    """null: the configuration cannot be read."""
    memory: Memory | None
    """null: the configuration cannot be read, or its sizes depend on how libxlutil reads 0b."""
    stack: Stack
    list_source: Annotated[str, ListSource]
    """The source of the list of regions. hypervisor: by hypercall; predicted: from the table by
    Xen's acceptance rules; unknown: there is neither."""
    list_notes: list[Prose]
    """The limits of that list as a whole."""
    verdict: GuestVerdict
    reasons: list[Decision]
    """The reasons, the most important first; of a guest that starts, its warnings."""
    remedies: list[Remedy] | None
    """Fixes that were tried and work, each by itself, safest first: the guest starts, or starts
    with fewer warnings. Without such a fix, a line that removes only the first refusal. null: not
    looked for, for several guests without --details."""
    spelling: Remedy | None
    """If this release ignores rdm=: how to write it so that it is accepted, whatever the result
    is. null: rdm= is accepted or not set, or no spelling works."""
    why_nothing_helps: Prose | None
    """Why there is no fix; empty if there is one or if the guest starts."""
    messages: list[Message]
    """Settings that the toolstack ignores, or reads differently than they were probably meant."""
    losses: list[Prose]
    """Settings of the configuration that are ignored, each in a few words."""
    needs: list[str]
    """Commands to run before the guest can be created."""
    settings: list[Setting]
    """The settings in effect, in the order in which they are read."""
    cases: list[Case] | None
    """The possible outcomes, as far as known (null: for several guests without --details); more
    than one if it depends on memory that xl never wrote, or on a point release that is
    unknown; none if the toolstack refuses the configuration or is not modelled. The guest's
    verdict may be undecided even if no case's is: regions may be missing, or an entry that
    cannot be read is left out of them."""
    documented_differences: list[Prose] | None
    """Differences between the manual pages and the release, a sentence each; only for xl and a
    configuration that is not saved JSON."""
    reports: list[Prose]
    """Reports on the release that may concern the guest; they decide nothing."""


class Device(TypedDict):
    """A PCI function of the host."""

    device: Sbdf
    setting: str
    """The setting that assigns it: hostdev, interface, hostpciN, args, -device vfio-pci."""
    place: str
    all_functions: bool
    """Whether the setting names the slot, and so all its functions."""
    can: Annotated[str, ("enum", ("yes", "no", "unknown"))]


class KvmResolution(TypedDict):
    """A guest that QEMU runs on Linux, with PCI devices by VFIO."""

    source: str
    """The file; or 'standard input'."""
    name: str
    """Empty if the configuration has none."""
    hypervisor: Literal["kvm"]
    format: Annotated[str, GuestFormat]
    """The format of the guest. libvirt: domain XML; proxmox: VMID.conf."""
    verdict: GuestVerdict
    reasons: list[Decision]
    """Refusals, then unknowns, then warnings."""
    kernel: str | None
    """The host's kernel release (uname -r); null: unknown. The rules of VFIO depend on it."""
    regions_source: Annotated[str, ("enum", ("kernel", "predicted", "none"))]
    """kernel: Linux publishes the reserved regions of the devices' IOMMU groups; predicted: they
    come from the firmware's table; none: none is known, neither from a table nor from Linux."""
    machine: str | None
    """QEMU's machine type as written, or Proxmox's default; null: not set."""
    memory_size: int | None
    """RAM at start in bytes, without memory devices above it; null: unknown."""
    ram: list[list[Range]]
    """The ranges of the guest's RAM: each possible layout; empty: the machine type is not modelled,
    or the size is unknown."""
    devices: list[Device]
    """The PCI functions of the host that are assigned to the guest."""
    messages: list[Message]
    """Settings that look like an assignment and are not one, and assumptions."""
    needs: list[str]
    """What must be done before the guest can start."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    guests: Annotated[list[Resolution | KvmResolution], ("minItems", 1)]
    """In the order of the command line; a folder's files by name."""
    passed_over: list[PassedOver]
    """Files of a folder that are not read as guests' configurations."""
    other_releases: dict[GuestVerdict, list[str]]
    """The releases of Xen by verdict, as spans in words, for one guest on a host with an unknown
    release; empty if all agree, if the release is known, and for several guests."""


class ResolveDocument(TypedDict):
    """dmaragent resolve --json, version 1.

    Whether guests start with their PCI devices, as far as reserved memory and passthrough decide
    it, and why: by Xen, or by Linux (VFIO) for KVM guests. 'answer' is equal on a host and on
    its recording, unless libxlutil was used; 'origin' shows which host it was.
    """

    format: Literal["dmaragent.resolve"]
    version: Literal[1]
    origin: Annotated[PublishedStackOrigin, ("dependentRequired", PUBLISHED)]
    answer: Answer
