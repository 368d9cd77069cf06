"""What was read from a host, undigested, and what could not be read and why.

A reading is a value or a :class:`Missing`.  The kinds of missing are different
answers to different questions and are never confused: a sosreport that holds no
DMAR table says nothing about the host it came from.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class MissingKind(Enum):
    """Why there is no value."""

    ABSENT = "absent"
    """The host was asked and has no such thing."""
    DENIED = "denied"
    """It is there; this user may not read it."""
    FAILED = "failed"
    """It was asked for and the answer was an error, or no answer that can be used."""
    NOT_COLLECTED = "not-collected"
    """Nobody asked: the recording does not say."""


COLLECTOR = "collector: "
"""How a detail begins that says why a collector does not take something."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no value; `detail` says more in the system's own words, or is empty."""

    kind: MissingKind
    detail: str = ""


NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)
"""What nobody asked for; the default of a field that only some snapshots have."""


class TableReading(NamedTuple):
    """One ACPI table file that may be a DMAR table: where it is and what it holds."""

    name: str
    """As the kernel names it: a signature, numbered from 1 where there are several."""
    path: str
    content: bytes | Missing


class PciReading(NamedTuple):
    """What was read of one PCI function; attributes are the bytes of the sysfs files."""

    name: str
    """The function's name in sysfs, which is its SBDF on every sound system."""
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
    """For an SR-IOV virtual function: the target of the link to its physical function."""
    total_vfs: bytes | Missing
    """How many virtual functions the device can have."""
    names: tuple[tuple[str, str], ...] = ()
    """What udev's hardware database calls it: property and value, sorted; empty without one."""


class IommuGroupReading(NamedTuple):
    """One IOMMU group of Linux: its number, its devices by name, its reserved regions."""

    name: str
    devices: tuple[str, ...] | Missing
    reserved_regions: bytes | Missing


class MemoryMapReading(NamedTuple):
    """One range of /sys/firmware/memmap."""

    name: str
    start: bytes | Missing
    end: bytes | Missing
    type: bytes | Missing


class SystemReading(NamedTuple):
    """What machine and kernel this is."""

    dmi: tuple[tuple[str, bytes | Missing], ...]
    """Files of /sys/class/dmi/id by name."""
    slots: tuple[tuple[str, bytes | Missing], ...] | Missing
    """The physical slots by name, and the address of what is in each."""
    smbios_slots: tuple[bytes | Missing, ...] | Missing
    """SMBIOS structures of type 9, raw."""
    cpu: bytes | Missing
    kernel_release: bytes | Missing
    command_line: bytes | Missing
    resources: bytes | Missing
    """psutil's memory and boot time, as JSON."""


class XenReading(NamedTuple):
    """What a Xen host says of itself; all absent where there is no Xen."""

    hypervisor_type: bytes | Missing
    guest_type: bytes | Missing
    """PV, PVH or HVM: what this kernel is to Xen."""
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
    """What is in the directory of the pciback driver."""


class HostSnapshot(NamedTuple):
    """A host as it was read: the input of every decision."""

    acpi_tables: tuple[str, ...] | Missing
    """The names of all ACPI tables the kernel shows, sorted."""
    tables: tuple[TableReading, ...]
    """Those of them that may be a DMAR table, best first."""
    pci: tuple[PciReading, ...] | Missing
    """The host's PCI functions, sorted by name."""
    iommu_groups: tuple[IommuGroupReading, ...] | Missing
    memory_map: tuple[MemoryMapReading, ...] | Missing
    boot_log: bytes | Missing
    """The lines of the boot log that show the memory map and the IOMMU."""
    system: SystemReading
    xen: XenReading
    udev: Missing | None = None
    """Why `pci` comes from sysfs and not from udev, which alone has names; None: it does not."""
    sources: tuple[tuple[str, str], ...] = ()
    """Of a collector's report: readings, and the files of the report that they are from."""
