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


class MappedDevice(NamedTuple):
    """A device of a Proxmox mapping, with what the mapping expects of it."""

    path: str
    """Its addresses, divided by ``;``."""
    ids: str = ""
    """Its vendor and device, as ``8086:1572``; empty: not in the mapping."""
    group: str | None = ""
    """The number of its IOMMU group, as written; empty: not in the mapping. None: not compared."""


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
    iommufd: bool = False
    """Whether QEMU uses iommufd for it, and not the container of VFIO (vfio_iommu_type1)."""
    vf_token: bool = False
    """Whether it has a ``vf-token``, as a virtual function of a device of vfio-pci needs."""

    unassigned: bool = False
    """Whether libvirt only takes it from the host, and QEMU does not get it."""
    mapped: MappedDevice | None = None
    """The entry of the mapping that names it."""

    @property
    def is_interface(self) -> bool:
        """Whether it is libvirt's ``<interface type='hostdev'>``."""
        return self.text == INTERFACE


INTERFACE = "interface"
"""The text of such a setting."""


class GuestIommu(Enum):
    """An emulated IOMMU that may not work with assigned devices."""

    INTEL_WITHOUT_CACHING = "intel-iommu"
    """Without ``caching-mode``, QEMU does not start with a device of VFIO."""
    UNCERTAIN = "another"
    """Only some releases of QEMU and some settings of it accept devices of VFIO."""


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
    iommu: GuestIommu | None = None
    """Its emulated IOMMU, if it may not work with assigned devices."""
    notes: tuple[Complaint, ...] = ()
    """Settings that look like an assignment and are not one."""
