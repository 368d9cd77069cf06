"""The facts that the rules for any vendor use: a host's table as bytes, and its surroundings."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory, Region
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.model import ListSource


class Need(Enum):
    """What a rule must know of a host; the value is its name in a sentence."""

    TABLE = "the table"
    PCI = "the PCI functions"
    MEMORY_MAP = "the memory map"
    BOOT_LOG = "the boot log"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """The facts of a host that the rules for any vendor's regions use."""

    inventory: Inventory
    content: bytes
    """The table's bytes; empty if there is no table."""
    functions: Mapping[SBDF, PciFunction] | None
    """The PCI functions that are present; None if they were not collected."""
    memory_map: MemoryMap | None
    boot_log: tuple[str, ...] | None
    """The lines of the boot log about the IOMMU; None if it was not read."""
    segments: frozenset[int] = frozenset()
    """The PCI segments that have functions."""

    @property
    def release(self) -> Release | None:
        """The release of Xen that the question names or that runs; None if it is unknown."""
        return self.inventory.xen.list.release

    @property
    def without_preboot(self) -> bool:
        """Whether the table shows that firmware did not use the IOMMU before boot; a DMAR cannot."""
        return False

    def kept_by_xen(self, region: Region) -> bool:
        """Return whether the running Xen lists `region`, so that no check of its memory refused it."""
        running = self.inventory.xen.list.source is ListSource.HYPERVISOR
        return running and region.xen.listed is True

    def knows(self, need: Need) -> bool:
        """Return whether `need` is known; a memory map counts only if it is complete."""
        known = {
            Need.TABLE: bool(self.content),
            Need.PCI: self.functions is not None,
            Need.MEMORY_MAP: self.memory_map is not None and not self.memory_map.incomplete,
            Need.BOOT_LOG: self.boot_log is not None,
        }
        return known[need]


def common_facts(inventory: Inventory) -> CheckFacts:
    """Return the facts for rules from the inventory of a whole host, whatever its table."""
    host, content = inventory.host, b""
    if host.reading is not None and isinstance(host.reading.content, bytes):
        content = host.reading.content
    functions = host.topology.functions
    return CheckFacts(
        inventory=inventory,
        content=content,
        functions=None if isinstance(functions, Missing) else functions,
        memory_map=None if isinstance(host.memory_map, Missing) else host.memory_map,
        boot_log=host.iommu_log,
        segments=frozenset(sbdf.segment for sbdf in host.topology.known),
    )
