"""The inventory: every reserved region of a host, who owns it and how that was found.

Pure.  A region is what one RMRR structure says, in table order, whole: regions that
touch or repeat each other are not merged, because their owners differ.
"""

from dataclasses import dataclass, replace

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Hop, Host, Located, PciFunction, Presence
from dmaragent.snapshot import Missing, TableReading
from fwtables import RMRR, Decoded, located, structure_length
from fwtables.constants import ScopeType

_COUNTED = frozenset(
    {
        ScopeType.PCI_ENDPOINT,
        ScopeType.PCI_SUB_HIERARCHY,
        ScopeType.IOAPIC,
        ScopeType.MSI_CAPABLE_HPET,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One device scope entry of a region: the device that firmware means."""

    scope_type: int
    enumeration_id: int
    start_bus: int
    presence: Presence
    sbdf: SBDF | None
    """None where a bridge on the way is missing, so that the device's bus is not known."""
    hops: tuple[Hop, ...]
    reason: str
    """Why it is not present, or empty."""
    function: PciFunction | None
    """What answers there, if something does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One reserved region: what an RMRR structure says, and who it says it of."""

    segment: int
    base: int
    limit: int
    """The last byte, as the table has it; below `base` in a table that is wrong."""
    offset: int
    """Of the RMRR structure in the table, in bytes."""
    length: int
    """Of the RMRR structure, in bytes."""
    owners: tuple[Owner, ...]

    @property
    def range(self) -> AddressRange | None:
        """The addresses, or None where the limit lies below the base."""
        return AddressRange(self.base, self.limit + 1) if self.base <= self.limit else None

    @property
    def size(self) -> int:
        """Its size in bytes; 0 where the limit lies below the base."""
        return self.range.size if self.range else 0

    @property
    def sharers(self) -> int:
        """How many devices Xen counts in its scope: entries, present or not.

        Namespace devices and unknown types do not count.  Source: Xen
        drivers/passthrough/vtd/dmar.c, ``scope_device_count``.
        """
        return sum(owner.scope_type in _COUNTED for owner in self.owners)

    @property
    def shared(self) -> bool:
        """Whether Xen takes it for shared: vtd/iommu.c, ``intel_iommu_assign_device``."""
        return self.sharers > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every reserved region of a host, in table order, and what limits the answer."""

    reading: TableReading | None
    table: Decoded | Missing
    other_tables: tuple[TableReading, ...]
    acpi_tables: tuple[str, ...] | Missing
    functions: int | Missing
    """How many PCI functions answer."""
    regions: tuple[Region, ...]
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the table was read without damage, so that no region can be missing."""
        return isinstance(self.table, Decoded) and not self.table.damage

    def of_device(self, sbdf: SBDF) -> "Inventory":
        """Give the inventory with only the regions that name `sbdf`."""
        named = (each for each in self.regions if any(one.sbdf == sbdf for one in each.owners))
        return replace(self, regions=tuple(named))


def take_inventory(host: Host) -> Inventory:
    """Take the inventory of `host`."""
    regions: list[Region] = []
    if isinstance(host.table, Decoded) and host.table.table is not None:
        for offset, structure in located(host.table.table):
            if isinstance(structure, RMRR):
                regions.append(_region(host, offset, structure))
    return Inventory(
        reading=host.reading,
        table=host.table,
        other_tables=host.other_tables,
        acpi_tables=host.acpi_tables,
        functions=host.functions if isinstance(host.functions, Missing) else len(host.functions),
        regions=tuple(regions),
        problems=host.problems,
    )


def _region(host: Host, offset: int, rmrr: RMRR) -> Region:
    places = (host.locate(rmrr.segment_number, scope) for scope in rmrr.device_scope)
    return Region(
        segment=rmrr.segment_number,
        base=rmrr.base_address,
        limit=rmrr.limit_address,
        offset=offset,
        length=structure_length(rmrr),
        owners=tuple(_owner(host, place) for place in places),
    )


def _owner(host: Host, place: Located) -> Owner:
    function = None
    if place.sbdf is not None and not isinstance(host.functions, Missing):
        function = host.functions.get(place.sbdf)
    return Owner(
        scope_type=place.scope.type,
        enumeration_id=place.scope.enumeration_id,
        start_bus=place.scope.start_bus_number,
        presence=place.presence,
        sbdf=place.sbdf,
        hops=place.hops,
        reason=place.reason,
        function=function,
    )
