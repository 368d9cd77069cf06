"""Lines that QEMU and Linux printed on booted machines (tests/vm/scenario_vfio.py), as they were."""

from dmaragent.messages.model import Names
from support.message_names import names

NETWORK, USB = "0000:01:00.0", "0000:00:1a.0"
_QEMU = "qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0,addr=05.0: vfio 0000:01:00.0: "
LINES: list[tuple[str, str, Names]] = [
    # Debian 11: Linux 5.10, QEMU 5.2
    (
        "qemu-container-refused",
        _QEMU + "failed to setup container for group 8: Failed to set iommu for container: "
        "Operation not permitted",
        names(NETWORK, group=8, error=1),
    ),
    (
        "linux-dma-fault",
        (
            "[   21.764629] DMAR: [DMA Read] Request device [00:1a.0] PASID ffffffff fault addr "
            "6004000 [fault reason 06] PTE Read access is not set"
        ),
        names(USB, 0x6004000, reason=6),
    ),
    # Debian 12: Linux 6.1, QEMU 7.2
    (
        "qemu-container-refused",
        _QEMU + "failed to setup container for group 8: Failed to set group container: "
        "Operation not permitted",
        names(NETWORK, group=8, error=1),
    ),
    (
        "linux-rmrr-ineligible",
        (
            "[    9.149541] vfio-pci 0000:01:00.0: DMAR: Device is ineligible for IOMMU domain attach "
            "due to platform RMRR requirement.  Contact your platform vendor."
        ),
        names(NETWORK),
    ),
    (
        "qemu-map-failed",
        "qemu-system-x86_64: VFIO_MAP_DMA failed: Invalid argument",
        names(error=22),
    ),
    (
        "qemu-memory-not-mapped",
        (
            "qemu-system-x86_64: vfio_dma_map(0x5598151e66a0, 0xfee00000, 0x200000, 0x7f374fc00000) "
            "= -22 (Invalid argument)"
        ),
        names("", (0xFEE00000, 0xFEFFFFFF), error=22),
    ),
    # Debian 13: Linux 6.12, QEMU 10.0
    (
        "qemu-container-refused",
        _QEMU + "failed to setup container for group 8: Failed to set group container: "
        "Invalid argument",
        names(NETWORK, group=8, error=22),
    ),
    (
        "linux-direct-mapping-refused",
        (
            "[   11.220585] vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU "
            "mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform "
            "vendor."
        ),
        names(NETWORK),
    ),
    (
        "qemu-memory-not-mapped",
        (
            "qemu-system-x86_64: vfio_container_dma_map(0x55e22da623b0, 0xfee00000, 0x200000, "
            "0x7fe59a400000) = -22 (Invalid argument)"
        ),
        names("", (0xFEE00000, 0xFEFFFFFF), error=22),
    ),
    (
        "qemu-map-failed",
        "qemu: hardware error: vfio: DMA mapping failed, unable to continue",
        names(),
    ),
    (
        "qemu-device-not-reset",
        "qemu-system-x86_64: vfio: Cannot reset device 0000:00:1a.0, no available reset mechanism.",
        names(USB),
    ),
    (
        "linux-dma-fault",
        (
            "[   17.567042] DMAR: [DMA Read NO_PASID] Request device [00:1a.0] fault addr 0x6004000 "
            "[fault reason 0x06] PTE Read access is not set"
        ),
        names(USB, 0x6004000, reason=6),
    ),
    (
        "qemu-iommufd-not-opened",
        (
            "qemu-system-x86_64: -device vfio-pci,host=0000:81:00.0,addr=05.0,iommufd=iommufd: vfio "
            "0000:81:00.0: vfio /sys/bus/pci/devices/0000:81:00.0/vfio-dev: failed to load "
            '"/sys/bus/pci/devices/0000:81:00.0/vfio-dev/vfio2/dev"'
        ),
        names("0000:81:00.0", word="/sys/bus/pci/devices/0000:81:00.0/vfio-dev/vfio2/dev"),
    ),
    # Debian sid: Linux 7.2, QEMU 11; its kernel has no iommufd
    (
        "linux-dma-fault",
        (
            "[   17.238841] DMAR: [DMA Read NO_PASID] Request device [0000:00:1a.0] fault addr "
            "0x6004000 [fault reason 0x06] PTE Read access is not set"
        ),
        names(USB, 0x6004000, reason=6),
    ),
    (
        "qemu-iommufd-not-opened",
        (
            "qemu-system-x86_64: /dev/iommu does not exist (is your kernel config missing "
            "CONFIG_IOMMUFD?)"
        ),
        names(),
    ),
]
