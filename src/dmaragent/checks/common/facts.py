"""What rules look at, whoever made the IOMMU: a host's table as bytes, and what is around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.readings import Missing
from dmaragent.releases import Release


class Need(Enum):
    """What of a host a rule must know; the value says it in words."""

    TABLE = "the table"
    PCI = "the PCI functions"
    MEMORY_MAP = "the firmware's memory map"
    BOOT_LOG = "the boot log"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """A host, as far as it is checked by rules for any vendor's regions."""

    inventory: Inventory
    content: bytes
    """The table's bytes; empty where there is none."""
    functions: Mapping[SBDF, PciFunction] | None
    """The functions that answer; None where they were not collected."""
    memory_map: MemoryMap | None
    boot_log: tuple[str, ...] | None
    """The lines of the boot log about the IOMMU; None where it was not read."""
    segments: frozenset[int] = frozenset()
    """The PCI segments that functions answer in."""

    @property
    def release(self) -> Release | None:
        """The release of Xen that is asked about or runs; None where it is not known."""
        return self.inventory.xen.list.release

    def knows(self, need: Need) -> bool:
        """Return whether `need` is known, the memory map whole."""
        known = {
            Need.TABLE: bool(self.content),
            Need.PCI: self.functions is not None,
            Need.MEMORY_MAP: self.memory_map is not None and not self.memory_map.incomplete,
            Need.BOOT_LOG: self.boot_log is not None,
        }
        return known[need]


def common_facts(inventory: Inventory) -> CheckFacts:
    """Gather what rules look at from the inventory of a whole host, whatever its table."""
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
