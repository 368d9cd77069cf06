"""The ledger: everything that dmaragent reads from a host, and why. Nothing else is opened.

A reading needs a :class:`HostRequest`, and only an entry of this ledger makes one. `make docs`
generates ``docs/ledger.md`` from it; a test compares the two.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import NamedTuple


class Operation(StrEnum):
    """The operations of a host."""

    READ = "read"
    """The bytes of a file."""
    LIST = "list"
    """The names in a directory."""
    LINK = "link"
    """The target of a symbolic link."""
    CALL = "call"
    """The output of a call that is not a file: a command, the hypercall, udev's enumeration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRequest:
    """One question to a host; operation and path identify it."""

    operation: Operation
    path: str
    """An absolute path; for a call, its name."""
    limit: int = field(compare=False)
    """The largest size in bytes; a larger file is an error."""
    window: int | None = field(compare=False)
    """Read only this number of bytes from the start; None reads all."""
    arguments: tuple[str, ...] = field(default=(), compare=False)
    """The arguments of a call."""
    needs_root: bool = field(default=False, compare=False)
    """Whether only root gets an answer."""


class LedgerEntry(NamedTuple):
    """One entry of the ledger: what is read, with ``{}`` for the part that varies, and why."""

    operation: Operation
    path: str
    reason: str
    needs_root: bool = False
    limit: int = 1 << 16
    window: int | None = None
    elsewhere: tuple[str, ...] = ()
    """Files in collectors' reports that contain the same reading; used if it was not copied."""
    may_be_empty: str = ""
    """What an empty reading means; if this is empty, an empty reading was cut or is damaged."""

    def request(self, part: str = "", arguments: tuple[str, ...] = ()) -> HostRequest:
        """Return the request for this entry, with `part` in place of the ``{}`` in its path."""
        return HostRequest(
            operation=self.operation,
            path=self.path.replace("{}", part),
            limit=self.limit,
            window=self.window,
            arguments=arguments,
            needs_root=self.needs_root,
        )


_entries: list[LedgerEntry] = []


def _entry(  # noqa: PLR0913 - a column each
    operation: Operation,
    path: str,
    reason: str,
    *,
    needs_root: bool = False,
    limit: int = 1 << 16,
    window: int | None = None,
    elsewhere: tuple[str, ...] = (),
    may_be_empty: str = "",
) -> LedgerEntry:
    """Add an entry to the ledger and return it."""
    entry = LedgerEntry(operation, path, reason, needs_root, limit, window, elsewhere, may_be_empty)
    _entries.append(entry)
    return entry


_read = partial(_entry, Operation.READ)
_list = partial(_entry, Operation.LIST)
_link = partial(_entry, Operation.LINK)
_call = partial(_entry, Operation.CALL)

_PCI = ("proc/bus/pci/BB/DD.F", "proc/bus/pci/devices", "udevadm_info_--export-db", "lspci_-nnvv")
_LOGS = ("dmesg", "boot.msg", "journalctl_--boot", "var/log/messages")
_DMI = ("dmidecode", "dmi_id")
_XEN = ("xl-info.out", "xl-dmesg.out")
"""Files with the same reading; each name covers every way that collectors name a command's output.
"""

ACPI_TABLES = _list(
    "/sys/firmware/acpi/tables",
    "the ACPI tables that the kernel shows: DMAR (RMAD in a Xen PV dom0), IVRS, IORT or none",
)
ACPI_TABLE = _read(
    "/sys/firmware/acpi/tables/{}",
    "Intel's table (DMAR, RMAD or XMAR) or AMD's (IVRS); numbered from 1 if there are several",
    needs_root=True,
    limit=1 << 24,
    elsewhere=("acpidump.out",),
)
UDEV_PCI = _call(
    "udev-pci",
    "the PCI functions, their paths in sysfs and their names in udev's database",
    limit=1 << 28,
    elsewhere=_PCI[2:3],
)
PCI_DEVICES = _list(
    "/sys/bus/pci/devices",
    "the PCI functions, if udev cannot list them",
    elsewhere=_PCI,
)
PCI_DEVICE = _link(
    "/sys/bus/pci/devices/{}", "the path of a PCI function in sysfs, if udev cannot list it"
)
PCI_CLASS = _read(
    "{}/class",
    "the class of a device: what owns a region, and which functions are bridges",
    elsewhere=(_PCI[0], *_PCI[2:]),
)
PCI_VENDOR = _read("{}/vendor", "which device owns a region", elsewhere=_PCI)
PCI_DEVICE_ID = _read("{}/device", "which device owns a region", elsewhere=_PCI)
PCI_CONFIG = _read(
    "{}/config",
    "the first 64 bytes: the bus behind a bridge, if that attribute is missing",
    limit=4096,
    window=64,
    elsewhere=(_PCI[0], _PCI[3]),
)
PCI_SECONDARY_BUS = _read(
    "{}/secondary_bus_number",
    "the bus behind a bridge: device scopes name a path through bridges",
    elsewhere=_PCI[2:],
)
PCI_DRIVER = _link(
    "{}/driver", "the driver of a device: its own, pciback, vfio-pci or none", elsewhere=_PCI[1:]
)
PCI_PHYSFN = _link(
    "{}/physfn",
    "which functions are SR-IOV virtual functions, and their physical function",
    elsewhere=_PCI[3:],
)
PCI_TOTAL_VFS = _read(
    "{}/sriov_totalvfs",
    "which devices have virtual functions that can be assigned instead",
    elsewhere=_PCI[3:],
)
PCI_SLOTS = _list(
    "/sys/bus/pci/slots",
    "the physical slots: answers name the slot of a card",
    elsewhere=_PCI[3:],
    may_be_empty="no slot driver is loaded",
)
PCI_SLOT = _read(
    "/sys/bus/pci/slots/{}/address",
    "which device is in a physical slot",
    elsewhere=_PCI[3:],
    may_be_empty="the slot is empty",
)
IOMMU_GROUPS = _list(
    "/sys/kernel/iommu_groups",
    "the IOMMU groups: Linux can pass through only whole groups",
    elsewhere=_PCI[3:],
    may_be_empty="Linux does not use the IOMMU",
)
IOMMU_GROUP_DEVICES = _list(
    "/sys/kernel/iommu_groups/{}/devices", "the devices that share a group", elsewhere=_PCI[3:]
)
IOMMU_GROUP_REGIONS = _read(
    "/sys/kernel/iommu_groups/{}/reserved_regions",
    "how Linux classifies the reserved regions: locked or relaxable",
)
IOMMU_GROUP_NAME = _read(
    "/sys/kernel/iommu_groups/{}/name",
    "whether VFIO made the group without an IOMMU (vfio-noiommu); most groups have no name",
)
MEMORY_MAP = _list(
    "/sys/firmware/memmap",
    "the firmware's memory map: a region should be in reserved memory",
    elsewhere=("proc/iomem",),
)
MEMORY_MAP_ENTRY = _read(
    "/sys/firmware/memmap/{}",
    "start, end and type of each range in that map",
    elsewhere=("proc/iomem",),
)
BOOT_LOG = _call(
    "boot-log",
    "the same map, if sysfs has none: only the BIOS-e820 and IOMMU lines of dmesg",
    needs_root=True,
    limit=1 << 24,
    elsewhere=_LOGS,
    may_be_empty="the log no longer has such lines",
)
DMI_ID = _read(
    "/sys/class/dmi/id/{}",
    "vendor, model and firmware version: fixes differ; no serial number, no UUID",
    elsewhere=_DMI,
)
DMI_ENTRIES = _list(
    "/sys/firmware/dmi/entries",
    "which SMBIOS structures describe slots",
    elsewhere=_DMI[:1],
    may_be_empty="the firmware has no SMBIOS structures",
)
DMI_SLOT = _read(
    "/sys/firmware/dmi/entries/{}/raw",
    "SMBIOS type 9: the slot's name as printed on the board, and its PCI address",
    needs_root=True,
    elsewhere=_DMI[:1],
)
CPU = _read(
    "/proc/cpuinfo",
    "Intel or AMD, physical or virtual: a possible reason for a missing table",
    window=8192,
    elsewhere=("cpuinfo", "lscpu"),
)
KERNEL_RELEASE = _read(
    "/proc/sys/kernel/osrelease",
    "the kernel release, which decides its rules for reserved regions",
    elsewhere=("uname_-a", "proc/version", *_LOGS),
)
COMMAND_LINE = _read(
    "/proc/cmdline",
    "the boot options that affect the IOMMU; an answer keeps only those",
    elsewhere=("cmdline", *_LOGS),
    may_be_empty="no boot options",
)
VFIO_UNSAFE_INTERRUPTS = _read(
    "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
    "whether VFIO accepts a kernel that does not remap interrupts",
)
RESOURCES = _call("resources", "memory size and boot time, from psutil")
HYPERVISOR_TYPE = _read("/sys/hypervisor/type", "whether this kernel runs on Xen", elsewhere=_XEN)
XEN_GUEST_TYPE = _read("/sys/hypervisor/guest_type", "a PVH dom0 never sees the table")
XEN_CAPABILITIES = _read(
    "/proc/xen/capabilities",
    "whether it is dom0 (control_d), also if the kernel has no /sys/hypervisor",
    elsewhere=_XEN,
    may_be_empty="this kernel runs in a guest, not in dom0",
)
XEN_VERSION = _read(
    "/sys/hypervisor/version/{}",
    "the hypervisor's release: rules differ between releases",
    elsewhere=_XEN,
)
XL_INFO = _call(
    "xl-info",
    "Xen's command line (iommu=, rmrr=) and capabilities",
    needs_root=True,
    elsewhere=_XEN,
)
XEN_RDM = _call(
    "xen-rdm",
    "the hypervisor's own list of reserved regions, by hypercall; strategy=host uses it",
    needs_root=True,
    limit=1 << 24,
)
XEN_RDM_DEVICES = _call(
    "xen-rdm-devices",
    "the same for each device: the regions that a guest with this device must avoid",
    needs_root=True,
    limit=1 << 28,
)
PCIBACK = _list(
    "/sys/bus/pci/drivers/pciback",
    "the assignable devices: those bound to pciback",
    elsewhere=_PCI[1:],
    may_be_empty="no device is assignable",
)
LIBXLUTIL = _call(
    "libxlutil",
    "how the installed xl reads a guest's rdm=, pci= and 0b numbers, in a child process",
    limit=1 << 26,
)
CLOCK = _call("clock", "when a bundle was made")
HOST_NAME = _read("/proc/sys/kernel/hostname", "the name that host-1 replaces in other readings")
XL_DMESG = _call(
    "xl-dmesg",
    "Xen's own log: how it read the table; no line that a guest wrote",
    needs_root=True,
    limit=1 << 24,
    elsewhere=_XEN[1:],
)
XL_LIST = _call(
    "xl-list",
    "the running guests: memory, layout, rdm and devices of `xl list -l`, nothing else",
    needs_root=True,
    limit=1 << 26,
)
XENSTORE_PCI = _call(
    "xenstore-pci",
    "each guest's devices in xenstore, and their state",
    needs_root=True,
    limit=1 << 24,
)

EVIDENCE = (CLOCK, HOST_NAME, XL_DMESG, XL_LIST, XENSTORE_PCI)
"""What a bundle contains besides, for people: `dmaragent dump` reads it. Only `dmaragent why` uses
it, to look for messages in Xen's log."""

LEDGER = tuple(_entries)
