"""The ledger: everything dmaragent reads of a host, and why.  Nothing else is opened.

A host is asked with a :class:`HostRequest`, and only an entry of this ledger makes one.
``docs/ledger.md`` is written from it (``make docs``), and a test holds them equal.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Operation(StrEnum):
    """What can be asked of a host."""

    READ = "read"
    """The bytes of a file."""
    LIST = "list"
    """The names in a directory."""
    LINK = "link"
    """The target of a symbolic link."""
    CALL = "call"
    """The output of a call that is no file: a command, the hypercall, the udev enumeration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRequest:
    """One question to a host: which one it is, its operation and its path say."""

    operation: Operation
    path: str
    """Absolute; for a call, its name."""
    limit: int = field(compare=False)
    """A file of more bytes than this is an error."""
    window: int | None = field(compare=False)
    """Read only so many bytes from the start; None: all."""
    arguments: tuple[str, ...] = field(default=(), compare=False)
    """Of a call."""


class LedgerEntry(NamedTuple):
    """One line of the ledger: what is read, with ``{}`` for what varies, and why."""

    operation: Operation
    path: str
    reason: str
    needs_root: bool = False
    limit: int = 1 << 16
    window: int | None = None
    elsewhere: tuple[str, ...] = ()
    """Files in the reports of collectors that have the same reading, if it was not copied."""
    may_be_empty: str = ""
    """What it means that the reading is there and empty; empty: it was cut or is damaged."""

    def request(self, part: str = "", arguments: tuple[str, ...] = ()) -> HostRequest:
        """Ask for this entry, `part` in the place of the ``{}`` of its path."""
        return HostRequest(
            operation=self.operation,
            path=self.path.replace("{}", part),
            limit=self.limit,
            window=self.window,
            arguments=arguments,
        )


_PCI = (
    "proc/bus/pci/BB/DD.F",
    "proc/bus/pci/devices",
    "udevadm_info_--export-db",
    "lspci_-nnvv",
)
_LOGS = ("dmesg", "boot.msg", "journalctl_--boot", "var/log/messages")
_DMI = ("dmidecode", "dmi_id")
_XEN = ("xl-info.out", "xl-dmesg.out")
"""Other places of readings: a name stands for what collectors call the output of the command."""

ACPI_TABLES = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/firmware/acpi/tables",
    reason="which tables the kernel shows: DMAR, or RMAD in a Xen PV dom0, or neither",
)
ACPI_TABLE = LedgerEntry(
    operation=Operation.READ,
    path="/sys/firmware/acpi/tables/{}",
    reason="the DMAR table itself: DMAR, RMAD or XMAR, numbered from 1 where there are several",
    needs_root=True,
    limit=1 << 24,
    elsewhere=("acpidump.out",),
)
UDEV_PCI = LedgerEntry(
    operation=Operation.CALL,
    path="udev-pci",
    reason="the PCI functions, where they are in sysfs and what udev's database calls them",
    limit=1 << 28,
    elsewhere=_PCI[2:3],
)
PCI_DEVICES = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/bus/pci/devices",
    reason="the PCI functions, where the udev enumeration is not to be had",
    elsewhere=_PCI,
)
PCI_DEVICE = LedgerEntry(
    operation=Operation.LINK,
    path="/sys/bus/pci/devices/{}",
    reason="where a PCI function is in sysfs, likewise",
)
PCI_CLASS = LedgerEntry(
    operation=Operation.READ,
    path="{}/class",
    reason="what kind of device owns a region; which functions are bridges",
    elsewhere=(_PCI[0], *_PCI[2:]),
)
PCI_VENDOR = LedgerEntry(
    operation=Operation.READ,
    path="{}/vendor",
    reason="which device owns a region",
    elsewhere=_PCI,
)
PCI_DEVICE_ID = LedgerEntry(
    operation=Operation.READ,
    path="{}/device",
    reason="which device owns a region",
    elsewhere=_PCI,
)
PCI_CONFIG = LedgerEntry(
    operation=Operation.READ,
    path="{}/config",
    reason="the first 64 bytes: the bus behind a bridge where the attribute is missing",
    limit=4096,
    window=64,
    elsewhere=(_PCI[0], _PCI[3]),
)
PCI_SECONDARY_BUS = LedgerEntry(
    operation=Operation.READ,
    path="{}/secondary_bus_number",
    reason="the bus behind a bridge: a device scope's path leads through bridges",
    elsewhere=_PCI[2:],
)
PCI_DRIVER = LedgerEntry(
    operation=Operation.LINK,
    path="{}/driver",
    reason="who drives a device: its driver, pciback, vfio-pci or nobody",
    elsewhere=_PCI[1:],
)

PCI_PHYSFN = LedgerEntry(
    operation=Operation.LINK,
    path="{}/physfn",
    reason="which functions are SR-IOV virtual functions, and of which device",
    elsewhere=_PCI[3:],
)
PCI_TOTAL_VFS = LedgerEntry(
    operation=Operation.READ,
    path="{}/sriov_totalvfs",
    reason="which devices could give a virtual function instead of themselves",
    elsewhere=_PCI[3:],
)
PCI_SLOTS = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/bus/pci/slots",
    reason="the physical slots, to say which card is meant",
    elsewhere=_PCI[3:],
    may_be_empty="no driver of slots is there",
)
PCI_SLOT = LedgerEntry(
    operation=Operation.READ,
    path="/sys/bus/pci/slots/{}/address",
    reason="which device is in a physical slot",
    elsewhere=_PCI[3:],
    may_be_empty="nothing is in the slot",
)
IOMMU_GROUPS = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/kernel/iommu_groups",
    reason="the IOMMU groups: only whole groups can be passed through by Linux",
    elsewhere=_PCI[3:],
    may_be_empty="Linux does not use the IOMMU",
)
IOMMU_GROUP_DEVICES = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/kernel/iommu_groups/{}/devices",
    reason="which devices share a group",
    elsewhere=_PCI[3:],
)
IOMMU_GROUP_REGIONS = LedgerEntry(
    operation=Operation.READ,
    path="/sys/kernel/iommu_groups/{}/reserved_regions",
    reason="what Linux itself makes of the reserved regions: locked or relaxable",
)
MEMORY_MAP = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/firmware/memmap",
    reason="the firmware's memory map: a region should lie in reserved memory",
    elsewhere=("proc/iomem",),
)
MEMORY_MAP_ENTRY = LedgerEntry(
    operation=Operation.READ,
    path="/sys/firmware/memmap/{}",
    reason="start, end and type of each range of that map",
    elsewhere=("proc/iomem",),
)
BOOT_LOG = LedgerEntry(
    operation=Operation.CALL,
    path="boot-log",
    reason="the same map where sysfs has none: only the BIOS-e820 and IOMMU lines of dmesg",
    needs_root=True,
    limit=1 << 24,
    elsewhere=_LOGS,
    may_be_empty="the log has no such line any more",
)
DMI_ID = LedgerEntry(
    operation=Operation.READ,
    path="/sys/class/dmi/id/{}",
    reason="vendor, model and firmware version: remedies differ; no serial number, no UUID",
    elsewhere=_DMI,
)
DMI_ENTRIES = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/firmware/dmi/entries",
    reason="which SMBIOS structures describe slots",
    elsewhere=_DMI[:1],
    may_be_empty="the firmware has no SMBIOS structures",
)
DMI_SLOT = LedgerEntry(
    operation=Operation.READ,
    path="/sys/firmware/dmi/entries/{}/raw",
    reason="SMBIOS type 9: the slot's name as printed on the board, and its PCI address",
    needs_root=True,
    elsewhere=_DMI[:1],
)
CPU = LedgerEntry(
    operation=Operation.READ,
    path="/proc/cpuinfo",
    reason="Intel or AMD, real or virtual: why there may be no table",
    window=8192,
    elsewhere=("cpuinfo", "lscpu"),
)
KERNEL_RELEASE = LedgerEntry(
    operation=Operation.READ,
    path="/proc/sys/kernel/osrelease",
    reason="which rules this kernel has for reserved regions",
    elsewhere=("uname_-a", "proc/version", *_LOGS),
)
COMMAND_LINE = LedgerEntry(
    operation=Operation.READ,
    path="/proc/cmdline",
    reason="the options that matter to the IOMMU; only those are kept in an answer",
    elsewhere=("cmdline", *_LOGS),
    may_be_empty="none of its options matters",
)
RESOURCES = LedgerEntry(
    operation=Operation.CALL,
    path="resources",
    reason="memory and boot time, by psutil",
)
HYPERVISOR_TYPE = LedgerEntry(
    operation=Operation.READ,
    path="/sys/hypervisor/type",
    reason="whether this kernel runs on Xen",
    elsewhere=_XEN,
)
XEN_GUEST_TYPE = LedgerEntry(
    operation=Operation.READ,
    path="/sys/hypervisor/guest_type",
    reason="a PVH dom0 is never shown the table",
)
XEN_CAPABILITIES = LedgerEntry(
    operation=Operation.READ,
    path="/proc/xen/capabilities",
    reason="whether it is dom0: control_d",
    elsewhere=_XEN,
    may_be_empty="this kernel runs in a guest, not in dom0",
)
XEN_VERSION = LedgerEntry(
    operation=Operation.READ,
    path="/sys/hypervisor/version/{}",
    reason="the hypervisor's release: rules differ between releases",
    elsewhere=_XEN,
)
XL_INFO = LedgerEntry(
    operation=Operation.CALL,
    path="xl-info",
    reason="Xen's command line (iommu=, rmrr=) and capabilities",
    needs_root=True,
    elsewhere=_XEN,
)
XEN_RDM = LedgerEntry(
    operation=Operation.CALL,
    path="xen-rdm",
    reason="the list that strategy=host uses: the hypervisor's own, by hypercall",
    needs_root=True,
    limit=1 << 24,
)
XEN_RDM_DEVICES = LedgerEntry(
    operation=Operation.CALL,
    path="xen-rdm-devices",
    reason="the same for each device: what a guest with this device reserves",
    needs_root=True,
    limit=1 << 28,
)
PCIBACK = LedgerEntry(
    operation=Operation.LIST,
    path="/sys/bus/pci/drivers/pciback",
    reason="which devices are assignable: bound to pciback",
    elsewhere=_PCI[1:],
    may_be_empty="no device is assignable",
)
LIBXLUTIL = LedgerEntry(
    operation=Operation.CALL,
    path="libxlutil",
    reason="how the installed xl reads a guest's rdm=, pci= and 0b numbers: asked in a child process",
    limit=1 << 26,
)

CLOCK = LedgerEntry(
    operation=Operation.CALL,
    path="clock",
    reason="when a bundle was made",
)
HOST_NAME = LedgerEntry(
    operation=Operation.READ,
    path="/proc/sys/kernel/hostname",
    reason="to replace it by host-1 where it stands elsewhere",
)
XL_DMESG = LedgerEntry(
    operation=Operation.CALL,
    path="xl-dmesg",
    reason="Xen's own log: what it made of the table; no line that a guest wrote",
    needs_root=True,
    limit=1 << 24,
    elsewhere=_XEN[1:],
)
XL_LIST = LedgerEntry(
    operation=Operation.CALL,
    path="xl-list",
    reason="the running guests: memory, layout, rdm and devices of `xl list -l`, nothing else",
    needs_root=True,
    limit=1 << 26,
)
XENSTORE_PCI = LedgerEntry(
    operation=Operation.CALL,
    path="xenstore-pci",
    reason="which devices xenstore says each guest has, and their state",
    needs_root=True,
    limit=1 << 24,
)

EVIDENCE = (CLOCK, HOST_NAME, XL_DMESG, XL_LIST, XENSTORE_PCI)
"""What a bundle holds for people besides: `dmaragent dump` reads it.  No answer uses it but that
of `dmaragent why`, which looks for messages in Xen's log."""

LEDGER = (
    ACPI_TABLES,
    ACPI_TABLE,
    UDEV_PCI,
    PCI_DEVICES,
    PCI_DEVICE,
    PCI_CLASS,
    PCI_VENDOR,
    PCI_DEVICE_ID,
    PCI_CONFIG,
    PCI_SECONDARY_BUS,
    PCI_DRIVER,
    PCI_PHYSFN,
    PCI_TOTAL_VFS,
    PCI_SLOTS,
    PCI_SLOT,
    IOMMU_GROUPS,
    IOMMU_GROUP_DEVICES,
    IOMMU_GROUP_REGIONS,
    MEMORY_MAP,
    MEMORY_MAP_ENTRY,
    BOOT_LOG,
    DMI_ID,
    DMI_ENTRIES,
    DMI_SLOT,
    CPU,
    KERNEL_RELEASE,
    COMMAND_LINE,
    RESOURCES,
    HYPERVISOR_TYPE,
    XEN_GUEST_TYPE,
    XEN_CAPABILITIES,
    XEN_VERSION,
    XL_INFO,
    XEN_RDM,
    XEN_RDM_DEVICES,
    PCIBACK,
    LIBXLUTIL,
    *EVIDENCE,
)
