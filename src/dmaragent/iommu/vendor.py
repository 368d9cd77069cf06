"""Whose IOMMU a host has."""

from enum import Enum

from dmaragent.host import Host
from dmaragent.readings import Missing


class IommuVendor(Enum):
    """Whose IOMMU a host has: its driver in Linux and its firmware table depend on it."""

    INTEL = "intel"
    AMD = "amd"
    ARM = "arm"
    UNKNOWN = "unknown"

    @property
    def table(self) -> str:
        """The ACPI table that names the host's reserved regions, with its structures; or empty."""
        return {"intel": "DMAR (RMRR)", "amd": "IVRS (IVMD)", "arm": "IORT (RMR)"}.get(
            self.value, ""
        )


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
    """Return whose the table is that the kernel calls `name`; None: it is no table of IOMMUs."""
    return _VENDOR_OF_TABLE.get(name[:4])


def iommu_vendor(host: Host) -> IommuVendor:
    """Return whose IOMMU `host` has: by its ACPI tables or its boot log, else by its processor.

    A folder without any table was not read, as every firmware with ACPI has some.
    """
    if host.reading is not None:
        # A table by another name was given as a file, and only Intel's are known by content.
        return vendor_of_table(host.reading.name) or IommuVendor.INTEL
    if host.logged_table:
        return IommuVendor.INTEL  # no other vendor's is looked for in the log
    if not isinstance(host.acpi_tables, Missing):
        for name in host.acpi_tables:
            vendor = vendor_of_table(name)
            if vendor is not None:
                return vendor
    vendor = _VENDOR_OF_CPU.get((host.system.cpu_vendor or "").strip(), IommuVendor.UNKNOWN)
    if host.acpi_tables == () and vendor is not IommuVendor.INTEL:
        return IommuVendor.UNKNOWN  # QEMU gives a guest of any processor VT-d
    return vendor
