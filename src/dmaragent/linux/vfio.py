"""How VFIO treats a device whose IOMMU group has reserved regions, by region type and release.

Pure.  The kernel publishes the regions of a group in
/sys/kernel/iommu_groups/N/reserved_regions (since Linux 4.11) with one of four types.  The file
does not show which device of the group has a region.

Sources: Linux drivers/iommu/iommu.c, ``iommu_group_resv_type_string``,
``iommu_create_device_direct_mappings``, ``__iommu_device_set_domain`` (a48ce36e2786, Linux 6.6);
drivers/iommu/intel/iommu.c, ``device_is_rmrr_locked`` (c875d2c1b808, Linux 3.17, removed in 6.6),
``intel_iommu_get_resv_regions`` (up to 5.2, ``direct`` for devices of every class);
drivers/vfio/vfio_iommu_type1.c, ``vfio_iommu_resv_exclude`` and ``vfio_iommu_iova_dma_valid``
(9b77e5c79840, Linux 5.4); drivers/iommu/iommufd/io_pagetable.c,
``iopt_table_enforce_dev_resv_regions`` (Linux 6.2).
"""

from enum import Enum
from typing import NamedTuple

from dmaragent.iommu.vendor import IommuVendor

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
FIRST_CHECK = (3, 17)
"""The first release that refuses a device with a region on Intel (c875d2c1b808)."""
NO_ONE_TO_ONE = (6, 6)
"""The first release that refuses any device with a ``direct`` region (a48ce36e2786)."""


class VfioEffect(Enum):
    """The effect of one reserved region on a device that VFIO gives to a guest."""

    REFUSED = "refused"
    """VFIO refuses the device: the guest does not start with it."""
    MAPPING_FAILS = "mapping-fails"
    """VFIO accepts the device.  Mapping guest RAM over the region fails (EINVAL)."""
    NOT_MAPPED = "not-mapped"
    """VFIO accepts the device without mapping the region.  If guest RAM is there, firmware DMA
    reaches it.  If not, firmware DMA faults."""
    UNKNOWN = "unknown"
    """Linux up to 6.19 does not have this type."""


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
        """The span as text."""
        first = "Linux {}.{}".format(*self.since)
        return (
            f"{first} and later"
            if self.until is None
            else f"{first} to {_release_text(self.until)}"
        )

    def holds_for(self, release: tuple[int, int]) -> bool:
        """Return whether `release` is in the span."""
        return self.since <= release and (self.until is None or release <= self.until)


REFUSED = VfioOutcome(
    effect=VfioEffect.REFUSED,
    since=NO_ONE_TO_ONE,
    until=None,
    rule="Linux iommu.c, __iommu_device_set_domain (a48ce36e2786)",
    error="EINVAL",
    message=ONE_TO_ONE_MESSAGE,
)
REFUSED_BY_INTEL = VfioOutcome(
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
RELAXED_BY_CLASS = VfioOutcome(
    effect=VfioEffect.NOT_MAPPED,
    since=PUBLISHED,
    until=(5, 2),
    rule="Linux intel-iommu.c, device_is_rmrr_locked: not for USB controllers and display devices",
)
"""The effect of a ``direct`` region of these devices on Intel, before the type for them exists."""
_RELAXED = VfioOutcome(
    effect=VfioEffect.NOT_MAPPED,
    since=RELAXABLE,
    until=None,
    rule="Linux vfio_iommu_type1.c, vfio_iommu_resv_exclude; iommufd/io_pagetable.c, "
    "iopt_table_enforce_dev_resv_regions",
)
BEFORE_FIRST_CHECK = VfioOutcome(
    effect=VfioEffect.NOT_MAPPED,
    since=(3, 6),
    until=(3, 16),
    rule="Linux intel-iommu.c, intel_iommu_attach_device: no check before c875d2c1b808",
)
"""The effect of a predicted region on Intel; these kernels do not publish regions."""
_RESERVED = (_mapping_fails(None), _UNCHECKED)
_DIRECT_ELSEWHERE = (REFUSED, _mapping_fails((6, 5)), _UNCHECKED)
_DIRECT = {
    IommuVendor.INTEL: (REFUSED, REFUSED_BY_INTEL),
    IommuVendor.AMD: _DIRECT_ELSEWHERE,
    IommuVendor.ARM: _DIRECT_ELSEWHERE,
    IommuVendor.UNKNOWN: (REFUSED, REFUSED_BY_INTEL, _mapping_fails((6, 5)), _UNCHECKED),
}


def vfio_outcomes(
    region_type: str,
    vendor: IommuVendor,
    release: tuple[int, int] | None,
    *,
    relaxed: bool | None = False,
) -> tuple[VfioOutcome, ...]:
    """Return how VFIO treats a device whose group has a region of `region_type`.

    `region_type` is the kernel's: ``direct``, ``direct-relaxable``, ``reserved`` or ``msi``.
    `release` is the kernel's (see :func:`telling_release`).  If it is unknown (None), the result
    has all outcomes, newest first.  If it is known, the result has the outcome of that release, or
    two if they depend on an unknown vendor or device.

    `relaxed`: whether a ``direct`` region is of a device that Intel's driver lets VFIO pass if the
    kernel is older than the type ``direct-relaxable`` (``linux/regions.py``, ``all_relaxable``);
    None: unknown.
    """
    if region_type == "direct":
        outcomes = _direct_outcomes(vendor, relaxed=relaxed)
    elif region_type == "direct-relaxable":
        outcomes = (_RELAXED,)
    elif region_type in ("reserved", "msi"):
        outcomes = _RESERVED
    else:
        return (_unknown_type(region_type),)
    if release is None:
        return outcomes
    # An older release with this file was patched, so treat it as the first that has the file.
    release = max(release, outcomes[-1].since)
    return tuple(outcome for outcome in outcomes if outcome.holds_for(release))


def _direct_outcomes(vendor: IommuVendor, *, relaxed: bool | None) -> tuple[VfioOutcome, ...]:
    outcomes = _DIRECT[vendor]
    if relaxed is False or REFUSED_BY_INTEL not in outcomes:
        return outcomes
    if relaxed:
        refused = REFUSED_BY_INTEL._replace(since=RELAXABLE)
        outcomes = tuple(refused if one is REFUSED_BY_INTEL else one for one in outcomes)
    return outcomes if _UNCHECKED in outcomes else (*outcomes, RELAXED_BY_CLASS)


def _unknown_type(region_type: str) -> VfioOutcome:
    return VfioOutcome(
        effect=VfioEffect.UNKNOWN,
        since=PUBLISHED,
        until=None,
        rule=f"Linux iommu.c, iommu_group_resv_type_string has no type {region_type[:40]!r}",
    )


def _release_text(release: tuple[int, int]) -> str:
    return "{}.{}".format(*release)


# Drivers that reserve a device for a guest -----------------------------------------------

PCIBACK = frozenset({"pciback", "xen-pciback"})
"""Xen's driver: its directory in sysfs is pciback, its module xen-pciback."""
HOLDERS = frozenset({"pci-stub", *PCIBACK})
"""Drivers that only reserve a device."""


def is_vfio_driver(driver: str) -> bool:
    """Return whether `driver` is vfio-pci or a variant of it.

    Linux's variants are mlx5_vfio_pci, hisi_acc_vfio_pci, pds_vfio_pci, nvgrace_gpu_vfio_pci,
    virtio_vfio_pci, qat_vfio_pci, xe_vfio_pci (drivers/vfio/pci/*).  DPDK's igb_uio is not one.
    """
    return driver.replace("_", "-").endswith("vfio-pci")
