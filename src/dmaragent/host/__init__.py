"""The join: what was read becomes one host of table, PCI functions, memory map and hypervisor.

Pure: ``join`` is a function from a :class:`~dmaragent.readings.HostSnapshot` to a
:class:`Host`.  A reading that cannot be used becomes a problem line, never an
exception and never a silent gap.
"""

import re
from collections import Counter
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.firmware import Machine, join_machine, join_memory_map, join_slots
from dmaragent.host.groups import IommuGroup, join_groups
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.parse import MOST_OF_A_KIND, Problems
from dmaragent.host.pci import join_pci
from dmaragent.host.system import System, join_system
from dmaragent.host.topology import PciTopology
from dmaragent.host.unreadable import tell_faults
from dmaragent.host.xen import XenHost, join_xen
from dmaragent.readings import HostSnapshot, Missing, MissingKind, TableReading
from fwtables import Decoded, decode

MOST_SCOPE_ENTRIES = 16384
"""Device scope entries, of all its structures together, of a table that is examined."""
_LOGGED_TABLE = re.compile(r"ACPI: (?:DMAR|RMAD|XMAR) (?:0x)?[0-9A-Fa-f]")

_FOREIGN_RAM = "dom0's memory map leaves out RAM of Xen and of guests"


class Host(NamedTuple):
    """A host: its DMAR table, decoded, its PCI functions and what surrounds them."""

    reading: TableReading | None
    """The table in effect: the first that can be read, else the first there is."""
    table: Decoded | Missing
    other_tables: tuple[TableReading, ...]
    """DMAR tables besides the one in effect."""
    acpi_tables: tuple[str, ...] | Missing
    logged_table: str | None
    """The boot log's line about the table, if there is one."""
    iommu_log: tuple[str, ...] | None
    """The boot log's lines about the IOMMU, memory map left out; None where it was not read."""
    topology: PciTopology
    groups: tuple[IommuGroup, ...] | Missing
    memory_map: MemoryMap | Missing
    machine: Machine
    system: System
    xen: XenHost | None
    """None where the kernel does not run on Xen, as far as is known."""
    sources: tuple[tuple[str, str], ...]
    """Of a collector's report: readings, and the files of the report that they are from."""
    problems: tuple[str, ...]
    """What could not be read or understood, a sentence each."""

    @property
    def ram_map(self) -> MemoryMap | Missing:
        """The memory map as far as it shows RAM: dom0's leaves out RAM that is not its own.

        Source: Linux arch/x86/xen/setup.c, ``xen_memory_setup``.
        """
        if self.xen is None or isinstance(self.memory_map, Missing):
            return self.memory_map
        return self.memory_map._replace(foreign_ram=_FOREIGN_RAM)


def join(snapshot: HostSnapshot) -> Host:
    """Join the readings of `snapshot` to a host."""
    problems = Problems()
    reading, table = _table(snapshot)
    groups = join_groups(snapshot.iommu_groups, problems)
    group_of: dict[SBDF, int] = {}
    if not isinstance(groups, Missing):
        group_of = {sbdf: group.number for group in groups for sbdf in group.devices}
    slots = join_slots(snapshot.system, problems)
    topology = join_pci(snapshot, group_of, slots, problems)
    memory_map = join_memory_map(snapshot, problems)
    system = join_system(snapshot.system, problems)
    xen = join_xen(snapshot.xen, problems)
    tell_faults(snapshot, problems)
    return Host(
        reading=reading,
        table=table,
        other_tables=tuple(each for each in snapshot.tables if each is not reading),
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
    )


def _examined(decoded: Decoded) -> Decoded | Missing:
    """Return `decoded`, or why it is not examined: it has more than any machine's table."""
    structures = decoded.table.structures if decoded.table else ()
    kinds = Counter(map(type, structures))
    counts = [
        (number, MOST_OF_A_KIND, f"{kind.__name__} structures") for kind, number in kinds.items()
    ]
    entries = sum(len(getattr(structure, "device_scope", ())) for structure in structures)
    counts.append((entries, MOST_SCOPE_ENTRIES, "device scope entries"))
    for number, most, what in counts:
        if number > most:
            why = f"it has {number:,} {what}, and more than {most:,} are not examined"
            return Missing(MissingKind.FAILED, f"{why}; `dmaragent decode` shows all of them")
    return decoded


def _logged_table(log: bytes | Missing) -> str | None:
    lines = () if isinstance(log, Missing) else log.decode("utf-8", "backslashreplace").splitlines()
    return next((line.strip() for line in lines if _LOGGED_TABLE.search(line)), None)


def _iommu_log(log: bytes | Missing) -> tuple[str, ...] | None:
    if isinstance(log, Missing):
        return None
    lines = log.decode("utf-8", "backslashreplace").splitlines()
    return tuple(line for line in lines if "BIOS-e820: " not in line)


def _table(snapshot: HostSnapshot) -> tuple[TableReading | None, Decoded | Missing]:
    readable = (each for each in snapshot.tables if isinstance(each.content, bytes))
    reading = next(readable, None) or next(iter(snapshot.tables), None)
    if reading is not None:
        content = reading.content
        return reading, content if isinstance(content, Missing) else _examined(decode(content))
    if isinstance(snapshot.acpi_tables, Missing):
        return None, snapshot.acpi_tables
    return None, Missing(MissingKind.ABSENT)
