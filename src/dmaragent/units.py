"""The remapping units (DRHD) of a host: which unit serves which device.

Pure.  The rule is VT-d 8.3's: the unit whose scope names the device, or the nearest bridge
above it, else the unit of its segment that has INCLUDE_PCI_ALL.  Linux finds it in
drivers/iommu/intel/dmar.c, ``dmar_find_matched_drhd_unit``, Xen in vtd/dmar.c,
``acpi_find_matched_drhd_unit``.  A virtual function is served with its physical one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dmaragent.addresses import SBDF
from dmaragent.topology import Located, PciFunction, PciTopology
from fwtables import ANDD, ATSR, DMAR, DRHD, RHSA, SATC, located
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
        self._behind: dict[tuple[int, int], tuple[int, Unit]] = {}
        """By segment and bus: how many buses are behind the bridge named, and its unit."""
        self._all: dict[int, Unit] = {}
        for unit in self.units:
            self._index(unit)

    def of(self, sbdf: SBDF) -> Unit | None:
        """Give the unit that serves `sbdf`, or None where the table has none for it."""
        function = self._topology.known.get(sbdf)
        if function is not None and function.physical_function is not None:
            sbdf = function.physical_function
        _, behind = self._behind.get((sbdf.segment, sbdf.bus), (0, None))
        return self._exact.get(sbdf) or behind or self._all.get(sbdf.segment)

    def _index(self, unit: Unit) -> None:
        if unit.drhd.include_pci_all:
            self._all.setdefault(unit.drhd.segment_number, unit)
        for place in unit.scopes:
            if place.sbdf is None:
                continue
            if place.scope.type in (ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY):
                self._exact.setdefault(place.sbdf, unit)
            bridge = self._topology.known.get(place.sbdf)
            if place.scope.type == ScopeType.PCI_SUB_HIERARCHY and bridge is not None:
                self._take_buses(bridge, unit)

    def _take_buses(self, bridge: PciFunction, unit: Unit) -> None:
        """Give `unit` the buses behind `bridge`, but those that a bridge further down has."""
        buses = bridge.buses_behind
        for bus in buses:
            place = (bridge.sbdf.segment, bus)
            if place not in self._behind or len(buses) < self._behind[place][0]:
                self._behind[place] = (len(buses), unit)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the table says of devices beyond units and regions."""

    translation_cached: frozenset[SBDF]
    """Devices with an address translation cache: SATC structures, VT-d 8.8."""
    ats_root_ports: frozenset[SBDF]
    """Root ports that support ATS transactions: ATSR structures, VT-d 8.5."""
    ats_segments: frozenset[int]
    """Segments all of whose root ports do: ATSR structures with ALL_PORTS."""
    namespace_names: Mapping[int, str]
    """ACPI devices by the number that scope entries give them: ANDD structures, VT-d 8.7."""


def capabilities_of(table: DMAR | None, topology: PciTopology) -> Capabilities:
    """Gather what the ATSR, SATC and ANDD structures of `table` say."""
    structures = table.structures if table else ()

    def devices(kind: type[ATSR | SATC]) -> frozenset[SBDF]:
        places = (
            topology.locate(each.segment_number, scope)
            for each in structures
            if isinstance(each, kind)
            for scope in each.device_scope
        )
        return frozenset(place.sbdf for place in places if place.sbdf is not None)

    return Capabilities(
        translation_cached=devices(SATC),
        ats_root_ports=devices(ATSR),
        ats_segments=frozenset(
            each.segment_number for each in structures if isinstance(each, ATSR) and each.all_ports
        ),
        namespace_names=MappingProxyType(
            {each.acpi_device_number: each.name for each in structures if isinstance(each, ANDD)}
        ),
    )
