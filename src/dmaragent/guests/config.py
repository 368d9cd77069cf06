"""A guest's configuration, as far as reserved device memory depends on it: what was written.

Nothing here is decided yet: defaults, the readings of ``rdm=`` and ``pci=`` and what comes
of them depend on the toolstack (``policy/settings.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import MIB
from dmaragent.guests.pci import PciText
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
"""Bytes, default and least: libxl_create.c, ``libxl__domain_build_info_setdefault``."""
TRADITIONAL_VIDEO_MEMORY = {Vga.CIRRUS: 4 * MIB, Vga.STDVGA: 8 * MIB, Vga.NONE: 0}
"""The same with qemu-xen-traditional, which has no qxl and takes any size for cirrus."""


class Complaint(NamedTuple):
    """What is wrong with a configuration, and where: ``FILE:LINE``, or an option's name."""

    place: str
    text: str
    setting: str = ""
    """The setting whose value is refused, under its name in xl.cfg; or empty."""


class PciEntry(NamedTuple):
    """One entry of ``pci=``: its text, or what a saved configuration already made of it."""

    place: str
    text: str
    read: PciText | None = None
    policy: Policy | None = None
    """The policy that a saved configuration has; INVALID is an unset one."""
    no_strict_reset: bool = False
    """Whether libvirt's XML says ``nostrictreset``, which Qubes' libvirt alone reads."""


class SavedRdm(NamedTuple):
    """What a saved configuration has for ``rdm=``; a policy of INVALID is an unset one."""

    strategy: Strategy
    policy: Policy


class EmulatedDevices(NamedTuple):
    """What is known of the PCI devices that QEMU emulates for an HVM guest."""

    platform: bool = True
    """Whether the Xen platform device is among them: ``xen_platform_pci``."""
    unknown: str = ""
    """Why not all of them, or not their places, are known; or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestConfig:
    """What a configuration says.  None: not set.  Sizes are in bytes."""

    source: str
    """The file, or the words for where it comes from."""
    format: str = "xl"
    """What it is written in: ``xl`` (xl.cfg or libxl's JSON) or ``libvirt``."""
    name: str
    type: GuestType
    """As xl has it from 4.10 on: of ``type``, else ``builder``, else PV."""
    builder: GuestType | None = None
    """Of ``builder`` alone, which is all that older xl reads."""
    typed: GuestType | None = None
    """Of ``type`` alone."""
    memory: int | None = None
    """What the guest begins with; ``memory``."""
    maximum: int | None = None
    """What it may have; ``maxmem``."""
    videoram: int | None = None
    vga: Vga = Vga.CIRRUS
    traditional: bool | None = None
    """Whether qemu-xen-traditional is asked for by name; None: not said."""
    stubdomain: bool = False
    mmio_hole: int | None = None
    boundary: int | None = None
    """``rdm_mem_boundary``."""
    hap: bool | None = None
    passthrough: str | None = None
    gfx_passthru: str | None = None
    emulated: EmulatedDevices | None = None
    """Its emulated devices; None if the configuration does not say what they are."""
    rdm: str | None = None
    """The text of ``rdm=``."""
    saved_rdm: SavedRdm | None = None
    """What a saved configuration has in its place."""
    pci: tuple[PciEntry, ...] = ()
    seize: bool = False
    """``pci_seize``: what devices that say nothing of it inherit."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each setting that was given comes from, under the names of xl.cfg."""
    refusals: tuple[Complaint, ...] = ()
    """For what xl refuses the file, in its order."""
    type_refusals: tuple[Complaint, ...] = ()
    """The same, of ``type`` alone, which xl reads from 4.10 on."""
    hvm_refusals: tuple[Complaint, ...] = ()
    """The same, where the guest is an HVM guest: the settings that xl reads for those alone."""
    undecidable: tuple[Complaint, ...] = ()
    """What it holds that is not modelled."""
    warnings: tuple[Complaint, ...] = ()
    """What xl reads otherwise than it was probably meant."""
    ignored_settings: tuple[str, ...] = ()
    """What of it xl goes on without, each in a few words."""
    binary: "GuestConfig | None" = None
    """The same where libxlutil reads numbers with 0b as binary; None if it has none of them.

    That depends on the C library that libxlutil was built with: C23 brought the prefix, and
    glibc has it from 2.38 on.
    """
    readable: bool = True
    """Whether the file could be read at all; else nothing but its refusals is known."""
    older: tuple[tuple[tuple[int, int], "GuestConfig"], ...] = ()
    """What older releases of xl read in the file: each up to the release before the one named."""

    def by_release(self, series: tuple[int, int]) -> "GuestConfig":
        """Return the guest as xl of this series reads the file."""
        return next((guest for until, guest in self.older if series < until), self)

    @property
    def is_traditional(self) -> bool:
        """Whether the device model is qemu-xen-traditional, which a stub domain defaults to."""
        return self.stubdomain if self.traditional is None else self.traditional

    @property
    def least_video(self) -> int | None:
        """The default and least video memory; None for an adapter the device model lacks."""
        return (TRADITIONAL_VIDEO_MEMORY if self.is_traditional else VIDEO_MEMORY).get(self.vga)

    @property
    def video(self) -> int:
        """The video memory that is taken off the guest's."""
        return (self.least_video or 0) if self.videoram is None else self.videoram

    @property
    def most_memory(self) -> int:
        """What its RAM is laid out by: ``maxmem``, else ``memory``, else libxl's 32 MiB."""
        given = self.memory if self.maximum is None else self.maximum
        return 32 * MIB if given is None else given
