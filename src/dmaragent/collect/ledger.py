"""The ledger: everything dmaragent reads of a host, and why.  Nothing else is opened.

A host is asked with a :class:`Request`, and only an entry of this ledger makes one.
``docs/ledger.md`` is written from it (``make docs``), and a test holds them equal.
"""

from dataclasses import dataclass
from enum import Enum


class Operation(Enum):
    """What can be asked of a host."""

    READ = "read"
    """The bytes of a file."""
    LIST = "list"
    """The names in a directory."""
    LINK = "link"
    """The target of a symbolic link."""
    CALL = "call"
    """The output of a call that is no file: the udev enumeration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a host."""

    operation: Operation
    path: str
    """Absolute; for a call, its name."""
    limit: int
    """A file of more bytes than this is an error."""
    window: int | None
    """Read only so many bytes from the start; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger: what is read, with ``{}`` for what varies, and why."""

    operation: Operation
    path: str
    reason: str
    needs_root: bool = False
    limit: int = 1 << 16
    window: int | None = None

    def request(self, part: str = "") -> Request:
        """Ask for this entry, `part` in the place of the ``{}`` of its path."""
        return Request(
            operation=self.operation,
            path=self.path.replace("{}", part),
            limit=self.limit,
            window=self.window,
        )


ACPI_TABLES = Entry(
    operation=Operation.LIST,
    path="/sys/firmware/acpi/tables",
    reason="which tables the kernel shows: DMAR, or RMAD in a Xen PV dom0, or neither",
)
ACPI_TABLE = Entry(
    operation=Operation.READ,
    path="/sys/firmware/acpi/tables/{}",
    reason="the DMAR table itself: DMAR, RMAD, XMAR, and the numbered ones after the first",
    needs_root=True,
    limit=1 << 24,
)
UDEV_PCI = Entry(
    operation=Operation.CALL,
    path="udev-pci",
    reason="the PCI functions, where they are in sysfs and what udev's database calls them",
    limit=1 << 28,
)
PCI_DEVICES = Entry(
    operation=Operation.LIST,
    path="/sys/bus/pci/devices",
    reason="the PCI functions, where the udev enumeration is not to be had",
)
PCI_DEVICE = Entry(
    operation=Operation.LINK,
    path="/sys/bus/pci/devices/{}",
    reason="where a PCI function is in sysfs, likewise",
)
PCI_CLASS = Entry(
    operation=Operation.READ,
    path="{}/class",
    reason="what kind of device owns a region; which functions are bridges",
)
PCI_VENDOR = Entry(operation=Operation.READ, path="{}/vendor", reason="which device owns a region")
PCI_DEVICE_ID = Entry(
    operation=Operation.READ, path="{}/device", reason="which device owns a region"
)
PCI_CONFIG = Entry(
    operation=Operation.READ,
    path="{}/config",
    reason="the first 64 bytes: the bus behind a bridge where the attribute is missing",
    limit=4096,
    window=64,
)
PCI_SECONDARY_BUS = Entry(
    operation=Operation.READ,
    path="{}/secondary_bus_number",
    reason="the bus behind a bridge: a device scope's path leads through bridges",
)
PCI_DRIVER = Entry(
    operation=Operation.LINK,
    path="{}/driver",
    reason="who drives a device: its driver, pciback, vfio-pci or nobody",
)

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
)
