"""The types of docs/schema/resolve.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.guests.config import GuestType
from dmaragent.guests.kvm_guest import GuestFormat
from dmaragent.guests.rdm import Policy
from dmaragent.policy.layout import Placement
from dmaragent.present.json.schema.common import (
    Count,
    Decision,
    GuestVerdict,
    LongAddress,
    LongRange,
    PassedOver,
    Range,
    Sbdf,
    Stack,
    StackOrigin,
)
from dmaragent.remedies.remedy import RemedyKind
from dmaragent.xen.reserved_list.model import ListSource

RegionPolicy = Annotated[str, Policy]
"""invalid: not set, and this libxl has applied no default yet; neither: a number that is no policy,
from memory that was never written."""


class Memory(TypedDict):
    """In bytes; null: the configuration does not say."""

    start: int | None
    """memory=."""
    most: int
    """maxmem=, else memory=, else the default: what RAM is laid out by."""
    video: int
    """Taken off it."""
    boundary: int | None
    """rdm_mem_boundary=."""
    mmio_hole: int | None


class Remedy(TypedDict):
    """A change of the configuration that helps."""

    kind: Annotated[str, RemedyKind]
    lines: list[str]
    """The lines of the configuration as they should be, in xl.cfg's syntax; none of the kind
    strategy, which leaves rdm= out; for libvirt and Qubes in words."""
    effect: str
    """What to do and what it does, in the imperative."""
    verdict: GuestVerdict
    """What was found when it was tried. Not starts: it ends the first refusal, and another one
    stands behind it."""
    warnings: Count
    """How many are left with it."""
    harm: Annotated[str, ("enum", ("none", "shared", "host-memory", "corruption"))]
    """The worst that those warnings are about. shared: other devices can use the same memory by
    DMA; host-memory: the guest can reach host memory; corruption: DMA can overwrite guest RAM.
    Remedies are listed by this, then by their cost."""
    cost: str
    """What is lost by it; empty: nothing."""
    undo: str
    """How to take it back."""


class Message(TypedDict):
    """A remark on the configuration."""

    place: str
    text: str


class Setting(TypedDict):
    """A setting in effect."""

    name: str
    """As in xl.cfg; of rdm=, strategy and policy; of an entry of pci=, its PCI address (* for all
    functions) or name=NAME."""
    value: str
    """In words, a size with its unit; of a device, its policy."""
    origin: str
    """Where it stands, or whose default it is, in words."""


class Ram(TypedDict):
    """RAM is from 0 to lowmem_end and from 4 GiB to highmem_end.

    An end is the first byte after it.
    """

    lowmem_end: LongAddress
    highmem_end: LongAddress
    """0x0 or 0x100000000: there is none above 4 GiB."""


class Region(Range):
    """A region that is reserved for the guest."""

    owners: list[Sbdf]
    """Of the host's devices, as far as the table or rmrr= says; empty: unknown."""
    policies: Annotated[list[RegionPolicy], ("minItems", 1)]
    """Those it may be under in this case: several if its policy was never written."""
    decided_by: Sbdf | None
    """The guest's device whose policy it is; null: the guest's own, of rdm=."""
    from_host: bool
    """Whether strategy=host brought it in, not a device."""
    outcome: Annotated[str, Placement]
    """clear: no RAM was in it; moved: RAM was moved out of it to above 4 GiB; hidden: the guest is
    not told of it; conflict: it is strict and RAM stays in it, so the guest does not start."""
    reason: str


class Layout(TypedDict):
    """The guest's RAM before and after its reserved regions were looked at."""

    before: Ram
    after: Ram
    regions: list[Region]
    """What is reserved for the guest, in libxl's order."""


class MemoryMapEntry(LongRange):
    """A range of the map that the guest is given."""

    type: Annotated[str, ("enum", ("System RAM", "Reserved", "ACPI Non-volatile Storage"))]


class Case(TypedDict):
    """One possible outcome."""

    assumptions: list[str]
    """The readings that lead to it, in words, any of them; empty if there is one case only."""
    verdict: GuestVerdict
    decisions: list[Decision]
    """What refuses it or leaves it undecided, refusals first; the first is the reason."""
    warnings: list[Decision]
    layout: Layout | None
    """null: it was not laid out, being no HVM guest or refused before."""
    memory_map: list[MemoryMapEntry]
    """What libxl gives hvmloader, in its order, which is not sorted; empty if none is made. RAM
    below 1 MiB is not in it."""


class Resolution(TypedDict):
    """A guest that Xen runs."""

    source: str
    """The file, with [n] after it for a guest of a JSON list; or 'standard input', or 'the command
    line'."""
    name: str
    """Empty if the configuration has none; 'a guest' for one of options."""
    hypervisor: Literal["xen"]
    format: Annotated[str, ("enum", ("xl", "libvirt"))]
    """What the guest is written in. xl: an xl.cfg, libxl's JSON or options; libvirt: domain XML."""
    type: Annotated[str, GuestType] | None
    """null: the configuration cannot be read."""
    memory: Memory | None
    """null: the configuration cannot be read, or its sizes depend on whether libxlutil reads 0b as
    binary."""
    stack: Stack
    list_source: Annotated[str, ListSource]
    """Where the list of regions comes from. hypervisor: by hypercall; predicted: from the table by
    Xen's acceptance rules; unknown: there is neither."""
    list_notes: list[str]
    """What limits that list as a whole."""
    verdict: GuestVerdict
    reasons: list[Decision]
    """Why, the first before the others; of a guest that starts, its warnings."""
    remedies: list[Remedy] | None
    """What was tried and helps, each by itself, the safest first: the guest starts with it, or
    starts with fewer warnings; if nothing does, a line that ends the first refusal alone. null:
    not looked for, of several guests without --details."""
    spelling: Remedy | None
    """Where this release drops rdm=: how to write it so that it is taken, whatever comes of it
    then. null: rdm= is taken or not given, or no spelling helps."""
    why_nothing_helps: str | None
    """Why nothing helps, a sentence; empty if something does or if the guest starts."""
    messages: list[Message]
    """What the toolstack reads otherwise than it was probably meant, and what it leaves out."""
    losses: list[str]
    """What of the configuration is lost on the way, each in a few words."""
    needs: list[str]
    """Commands that must be run before the guest can be created."""
    settings: list[Setting]
    """The settings in effect, in the order in which they are read."""
    cases: list[Case] | None
    """The possible outcomes, by what is known (null: of several guests without --details); more
    than one if it depends on memory that xl never wrote, or on a point release that is
    unknown; none if the toolstack refuses the configuration or is not modelled. The guest's
    verdict may be undecided even if no case's is: regions may be missing, or an entry that
    cannot be read is left out of them."""
    documented_differences: list[str] | None
    """Where the manual pages promise something else, a sentence each; nothing is compared but for
    xl and for a configuration that is not saved JSON."""
    reports: list[str]
    """What was reported of the release and may concern the guest; it decides nothing."""


class Device(TypedDict):
    """A PCI function of the host."""

    device: Sbdf
    setting: str
    """What assigns it: hostdev, interface, hostpciN, args, -device vfio-pci."""
    place: str
    all_functions: bool
    """Whether the setting names the slot, so all functions in it."""
    can: Annotated[str, ("enum", ("yes", "no", "unknown"))]


class KvmResolution(TypedDict):
    """A guest that QEMU runs on Linux: VFIO gives it its PCI devices."""

    source: str
    """The file; or 'standard input'."""
    name: str
    """Empty if the configuration has none."""
    hypervisor: Literal["kvm"]
    format: Annotated[str, GuestFormat]
    """What the guest is written in. libvirt: domain XML; proxmox: VMID.conf."""
    verdict: GuestVerdict
    reasons: list[Decision]
    """What refuses, then what is unknown, then warnings."""
    kernel: str | None
    """The host's kernel release (uname -r); null: unknown. The rules of VFIO depend on it."""
    regions_source: Annotated[str, ("enum", ("kernel", "predicted"))]
    """kernel: Linux publishes the reserved regions of the devices' IOMMU groups; predicted: they
    are taken from the firmware's table."""
    machine: str | None
    """QEMU's machine type as written, or Proxmox' default; null: not written."""
    memory_size: int | None
    """RAM at start in bytes, without memory devices that lie above it; null: unknown."""
    ram: list[list[Range]]
    """Where QEMU puts the guest's RAM: each possible layout; empty: the machine type is not
    modelled, or the size is unknown."""
    devices: list[Device]
    """The PCI functions of the host that the guest is given."""
    messages: list[Message]
    """What looks like an assignment and is none, and what is assumed."""
    needs: list[str]
    """What must be done before the guest can start."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    guests: Annotated[list[Resolution | KvmResolution], ("minItems", 1)]
    """In the order in which they were named; a folder's files by name."""
    passed_over: list[PassedOver]
    """Files of a folder that are not read as guests' configurations."""
    other_releases: dict[GuestVerdict, list[str]]
    """Of one guest on a host whose release is unknown: the releases of Xen by verdict, as spans
    in words; empty if all agree, if one is known, and for several guests."""


class ResolveDocument(TypedDict):
    """dmaragent resolve --json, version 1.

    Whether guests start with their PCI devices, as far as reserved memory and passthrough decide
    it, and why: by Xen, or by Linux (VFIO) for KVM guests. 'answer' is equal on a host and on
    its recording, unless libxlutil was asked; 'origin' says which it was.
    """

    format: Literal["dmaragent.resolve"]
    version: Literal[1]
    origin: StackOrigin
    answer: Answer
