"""Lines as the Linux kernel prints them: the message each is, and what it names."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    ("linux-iommu-opted-out", "[    0.021345] DMAR: Firmware forces DMA remapping off", names()),
    (
        "linux-iommu-opted-out",
        "[    0.021347] DMAR: Any user opt or tboot/platform force_on will be ignored",
        names(),
    ),
    ("linux-iommu-failed", "Kernel panic - not syncing: tboot: Failed to force IOMMU on", names()),
    (
        "linux-vfio-without-iommu",
        "vfio-pci 0000:01:00.0: Adding kernel taint for vfio-noiommu cdev",
        names("0000:01:00.0"),
    ),
    (
        "linux-rmrr-ineligible",
        "[  708.044615] vfio-pci 0000:03:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.",
        names("0000:03:00.0"),
    ),
    (
        "linux-rmrr-ineligible",
        r'{"MESSAGE":"error opening\n0000:03:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor."}',
        names("0000:03:00.0"),
    ),
    (
        "linux-direct-mapping-refused",
        "vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.",
        names("0000:01:00.0"),
    ),
    ("linux-relax-unknown", "DMAR: Unknown option - 'relax_rmrr'", names()),
    (
        "linux-relax-active",
        "[    0.050195] DMAR: Intel-IOMMU: assuming all RMRRs are relaxable. This can lead to instability or data loss",
        names(),
    ),
    (
        "linux-no-interrupt-remapping",
        'vfio_iommu_type1_attach_group: No interrupt remapping support.  Use the module param "allow_unsafe_interrupts" to enable VFIO IOMMU support on this platform',
        names(),
    ),
    (
        "linux-dma-fault",
        "DMAR: [DMA Write NO_PASID] Request device [00:1d.0] fault addr 0xbdf3e000 [fault reason 0x05] PTE Write access is not set",
        names("0000:00:1d.0", 0xBDF3E000, reason=5),
    ),
    (
        "linux-dma-fault",
        "DMAR: [DMA Read PASID 0x1] Request device [00:1d.0] fault addr 0xbdf3e000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear",
        names("0000:00:1d.0", 0xBDF3E000, reason=113),
    ),
    (
        "linux-dma-fault",
        "DMAR: [DMA Read] Request device [00:1d.0] PASID ffffffff fault addr bdf3e000 [fault reason 06] PTE Read access is not set",
        names("0000:00:1d.0", 0xBDF3E000, reason=6),
    ),
    (
        "linux-dma-fault",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr bdf3e000 [fault reason 12] non-zero reserved fields in PTE",
        names("0000:00:1d.0", 0xBDF3E000, reason=12),
    ),
    (
        "linux-dma-fault",
        "DMAR:[DMA Write] Request device [00:1d.0] fault addr bdf3e000 ",
        names("0000:00:1d.0", 0xBDF3E000),
    ),
    (
        "linux-fault-reason",
        "DMAR:[fault reason 02] Present bit in context entry is clear",
        names(reason=2),
    ),
    ("linux-fault-status", "DRHD: handling fault status reg 602", names()),
    (
        "linux-interrupt-fault",
        "DMAR: [INTR-REMAP] Request device [00:1f.7] fault index 0x8000 [fault reason 0x25] Blocked a compatibility format interrupt request",
        names("0000:00:1f.7", reason=37),
    ),
    (
        "linux-interrupt-fault",
        "INTR-REMAP: Request device [[00:1f.7] fault index 20",
        names("0000:00:1f.7"),
    ),
    (
        "linux-bad-rmrr",
        "DMAR: [Firmware Bug]: Your BIOS is broken; bad RMRR [0x00000000000e8000-0x00000000000e8fff]",
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "linux-rmrr-not-reserved",
        "DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000bdc00000-0x00000000bfffffff], contact BIOS vendor for fixes",
        names("", (0xBDC00000, 0xBFFFFFFF)),
    ),
    ("linux-rmrr-ends-before-start", "Your BIOS is broken; RMRR ends before it starts!", names()),
    (
        "linux-rmrr-too-wide",
        "Your BIOS is broken; RMRR exceeds permitted address width (39 bits)",
        names(),
    ),
    ("linux-unit-at-zero", "Your BIOS is broken; DMAR reported at address zero!", names()),
    (
        "linux-unit-at-zero",
        "DMAR: [Firmware Bug]: Your BIOS is broken; DMAR reported at address 0!",
        names("", 0x0),
    ),
    (
        "linux-unit-dead",
        "Your BIOS is broken; DMAR reported at address fed90000 returns all ones!",
        names("", 0xFED90000),
    ),
    ("linux-unit-taken", "DMAR: Can't reserve memory", names()),
    (
        "linux-no-unit",
        "DMAR: [Firmware Bug]: No DRHD structure found in DMAR table",
        names(),
    ),
    ("linux-width-invalid", "DMAR: Invalid DMAR haw", names()),
    (
        "linux-checksum",
        "ACPI BIOS Warning (bug): Incorrect checksum in table [DMAR] - 0x58, should be 0x2A (20210730/utcksum-58)",
        names(),
    ),
    (
        "linux-interrupts-without-unit",
        "DMAR-IR: [Firmware Bug]: ioapic 2 has no mapping iommu, interrupt remapping will be disabled",
        names(),
    ),
    ("linux-interrupts-without-unit", "DMAR-IR: No mapping iommu for ioapic 2", names()),
    (
        "linux-rhsa-without-unit",
        "Your BIOS is broken; RHSA refers to non-existent DMAR unit at fbffc000",
        names("", 0xFBFFC000),
    ),
    (
        "linux-andd-unterminated",
        "Your BIOS is broken; ANDD object name is not NUL-terminated",
        names(),
    ),
    (
        "linux-andd-unused",
        "DMAR: No IOMMU scope found for ANDD enumeration ID 1 (\\_SB.PCI0.I2C0)",
        names(),
    ),
    ("linux-structure-empty", "DMAR: [Firmware Bug]: Invalid 0-length structure", names()),
    ("linux-structure-past-end", "DMAR: [Firmware Bug]: Record passes table end", names()),
    (
        "linux-scope-type",
        "DMAR: Device scope type does not match for 0000:80:00.0",
        names("0000:80:00.0"),
    ),
    ("linux-scope-unsupported", "DMAR: Unsupported device scope", names()),
    (
        "linux-scope-workaround",
        "DMAR: [Firmware Bug]: RMRR entry for device 03:00.1 is broken - applying workaround",
        names("0000:03:00.1"),
    ),
    (
        "linux-rmrr-listed",
        "[    0.364636] DMAR: RMRR base: 0x0000003c000000 end: 0x0000003c0fffff",
        names("", (0x3C000000, 0x3C0FFFFF)),
    ),
    (
        "linux-identity-map",
        "IOMMU: Setting identity map for device 0000:00:1d.0 [0xbdf3e000 - 0xbdf3ffff]",
        names("0000:00:1d.0", (0xBDF3E000, 0xBDF3FFFF)),
    ),
    (
        "linux-identity-map",
        "ehci-pci 0000:00:1d.0: Setting identity map [0xbdf3e000 - 0xbdf3ffff]",
        names("0000:00:1d.0", (0xBDF3E000, 0xBDF3FFFF)),
    ),
    (
        "linux-identity-map-not-needed",
        "DMAR: Ignoring identity map for HW passthrough device 0000:00:1d.0 [0xbdf3e000 - 0xbdf3ffff]",
        names("0000:00:1d.0", (0xBDF3E000, 0xBDF3FFFF)),
    ),
    (
        "linux-identity-map-not-needed",
        "ehci-pci 0000:00:1d.0: DMAR: Ignoring identity map for HW passthrough [0xbdf3e000 - 0xbdf3ffff]",
        names("0000:00:1d.0", (0xBDF3E000, 0xBDF3FFFF)),
    ),
    ("linux-identity-map-failed", "DMAR: Mapping reserved region failed", names()),
    ("linux-identity-map-failed", "IOMMU: mapping reserved region failed", names()),
    ("linux-amd-option-unknown", "[    0.023785] AMD-Vi: Unknown option - 'on'", names(word="on")),
    ("linux-option-unknown", "[    0.023785] DMAR: Unknown option - 'igfx-off'", names()),
    (
        "linux-region-not-mapped",
        "pci 0000:00:00.2: AMD-Vi: Out of memory allocating dm-regions",
        names("00:00.2"),
    ),
    (
        "linux-iommu-on",
        "[    1.332789] ehci-pci 0000:00:1a.0: DMAR: 32bit DMA uses non-identity mapping",
        names("00:1a.0"),
    ),
    (
        "linux-rmrr-ineligible",
        "vfio-pci 0000:0a:00.0: dmar: device is ineligible for iommu domain attach due to platform rmrr requirement",
        names("0a:00.0"),
    ),
    ("linux-iommu-on", "xhci_hcd 0000:00:14.0: Using iommu dma mapping", names("00:14.0")),
    ("linux-iommu-on", "nvme 0000:0a:00.0: DMAR: Using iommu direct mapping", names("0a:00.0")),
    (
        "linux-kvm-no-interrupt-remapping",
        'kvm_iommu_map_guest: No interrupt remapping support, disallowing device assignment. Re-enble with "allow_unsafe_assigned_interrupts=1" module option.',
        names(),
    ),
    (
        "linux-acs-override",
        "Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA",
        names(),
    ),
    ("linux-isa-identity-map", "IOMMU: Prepare 0-16MiB unity mapping for LPC", names()),
    ("linux-isa-identity-map", "IOMMU: Prepare 0-16M unity mapping for LPC", names()),
    (
        "linux-isa-identity-map",
        "DMAR: Setting identity map for device 0000:00:1f.0 [0x0 - 0xffffff]",
        names("0000:00:1f.0"),
    ),
    (
        "linux-isa-identity-map",
        "Setting identity map for device 0000:00:1f.0 [0x0 - 0x1000000]",
        names("0000:00:1f.0"),
    ),
    (
        "linux-isa-identity-map",
        "pci 0000:00:1f.0: DMAR: Setting identity map [0x0 - 0xffffff]",
        names("0000:00:1f.0"),
    ),
    (
        "linux-isa-identity-map",
        "DMAR: Failed to create 0-16MiB identity map - floppy might not work",
        names(),
    ),
    (
        "linux-amd-feature",
        "[    0.912345] AMD-Vi: Applying erratum 746 workaround for IOMMU at 0000:00:00.2",
        names("0000:00:00.2"),
    ),
    (
        "xen-amd-on",
        "(XEN) AMD-Vi: Applying erratum 746 workaround for IOMMU at 0000:00:00.2",
        names("0000:00:00.2"),
    ),
    (
        "linux-address-too-wide",
        "DMAR: intel_iommu_map: iommu width (39) is not sufficient for the mapped address (8000000000)",
        names("", 0x8000000000),
    ),
    (
        "linux-map-unaligned",
        "iommu: unaligned: iova 0x7d000800 pa 0x8d000000 size 0x1000 min_pagesz 0x1000",
        names("", 0x7D000800),
    ),
    (
        "linux-table-listed",
        'DMAR: ACPI device "INT33C2:00" under DMAR at fed91000 as 00:15.0',
        names("0000:00:15.0", 0xFED91000, word="INT33C2:00"),
    ),
]
