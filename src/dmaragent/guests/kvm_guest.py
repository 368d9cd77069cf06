"""A KVM guest as written: its memory, its machine type and the host devices it is given."""

from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.guests.config import Complaint


class GuestFormat(Enum):
    """The formats that describe a KVM guest."""

    LIBVIRT = "libvirt"
    PROXMOX = "proxmox"


class KvmDevice(NamedTuple):
    """One host device that is assigned to a guest."""

    sbdf: SBDF
    place: str
    """Where it is written: ``FILE:LINE``."""
    text: str
    """The setting that assigns it, in a few words: ``hostdev``, ``hostpci0``."""
    all_functions: bool = False
    """Whether every function of the slot is meant; that of `sbdf` is then 0."""
    managed: bool = True
    """Whether the management program binds it to vfio-pci."""


class KvmGuest(NamedTuple):
    """A guest that QEMU runs.  Sizes are in bytes; None: not known."""

    source: str
    """The file, or the words for where it comes from."""
    name: str
    """Its name; empty if the configuration has none."""
    format: GuestFormat
    """What it is written in."""
    architecture: str = "x86_64"
    """The processor, in libvirt's words; empty: not written."""
    machine: str | None = None
    """QEMU's machine type as written."""
    memory: int | None = None
    """RAM at start, without memory devices that are plugged in above it."""
    below_4g: int | None = None
    """QEMU's ``max-ram-below-4g``."""
    more_memory: bool = False
    """Whether memory devices lie above the RAM that it starts with."""
    devices: tuple[KvmDevice, ...] = ()
    """The PCI functions or slots of the host that it is given."""
    unknown: tuple[Complaint, ...] = ()
    """What may assign further devices, or what cannot be understood."""
    notes: tuple[Complaint, ...] = ()
    """What looks like an assignment and is not one."""
