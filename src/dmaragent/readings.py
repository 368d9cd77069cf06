"""The readings of a host, without interpretation, and the reasons for missing ones.

A reading is a value or a :class:`Missing`. The kinds of missing have different meanings and must
not be confused: a sosreport without a DMAR or IVRS table proves nothing about the host.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class MissingKind(Enum):
    """Why there is no value."""

    ABSENT = "absent"
    """The host has no such thing."""
    DENIED = "denied"
    """It is present, but this user cannot read it."""
    FAILED = "failed"
    """The result was an error, or could not be used."""
    NOT_COLLECTED = "not-collected"
    """The recording does not contain this reading, so nothing is known."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no value; `detail` is the reason in the system's own words, or empty."""

    kind: MissingKind
    detail: str = ""
    by_collector: bool = False
    """Whether `detail` is the reason why a collector's report lacks it."""


NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)
"""A reading that was not collected; the default of a field that only some snapshots have."""
LINK_NOT_IN_COPY = Missing(MissingKind.NOT_COLLECTED, "the copy has no such link")
"""A link that a copied tree lacks.  Bundles of copies contain this detail, so it stays as it is."""


def lists_every_table(acpi_tables: tuple[str, ...] | Missing) -> bool:
    """Return whether a list of ACPI tables is the kernel's: a copy can lack tables.

    The files are root's alone, so a copy that another user made has only directories.  The FADT
    (FACP) is in every list of a kernel: Linux does not use ACPI without it.
    """
    return not isinstance(acpi_tables, Missing) and "FACP" in acpi_tables


class TableReading(NamedTuple):
    """The file of one ACPI table of IOMMUs: its path and content."""

    name: str
    """The kernel's name: a signature, numbered from 1 if there are several."""
    path: str
    content: bytes | Missing


class PciReading(NamedTuple):
    """The readings of one PCI function; attributes are the bytes of the sysfs files."""

    name: str
    """The function's name in sysfs, which is its SBDF on every working system."""
    path: str
    """Its directory in sysfs."""
    class_code: bytes | Missing
    """Without the last two digits if the programming interface was not collected."""
    vendor: bytes | Missing
    device: bytes | Missing
    config: bytes | Missing
    """The first 64 bytes of its configuration space."""
    secondary_bus: bytes | Missing
    driver: str | Missing
    """The target of the link to its driver."""
    physical_function: str | Missing
    """The target of the link to the physical function, for an SR-IOV virtual function."""
    total_vfs: bytes | Missing
    """How many virtual functions the device supports."""
    names: tuple[tuple[str, str], ...] = ()
    """Its names in udev's hardware database: property and value, sorted; can be empty."""


class IommuGroupReading(NamedTuple):
    """One IOMMU group of Linux: its number, its devices by name, its reserved regions."""

    name: str
    devices: tuple[str, ...] | Missing
    reserved_regions: bytes | Missing
    given_name: bytes | Missing = NOT_COLLECTED
    """The name that a driver gave it; absent for most groups."""


class MemoryMapReading(NamedTuple):
    """One range of /sys/firmware/memmap."""

    name: str
    start: bytes | Missing
    end: bytes | Missing
    type: bytes | Missing


class SystemReading(NamedTuple):
    """The machine and its kernel."""

    dmi: tuple[tuple[str, bytes | Missing], ...]
    """Files of /sys/class/dmi/id by name."""
    slots: tuple[tuple[str, bytes | Missing], ...] | Missing
    """The physical slots by name, and the address of what is in each."""
    smbios_slots: tuple[bytes | Missing, ...] | Missing
    """SMBIOS structures of type 9, raw."""
    cpu: bytes | Missing
    kernel_release: bytes | Missing
    command_line: bytes | Missing
    unsafe_interrupts: bytes | Missing
    """VFIO's parameter ``allow_unsafe_interrupts``; absent if its module is not loaded."""
    resources: bytes | Missing
    """psutil's memory and boot time, as JSON."""


class XenReading(NamedTuple):
    """A Xen host's information about itself; all absent without Xen."""

    hypervisor_type: bytes | Missing
    guest_type: bytes | Missing
    """PV, PVH or HVM: this kernel's type under Xen."""
    capabilities: bytes | Missing
    version: tuple[bytes | Missing, bytes | Missing, bytes | Missing]
    """Major, minor and extra."""
    info: bytes | Missing
    """The output of ``xl info``."""
    reserved_memory: bytes | Missing
    """The hypervisor's list of reserved device memory, as JSON: see collect/live/hypercall.py."""
    device_reserved_memory: bytes | Missing
    """The same for each device."""
    assignable: tuple[str, ...] | Missing
    """The names in the directory of the pciback driver."""


class HostSnapshot(NamedTuple):
    """A host as it was read: the input of every decision."""

    acpi_tables: tuple[str, ...] | Missing
    """The names of all ACPI tables the kernel shows, sorted."""
    tables: tuple[TableReading, ...]
    """Those of them that are tables of IOMMUs (DMAR, RMAD, XMAR, IVRS), best first."""
    pci: tuple[PciReading, ...] | Missing
    """The host's PCI functions, sorted by name."""
    iommu_groups: tuple[IommuGroupReading, ...] | Missing
    memory_map: tuple[MemoryMapReading, ...] | Missing
    boot_log: bytes | Missing
    """The lines of the boot log about the memory map and the IOMMU."""
    system: SystemReading
    xen: XenReading
    udev: Missing | None = None
    """Why `pci` comes from sysfs and not from udev, which alone has names; else None."""
    sources: tuple[tuple[str, str], ...] = ()
    """For a collector's report: readings, and the files that they are from."""
