"""Lines of libvirt and its tools: the message each is, and what it names."""

from dmaragent.messages.model import Names
from support.message_names import names

NIC, GPU = "0000:03:00.0", "0000:00:02.0"
_CHECK = "  QEMU: Checking for device assignment IOMMU support                         : WARN "
LINES: list[tuple[str, str, Names]] = [
    (
        "libvirt-no-passthrough",
        "error: unsupported configuration: host doesn't support passthrough of host PCI devices",
        names(),
    ),
    (
        "libvirt-no-passthrough",
        "unsupported configuration: host doesn't support VFIO PCI passthrough",
        names(),
    ),
    (
        "libvirt-no-passthrough",
        (
            "error: argument unsupported: VFIO device assignment is currently not supported on this "
            "system"
        ),
        names(),
    ),
    (
        "libvirt-no-passthrough",
        "VFIO device assignment is not available on this platform",
        names(),
    ),
    (
        "libvirt-no-passthrough",
        "unsupported configuration: pci backend driver 'default' is not supported",
        names(word="default"),
    ),
    (
        "libvirt-no-passthrough",
        "unsupported configuration: pci backend driver type 'default' is not supported",
        names(word="default"),
    ),
    (
        "libvirt-no-legacy-passthrough",
        "unsupported configuration: host doesn't support legacy PCI passthrough",
        names(),
    ),
    (
        "libvirt-no-legacy-passthrough",
        "KVM device assignment is currently not supported on this system",
        names(),
    ),
    (
        "libvirt-no-legacy-passthrough",
        "KVM device assignment is no longer supported on this system",
        names(),
    ),
    (
        "libvirt-no-legacy-passthrough",
        "VFIO PCI device assignment is not supported by this version of qemu",
        names(word="qemu"),
    ),
    (
        "libvirt-validate-no-table",
        _CHECK + "(No ACPI DMAR table found, IOMMU either disabled in BIOS or not supported by "
        "this hardware platform)",
        names(),
    ),
    (
        "libvirt-validate-no-table",
        _CHECK + "(No ACPI IVRS table found, IOMMU either disabled in BIOS or not supported by "
        "this hardware platform)",
        names(),
    ),
    (
        "libvirt-validate-no-smmu",
        _CHECK + "(No ACPI IORT table found, IOMMU not supported by this hardware platform)",
        names(),
    ),
    ("libvirt-validate-no-smmu", _CHECK + "(Failed to parse ACPI IORT table)", names()),
    ("libvirt-validate-no-smmu", _CHECK + "(No SMMU found)", names()),
    (
        "libvirt-validate-no-table",
        _CHECK + "(Unknown if this platform has IOMMU support)",
        names(),
    ),
    (
        "libvirt-validate-kernel-off",
        (
            "  QEMU: Checking if IOMMU is enabled by kernel : WARN (IOMMU appears to be disabled in "
            "kernel. Add intel_iommu=on to kernel cmdline arguments)"
        ),
        names(word="intel_iommu=on"),
    ),
    (
        "libvirt-validate-kernel-off",
        "(IOMMU capability not compiled into kernel.)",
        names(),
    ),
    (
        "libvirt-in-use",
        (
            "Requested operation is not valid: PCI device 0000:03:00.0 is in use by driver xenlight, "
            "domain usbvm"
        ),
        names(NIC, word="xenlight"),
    ),
    (
        "libvirt-in-use",
        "Requested operation is not valid: PCI device 0000:03:00.0 is in use",
        names(NIC),
    ),
    ("libvirt-in-use", "internal error: Device 0000:03:00.0 is already in use", names(NIC)),
    (
        "libvirt-in-use",
        "PCI device 0000:03:00.0 allocated from network vfs is already in use by domain web",
        names(NIC, word="vfs"),
    ),
    (
        "libvirt-in-use",
        "NVMe device 0000:03:00.0 already in use by driver QEMU domain db",
        names(NIC, word="QEMU"),
    ),
    (
        "libvirt-not-assignable",
        "Requested operation is not valid: PCI device 0000:03:00.0 is not assignable",
        names(NIC),
    ),
    (
        "libvirt-not-assignable",
        "Device 0000:03:00.0 is behind a switch lacking ACS and cannot be assigned",
        names(NIC),
    ),
    (
        "libvirt-not-an-endpoint",
        "unsupported configuration: Non-endpoint PCI devices cannot be assigned to guests",
        names(),
    ),
    (
        "libvirt-not-an-endpoint",
        "Invalid attempt to reset PCI device 0000:03:00.0. Only PCI endpoint devices can be reset",
        names(NIC),
    ),
    (
        "libvirt-not-an-endpoint",
        "Interface type hostdev is currently supported on SR-IOV Virtual Functions only",
        names(),
    ),
    (
        "libvirt-unmanaged",
        "Unmanaged PCI device 0000:03:00.0 must be manually detached from the host",
        names(NIC),
    ),
    (
        "libvirt-not-bound",
        "Failed to unbind PCI device '0000:03:00.0' from e1000e",
        names(NIC, word="e1000e"),
    ),
    ("libvirt-not-bound", "Failed to trigger a probe for PCI device '0000:03:00.0'", names(NIC)),
    (
        "libvirt-not-bound",
        (
            "Failed to add driver 'vfio-pci' to driver_override  interface of PCI device "
            "'0000:03:00.0': Permission denied"
        ),
        names(NIC, word="vfio-pci"),
    ),
    ("libvirt-not-bound", "No stub driver configured for PCI device 0000:03:00.0", names(NIC)),
    ("libvirt-not-bound", "Unknown stub driver configured for PCI device 0000:03:00.0", names(NIC)),
    (
        "libvirt-not-bound",
        "internal error: Failed to load PCI driver module vfio-pci: administratively prohibited",
        names(word="vfio-pci: administratively prohibited"),
    ),
    (
        "libvirt-not-bound",
        (
            "modprobe reported success loading module 'vfio-pci', but module is missing from "
            "/sys/module"
        ),
        names(word="vfio-pci"),
    ),
    ("libvirt-not-bound", "Not detaching active device 0000:03:00.0", names(NIC)),
    ("libvirt-not-bound", "Not reattaching active device 0000:03:00.0", names(NIC)),
    (
        "libvirt-not-bound",
        "Failed to add PCI device 0000:03:00.0 to the inactive list",
        names(NIC),
    ),
    ("libvirt-not-given-back", "Failed to re-attach PCI device: internal error", names()),
    ("libvirt-not-given-back", "Failed to reattach NVMe for disk target: vda", names()),
    ("libvirt-not-given-back", "Failed to allocate PCI device list: internal error", names()),
    ("libvirt-detach-failed", "error: Failed to detach device pci_0000_00_02_0", names(GPU)),
    ("libvirt-detach-failed", "error: Failed to re-attach device pci_0000_00_02_0", names(GPU)),
    ("libvirt-detach-failed", "error: Failed to reset device pci_0000_00_02_0", names(GPU)),
    (
        "libvirt-no-reset",
        "internal error: Active 0000:03:00.1 devices on bus with 0000:03:00.0, not doing bus reset",
        names("0000:03:00.1"),
    ),
    ("libvirt-no-reset", "internal error: Not resetting active device 0000:03:00.0", names(NIC)),
    ("libvirt-no-reset", "Failed to reset PCI device: internal error", names()),
    ("libvirt-no-reset", "no FLR, PM reset or bus reset available", names()),
    (
        "libvirt-group-unreadable",
        "Unable to resolve device 0000:03:00.0 iommu_group symlink /sys/bus/pci/devices",
        names(NIC),
    ),
    (
        "libvirt-group-unreadable",
        "Unable to resolve device /sys/bus/mdev/1 iommu_group symlink",
        names(),
    ),
    (
        "libvirt-group-unreadable",
        "Invalid device 0000:03:00.0 iommu_group file /sys/x is not a symlink",
        names(NIC),
    ),
    (
        "libvirt-group-unreadable",
        "Invalid device eth0 iommu_group file /sys/x is not a symlink",
        names(),
    ),
    (
        "libvirt-group-unreadable",
        "device 0000:03:00.0 iommu_group symlink /sys/x has invalid group number y",
        names(NIC),
    ),
    (
        "libvirt-group-unreadable",
        "device eth0 iommu_group symlink /sys/x has invalid group number y",
        names(),
    ),
    ("libvirt-group-unreadable", "cannot open IOMMUFD device", names()),
    (
        "libvirt-device-missing",
        "Device 0000:03:00.0 not found: could not access /sys/bus/pci/devices/0000:03:00.0/config",
        names(NIC),
    ),
    (
        "libvirt-device-missing",
        "internal error: Failed to read product/vendor ID for 0000:03:00.0",
        names(NIC),
    ),
    (
        "libvirt-libxl-failed",
        "internal error: libxenlight failed to create new domain 'sys-net'",
        names(word="sys-net"),
    ),
    (
        "libvirt-libxl-failed",
        "internal error: libxenlight failed to attach pci device 0:3:0.0",
        names(NIC),
    ),
    (
        "libvirt-libxl-failed",
        "internal error: libxenlight failed to detach pci device 0000:03:00.0",
        names(NIC),
    ),
    (
        "libvirt-not-given-back",
        "Failed to allocate PCI device list: unsupported configuration: no driver",
        names(),
    ),
    (
        "libvirt-not-bound",
        "error: Failed to bind PCI device '0000:0a:00.0' to vfio-pci: Device or resource busy",
        names("0a:00.0", word="vfio-pci: Device or resource busy"),
    ),
    (
        "libvirt-not-bound",
        "error: Failed to add PCI device ID '8086 10fb' to pci-stub: File exists",
        names(word="8086 10fb"),
    ),
    (
        "libvirt-not-bound",
        "error: Failed to remove PCI ID '8086 10fb' from pci-stub: No such device",
        names(word="8086 10fb"),
    ),
    (
        "libvirt-not-bound",
        "error: Failed to add slot for PCI device '0000:0a:00.0' to pciback: File exists",
        names("0a:00.0", word="pciback: File exists"),
    ),
    (
        "libvirt-not-bound",
        "error: Failed to remove slot for PCI device '0000:0a:00.0' from pciback: No such device",
        names("0a:00.0", word="pciback: No such device"),
    ),
    (
        "libvirt-not-bound",
        "error: Failed to trigger a re-probe for PCI device '0000:0a:00.0': Invalid argument",
        names("0a:00.0"),
    ),
    (
        "libvirt-not-bound",
        "error: internal error: Failed to load PCI stub module vfio-pci",
        names(word="vfio-pci"),
    ),
    (
        "libvirt-device-silent",
        "error: internal error: Unknown PCI header type '127' for device '0000:0a:00.0'",
        names("0a:00.0"),
    ),
    (
        "libvirt-device-silent",
        "internal error: Failed to read PCI config space for 0000:0a:00.0",
        names("0a:00.0"),
    ),
]
