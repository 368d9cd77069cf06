"""Lines of QEMU, of the kernel's VFIO and of locked down kernels, and what each names."""

from dmaragent.messages.model import Names
from support.message_names import names

GPU, RAID = "0000:01:00.0", "0000:0a:00.0"
_QEMU = "qemu-system-x86_64: -device vfio-pci,host=0000:0a:00.0: "
LINES: list[tuple[str, str, Names]] = [
    (
        "qemu-device-not-opened",
        _QEMU + "vfio 0000:0a:00.0: error getting device info: Invalid argument",
        names(RAID, error=22),
    ),
    (
        "qemu-container-refused",
        (
            "qemu-system-x86_64: -drive file=nvme://0000:0a:00.0/1: Failed to set VFIO IOMMU type: "
            "Operation not permitted"
        ),
        names(error=1),
    ),
    (
        "qemu-no-iommu-group",
        _QEMU + "vfio 0000:0a:00.0: no iommu_group found: No such file or directory",
        names(RAID, error=2),
    ),
    (
        "qemu-no-iommu-group",
        _QEMU + "vfio error: 0000:0a:00.0: no iommu_group found: No such file or directory",
        names(RAID, error=2),
    ),
    ("qemu-no-iommu-group", "vfio: error no iommu_group for device", names()),
    (
        "qemu-group-not-opened",
        _QEMU + "vfio 0000:0a:00.0: failed to open /dev/vfio/21: No such file or directory",
        names(RAID, group=21, error=2),
    ),
    (
        "qemu-group-not-opened",
        "vfio: error opening /dev/vfio/21: Permission denied",
        names(group=21, error=13),
    ),
    (
        "qemu-group-not-opened",
        "vfio: error getting group status: Invalid argument",
        names(error=22),
    ),
    (
        "qemu-device-not-opened",
        _QEMU + "vfio 0000:0a:00.0: error getting device from group 21: Invalid argument",
        names(RAID, group=21, error=22),
    ),
    (
        "qemu-device-not-opened",
        "vfio: error getting device 0000:0a:00.0 from group 21: No such device",
        names(RAID, group=21, error=19),
    ),
    (
        "qemu-device-not-opened",
        "Verify all devices in group 21 are bound to vfio-<bus> or pci-stub and not already in use",
        names(group=21, word="<bus> or pci-stub"),
    ),
    (
        "qemu-device-not-opened",
        _QEMU + "vfio 0000:0a:00.0: device is already attached",
        names(RAID),
    ),
    (
        "qemu-device-not-opened",
        "vfio: error: device 0000:0a:00.0 is already attached",
        names(RAID),
    ),
    (
        "qemu-device-not-opened",
        _QEMU + "vfio 0000:0a:00.0: no such host device: No such file or directory",
        names(RAID),
    ),
    ("qemu-device-not-opened", "vfio: error: no such host device: /sys/bus/pci/devices/x", names()),
    (
        "qemu-container-not-opened",
        "supported vfio version: 0, reported version: 1",
        names(),
    ),
    ("qemu-container-not-opened", "Invalid VFIO version", names()),
    (
        "qemu-container-not-opened",
        _QEMU + "vfio 0000:0a:00.0: failed to open /dev/vfio/vfio: No such file or directory",
        names(error=2),
    ),
    (
        "qemu-iommufd-not-opened",
        "qemu-system-x86_64: failed to open /dev/iommu: No such file or directory",
        names(error=2),
    ),
    (
        "qemu-iommufd-not-opened",
        "couldn't open directory /sys/bus/pci/devices/0000:0a:00.0/vfio-dev: No such file",
        names(RAID),
    ),
    ("qemu-iommufd-not-opened", "Use FD passing only with iommufd backend", names()),
    ("qemu-iommufd-not-opened", "error attach device to iommufd ioas", names()),
    (
        "qemu-group-address-space",
        "vfio 0000:0a:00.0: group 21 used in multiple address spaces",
        names(RAID, group=21),
    ),
    ("qemu-group-address-space", "Failed to set vIOMMU: aw-bits 48 > host aw-bits 39", names()),
    (
        "qemu-viommu-without-caching",
        "device 0000:0a:00.0 requires iommu notifier which is not currently supported",
        names(RAID),
    ),
    (
        "qemu-viommu-without-caching",
        "device 01.00.0 requires iommu notifier which is not currently supported",
        names(),
    ),
    ("qemu-map-failed", "vfio: Memory registering failed, unable to continue", names()),
    ("qemu-map-failed", "failed to vfio_dma_map. pci p2p may not work", names()),
    (
        "qemu-map-failed",
        "vfio_ram_discard_register_listener: possibly running out of DMA mappings. E.g., try",
        names(),
    ),
    ("qemu-map-failed", "Cannot possibly preregister IOMMU memory", names()),
    (
        "qemu-memory-not-mapped",
        (
            "kvm: vfio_dma_map(0x5e043daea2f0, 0x380010000000, 0x2000000, 0x771a6ce00000) = -22 "
            "(Invalid argument)"
        ),
        names("", (0x380010000000, 0x380011FFFFFF), error=22),
    ),
    (
        "qemu-memory-not-mapped",
        "vfio_container_dma_map(0x55aa, 0x0, 0xa0000, 0x7f00) = -12 (Cannot allocate memory)",
        names("", (0, 0x9FFFF), error=12),
    ),
    (
        "qemu-memory-not-unmapped",
        "VFIO_UNMAP_DMA with DIRTY_BITMAP : Invalid argument",
        names(error=22),
    ),
    (
        "linux-vfio-device-denied",
        (
            "vfio-pci 0000:01:00.0: 8086:0435 exists in vfio-pci device blocklist, driver probing "
            "disallowed."
        ),
        names(),
    ),
    (
        "linux-table-override-refused",
        "Lockdown: swapper: modifying ACPI tables is restricted; see man kernel_lockdown.7",
        names(),
    ),
    (
        "linux-table-override-refused",
        "Lockdown: ACPI table override is restricted; see man kernel_lockdown.7",
        names(),
    ),
    ("linux-table-override-refused", "Lockdown: ACPI tables override is restricted", names()),
    ("linux-table-override-refused", "ACPI: Ignoring ACPI table override", names()),
    (
        "linux-table-override-found",
        "ACPI: IVRS ACPI table found in initrd [kernel/firmware/acpi/ivrs.aml][0x1a4]",
        names(),
    ),
    (
        "linux-table-override-found",
        "ACPI: Table Upgrade: override [IVRS-AMD   -AmdTable]",
        names(),
    ),
    ("linux-table-override-found", "ACPI: Table Upgrade: install [IVRS-AMD   -AmdTable]", names()),
    ("linux-iommu-failed", "DMAR: Flush IOTLB failed", names()),
    ("linux-iommu-quirk", "DMAR: Forcing write-buffer flush capability", names()),
    (
        "linux-iommu-inherited",
        "DMAR-IR: IRQ remapping was enabled on dmar0 but we are not in kdump mode",
        names(word="dmar0"),
    ),
    (
        "linux-iommu-inherited",
        "DMAR-IR: Failed to copy IR table for dmar0 from previous kernel",
        names(word="dmar0"),
    ),
    (
        "linux-iommu-inherited",
        "DMAR-IR: Copied IR table for dmar0 from previous kernel",
        names(word="dmar0"),
    ),
    ("linux-interrupts-not-remapped", "DMAR-IR: Failed to enable queued invalidation", names()),
    (
        "linux-interrupts-remapped",
        "DMAR-IR: IOAPIC id 8 under DRHD base  0xfed91000 IOMMU 1",
        names(),
    ),
    ("linux-interrupts-remapped", "DMAR-IR: HPET id 0 under DRHD base 0xfed91000", names()),
    (
        "linux-vfio-not-bound",
        "[85256.511474] vfio-pci 0000:0a:00.0: probe with driver vfio-pci failed with error -22",
        names(RAID, error=22),
    ),
    (
        "linux-vfio-not-bound",
        "vfio-pci: probe of 0000:0a:00.0 failed with error -16",
        names(RAID, error=16),
    ),
    (
        "qemu-not-assigned",
        'Failed to assign device "hostdev0" : Operation not permitted',
        names(error=1, word="hostdev0"),
    ),
    (
        "qemu-not-assigned",
        'kvm: -device pci-assign,host=0a:00.0: Failed to assign device "(null)": Invalid argument',
        names(error=22, word="(null)"),
    ),
    ("qemu-no-iommu", 'No IOMMU found.  Unable to assign device "(null)"', names(word="(null)")),
    (
        "qemu-container-failed",
        "vfio 0000:0a:00.0: failed to setup container for group 44: Cannot set discarding of RAM broken: Device or resource busy",
        names(RAID, group=44),
    ),
    (
        "qemu-memory-not-unmapped",
        "vfio_dma_unmap(0x55aa, 0x7d000000, 0x20000) = -22 (Invalid argument)",
        names("", (0x7D000000, 0x7D01FFFF), error=22),
    ),
    (
        "qemu-memory-not-unmapped",
        "vfio_container_dma_unmap(0x55aa, 0x7d000000, 0x20000) = -22 (Invalid argument)",
        names("", (0x7D000000, 0x7D01FFFF), error=22),
    ),
    (
        "qemu-device-not-reset",
        "vfio: Cannot reset device 0000:0a:00.0, depends on device 0000:0b:00.1 which is not owned.",
        names(RAID),
    ),
]
