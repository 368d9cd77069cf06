"""What rules look at: a host's table with its bytes, and what is known around it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import TypeVar

from dmaragent.addresses import SBDF
from dmaragent.checks.vtd.scope_entries import ScopeEntry, entries_of
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory, Region
from dmaragent.readings import Missing
from dmaragent.releases import Release
from fwtables import DMAR, Decoded, Structure, located

_Structure = TypeVar("_Structure", bound=Structure)


class Need(Enum):
    """What of a host a rule must know; the value says it in words."""

    TABLE = "the table"
    PCI = "the PCI functions"
    MEMORY_MAP = "the firmware's memory map"
    BOOT_LOG = "the boot log"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A host, as far as it is checked."""

    inventory: Inventory
    table: DMAR | None
    """None where there is none, or not even its fixed part could be read."""
    content: bytes
    """The table's bytes; empty where there is none."""
    structures: tuple[tuple[int, Structure], ...]
    """The table's structures with their offsets, in table order."""
    functions: Mapping[SBDF, PciFunction] | None
    """The functions that answer; None where they were not collected."""
    memory_map: MemoryMap | None
    boot_log: tuple[str, ...] | None
    """The lines of the boot log about the IOMMU; None where it was not read."""
    scopes: Mapping[int, tuple[ScopeEntry, ...]]
    """The device scope entries of each structure that has a scope, by its offset."""
    segments: frozenset[int] = frozenset()
    """The PCI segments that functions answer in."""

    @property
    def entries(self) -> Iterator[ScopeEntry]:
        """Every device scope entry of the table, in table order."""
        return chain.from_iterable(self.scopes.values())

    @property
    def region_scopes(self) -> Iterator[tuple[Region, tuple[ScopeEntry, ...]]]:
        """Each region with the entries of its scope."""
        return ((region, self.scopes[region.offset]) for region in self.inventory.all_regions)

    @property
    def release(self) -> Release | None:
        """The release of Xen that is asked about or runs; None where it is not known."""
        return self.inventory.xen.list.release

    def of(self, kind: type[_Structure]) -> Iterator[tuple[int, _Structure]]:
        """Yield the structures of one kind with their offsets, in table order."""
        for offset, structure in self.structures:
            if isinstance(structure, kind):
                yield offset, structure

    def knows(self, need: Need) -> bool:
        """Return whether `need` is known, the memory map whole."""
        known = {
            Need.TABLE: bool(self.content),
            Need.PCI: self.functions is not None,
            Need.MEMORY_MAP: self.memory_map is not None and not self.memory_map.incomplete,
            Need.BOOT_LOG: self.boot_log is not None,
        }
        return known[need]


def facts_of(inventory: Inventory) -> TableFacts:
    """Gather what rules look at from the inventory of a whole host."""
    host = inventory.host
    decoded, content = host.table, b""
    if host.reading is not None and isinstance(host.reading.content, bytes):
        content = host.reading.content
    table = decoded.table if isinstance(decoded, Decoded) else None
    functions = host.topology.functions
    structures = () if table is None else tuple(located(table))
    return TableFacts(
        inventory=inventory,
        table=table,
        content=content,
        structures=structures,
        scopes=dict(entries_of(structures, inventory)),
        functions=None if isinstance(functions, Missing) else functions,
        memory_map=None if isinstance(host.memory_map, Missing) else host.memory_map,
        boot_log=host.iommu_log,
        segments=frozenset(sbdf.segment for sbdf in host.topology.known),
    )
