"""What was read from a host, undigested, and what could not be read and why.

A reading is a value or a :class:`Missing`.  The kinds of missing are different
answers to different questions and are never confused: a sosreport that holds no
DMAR table says nothing about the host it came from.
"""

from dataclasses import dataclass
from enum import Enum


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


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no value; `detail` says more in the system's own words, or is empty."""

    kind: MissingKind
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReading:
    """One ACPI table file that may be a DMAR table: where it is and what it holds."""

    name: str
    """As the kernel names it: a signature, and a number from the second one on."""
    path: str
    content: bytes | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class PciReading:
    """What was read of one PCI function; attributes are the bytes of the sysfs files."""

    name: str
    """The function's name in sysfs, which is its SBDF on every sound system."""
    path: str
    """Its directory in sysfs."""
    class_code: bytes | Missing
    vendor: bytes | Missing
    device: bytes | Missing
    config: bytes | Missing
    """The first 64 bytes of its configuration space."""
    secondary_bus: bytes | Missing
    driver: str | Missing
    """The target of the link to its driver."""
    names: tuple[tuple[str, str], ...] = ()
    """What udev's hardware database calls it: property and value, sorted; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSnapshot:
    """A host as it was read: the input of every decision."""

    acpi_tables: tuple[str, ...] | Missing
    """The names of all ACPI tables the kernel shows, sorted."""
    tables: tuple[TableReading, ...]
    """Those of them that may be a DMAR table, best first."""
    pci: tuple[PciReading, ...] | Missing
    """The host's PCI functions, sorted by name."""
