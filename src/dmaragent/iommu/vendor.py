"""The vendor of a host's IOMMU."""

from enum import Enum

from dmaragent.host import Host
from dmaragent.readings import Missing, TableReading
from fwtables.signatures import SIGNATURE_NAMES


class IommuVendor(Enum):
    """The vendor of an IOMMU, which determines its Linux driver and its firmware table."""

    INTEL = "intel"
    AMD = "amd"
    ARM = "arm"
    UNKNOWN = "unknown"

    @property
    def technology(self) -> str:
        """The name of its IOMMU: what hypervisors, kernels and firmware setups call it."""
        return {"intel": "VT-d", "amd": "AMD-Vi", "arm": "the SMMU"}.get(self.value, "the IOMMU")

    @property
    def table_name(self) -> str:
        """The signature of its ACPI table; Intel's for an unknown vendor."""
        return {"amd": "IVRS", "arm": "IORT"}.get(self.value, "DMAR")

    @property
    def article(self) -> str:
        """The indefinite article before :attr:`table_name`."""
        return "a" if self.table_name == "DMAR" else "an"

    @property
    def region_structure(self) -> str:
        """The structure of that table that defines a reserved region."""
        return {"amd": "IVMD", "arm": "RMR"}.get(self.value, "RMRR")

    @property
    def unit_structure(self) -> str:
        """The structure of that table that defines a remapping unit."""
        return {"amd": "IVHD", "arm": "SMMU"}.get(self.value, "DRHD")

    @property
    def table(self) -> str:
        """The ACPI table (and structure) that defines the reserved regions; or empty."""
        return {"intel": "DMAR (RMRR)", "amd": "IVRS (IVMD)", "arm": "IORT (RMR)"}.get(
            self.value, ""
        )


_HYPERTRANSPORT = 0xFD_0000_0000
_VENDOR_OF_CPU = {
    "GenuineIntel": IommuVendor.INTEL,
    "CentaurHauls": IommuVendor.INTEL,  # Zhaoxin has VT-d and a DMAR table
    "Shanghai": IommuVendor.INTEL,
    "AuthenticAMD": IommuVendor.AMD,
    "HygonGenuine": IommuVendor.AMD,
    "ARM": IommuVendor.ARM,
}
_VENDOR_OF_TABLE = {
    "DMAR": IommuVendor.INTEL,
    "RMAD": IommuVendor.INTEL,
    "XMAR": IommuVendor.INTEL,
    "IVRS": IommuVendor.AMD,
    "IORT": IommuVendor.ARM,
}


def vendor_of_table(name: str) -> IommuVendor | None:
    """Return the vendor of the ACPI table `name`; None if it is not a table of IOMMUs."""
    return _VENDOR_OF_TABLE.get(name[:4])


def table_signature(reading: TableReading) -> str:
    """Return the signature by which a table is read: that of its content, whatever its file's name.

    A table with an unknown signature is read as a DMAR table with a damaged signature.
    """
    if isinstance(reading.content, Missing):
        return reading.name[:4]
    written = _written(reading.content)
    return written if written in SIGNATURE_NAMES else "DMAR"


def _written(content: bytes | Missing) -> str:
    return "" if isinstance(content, Missing) else content[:4].decode("latin-1")


def iommu_vendor(host: Host) -> IommuVendor:
    """Return the vendor of the IOMMU of `host`, by ACPI tables or boot log, else by processor.

    Of a table of IOMMUs, the signature in its content counts before the name of its file.
    A copied list of ACPI tables can lack those of IOMMUs.  Without the kernel's list, a processor of
    AMD does not show the vendor in a virtual machine: QEMU emulates VT-d for any processor.
    """
    if host.reading is not None:
        names = (_written(host.reading.content), host.reading.name)
        return next(filter(None, map(vendor_of_table, names)), IommuVendor.UNKNOWN)
    if host.logged_table is not None:
        return vendor_of_table(host.logged_table.name) or IommuVendor.UNKNOWN
    if not isinstance(host.acpi_tables, Missing):
        for name in host.acpi_tables:
            vendor = vendor_of_table(name)
            if vendor is not None:
                return vendor
    vendor = _VENDOR_OF_CPU.get((host.system.cpu_vendor or "").strip(), IommuVendor.UNKNOWN)
    if host.lists_every_table or vendor in (IommuVendor.INTEL, IommuVendor.ARM):
        return vendor
    by_linux = _is_amd_by_linux(host)
    is_amd = vendor is IommuVendor.AMD and not _may_be_emulated(host)
    is_amd = is_amd if by_linux is None else by_linux
    return IommuVendor.AMD if is_amd else IommuVendor.UNKNOWN


def _is_amd_by_linux(host: Host) -> bool | None:
    """Return whether Linux's driver for AMD made the groups; None: no group's regions were read.

    It reserves HyperTransport's range for each: amd/iommu.c, ``amd_iommu_get_resv_regions``.
    """
    groups = () if isinstance(host.groups, Missing) else host.groups
    whole = [group.regions or () for group in groups if group.regions_whole]
    if not whole:
        return None
    return any(region.base == _HYPERTRANSPORT for regions in whole for region in regions)


def _may_be_emulated(host: Host) -> bool:
    """Return whether the host may be a virtual machine, apart from what Xen makes of its dom0."""
    if host.xen is not None and host.machine.vendor not in (None, "QEMU"):
        return False
    return host.system.virtual is not False
