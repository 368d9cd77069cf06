"""The firmware's table of IOMMUs of a host, decoded; or why there is none.

A second vendor's table enters here alone: a reader of its own in :data:`READERS`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dmaragent.host import Host
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.vtd import read_dmar
from dmaragent.readings import Missing, MissingKind

TableReader = Callable[[bytes, PciTopology], IommuTable | Missing]
"""From the bytes of a table, and the bridges that its paths lead through, to what the table says;
or why it is not examined."""

READERS: Mapping[bytes, TableReader] = MappingProxyType(
    {
        b"DMAR": read_dmar,
        b"RMAD": read_dmar,  # as Xen renames it for a PV dom0
        b"XMAR": read_dmar,  # likewise, before 4.6
    }
)
"""By the signature that a table begins with; ``iommu/vendor.py`` says whose each is."""


def iommu_table(host: Host, readers: Mapping[bytes, TableReader] = READERS) -> IommuTable | Missing:
    """Return the table in effect of `host`, or why there is none to answer from."""
    reading = host.reading
    if reading is None:
        names = host.acpi_tables
        return names if isinstance(names, Missing) else Missing(MissingKind.ABSENT)
    if isinstance(reading.content, Missing):
        return reading.content
    # A DMAR table whose signature is damaged is decoded too: that is a finding, not another table.
    read = readers.get(reading.content[:4], read_dmar)
    return read(reading.content, host.topology)
