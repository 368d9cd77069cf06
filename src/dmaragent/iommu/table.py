"""The decoded firmware table of IOMMUs of a host, or why it is missing.

Support for another vendor's table begins here, with its reader in :data:`READERS`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dmaragent.host import Host
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.vendor import table_signature
from dmaragent.iommu.vtd import read_dmar
from dmaragent.readings import Missing, MissingKind

TableReader = Callable[[bytes, PciTopology], IommuTable | Missing]
"""Decodes the bytes of a table and follows its paths in a topology; or returns why it does not."""


def _read_ivrs(content: bytes, topology: PciTopology) -> IommuTable | Missing:
    from dmaragent.iommu.amd import read_ivrs  # noqa: PLC0415 - 5 ms that only AMD hosts need

    return read_ivrs(content, topology)


READERS: Mapping[bytes, TableReader] = MappingProxyType(
    {
        b"DMAR": read_dmar,
        b"RMAD": read_dmar,  # Xen renames the table so in a PV dom0
        b"XMAR": read_dmar,  # and so before 4.6
        b"IVRS": _read_ivrs,  # which Xen renames nowhere
    }
)
"""By the signature at the start of a table; ``iommu/vendor.py`` has its vendor."""


def iommu_table(host: Host, readers: Mapping[bytes, TableReader] = READERS) -> IommuTable | Missing:
    """Return the table in effect of `host`, or why it is missing."""
    reading = host.reading
    if reading is None:
        names = host.acpi_tables
        if isinstance(names, Missing):
            return names
        kind = MissingKind.ABSENT if host.lists_every_table else MissingKind.NOT_COLLECTED
        return Missing(kind)
    if isinstance(reading.content, Missing):
        return reading.content
    read = readers.get(table_signature(reading).encode("ascii"), read_dmar)
    return read(reading.content, host.topology)
