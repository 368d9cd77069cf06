"""The remapping units (DRHD) of a host: which unit serves which device.

Pure.  The rule is VT-d 8.3's: the unit whose scope names the device or a bridge above it,
else the unit of its segment that has INCLUDE_PCI_ALL.  Where several do, Linux and Xen take
the one that comes last in the table, for both put a unit at the head of their list.  (Of several
with INCLUDE_PCI_ALL, which only segments other than 0 may have, Linux takes the first, as is
done here, and Xen the last.)  Linux drivers/iommu/intel/dmar.c,
``dmar_register_drhd_unit``, ``dmar_find_matched_drhd_unit``; Xen vtd/dmar.c,
``acpi_register_drhd_unit``, ``acpi_find_matched_drhd_unit``.  A virtual function is served
with its physical one, a function behind Intel VMD with the VMD endpoint (Linux
drivers/iommu/intel/iommu.c, ``device_lookup_iommu``, which asks ``pci_real_dma_dev``).
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.topology import Located, PciTopology
from fwtables import ANDD, ATSR, DMAR, DRHD, RHSA, SATC, located
from fwtables.dmar.constants import ScopeType


class RemappingUnit(NamedTuple):
    """One remapping unit: its DRHD structure, where its scopes lead, its NUMA node."""

    offset: int
    drhd: DRHD
    scopes: tuple[Located, ...]
    proximity_domain: int | None
    """From the RHSA structure that names its registers."""


class RemappingUnits:
    """The units of a table, in table order, and the way from a device to its unit."""

    def __init__(self, table: DMAR | None, topology: PciTopology) -> None:
        self._topology = topology
        self.units = tuple(_units(table, topology)) if table else ()
        self._exact: dict[SBDF, int] = {}
        """By device: the place in the table of the last unit that names it."""
        self._behind: dict[tuple[int, int], int] = {}
        """By segment and bus: the same of the last unit that names a bridge above it."""
        self._all: dict[int, RemappingUnit] = {}
        for place, unit in enumerate(self.units):
            self._index(place, unit)

    def of(self, sbdf: SBDF) -> RemappingUnit | None:
        """Give the unit that serves `sbdf`, or None where the table has none for it."""
        function = self._topology.known.get(sbdf)
        if function is not None and not function.dma_known:
            return None
        if function is not None and function.vmd is not None:
            sbdf = function.vmd
        elif function is not None and function.physical_function is not None:
            sbdf = function.physical_function
        behind = self._behind.get((sbdf.segment, sbdf.bus), -1)
        last = max(self._exact.get(sbdf, -1), behind)
        return self.units[last] if last >= 0 else self._all.get(sbdf.segment)

    def _index(self, place: int, unit: RemappingUnit) -> None:
        if unit.drhd.include_pci_all:
            self._all.setdefault(unit.drhd.segment_number, unit)
            return  # it serves all: neither Linux nor Xen needs its scope to find it
        for entry in unit.scopes:
            if entry.sbdf is None:
                continue
            if entry.scope.type in (ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY):
                self._exact[entry.sbdf] = place
            bridge = self._topology.known.get(entry.sbdf)
            if entry.scope.type == ScopeType.PCI_SUB_HIERARCHY and bridge is not None:
                for bus in bridge.buses_behind:
                    self._behind[bridge.sbdf.segment, bus] = place


def _units(table: DMAR, topology: PciTopology) -> Iterator[RemappingUnit]:
    domains = {
        each.register_base_address: each.proximity_domain
        for each in table.structures
        if isinstance(each, RHSA)
    }
    for offset, each in located(table):
        if isinstance(each, DRHD):
            scopes = (topology.locate(each.segment_number, scope) for scope in each.device_scope)
            yield RemappingUnit(
                offset=offset,
                drhd=each,
                scopes=tuple(scopes),
                proximity_domain=domains.get(each.register_base_address),
            )


class Capabilities(NamedTuple):
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
