"""Which remapping unit serves which device, in Linux and in Xen, for VT-d.

Pure.  By VT-d 8.3 it is the unit whose scope names the device or a bridge above it, else the
unit of its segment with INCLUDE_PCI_ALL.

If several units name it, Linux and Xen use the last of the table, because both add new units to
the head of their list.  Segments other than 0 may have several units with INCLUDE_PCI_ALL: Linux
uses the first, Xen the last.  Linux drivers/iommu/intel/dmar.c, ``dmar_register_drhd_unit``,
``dmar_find_matched_drhd_unit``; Xen vtd/dmar.c, ``acpi_register_drhd_unit``,
``acpi_find_matched_drhd_unit``.

The unit of a physical function also serves its virtual functions.  The unit of a VMD endpoint
serves the functions behind it (Linux drivers/iommu/intel/iommu.c, ``device_lookup_iommu``, which
calls ``pci_real_dma_dev``).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dmaragent.addresses import SBDF
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.claims import DeviceKind
from dmaragent.iommu.model import RemappingUnit


class UnitCoverage:
    """The units of a table, looked up by device."""

    def __init__(self, units: tuple[RemappingUnit, ...], topology: PciTopology) -> None:
        self._topology = topology
        self._units = units
        self._exact: dict[SBDF, int] = {}
        """By device: the index in the table of the last unit that names it."""
        self._behind: dict[tuple[int, int], int] = {}
        """By segment and bus: the index of the last unit that names a bridge above the bus."""
        self._first_of_rest: dict[int, RemappingUnit] = {}
        self._last_of_rest: dict[int, RemappingUnit] = {}
        for place, unit in enumerate(units):
            self._index(place, unit)

    def by_linux(self, devices: Iterable[SBDF | None]) -> Mapping[SBDF, RemappingUnit]:
        """Return the unit that Linux uses for each of `devices` that has one."""
        return self._served(devices, self._first_of_rest)

    def by_xen(self, devices: Iterable[SBDF | None]) -> Mapping[SBDF, RemappingUnit]:
        """Return the unit that Xen uses for each of `devices` that has one."""
        return self._served(devices, self._last_of_rest)

    def _served(
        self, devices: Iterable[SBDF | None], rest: Mapping[int, RemappingUnit]
    ) -> Mapping[SBDF, RemappingUnit]:
        units = {sbdf: self._of(sbdf, rest) for sbdf in devices if sbdf is not None}
        return MappingProxyType({sbdf: unit for sbdf, unit in units.items() if unit is not None})

    def _of(self, sbdf: SBDF, rest: Mapping[int, RemappingUnit]) -> RemappingUnit | None:
        """Return the unit that serves `sbdf`, or None if the table has none for it."""
        function = self._topology.known.get(sbdf)
        if function is not None and not function.dma_known:
            return None
        if function is not None and function.vmd is not None:
            sbdf = function.vmd
        elif function is not None and function.physical_function is not None:
            sbdf = function.physical_function
        behind = self._behind.get((sbdf.segment, sbdf.bus), -1)
        last = max(self._exact.get(sbdf, -1), behind)
        return self._units[last] if last >= 0 else rest.get(sbdf.segment)

    def _index(self, place: int, unit: RemappingUnit) -> None:
        if unit.serves_rest:
            self._first_of_rest.setdefault(unit.segment, unit)
            self._last_of_rest[unit.segment] = unit
            return  # Linux and Xen ignore the scope of a unit with INCLUDE_PCI_ALL
        for owner in unit.owners:
            if owner.sbdf is None:
                continue
            if owner.device in (DeviceKind.FUNCTION, DeviceKind.BRIDGE):
                self._exact[owner.sbdf] = place
            bridge = owner.function
            if owner.device is DeviceKind.BRIDGE and bridge is not None:
                for bus in bridge.buses_behind:
                    self._behind[bridge.sbdf.segment, bus] = place
