"""The facts that rules for a DMAR use: its structures, its scope entries, the common facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from dmaragent.checks.common.facts import CheckFacts, common_facts
from dmaragent.checks.vtd.subjects import ScopeEntry, entries_of
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.vtd import dmar_of
from dmaragent.readings import Missing
from fwtables import DMAR, Structure, located

_Structure = TypeVar("_Structure", bound=Structure)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts(CheckFacts):
    """The facts of a host with a DMAR that rules use."""

    table: DMAR | None
    """None if there is no table, or not even its header could be read."""
    structures: tuple[tuple[int, Structure], ...]
    """The table's structures with their offsets, in table order."""
    scopes: Mapping[int, tuple[ScopeEntry, ...]]
    """The device scope entries of each structure that has a scope, by its offset."""

    @property
    def entries(self) -> Iterator[ScopeEntry]:
        """Every device scope entry of the table, in table order."""
        return chain.from_iterable(self.scopes.values())

    @property
    def region_scopes(self) -> Iterator[tuple[Region, tuple[ScopeEntry, ...]]]:
        """Each region with the entries of its scope."""
        return ((region, self.scopes[region.entry.offset]) for region in self.inventory.all_regions)

    def of(self, kind: type[_Structure]) -> Iterator[tuple[int, _Structure]]:
        """Yield the structures of one kind with their offsets, in table order."""
        for offset, structure in self.structures:
            if isinstance(structure, kind):
                yield offset, structure


def facts_of(inventory: Inventory) -> TableFacts:
    """Return the facts for rules from the inventory of a whole host."""
    iommu = inventory.iommu
    table = None if isinstance(iommu, Missing) else dmar_of(iommu)
    structures = () if table is None else tuple(located(table))
    common = common_facts(inventory)
    return TableFacts(
        inventory=inventory,
        content=common.content,
        functions=common.functions,
        memory_map=common.memory_map,
        boot_log=common.boot_log,
        segments=common.segments,
        table=table,
        structures=structures,
        scopes=dict(entries_of(structures, inventory)),
    )
