"""Lines of Xen and libxl about VT-d's start and about devices, and what each names."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    (
        "xen-igd-off",
        "(XEN) [VT-D] firmware did not enable IGD for VT properly; disabling IGD VT-d engine",
        names(),
    ),
    (
        "xen-igd-off",
        "(XEN) [VT-D] BIOS did not enable IGD for VT properly.  Disabling IGD VT-d engine.",
        names(),
    ),
    (
        "xen-igd-panic",
        "(XEN) firmware did not enable IGD for VT properly; crash Xen for security purpose",
        names(),
    ),
    (
        "xen-isoch-off",
        "(XEN) firmware did not enable TLB for sound device; crash Xen for security purpose",
        names(),
    ),
    ("xen-iommu-required", "(XEN) Couldn't enable IOMMU and iommu=required/force", names()),
    (
        "xen-iommu-required",
        "(XEN) Couldn't enable Interrupt Remapping and iommu=required/force",
        names(),
    ),
    ("xen-iommu-on", "(XEN) I/O virtualisation enabled", names()),
    ("xen-iommu-on", "(XEN) Interrupt remapping enabled", names()),
    ("xen-iommu-on", "(XEN) Intel VT-d Snoop Control enabled.", names(word="enabled.")),
    (
        "xen-device-not-added",
        "(XEN) 0000:03:00.0: unknown type 5",
        names("0000:03:00.0"),
    ),
    (
        "xen-device-not-added",
        "(XEN) alloc_pdev: unknown type: 0000:03:00.0",
        names("0000:03:00.0"),
    ),
    (
        "xen-dom0-map-failed",
        "(XEN) d0: identity IOMMU mapping of 7d0 failed: -12",
        names("", (0x7D0000, 0x7D0FFF), error=12),
    ),
    (
        "xen-dom0-map-failed",
        "(XEN) IOMMU identity mapping of [7dffd, 7dfff] failed: -12",
        names("", (0x7DFFD000, 0x7DFFFFFF), error=12),
    ),
    (
        "xen-dom0-map-failed",
        "(XEN) d0: IOMMU identity mapping of [7dffd,7e000) failed: -12",
        names("", (0x7DFFD000, 0x7DFFFFFF), error=12),
    ),
    (
        "xen-dom0-map-failed",
        "(XEN) d0: identity mapping of 7dffd failed: -16",
        names("", (0x7DFFD000, 0x7DFFDFFF), error=16),
    ),
    (
        "xen-dma-not-mapped",
        "(XEN) d5: IOMMU mapping dfn 7dffd to mfn 7dffd failed: -12",
        names("", (0x7DFFD000, 0x7DFFDFFF), domain=5),
    ),
    (
        "libxl-resource-refused",
        (
            "libxl: error: libxl_pci.c:2596:libxl__grant_vga_iomem_permission: Domain 5:failed to "
            "give dom5 access to iomem range a0-bf for VGA passthru"
        ),
        names("", (0xA0000, 0xBFFFF)),
    ),
    ("xen-context-listed", "(XEN) PCI add extended device 0000:03:00.0", names()),
    ("xen-context-listed", "(XEN) PCI add virtual function 0000:03:10.0", names()),
    (
        "libxl-passthrough-share",
        'libxl: error: passthrough="sync_pt" not supported on ARM',
        names(word="not supported on ARM"),
    ),
    ("libxl-not-bound", "libxl: error: libxl_pci.c:100: fail to get assigned devices", names()),
    (
        "libxl-bound-already",
        "libxl: debug: Driver re-plug path: /sys/bus/pci/drivers/e1000e",
        names(),
    ),
    (
        "libxl-not-reset",
        "libxl: error: libxl_pci.c:99:libxl__device_pci_reset: Domain 5:write to x returned -1",
        names(),
    ),
    (
        "libxl-deassign-failed",
        "libxl: debug: pci backend at /local/domain/0/backend/pci/5/0 is not ready",
        names(),
    ),
    (
        "libxl-no-pciback",
        (
            "libxl: error: libxl_pci.c:415:libxl_device_pci_assignable_list: Looks like pciback "
            "driver not loaded"
        ),
        names(),
    ),
    (
        "xen-extra-region-lost",
        (
            "(XEN) Failed to reserve [7d000000-7d020000) for XHCI console, skipping IOMMU mapping for "
            "it, some functionality may be broken"
        ),
        names("", (0x7D000000, 0x7D01FFFF), word="XHCI console"),
    ),
    (
        "xen-rmrr-not-reserved",
        '(XEN) [VT-D] RMRR [7dffd000,7dffefff] not in reserved memory; need "iommu_inclusive_mapping=1"?',
        names("", (0x7DFFD000, 0x7DFFEFFF)),
    ),
    (
        "xen-scope-absent-device",
        "(XEN) [VT-D] Non-existent device (0000:0a:00.0) is reported in RMRR [7dffd000,7dffefff]'s scope!",
        names("0000:0a:00.0", (0x7DFFD000, 0x7DFFEFFF)),
    ),
    (
        "xen-region-not-mapped",
        "(XEN) [VT-D] cannot map reserved region (7dffd000,7dffefff] for Dom5 (-12)",
        names("", (0x7DFFD000, 0x7DFFEFFF), domain=5, error=12),
    ),
    (
        "xen-region-not-mapped",
        "(XEN) [VT-D]d5: cannot map reserved region [7dffd000,7dffefff]: -12",
        names("", (0x7DFFD000, 0x7DFFEFFF), domain=5, error=12),
    ),
    (
        "xen-region-not-unmapped",
        "(XEN) [VT-D]d5: cannot unmap reserved region [7dffd000,7dffefff]: -12",
        names("", (0x7DFFD000, 0x7DFFEFFF), domain=5, error=12),
    ),
    (
        "xen-region-not-unmapped",
        "(XEN) non-identity map d5:7dffd not cleared (mapped to 8dffd)",
        names("", (0x7DFFD000, 0x7DFFDFFF), domain=5),
    ),
    (
        "xen-device-not-added",
        "(XEN) Attempted to add SR-IOV VF 0000:0a:10.0 without PF 0000:0b:00.0",
        names("0000:0a:10.0"),
    ),
    (
        "xen-device-not-added",
        "(XEN) Failed to add SR-IOV device PF 0000:0b:00.0 for VF 0000:0a:10.0",
        names("0000:0b:00.0"),
    ),
    (
        "xen-dma-not-mapped",
        "(XEN) d5: IOMMU mapping gfn 0x7dffd to mfn 0x8dffd failed: -22",
        names("", (0x7DFFD000, 0x7DFFDFFF), domain=5),
    ),
    (
        "xen-dma-not-mapped",
        "(XEN) d5: IOMMU unmapping gfn 0x7dffd failed: -22",
        names("", (0x7DFFD000, 0x7DFFDFFF), domain=5),
    ),
    (
        "xen-dom0-map-failed",
        "(XEN) pre-mapping RAM MFN [7dffd,7e000) into IOMMU failed: -22",
        names("", (0x7DFFD000, 0x7DFFFFFF), error=22, word="RAM"),
    ),
    (
        "xen-option-taken",
        "(XEN) [VT-D]Adding RMRR for 1 device ([0]: 0xe8) range [7dffd-7dfff]",
        names("", (0x7DFFD000, 0x7DFFFFFF)),
    ),
    (
        "xen-guest-bar-not-mapped",
        "(XEN) no mapping between mfn 8dffd and gfn 7dffd",
        names("", (0x7DFFD000, 0x7DFFDFFF)),
    ),
    (
        "xen-guest-bar-mapped",
        "(XEN) memory_map:remove: d5 gfn=7dffd mfn=8dffd nr=2",
        names("", (0x7DFFD000, 0x7DFFDFFF), domain=5),
    ),
]
