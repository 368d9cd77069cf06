"""Drivers of Linux that keep a device for a guest."""

PCIBACK = frozenset({"pciback", "xen-pciback"})
"""Xen's: its directory in sysfs is pciback, its module xen-pciback."""
HOLDERS = frozenset({"pci-stub", *PCIBACK})
"""Drivers that only keep a device for others."""


def is_vfio_driver(driver: str) -> bool:
    """Return whether `driver` is vfio-pci or a variant of it.

    Linux's variants are mlx5_vfio_pci, hisi_acc_vfio_pci, pds_vfio_pci, nvgrace_gpu_vfio_pci,
    virtio_vfio_pci, qat_vfio_pci, xe_vfio_pci (drivers/vfio/pci/*); DPDK's igb_uio is none.
    """
    return driver.replace("_", "-").endswith("vfio-pci")
