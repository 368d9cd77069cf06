"""The host: all readings joined to tables, PCI functions, memory map, system and hypervisor.

Pure: ``join`` is a function from a :class:`~dmaragent.readings.HostSnapshot` to a
:class:`Host`.  A reading that cannot be used becomes a sentence in `problems`, never an
exception.
"""

import re
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host import words
from dmaragent.host.groups import IommuGroup, join_groups, join_noiommu_groups
from dmaragent.host.memory_map import MemoryMap, join_memory_map
from dmaragent.host.parse import Problems, lines_of
from dmaragent.host.pci import join_pci
from dmaragent.host.smbios import Machine, join_machine, join_slots
from dmaragent.host.system import System, join_system
from dmaragent.host.topology import PciTopology
from dmaragent.host.unreadable import report_unreadable
from dmaragent.host.xen import XenHost, is_xen_unread, join_xen
from dmaragent.readings import (
    HostSnapshot,
    Missing,
    MissingKind,
    TableReading,
    lists_every_table,
)
from dmaragent.releases import Release

_LOGGED_TABLE = re.compile(r"ACPI: (DMAR|RMAD|XMAR|IVRS) (?:0x)?[0-9A-Fa-f]")


class LoggedTable(NamedTuple):
    """A table of IOMMUs that the kernel found at boot."""

    name: str
    """DMAR, RMAD, XMAR or IVRS."""
    line: str
    """The line of the boot log."""


class Host(NamedTuple):
    """A host: its firmware tables, PCI functions, memory map, system and hypervisor."""

    tables: tuple[TableReading, ...]
    """The firmware's IOMMU tables as bytes; ``iommu/table.py`` decodes them."""
    acpi_tables: tuple[str, ...] | Missing
    logged_table: LoggedTable | None
    """The boot log's line about the table, if there is one."""
    iommu_log: tuple[str, ...] | None
    """The boot log without its memory map; None if it was not read."""
    topology: PciTopology
    groups: tuple[IommuGroup, ...] | Missing
    memory_map: MemoryMap | Missing
    machine: Machine
    system: System
    xen: XenHost | None
    """None if no reading shows that the kernel runs on Xen."""
    sources: tuple[tuple[str, str], ...]
    """For a collector's report: each reading with the file of the report that has it."""
    problems: tuple[str, ...]
    """The readings that could not be read or understood, a sentence each."""
    noiommu_groups: tuple[IommuGroup, ...] = ()
    """The groups in sysfs that VFIO made without an IOMMU (vfio-noiommu): not among `groups`."""
    xen_unread: bool = False
    """Whether a file that would show Xen exists and could not be read."""

    @property
    def reading(self) -> TableReading | None:
        """The table in effect: the first readable one, else the first."""
        readable = (table for table in self.tables if isinstance(table.content, bytes))
        return next(readable, None) or next(iter(self.tables), None)

    @property
    def other_tables(self) -> tuple[TableReading, ...]:
        """The tables besides the one in effect."""
        reading = self.reading
        return tuple(table for table in self.tables if table is not reading)

    @property
    def lists_every_table(self) -> bool:
        """Whether a table that is not in :attr:`acpi_tables` is absent."""
        return lists_every_table(self.acpi_tables)

    @property
    def running_release(self) -> Release | None:
        """The release of Xen that runs, if it is known."""
        return None if self.xen is None else self.xen.release

    @property
    def xen_command_line(self) -> str:
        """Xen's own boot options; empty if they are unknown."""
        return "" if self.xen is None else self.xen.command_line or ""

    @property
    def is_table_alone(self) -> bool:
        """Whether the table is the only thing collected from the host."""
        readings = (self.topology.functions, self.groups, self.memory_map)
        known = (self.xen, self.system.kernel_release, self.system.cpu_vendor, self.machine.vendor)
        return not any(known) and all(
            isinstance(reading, Missing) and reading.kind is MissingKind.NOT_COLLECTED
            for reading in readings
        )

    @property
    def ram_map(self) -> MemoryMap | Missing:
        """The memory map, marked as lacking RAM if it is dom0's: dom0 sees only its own RAM.

        Source: Linux arch/x86/xen/setup.c, ``xen_memory_setup``.
        """
        if self.xen is None or isinstance(self.memory_map, Missing):
            return self.memory_map
        return self.memory_map._replace(foreign_ram=words.FOREIGN_RAM)


def join(snapshot: HostSnapshot) -> Host:
    """Join the readings of `snapshot` to a host."""
    problems = Problems()
    groups = join_groups(snapshot.iommu_groups, problems)
    noiommu_groups = join_noiommu_groups(snapshot.iommu_groups, problems)
    group_of: dict[SBDF, int] = {}
    if not isinstance(groups, Missing):
        group_of = {sbdf: group.number for group in groups for sbdf in group.devices}
    slots = join_slots(snapshot.system, problems)
    topology = join_pci(snapshot, group_of, slots, problems)
    memory_map = join_memory_map(snapshot, problems)
    system = join_system(snapshot.system, problems)
    xen = join_xen(snapshot.xen, problems, snapshot.boot_log)
    report_unreadable(snapshot, problems)
    return Host(
        tables=snapshot.tables,
        acpi_tables=snapshot.acpi_tables,
        logged_table=_logged_table(snapshot.boot_log),
        iommu_log=_iommu_log(snapshot.boot_log),
        topology=topology,
        groups=groups,
        memory_map=memory_map,
        machine=join_machine(snapshot.system),
        system=system,
        xen=xen,
        sources=snapshot.sources,
        problems=tuple(problems.lines),
        noiommu_groups=noiommu_groups,
        xen_unread=is_xen_unread(snapshot.xen),
    )


def _logged_table(log: bytes | Missing) -> LoggedTable | None:
    lines = () if isinstance(log, Missing) else lines_of(log.decode("utf-8", "backslashreplace"))
    matches = ((_LOGGED_TABLE.search(line), line) for line in lines)
    return next((LoggedTable(match[1], line.strip()) for match, line in matches if match), None)


def _iommu_log(log: bytes | Missing) -> tuple[str, ...] | None:
    if isinstance(log, Missing):
        return None
    lines = lines_of(log.decode("utf-8", "backslashreplace"))
    return tuple(line for line in lines if "BIOS-e820: " not in line)
