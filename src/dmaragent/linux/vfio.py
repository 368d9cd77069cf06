"""What VFIO does with a device of an IOMMU group that has reserved regions, by type and release.

Pure.  The kernel publishes the regions of a group in
/sys/kernel/iommu_groups/N/reserved_regions (since Linux 4.11) with one of four types.  The file
is the group's: it does not say which device of the group has a region.

Sources: Linux drivers/iommu/iommu.c, ``iommu_group_resv_type_string``,
``iommu_create_device_direct_mappings``, ``__iommu_device_set_domain`` (a48ce36e2786, Linux 6.6);
drivers/iommu/intel/iommu.c, ``device_is_rmrr_locked`` (c875d2c1b808, Linux 3.17, removed in 6.6);
drivers/vfio/vfio_iommu_type1.c, ``vfio_iommu_resv_exclude`` and ``vfio_iommu_iova_dma_valid``
(9b77e5c79840, Linux 5.4); drivers/iommu/iommufd/io_pagetable.c,
``iopt_table_enforce_dev_resv_regions`` (Linux 6.2).
"""

import re
from enum import Enum
from typing import NamedTuple

from dmaragent.host import Host
from dmaragent.readings import Missing

ONE_TO_ONE_MESSAGE = (
    "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the "
    "device without a 1:1 mapping. Contact your platform vendor."
)
"""What Linux 6.6 and later log for a device with a ``direct`` region, whatever the vendor."""
RMRR_MESSAGE = (
    "Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  "
    "Contact your platform vendor."
)
"""What Linux 3.17 to 6.5 log on Intel for a device with a ``direct`` region."""
PUBLISHED = (4, 11)
"""The first release that publishes reserved_regions (bc7d12b91bd3)."""
CHECKED_MAPPINGS = (5, 4)
"""The first release in which VFIO refuses to map memory over a reserved region (9b77e5c79840)."""
RELAXABLE = (5, 3)
"""The first release with the type ``direct-relaxable`` (adfd37382090)."""
NO_ONE_TO_ONE = (6, 6)
"""The first release that refuses any device with a ``direct`` region (a48ce36e2786)."""


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


class VfioEffect(Enum):
    """The effect of one reserved region on a device that VFIO gives to a guest."""

    REFUSED = "refused"
    """VFIO cannot take the device: the guest does not start with it."""
    MAPPING_FAILS = "mapping-fails"
    """VFIO takes the device.  Mapping guest RAM over the region fails (EINVAL)."""
    NOT_MAPPED = "not-mapped"
    """VFIO takes the device and does not map the region for it.  Guest RAM may lie there: DMA of
    the firmware then reaches guest RAM; without RAM there it faults."""
    UNKNOWN = "unknown"
    """The type is not one that Linux up to 6.19 has."""


class VfioOutcome(NamedTuple):
    """The effect of a reserved region in a span of kernel releases."""

    effect: VfioEffect
    since: tuple[int, int]
    """The first release of the span."""
    until: tuple[int, int] | None
    """The last release of the span; None: it is open."""
    rule: str
    """Source file and function in Linux."""
    error: str = ""
    """The errno that user space sees, or empty."""
    message: str = ""
    """What the kernel logs, or empty."""

    @property
    def releases(self) -> str:
        """The span in words."""
        first = "Linux {}.{}".format(*self.since)
        return f"{first} and later" if self.until is None else f"{first} to {_dotted(self.until)}"

    def holds_for(self, release: tuple[int, int]) -> bool:
        """Return whether `release` is in the span."""
        return self.since <= release and (self.until is None or release <= self.until)


_REFUSED = VfioOutcome(
    effect=VfioEffect.REFUSED,
    since=NO_ONE_TO_ONE,
    until=None,
    rule="Linux iommu.c, __iommu_device_set_domain (a48ce36e2786)",
    error="EINVAL",
    message=ONE_TO_ONE_MESSAGE,
)
_REFUSED_BY_INTEL = VfioOutcome(
    effect=VfioEffect.REFUSED,
    since=PUBLISHED,
    until=(6, 5),
    rule="Linux intel/iommu.c, device_is_rmrr_locked (c875d2c1b808)",
    error="EPERM",
    message=RMRR_MESSAGE,
)
_MAPPING_RULE = "Linux vfio_iommu_type1.c, vfio_iommu_iova_dma_valid (9b77e5c79840)"


def _mapping_fails(until: tuple[int, int] | None) -> VfioOutcome:
    return VfioOutcome(
        effect=VfioEffect.MAPPING_FAILS,
        since=CHECKED_MAPPINGS,
        until=until,
        rule=_MAPPING_RULE,
        error="EINVAL",
    )


_UNCHECKED = VfioOutcome(
    effect=VfioEffect.NOT_MAPPED,
    since=PUBLISHED,
    until=(5, 3),
    rule="Linux vfio_iommu_type1.c, vfio_dma_do_map: no check before 9b77e5c79840",
)
_RELAXED = VfioOutcome(
    effect=VfioEffect.NOT_MAPPED,
    since=RELAXABLE,
    until=None,
    rule="Linux vfio_iommu_type1.c, vfio_iommu_resv_exclude; iommufd/io_pagetable.c, "
    "iopt_table_enforce_dev_resv_regions",
)
_RESERVED = (_mapping_fails(None), _UNCHECKED)
_DIRECT_ELSEWHERE = (_REFUSED, _mapping_fails((6, 5)), _UNCHECKED)
_DIRECT = {
    IommuVendor.INTEL: (_REFUSED, _REFUSED_BY_INTEL),
    IommuVendor.AMD: _DIRECT_ELSEWHERE,
    IommuVendor.ARM: _DIRECT_ELSEWHERE,
    IommuVendor.UNKNOWN: (_REFUSED, _REFUSED_BY_INTEL, _mapping_fails((6, 5)), _UNCHECKED),
}


def vfio_outcomes(
    region_type: str, vendor: IommuVendor, release: tuple[int, int] | None
) -> tuple[VfioOutcome, ...]:
    """Return what VFIO does with a device whose group has a region of `region_type`.

    `region_type` is the kernel's word: ``direct``, ``direct-relaxable``, ``reserved`` or ``msi``.
    `release` is the kernel's (see :func:`telling_release`).  If it is None, all outcomes there are
    come back, the newest first; if it is known, those of that release: one, or two if the vendor
    is unknown and decides.
    """
    if region_type == "direct":
        outcomes = _DIRECT[vendor]
    elif region_type == "direct-relaxable":
        outcomes = (_RELAXED,)
    elif region_type in ("reserved", "msi"):
        outcomes = _RESERVED
    else:
        return (_unknown_type(region_type),)
    if release is None:
        return outcomes
    # A file of an older release is a file of a patched one: take it for the first that has it.
    release = max(release, outcomes[-1].since)
    return tuple(outcome for outcome in outcomes if outcome.holds_for(release))


def _unknown_type(region_type: str) -> VfioOutcome:
    return VfioOutcome(
        effect=VfioEffect.UNKNOWN,
        since=PUBLISHED,
        until=None,
        rule=f"Linux iommu.c, iommu_group_resv_type_string has no type {region_type[:40]!r}",
    )


def _dotted(release: tuple[int, int]) -> str:
    return "{}.{}".format(*release)


# The host's kernel and IOMMU ------------------------------------------------------------

# Compiled, and kept by re, when the first kernel's release is read.
_RELEASE = r"(\d{1,3})\.(\d{1,3})"
_BACKPORTS = (
    r"\.(?:el|oe|an|al|tl|ky|uel|vz)\d"  # Red Hat and its kin, openEuler, Alibaba, TencentOS, …
    r"|^\d+\.\d+\.\d+-1[0-9]0[0-9]00\."  # SUSE's service packs: 6.4.0-150600.23-default
    r"|^4\.12\.14-\d"  # SUSE 12 and 15 before
)


def kernel_release(text: str | None) -> tuple[int, int] | None:
    """Return the release of a kernel by its ``uname -r``, or None if there is none in `text`."""
    match = re.match(_RELEASE, text or "")
    return (int(match[1]), int(match[2])) if match else None


def telling_release(text: str | None) -> tuple[int, int] | None:
    """Return the release of a kernel if it says which checks the kernel has, else None.

    Enterprise kernels (Red Hat, SUSE, openEuler and others) take later checks into an old release.
    """
    return None if re.search(_BACKPORTS, text or "") else kernel_release(text)


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


def iommu_vendor(host: Host) -> IommuVendor:
    """Return whose IOMMU `host` has: by its ACPI tables or its boot log, else by its processor.

    A folder without any table was not read, as every firmware with ACPI has some.
    """
    if not isinstance(host.table, Missing) or host.reading is not None or host.logged_table:
        return IommuVendor.INTEL
    if not isinstance(host.acpi_tables, Missing):
        for name in host.acpi_tables:
            vendor = _VENDOR_OF_TABLE.get(name[:4])
            if vendor is not None:
                return vendor
    vendor = _VENDOR_OF_CPU.get((host.system.cpu_vendor or "").strip(), IommuVendor.UNKNOWN)
    if host.acpi_tables == () and vendor is not IommuVendor.INTEL:
        return IommuVendor.UNKNOWN  # QEMU gives a guest of any processor VT-d
    return vendor
