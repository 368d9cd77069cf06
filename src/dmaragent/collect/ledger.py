"""The ledger: everything dmaragent reads of a host, and why.  Nothing else is opened.

A host is asked with a :class:`HostRequest`, and only an entry of this ledger makes one.
``docs/ledger.md`` is written from it (``make docs``), and a test holds them equal.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
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
    needs_root: bool = field(default=False, compare=False)
    """Whether only root gets an answer."""


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
    """Return a line of the ledger, which is entered in it."""
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
"""Other places of readings: a name stands for what collectors call the output of the command."""

ACPI_TABLES = _list(
    "/sys/firmware/acpi/tables",
    "which tables the kernel shows: DMAR, or RMAD in a Xen PV dom0, or neither",
)
ACPI_TABLE = _read(
    "/sys/firmware/acpi/tables/{}",
    "the DMAR table itself: DMAR, RMAD or XMAR, numbered from 1 where there are several",
    needs_root=True,
    limit=1 << 24,
    elsewhere=("acpidump.out",),
)
UDEV_PCI = _call(
    "udev-pci",
    "the PCI functions, where they are in sysfs and what udev's database calls them",
    limit=1 << 28,
    elsewhere=_PCI[2:3],
)
PCI_DEVICES = _list(
    "/sys/bus/pci/devices",
    "the PCI functions, where the udev enumeration is not to be had",
    elsewhere=_PCI,
)
PCI_DEVICE = _link("/sys/bus/pci/devices/{}", "where a PCI function is in sysfs, likewise")
PCI_CLASS = _read(
    "{}/class",
    "what kind of device owns a region; which functions are bridges",
    elsewhere=(_PCI[0], *_PCI[2:]),
)
PCI_VENDOR = _read("{}/vendor", "which device owns a region", elsewhere=_PCI)
PCI_DEVICE_ID = _read("{}/device", "which device owns a region", elsewhere=_PCI)
PCI_CONFIG = _read(
    "{}/config",
    "the first 64 bytes: the bus behind a bridge where the attribute is missing",
    limit=4096,
    window=64,
    elsewhere=(_PCI[0], _PCI[3]),
)
PCI_SECONDARY_BUS = _read(
    "{}/secondary_bus_number",
    "the bus behind a bridge: a device scope's path leads through bridges",
    elsewhere=_PCI[2:],
)
PCI_DRIVER = _link(
    "{}/driver", "who drives a device: its driver, pciback, vfio-pci or nobody", elsewhere=_PCI[1:]
)
PCI_PHYSFN = _link(
    "{}/physfn",
    "which functions are SR-IOV virtual functions, and of which device",
    elsewhere=_PCI[3:],
)
PCI_TOTAL_VFS = _read(
    "{}/sriov_totalvfs",
    "which devices could give a virtual function instead of themselves",
    elsewhere=_PCI[3:],
)
PCI_SLOTS = _list(
    "/sys/bus/pci/slots",
    "the physical slots, to say which card is meant",
    elsewhere=_PCI[3:],
    may_be_empty="no driver of slots is there",
)
PCI_SLOT = _read(
    "/sys/bus/pci/slots/{}/address",
    "which device is in a physical slot",
    elsewhere=_PCI[3:],
    may_be_empty="nothing is in the slot",
)
IOMMU_GROUPS = _list(
    "/sys/kernel/iommu_groups",
    "the IOMMU groups: only whole groups can be passed through by Linux",
    elsewhere=_PCI[3:],
    may_be_empty="Linux does not use the IOMMU",
)
IOMMU_GROUP_DEVICES = _list(
    "/sys/kernel/iommu_groups/{}/devices", "which devices share a group", elsewhere=_PCI[3:]
)
IOMMU_GROUP_REGIONS = _read(
    "/sys/kernel/iommu_groups/{}/reserved_regions",
    "what Linux itself makes of the reserved regions: locked or relaxable",
)
MEMORY_MAP = _list(
    "/sys/firmware/memmap",
    "the firmware's memory map: a region should lie in reserved memory",
    elsewhere=("proc/iomem",),
)
MEMORY_MAP_ENTRY = _read(
    "/sys/firmware/memmap/{}",
    "start, end and type of each range of that map",
    elsewhere=("proc/iomem",),
)
BOOT_LOG = _call(
    "boot-log",
    "the same map where sysfs has none: only the BIOS-e820 and IOMMU lines of dmesg",
    needs_root=True,
    limit=1 << 24,
    elsewhere=_LOGS,
    may_be_empty="the log has no such line any more",
)
DMI_ID = _read(
    "/sys/class/dmi/id/{}",
    "vendor, model and firmware version: remedies differ; no serial number, no UUID",
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
    "Intel or AMD, real or virtual: why there may be no table",
    window=8192,
    elsewhere=("cpuinfo", "lscpu"),
)
KERNEL_RELEASE = _read(
    "/proc/sys/kernel/osrelease",
    "which rules this kernel has for reserved regions",
    elsewhere=("uname_-a", "proc/version", *_LOGS),
)
COMMAND_LINE = _read(
    "/proc/cmdline",
    "the options that matter to the IOMMU; only those are kept in an answer",
    elsewhere=("cmdline", *_LOGS),
    may_be_empty="none of its options matters",
)
RESOURCES = _call("resources", "memory and boot time, by psutil")
HYPERVISOR_TYPE = _read("/sys/hypervisor/type", "whether this kernel runs on Xen", elsewhere=_XEN)
XEN_GUEST_TYPE = _read("/sys/hypervisor/guest_type", "a PVH dom0 is never shown the table")
XEN_CAPABILITIES = _read(
    "/proc/xen/capabilities",
    "whether it is dom0: control_d",
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
    "the list that strategy=host uses: the hypervisor's own, by hypercall",
    needs_root=True,
    limit=1 << 24,
)
XEN_RDM_DEVICES = _call(
    "xen-rdm-devices",
    "the same for each device: what a guest with this device reserves",
    needs_root=True,
    limit=1 << 28,
)
PCIBACK = _list(
    "/sys/bus/pci/drivers/pciback",
    "which devices are assignable: bound to pciback",
    elsewhere=_PCI[1:],
    may_be_empty="no device is assignable",
)
LIBXLUTIL = _call(
    "libxlutil",
    "how the installed xl reads a guest's rdm=, pci= and 0b numbers: asked in a child process",
    limit=1 << 26,
)
CLOCK = _call("clock", "when a bundle was made")
HOST_NAME = _read("/proc/sys/kernel/hostname", "to replace it by host-1 where it stands elsewhere")
XL_DMESG = _call(
    "xl-dmesg",
    "Xen's own log: what it made of the table; no line that a guest wrote",
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
    "which devices xenstore says each guest has, and their state",
    needs_root=True,
    limit=1 << 24,
)

EVIDENCE = (CLOCK, HOST_NAME, XL_DMESG, XL_LIST, XENSTORE_PCI)
"""What a bundle holds for people besides: `dmaragent dump` reads it.  No answer uses it but that
of `dmaragent why`, which looks for messages in Xen's log."""

LEDGER = tuple(_entries)
