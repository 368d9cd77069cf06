"""A known message, and what a text has of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.messages.template import Template

AMD = "AMD"
"""The vendor whose regions are in the IVRS table, not in a DMAR."""
QUARANTINE = 0x7FF1
"""The domain of unused devices, DOMID_IO: xen/include/public/xen.h."""
FIRST_PSEUDO_DOMAIN = 0x8000
"""Domains from here on are of one quarantined device each: Xen x86/iommu.c, iommu_alloc_domid."""


class Program(Enum):
    """The program that prints a message, under the name that people search for."""

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
"""The programs that report decisions of Xen."""
XEN_PRINTERS = frozenset({Program.XEN, Program.LIBXL, Program.XENOPSD})
"""The programs whose messages about the IOMMU concern Xen's."""
LINUX_DECIDES = frozenset(
    {Program.LINUX, Program.QEMU, Program.PROXMOX, Program.DPDK, Program.SPDK}
)
"""The programs that report decisions of Linux."""


class MessageAddress(Enum):
    """What the addresses of a message are."""

    REGION = "region"
    """A region of the table, or a part of one."""
    ACCESS = "access"
    """An address that a device tried to read or write."""
    RANGE = "range"
    """A range in an option."""
    UNIT = "unit"
    """The registers of a remapping unit."""
    GUEST = "guest"
    """An address in the memory of a guest or a program, which the device uses for DMA."""
    MEMORY = "memory"
    """Any memory, in a region or not: it does not show whether the host prints the message."""


class MessageSeverity(Enum):
    """How severe a message is; the most severe first."""

    REFUSAL = "refusal"
    """A request fails: for a device, for a guest, or VT-d as a whole."""
    FAULT = "fault"
    """A DMA access was blocked, or may be."""
    CONSEQUENCE = "consequence"
    """Another message has the reason."""
    FIRMWARE = "firmware"
    """The firmware's table or an option is wrong, without effect by itself."""
    NOTE = "note"
    """Nothing is wrong."""

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return _RANKS[self]


_RANKS = {weight: rank for rank, weight in enumerate(MessageSeverity)}


class Wording(NamedTuple):
    """One wording of a message."""

    template: Template
    releases: str
    """The releases with this wording, in words; empty: all that print the message."""
    vendor: str = ""
    """The vendor of the IOMMU in question; empty: Intel, or any."""


class VendorAnswer(NamedTuple):
    """What a message means on hosts of one vendor, and what to do there; empty: as elsewhere."""

    meaning: str = ""
    advice: str = ""
    by_error: Mapping[int, str] = MappingProxyType({})
    """The additional meaning of the error numbers that differ."""
    before_ways_out: str | None = None
    """The beginning of `advice`, if the rest are the ways out of AMD's regions, which depend on the
    host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its program and wordings, what it means, what to do."""

    id: str
    """Stable: the anchor in docs/messages.md."""
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
    """The file and function that print it, and how that was verified."""
    by_error: Mapping[int, str] = field(default_factory=dict)
    """The additional meaning of each error number."""
    by_reason: bool = False
    """Whether a number in it is a VT-d fault reason."""
    address: MessageAddress = MessageAddress.REGION
    """What its addresses are, if it has any."""
    in_quarantine: str = ""
    """What to do instead if the domain is Xen's quarantine; empty: the same."""
    on_amd: VendorAnswer | None = None
    """What it means on a host with AMD's IOMMU; None: the same as on others."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Addresses in a message, in bytes, including the last, which can be smaller than the first."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The devices, addresses and numbers in a message.  None or empty: none of that kind."""

    devices: tuple[SBDF, ...] = ()
    spans: tuple[Span, ...] = ()
    domain: int | None = None
    group: int | None = None
    """An IOMMU group of Linux."""
    error: int | None = None
    """An errno, without its sign."""
    result: int | None = None
    """The rc of libxl; -3 is ERROR_FAIL."""
    reason: int | None = None
    """A VT-d fault reason."""
    flags: tuple[int, ...] = field(default=(), compare=False)
    """The flags of AMD-Vi's IO_PAGE_FAULT, each value once, in the order of the lines."""
    segment_named: bool = field(default=True, compare=False)
    """Whether the message has the device's segment; if not, 0 is assumed."""
    word: str = ""
    """The option, name or value that the message quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """One message that was found, once or more."""

    message: Message
    names: Names
    """The names of all its lines; of many spans, only the number is kept."""
    count: int
    lines: tuple[int, ...]
    """The numbers of its first lines, from 1."""
    text: str
    """Its first line, without control characters and with plain quotes and dashes."""
    more_spans: int = 0
    """How many of its lines have spans that are not kept."""
    split: bool = False
    """Whether it was joined from lines that a terminal or a mail had split."""
    cut: bool = False
    """Whether its end or beginning is missing, because a pager or a terminal cut it off."""
    vendor: str = ""
    """The vendor of the IOMMU in question: see :class:`Wording`."""


class Recognition(NamedTuple):
    """The known messages of a text, the most severe first, then in the order of the text."""

    found: tuple[Recognised, ...]
    line_count: int
    left_out: int = 0
    """How many messages exceed the limit of different ones."""
