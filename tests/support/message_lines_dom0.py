"""Lines about devices in a Xen dom0: as pciback, pcifront, libxl, hvmloader and Xen's QEMU print them."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    (
        "linux-xen-device-not-added",
        "[    1.201] pci 10000:e0:06.0: Failed to add - passthrough or MSI/MSI-X might fail!",
        names("10000:e0:06.0"),
    ),
    (
        "linux-xen-device-not-reported",
        "[    1.201] pci 10000:e0:06.0: not registering with Xen: invalid PCI segment",
        names("10000:e0:06.0"),
    ),
    (
        "linux-xen-device-not-reported",
        "[  812.201] pci 10000:e0:06.0: not unregistering with Xen: invalid PCI segment",
        names("10000:e0:06.0"),
    ),
    (
        "linux-xen-device-not-removed",
        "[  812.201] pci 0000:0a:00.0: Failed to delete - passthrough or MSI/MSI-X might fail!",
        names("0a:00.0"),
    ),
    (
        "linux-xen-mmconfig-refused",
        "[    0.9] Failed to report MMCONFIG reservation state for PCI MMCONFIG 0000 [bus 00-ff] to hypervisor (-19)",
        names(error=19),
    ),
    (
        "linux-pciback-not-bound",
        "pciback 0000:00:1c.0: xen_pciback: can't export pci devices that don't have a normal (0) or bridge (1) header type!",
        names("00:1c.0"),
    ),
    (
        "linux-pciback-not-bound",
        "pciback pci-1-0: 14 Can't export bridges on the virtual PCI bus",
        names(),
    ),
    (
        "linux-pciback-not-bound",
        "pciback 0000:0a:00.0: xen-pciback: error -22 initializing device",
        names("0a:00.0", error=22),
    ),
    (
        "linux-pciback-not-bound",
        "pciback: probe of 0000:0a:00.0 failed with error -19",
        names("0a:00.0", error=19),
    ),
    (
        "linux-pciback-not-bound",
        "pciback 0000:0a:00.0: probe with driver pciback failed with error -19",
        names("0a:00.0", error=19),
    ),
    (
        "linux-pciback-not-bound",
        'xen_pciback: Error parsing pci_devs_to_hide at "0a:00.0"',
        names(word="0a:00.0"),
    ),
    (
        "linux-pciback-not-found",
        "pciback pci-3-0: 22 Couldn't locate PCI device (0000:0a:00.0)! perhaps already in-use?",
        names("0a:00.0"),
    ),
    (
        "linux-pciback-in-use",
        "pciback 0000:0a:00.0: xen-pciback: ****** removing device 0000:0a:00.0 while still in-use by domain 3! ******",
        names("0a:00.0", domain=3),
    ),
    (
        "linux-pciback-in-use",
        "xen_pciback: ****** removing device 0000:0a:00.0 while still in-use! ******",
        names("0a:00.0"),
    ),
    (
        "linux-pciback-in-use",
        "xen_pciback: ****** driver domain may still access this device's i/o resources!",
        names(),
    ),
    (
        "linux-pciback-in-use",
        "pciback 0000:0a:00.0: xen-pciback: Stealing ownership from dom3.",
        names("0a:00.0", domain=3),
    ),
    (
        "linux-pciback-interrupt",
        "pciback 0000:0a:00.0: xen_pciback: MSI-X preparation failed (-6)",
        names("0a:00.0", error=6),
    ),
    (
        "linux-pciback-interrupt",
        "pciback 0000:0a:00.0: MSI-X release failed (-16)",
        names("0a:00.0", error=16),
    ),
    (
        "linux-pciback-interrupt",
        "pciback 0000:0a:00.0: xen-pciback: error enabling MSI for guest 3: err -22",
        names("0a:00.0", domain=3, error=22),
    ),
    (
        "linux-pciback-interrupt",
        "pciback 0000:0a:00.0: xen-pciback: error enabling MSI-X for guest 3: err -22!",
        names("0a:00.0", domain=3, error=22),
    ),
    (
        "linux-pciback-interrupt",
        "pciback 0000:0a:00.0: xen-pciback[0000:0a:00.0]: failed to install fake IRQ handler for IRQ 16! (rc:-16)",
        names(error=16),
    ),
    (
        "linux-pciback-interrupt",
        "nvme 10000:e1:00.0: xen map irq failed -22 for 32752 domain",
        names("10000:e1:00.0", error=22),
    ),
    ("linux-pciback-interrupt", "[    0.8] xen map irq failed -22", names(error=22)),
    (
        "linux-pciback-protects",
        "pciback 0000:0a:00.0: xen-pciback: Driver tried to write to a read-only configuration space field at offset 0x6a, size 2. This may be harmless, but if you have problems with your device:",
        names("0a:00.0"),
    ),
    (
        "linux-pciback-protects",
        "pciback 0000:0a:00.0: xen_pciback: enabling permissive mode configuration space accesses!",
        names("0a:00.0"),
    ),
    (
        "linux-pciback-protects",
        "pciback 0000:0a:00.0: permissive mode is potentially unsafe!",
        names("0a:00.0"),
    ),
    ("linux-pciback-has-device", "pciback 0000:0a:00.0: seizing device", names("0a:00.0")),
    (
        "linux-pciback-has-device",
        "pciback 0000:0a:00.0: xen_pciback: seizing device",
        names("0a:00.0"),
    ),
    (
        "linux-pciback-has-device",
        "pciback 0000:0a:00.0: xen-pciback: registering for 3",
        names("0a:00.0", domain=3),
    ),
    (
        "linux-pciback-has-device",
        "xen_pciback: vpci: 0000:0a:00.0: assign to virtual slot 0",
        names("0a:00.0"),
    ),
    (
        "linux-pciback-has-device",
        "pciback 0000:0a:00.1: xen-pciback: vpci: assign to virtual slot 0 func 1",
        names("0a:00.1"),
    ),
    (
        "linux-pcifront-no-hole",
        "pcifront pci-0: Could not claim resource 0000:00:00.0/6! Device offline. Try using e820_host=1 in the guest config.",
        names(),
    ),
    ("linux-pcifront-failed", "pcifront pci-0: Could not setup SWIOTLB!", names()),
    ("linux-pcifront-failed", "pcifront pci-0: 12 Error setting up PCI Frontend", names()),
    (
        "linux-vfio-bar-taken",
        "[  60.1] vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xd0000000-0xdfffffff 64bit pref]",
        names("01:00.0", (0xD0000000, 0xDFFFFFFF)),
    ),
    ("linux-identity-map", "DMAR: Setting RMRR:", names()),
    ("linux-fault-tables", "DMAR: root table entry is not present", names()),
    ("linux-fault-tables", "DMAR: context table entry is not present", names()),
    ("linux-fault-tables", "DMAR: pasid directory entry is not present", names()),
    ("linux-fault-tables", "DMAR: pasid table entry is not present", names()),
    ("linux-fault-tables", "DMAR: PTE not present at level 2", names()),
    (
        "libxl-not-bound",
        "libxl: error: libxl_pci.c:384:sysfs_write_bdf: write to /sys/bus/pci/drivers/pciback/bind returned -1: No such device",
        names(error=19),
    ),
    (
        "libxl-not-bound",
        "libxl: error: libxl_pci.c:375:sysfs_write_bdf: Couldn't open /sys/bus/pci/drivers/pciback/new_slot: No such file or directory",
        names(error=2),
    ),
    (
        "libxl-device-unreadable",
        "libxl: error: libxl_pci.c:796:libxl__device_pci_assignable_add: Couldn't lstat /sys/bus/pci/devices/0000:0a:00.0: No such file or directory",
        names("0a:00.0", error=2),
    ),
    (
        "libxl-not-reset",
        "libxl: error: libxl_pci.c:1636:libxl__device_pci_reset: write to /sys/bus/pci/devices/0000:0a:00.0/reset returned -1: Inappropriate ioctl for device",
        names(error=25),
    ),
    (
        "libxl-not-permissive",
        "libxl: error: libxl_pci.c:1417:pci_add_dm_done: Domain 5:Setting permissive for device",
        names(),
    ),
    (
        "libxl-pci-add-failed",
        "libxl: error: libxl_create.c:1945:domcreate_attach_devices: Domain 24:unable to add pci devices",
        names(),
    ),
    (
        "libxl-backend-not-ready",
        "libxl: error: libxl_device.c:1385:libxl__wait_for_backend: Backend /local/domain/0/backend/pci/30/0 not ready",
        names(),
    ),
    (
        "hvmloader-no-space",
        "(d5) pci dev 05:0 bar 10 size 010000000: no space for resource!",
        names(),
    ),
    (
        "hvmloader-hole",
        "(d5) Low MMIO hole not large enough for all devices, relocating some BARs to 64-bit",
        names(),
    ),
    (
        "hvmloader-hole",
        "(d5) max_ram_below_4g=0x0f8000000 too big for mmio_hole_size=0x008000000 has been ignored.",
        names(),
    ),
    (
        "qemu-xen-bar-not-mapped",
        "[00:05.0] xen_pt_region_update: Error: create new mem mapping failed! (err: 1)",
        names(error=1),
    ),
    ("qemu-xen-bar-not-mapped", "remove old mem mapping failed! (err: 22)", names(error=22)),
    ("qemu-xen-bar-not-mapped", "create new ioport mapping failed! (err: 22)", names(error=22)),
    ("qemu-xen-bar-not-mapped", "remove old ioport mapping failed! (err: 22)", names(error=22)),
    (
        "qemu-xen-bar-not-mapped",
        "[00:05.0] xen_pt_bar_read: Error: Should not read BAR through QEMU. @0x0000000000000010",
        names(),
    ),
    (
        "qemu-xen-bar-not-mapped",
        "[00:05.0] xen_pt_bar_write: Error: Should not write BAR through QEMU. @0x0000000000000010",
        names(),
    ),
    (
        "qemu-xen-bars-overlap",
        "[00:05.0] xen_pt_check_bar_overlap: Warning: Overlapped to device [00:02.0] Region: 0 (addr: 0xf0000000, len: 0x2000000)",
        names(),
    ),
    (
        "qemu-xen-bars-overlap",
        "[00:05.0] xen_pt_region_update: Warning: Region: 1 (addr: 0xf1000000, len: 0x20000) is overlapped.",
        names(),
    ),
    (
        "qemu-xen-not-opened",
        '[00:05.0] xen_pt_initfn: Error: Failed to "open" the real pci device. rc: -1',
        names(),
    ),
    (
        "qemu-xen-not-opened",
        "[00:05.0] xen_pt_msix_init: Error: Can't open /dev/mem: Operation not permitted",
        names(error=1),
    ),
    (
        "qemu-xen-not-opened",
        "[00:05.0] xen_pt_msix_init: Error: Can't map physical MSI-X table: Operation not permitted",
        names(error=1),
    ),
    (
        "qemu-xen-interrupt-refused",
        "[00:05.0] xen_pt_realize: Error: Mapping machine irq 16 to pirq -1 failed, (err: 1)",
        names(error=1),
    ),
    ("qemu-xen-interrupt-refused", "Binding of interrupt 0 failed! (err: 16)", names(error=16)),
    (
        "qemu-xen-interrupt-refused",
        "[00:05.0] msi_msix_setup: Error: Mapping of MSI-X (err: 22, vec: 0, entry 0x1)",
        names(error=22),
    ),
    ("qemu-xen-interrupt-refused", "Mapping of MSI (rc: -1, vec: 0x30, entry 0)", names()),
    ("qemu-xen-interrupt-refused", "Updating of MSI failed. (err: 16)", names(error=16)),
    ("qemu-xen-interrupt-refused", "Updating of MSI-X failed. (rc: -1)", names()),
    (
        "qemu-xen-write-inhibited",
        "[00:05.0] Write-back to unknown field 0x44 (partially) inhibited (0x0000)",
        names(),
    ),
    (
        "qemu-xen-write-inhibited",
        "[00:05.0] If the device doesn't work, try enabling permissive mode",
        names(),
    ),
    (
        "qemu-xen-graphics-refused",
        "[00:02.0] igd_write_opregion: Error: [-1]:Can't enable to access IGD host opregion: 0x7dffd.",
        names("", (0x7DFFD000, 0x7DFFDFFF)),
    ),
    (
        "qemu-xen-graphics-refused",
        "[00:02.0] igd_write_opregion: Error: [-1]:Can't map IGD host opregion:0x7dffd to guest opregion:0xfdffc.",
        names("", (0x7DFFD000, 0x7DFFDFFF)),
    ),
    ("qemu-xen-graphics-refused", "VGA ioport mapping failed! (rc: -1)", names()),
    ("qemu-xen-graphics-refused", "VGA memory mapping failed! (rc: -1)", names()),
    ("qemu-xen-graphics-refused", "VGA: Can't get VBIOS", names()),
    (
        "qemu-xen-device-shown",
        "[00:07.0] xen_pt_realize: Assigning real physical device 0a:00.1 to devfn 0x38",
        names("0a:00.1"),
    ),
    (
        "qemu-xen-device-shown",
        "[00:07.0] xen_pt_realize: Real physical device 0a:00.1 registered successfully",
        names("0a:00.1"),
    ),
    (
        "qemu-bar-not-mmapped",
        "kvm: -device vfio-pci,host=0000:01:00.0: Failed to mmap 0000:01:00.0 BAR 1. Performance may be slow",
        names("01:00.0"),
    ),
    (
        "qemu-device-failed",
        "qemu-system-x86_64: vfio_err_notifier_handler(0000:01:00.0) Unrecoverable error detected. Please collect any data possible and then kill the guest",
        names("01:00.0"),
    ),
    (
        "libvirt-libxl-failed",
        "error: internal error: libxenlight failed to restore domain 'win10'",
        names(word="win10"),
    ),
    (
        "qubes-attach-later",
        "Failed to detach PCI device '0a_00.0' on the fly, changes will be seen after VM restart.",
        names("0a:00.0"),
    ),
    (
        "linux-table-override-found",
        "ACPI: Override [DMAR-   INTEL], this is unsafe: tainting kernel",
        names(),
    ),
    (
        "linux-table-override-found",
        "ACPI: Override [IVRS-     AMD], this is unsafe: tainting kernel",
        names(),
    ),
]
