"""The remapping units (DRHD) of a host: which unit serves which device.

Pure.  The rule is VT-d 8.3's: the unit whose scope names the device or a bridge above
it, else the unit of its segment that has INCLUDE_PCI_ALL.  Linux finds it in
drivers/iommu/intel/dmar.c, ``dmar_find_matched_drhd_unit``, Xen in vtd/dmar.c,
``acpi_find_matched_drhd_unit``.  A virtual function is served with its physical one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.addresses import SBDF
from dmaragent.topology import Located, PciTopology
from fwtables import DMAR, DRHD, RHSA, SATC, located
from fwtables.constants import ScopeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One remapping unit: its DRHD structure, where its scopes lead, its NUMA node."""

    offset: int
    drhd: DRHD
    scopes: tuple[Located, ...]
    proximity_domain: int | None
    """From the RHSA structure that names its registers."""


class Units:
    """The units of a table, in table order, and the way from a device to its unit."""

    def __init__(self, table: DMAR | None, topology: PciTopology) -> None:
        self._topology = topology
        self.units = tuple(_units(table, topology)) if table else ()
        self._exact: dict[SBDF, Unit] = {}
        self._behind: dict[tuple[int, int], Unit] = {}
        self._all: dict[int, Unit] = {}
        for unit in self.units:
            self._index(unit)

    def of(self, sbdf: SBDF) -> Unit | None:
        """Give the unit that serves `sbdf`, or None where the table has none for it."""
        function = self._topology.known.get(sbdf)
        if function is not None and function.physical_function is not None:
            sbdf = function.physical_function
        return (
            self._exact.get(sbdf)
            or self._behind.get((sbdf.segment, sbdf.bus))
            or self._all.get(sbdf.segment)
        )

    def _index(self, unit: Unit) -> None:
        if unit.drhd.include_pci_all:
            self._all.setdefault(unit.drhd.segment_number, unit)
        for place in unit.scopes:
            if place.sbdf is None:
                continue
            if place.scope.type in (ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY):
                self._exact.setdefault(place.sbdf, unit)
            bridge = self._topology.known.get(place.sbdf)
            if place.scope.type != ScopeType.PCI_SUB_HIERARCHY or bridge is None:
                continue
            if bridge.secondary_bus is not None:
                last = bridge.subordinate_bus or bridge.secondary_bus
                for bus in range(bridge.secondary_bus, last + 1):
                    self._behind.setdefault((place.sbdf.segment, bus), unit)


def _units(table: DMAR, topology: PciTopology) -> Iterator[Unit]:
    domains = {
        each.register_base_address: each.proximity_domain
        for each in table.structures
        if isinstance(each, RHSA)
    }
    for offset, each in located(table):
        if isinstance(each, DRHD):
            scopes = (topology.locate(each.segment_number, scope) for scope in each.device_scope)
            yield Unit(
                offset=offset,
                drhd=each,
                scopes=tuple(scopes),
                proximity_domain=domains.get(each.register_base_address),
            )


def translation_cached(table: DMAR | None, topology: PciTopology) -> frozenset[SBDF]:
    """Give the devices that SATC structures say have an address translation cache, VT-d 8.8."""
    satcs = [each for each in (table.structures if table else ()) if isinstance(each, SATC)]
    places = (
        topology.locate(each.segment_number, scope) for each in satcs for scope in each.device_scope
    )
    return frozenset(place.sbdf for place in places if place.sbdf is not None)
