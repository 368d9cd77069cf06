"""What is known of a message, and what is found of it in a text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.messages.template import Template

AMD = "AMD"
"""The vendor of an IOMMU whose regions are in IVRS, not in DMAR."""
QUARANTINE = 0x7FF1
"""The domain that Xen keeps unused devices in, DOMID_IO: xen/include/public/xen.h."""


class Program(Enum):
    """Who prints a message, under the name people look for."""

    LINUX = "Linux"
    XEN = "Xen"
    LIBXL = "libxl"
    XL = "xl"
    QEMU = "QEMU"
    LIBVIRT = "libvirt"
    HVMLOADER = "hvmloader"
    XENOPSD = "xenopsd"
    PROXMOX = "Proxmox VE"
    DPDK = "DPDK"
    SPDK = "SPDK"
    HYPERV = "Windows"
    QUBES = "Qubes OS"
    ESXI = "VMware ESXi"
    FREEBSD = "FreeBSD"


XEN_DECIDES = frozenset({Program.XEN, Program.LIBXL})
"""The programs that print what Xen decides."""
LINUX_DECIDES = frozenset(
    {Program.LINUX, Program.QEMU, Program.PROXMOX, Program.DPDK, Program.SPDK}
)
"""The programs that print what Linux decides."""


class MessageAddress(Enum):
    """What the addresses of a message are."""

    REGION = "region"
    """A region of the table, or a part of one."""
    ACCESS = "access"
    """Where a device tried to read or write."""
    RANGE = "range"
    """A range that somebody wrote into an option."""
    UNIT = "unit"
    """The registers of a remapping unit."""
    GUEST = "guest"
    """Where a guest or a program sees its memory: what the device uses for DMA there."""


class MessageSeverity(Enum):
    """What a message comes to; the worst first."""

    REFUSAL = "refusal"
    """Something that was asked for is not done: a device, a guest, or all of VT-d."""
    FAULT = "fault"
    """A device's access was stopped, or may be."""
    CONSEQUENCE = "consequence"
    """It follows from another message, which says why."""
    FIRMWARE = "firmware"
    """The firmware's table is wrong; by itself it stops nothing that was asked for."""
    NOTE = "note"
    """Nothing is wrong."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {weight: rank for rank, weight in enumerate(MessageSeverity)}


class Wording(NamedTuple):
    """One way in which a message is put."""

    template: Template
    releases: str
    """Which releases put it so, in words; empty: all that print the message."""
    vendor: str = ""
    """Whose IOMMU it is about; empty: Intel's, or it does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: who prints it, how it is put, what it means, what to do."""

    id: str
    """Stable; the anchor in docs/messages.md."""
    printer: Program
    weight: MessageSeverity
    title: str
    """What happened, in a few words."""
    releases: str
    """The releases that print it, in words."""
    wordings: tuple[Wording, ...]
    meaning: str
    advice: str
    source: str
    """File and function it is printed in, and how far that was checked."""
    by_error: Mapping[int, str] = field(default_factory=dict)
    """What it means with one error number, beyond `meaning`."""
    by_reason: bool = False
    """Whether a number in it is a VT-d fault reason."""
    address: MessageAddress = MessageAddress.REGION
    """What its addresses are, where it has any."""
    in_quarantine: str = ""
    """What to do instead where the domain is Xen's quarantine; empty: the same."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Addresses that a message names, in bytes, the last included; it may lie below the first."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a message names.  None or empty: nothing of that kind."""

    devices: tuple[SBDF, ...] = ()
    spans: tuple[Span, ...] = ()
    domain: int | None = None
    group: int | None = None
    """An IOMMU group of Linux."""
    error: int | None = None
    """An errno, without its sign."""
    result: int | None = None
    """What libxl calls rc: -3 is its "failed"."""
    reason: int | None = None
    """A VT-d fault reason."""
    segment_named: bool = field(default=True, compare=False)
    """Whether the device's segment was in the message; else it is taken for 0."""
    word: str = ""
    """The option, name or value that the message quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """One message found, however often."""

    message: Message
    names: Names
    """Of all its lines together; the spans of many are counted, not kept."""
    count: int
    lines: tuple[int, ...]
    """The lines it is on, from 1: the first few."""
    text: str
    """Its first line, without what a terminal would obey and with plain quotes and dashes."""
    more_spans: int = 0
    """How many of its lines named spans that are not kept."""
    split: bool = False
    """Whether it was put together from lines that a terminal or a mail had split."""
    cut: bool = False
    """Whether its end or begin is missing: a pager or a narrow terminal left it out."""
    vendor: str = ""
    """Whose IOMMU it is about: see :class:`Wording`."""


class Recognition(NamedTuple):
    """All that was found in a text, the worst first, then in the order of the text."""

    found: tuple[Recognised, ...]
    line_count: int
    left_out: int = 0
    """Messages beyond the most that are kept apart."""
