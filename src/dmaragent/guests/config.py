"""The parts of a guest's configuration on which reserved device memory depends, as written.

Nothing is decided here. Defaults, the readings of ``rdm=`` and ``pci=`` and their effects depend on
the toolstack (``policy/settings.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import MIB
from dmaragent.guests.pci_text import PciText
from dmaragent.guests.rdm import Policy, Strategy


class GuestType(Enum):
    """The kinds of guest: libxl_types.idl, ``domain_type``."""

    HVM = "hvm"
    PVH = "pvh"
    PV = "pv"


class Vga(Enum):
    """The emulated display adapters, under the words of ``vga=``."""

    CIRRUS = "cirrus"
    STDVGA = "stdvga"
    QXL = "qxl"
    NONE = "none"


VIDEO_MEMORY = {Vga.CIRRUS: 8 * MIB, Vga.STDVGA: 16 * MIB, Vga.QXL: 128 * MIB, Vga.NONE: 0}
"""In bytes, the default and the least: libxl_create.c, ``libxl__domain_build_info_setdefault``."""
TRADITIONAL_VIDEO_MEMORY = {Vga.CIRRUS: 4 * MIB, Vga.STDVGA: 8 * MIB, Vga.NONE: 0}
"""The same with qemu-xen-traditional, which has no qxl and accepts any size for cirrus."""


class Complaint(NamedTuple):
    """A problem of a configuration and its place: ``FILE:LINE``, or an option's name."""

    place: str
    text: str
    setting: str = ""
    """The setting with the refused value, under its name in xl.cfg; or empty."""


class PciEntry(NamedTuple):
    """One entry of ``pci=``: its text, or its values in a saved configuration."""

    place: str
    text: str
    read: PciText | None = None
    policy: Policy | None = None
    """The policy in a saved configuration; INVALID: unset."""
    no_strict_reset: bool = False
    """Whether libvirt's XML sets ``nostrictreset``, which only Qubes' libvirt reads."""
    managed: bool = False
    """Whether libvirt makes it assignable: ``managed='yes'``."""


class SavedRdm(NamedTuple):
    """The values of ``rdm=`` in a saved configuration; a policy of INVALID is unset."""

    strategy: Strategy
    policy: Policy


class EmulatedDevices(NamedTuple):
    """What is known about the PCI devices that QEMU emulates for an HVM guest."""

    platform: bool = True
    """Whether the Xen platform device is one of them: ``xen_platform_pci``."""
    unknown: str = ""
    """Why some of them, or their places, are unknown; or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestConfig:
    """A guest's configuration. None: not set. Sizes are in bytes."""

    source: str
    """The file, or the name of another source."""
    format: str = "xl"
    """The format: ``xl`` (xl.cfg or libxl's JSON) or ``libvirt``."""
    name: str
    type: GuestType
    """The type as xl reads it from 4.10 on: from ``type``, else ``builder``, else PV."""
    builder: GuestType | None = None
    """The type from ``builder`` alone, which older xl reads."""
    typed: GuestType | None = None
    """The type from ``type`` alone."""
    memory: int | None = None
    """The memory at the start: ``memory``."""
    maximum: int | None = None
    """The most memory: ``maxmem``, or the sum of ``vnuma``."""
    vnuma: tuple[int, ...] = ()
    """The size of each virtual NUMA node; empty: it has none."""
    videoram: int | None = None
    vga: Vga = Vga.CIRRUS
    traditional: bool | None = None
    """Whether the configuration names qemu-xen-traditional; None: it names no device model."""
    stubdomain: bool = False
    mmio_hole: int | None = None
    boundary: int | None = None
    """``rdm_mem_boundary``."""
    hap: bool | None = None
    passthrough: str | None = None
    gfx_passthru: str | None = None
    emulated: EmulatedDevices | None = None
    """Its emulated devices; None if they do not follow from the configuration."""
    rdm: str | None = None
    """The text of ``rdm=``."""
    saved_rdm: SavedRdm | None = None
    """The values of a saved configuration, which has no text."""
    pci: tuple[PciEntry, ...] = ()
    seize: bool = False
    """``pci_seize``: the default for devices that do not set it."""
    places: Mapping[str, str] = field(default_factory=dict)
    """The place of each setting, under the names of xl.cfg."""
    refusals: tuple[Complaint, ...] = ()
    """Why xl refuses the file, in xl's order."""
    type_refusals: tuple[Complaint, ...] = ()
    """Why xl refuses ``type``, which it reads from 4.10 on."""
    hvm_refusals: tuple[Complaint, ...] = ()
    """Why xl refuses settings that it reads only for an HVM guest."""
    undecidable: tuple[Complaint, ...] = ()
    """Settings that are not modelled."""
    warnings: tuple[Complaint, ...] = ()
    """Settings that xl reads differently than they were probably meant."""
    ignored_settings: tuple[str, ...] = ()
    """Settings that xl ignores, each in a few words."""
    binary: "GuestConfig | None" = None
    """The guest if libxlutil reads numbers with 0b as binary; None if it has no such number.

    That depends on the C library that libxlutil was built with. C23 added the prefix, and glibc has
    it from 2.38 on.
    """
    readable: bool = True
    """Whether the file could be read; otherwise only its refusals are known."""
    older: tuple[tuple[tuple[int, int], "GuestConfig"], ...] = ()
    """The file as older releases of xl read it, each up to the release before the named one."""

    def by_release(self, series: tuple[int, int]) -> "GuestConfig":
        """Return the guest as xl of this series reads the file."""
        return next((guest for until, guest in self.older if series < until), self)

    @property
    def is_traditional(self) -> bool:
        """Whether the device model is qemu-xen-traditional, the default of a stub domain."""
        return self.stubdomain if self.traditional is None else self.traditional

    @property
    def least_video(self) -> int | None:
        """The default and the least video memory; None if the device model lacks the adapter."""
        return (TRADITIONAL_VIDEO_MEMORY if self.is_traditional else VIDEO_MEMORY).get(self.vga)

    @property
    def video(self) -> int:
        """The video memory, which is part of the guest's memory."""
        return (self.least_video or 0) if self.videoram is None else self.videoram

    @property
    def most_memory(self) -> int:
        """The size of its RAM: ``maxmem``, else ``memory``, else libxl's 32 MiB."""
        given = self.memory if self.maximum is None else self.maximum
        return 32 * MIB if given is None else given
