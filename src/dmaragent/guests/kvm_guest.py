"""A KVM guest as written: its memory, machine type and assigned host devices."""

from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import GIB, SBDF
from dmaragent.guests.config import Complaint


class GuestFormat(Enum):
    """The formats that describe a KVM guest."""

    LIBVIRT = "libvirt"
    PROXMOX = "proxmox"


def device_space(*sizes: int) -> int:
    """Return the most address space in which QEMU places memory devices of these sizes.

    They begin at a whole GiB above other RAM, in order, each aligned to at most 1 GiB.
    Source: hw/i386/pc.c, ``pc_get_device_memory_range``; hw/mem/memory-device.c.
    """
    return sum(-(-size // GIB) * GIB + GIB for size in sizes) + GIB if sizes else 0


class KvmDevice(NamedTuple):
    """A host device that is assigned to a guest."""

    sbdf: SBDF
    """Its address."""
    place: str
    """The place of the setting: ``FILE:LINE``."""
    text: str
    """The setting that assigns it: ``hostdev``, ``hostpci0``."""
    all_functions: bool = False
    """Whether it assigns every function of the slot; the function in `sbdf` is then 0."""
    managed: bool = True
    """Whether the management program binds it to vfio-pci."""


class KvmGuest(NamedTuple):
    """A guest that QEMU runs. Sizes are in bytes; None: unknown."""

    source: str
    """The file, or the name of another source."""
    name: str
    """Its name; empty if the configuration sets none."""
    format: GuestFormat
    """The format."""
    architecture: str = "x86_64"
    """The processor model, as libvirt writes it; empty: not set."""
    machine: str | None = None
    """QEMU's machine type as written."""
    memory: int | None = None
    """RAM at start, without memory devices that are plugged in above it."""
    below_4g: int | None = None
    """QEMU's ``max-ram-below-4g``."""
    more_memory: bool = False
    """Whether there are memory devices above the RAM at start."""
    plugged: int | None = 0
    """Bytes of address space above that RAM in which QEMU places the memory devices at start."""
    devices: tuple[KvmDevice, ...] = ()
    """The PCI functions or slots of the host that are assigned to it."""
    refusals: tuple[Complaint, ...] = ()
    """Why Proxmox refuses to start it."""
    unknown: tuple[Complaint, ...] = ()
    """Settings that may assign more devices, or that are not understood."""
    notes: tuple[Complaint, ...] = ()
    """Settings that look like an assignment and are not one."""
