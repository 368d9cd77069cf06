"""Faults and mappings as Linux, Xen, ESXi and FreeBSD print them: the message, and what it names."""

from dmaragent.messages.model import Names
from support.message_names import names

_EVENT = "pci 0000:00:00.2: AMD-Vi: Event logged"

LINES: list[tuple[str, str, Names]] = [
    (
        "linux-dma-fault",
        "DMAR: [DMA Write NO_PASID] Request device [0001:04:00.4] fault addr 0xbdf80000 [fault reason 0x05] PTE Write access is not set",
        names("0001:04:00.4", 0xBDF80000, reason=5),
    ),
    (
        "linux-dma-fault",
        "[   57.392307] ath10k_pci 0000:02:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address=0xcfd51ad0 flags=0x0070]",
        names("02:00.0", 0xCFD51AD0),
    ),
    (
        "linux-dma-fault",
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=00:13.1 domain=0x0000 address=0x000000041ab55200 flags=0x0050]",
        names("00:13.1", 0x41AB55200),
    ),
    (
        "linux-dma-fault",
        "[ 12.3] AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:04:00.4 domain=0x0002 address=0xbdf80000 flags=0x0020]",
        names("0001:04:00.4", 0xBDF80000),
    ),
    ("linux-fault-reason", "INTR-REMAP:[fault reason 37] Blocked", names(reason=37)),
    (
        "linux-interrupt-fault",
        "DMAR: [INTR-REMAP] Request device [f0:1f.7] fault index 8000 [fault reason 37] Blocked",
        names("f0:1f.7", reason=37),
    ),
    (
        "linux-invalidation-timeout",
        "DMAR: VT-d detected Invalidation Time-out Error: SID 1a02",
        names("1a:00.2"),
    ),
    ("linux-invalidation-timeout", "DMAR: Invalidation Time-out Error (ITE) cleared", names()),
    (
        "linux-pte-set-twice",
        " DMAR: ERROR: DMA PTE for vPFN 0x7df83 already set (to 7df83003 not 7df83003)",
        names("", (0x7DF83000, 0x7DF83FFF)),
    ),
    (
        "linux-pte-set-twice",
        "ERROR: DMA PTE for vPFN 0xbdc01 already set (to bdc01003 not bdc01001)",
        names("", (0xBDC01000, 0xBDC01FFF)),
    ),
    (
        "linux-pte-already-set",
        "DMAR: ERROR: DMA PTE for vPFN 0xbdc01 already set (to bdc01003 no",
        names("", (0xBDC01000, 0xBDC01FFF)),
    ),
    (
        "linux-pte-taken",
        "DMAR: ERROR: DMA PTE for vPFN 0xbdc01 already set (to bdc01003 not 13f1c5801)",
        names("", (0xBDC01000, 0xBDC01FFF)),
    ),
    (
        "linux-amd-timeout",
        "iommu ivhd0: AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:0a:00.0 address=0x100215ba0]",
        names("0a:00.0"),
    ),
    (
        "linux-amd-timeout",
        "AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0a:00.0 address=0x0000000100215ba0]",
        names("0a:00.0"),
    ),
    ("linux-amd-wait", "AMD-Vi: Completion-Wait loop timed out", names()),
    (
        "linux-amd-wait",
        "AMD-Vi: IOMMU 0000:00:00.2: Completion-Wait loop timed out",
        names("00:00.2"),
    ),
    ("linux-amd-wait", "AMD-Vi: Command buffer timeout", names()),
    (
        "linux-amd-device-entry",
        f"{_EVENT} [ILLEGAL_DEV_TABLE_ENTRY device=0a:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]",
        names("0a:00.0", 0xFFFFFFFDF8000000),
    ),
    (
        "linux-amd-device-entry",
        "AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0a:00.0 address=0x00000000bdf3e000 flags=0x0a00]",
        names("0a:00.0", 0xBDF3E000),
    ),
    (
        "linux-amd-device-entry",
        "AMD-Vi: Event logged [Device not attached to domain properly]",
        names(),
    ),
    (
        "linux-amd-invalid-request",
        f"{_EVENT} [INVALID_DEVICE_REQUEST device=0000:00:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]",
        names("00:00.0", 0xFFFFFFFDF8000000),
    ),
    (
        "linux-amd-invalid-request",
        f"{_EVENT} [INVALID_PPR_REQUEST device=0000:0a:00.0 pasid=0x00001 address=0x1000 flags=0x0000 tag=0x001]",
        names("0a:00.0", 0x1000),
    ),
    (
        "linux-amd-rmp-fault",
        "AMD-Vi: Event logged [RMP_PAGE_FAULT device=0000:0a:00.0, vmg_tag=0x0000, gpa=0x1000, flags_rmp=0x0000, flags=0x0000]",
        names("0a:00.0", 0x1000),
    ),
    (
        "linux-amd-rmp-fault",
        "nvme 0000:0a:00.0: AMD-Vi: Event logged [RMP_HW_ERROR vmg_tag=0x0000, spa=0x1000, flags=0x0000]",
        names("0a:00.0", 0x1000),
    ),
    (
        "linux-amd-hardware-error",
        f"{_EVENT} [DEV_TAB_HARDWARE_ERROR device=0000:0a:00.0 address=0x1000 flags=0x0000]",
        names("0a:00.0"),
    ),
    (
        "linux-amd-hardware-error",
        f"{_EVENT} [PAGE_TAB_HARDWARE_ERROR device=0a:00.0 domain=0x0001 address=0x1000 flags=0x0000]",
        names("0a:00.0"),
    ),
    (
        "linux-amd-hardware-error",
        f"{_EVENT} [ILLEGAL_COMMAND_ERROR address=0x1000]",
        names("00:00.2"),
    ),
    (
        "linux-amd-hardware-error",
        "AMD-Vi: Event logged [COMMAND_HARDWARE_ERROR address=0x1000 flags=0x0000]",
        names(),
    ),
    (
        "linux-amd-hardware-error",
        "AMD-Vi: Event logged [UNKNOWN event[0]=0x00000000 event[1]=0x00000000",
        names(),
    ),
    ("linux-amd-hardware-error", "AMD-Vi: No event written to event log", names()),
    ("linux-amd-table-invalid", "AMD-Vi: [Firmware Bug]: IVRS invalid checksum", names()),
    ("linux-amd-table-invalid", "AMD-Vi: IVRS table error: AE_NOT_FOUND", names()),
    (
        "linux-amd-table-invalid",
        "AMD-Vi: [Firmware Bug]: : IOAPIC[32] not in IVRS table",
        names(),
    ),
    (
        "linux-amd-table-invalid",
        "AMD-Vi: [Firmware Bug]: : No southbridge IOAPIC found",
        names(),
    ),
    (
        "xen-dma-fault",
        "(XEN) [VT-D]iommu.c:837: DMAR:[DMA Read] Request device [00:02.0] fault addr 6b080000, iommu reg = ffff82c00021d000",
        names("00:02.0", 0x6B080000),
    ),
    (
        "xen-dma-fault",
        "(XEN) [2014-01-02 03:04:05] <G><4>[VT-D]DMAR:[DMA Read] Request device [0000:00:02.0] fault addr 6b080000",
        names("00:02.0", 0x6B080000),
    ),
    (
        "xen-dma-fault",
        "(XEN) DMAR:[DMA Write] Request device [00:02.0] fault addr 6b080000",
        names("00:02.0", 0x6B080000),
    ),
    (
        "xen-dma-fault",
        "DMAR:[DMA Write] Request device [0000:00:02.0] fault addr 6b080000, iommu reg = ffff82c00021d000",
        names("00:02.0", 0x6B080000),
    ),
    (
        "xen-dma-fault",
        "(XEN) [VT-D]iommu.c:745: iommu_fault:DMA Read: 0:1d.0 addr bdf3e000 REASON 6 iommu->reg = ffff828bfff57000",
        names("00:1d.0", 0xBDF3E000, reason=6),
    ),
    (
        "xen-unknown-fault",
        "(XEN) [VT-D]UNKNOWN: Request device [0000:00:02.0] fault addr 6b080000",
        names("00:02.0", 0x6B080000),
    ),
    (
        "xen-interrupt-fault",
        "(XEN) [VT-D]iommu.c:850: INTR-REMAP: Request device [f0:1f.0] fault index 0, iommu reg = ffff",
        names("f0:1f.0"),
    ),
    (
        "xen-interrupt-fault",
        "(XEN) INTR-REMAP: Request device [f0:1f.0] fault index 0",
        names("f0:1f.0"),
    ),
    (
        "xen-interrupt-fault",
        "INTR-REMAP: Request device [f0:1f.0] fault index 0, iommu reg = ffff82c00021d000",
        names("f0:1f.0"),
    ),
    ("xen-fault-reason", "(XEN) DMAR:[fault reason 06h] PTE Read access", names(reason=6)),
    ("xen-fault-reason", "(XEN) INTR-REMAP:[fault reason 25h] Blocked", names(reason=37)),
    ("xen-fault-reason", "(XEN) [VT-D]INTR-REMAP: reason 25 - Blocked", names(reason=37)),
    ("xen-fault-reason", "(XEN) [VT-D]UNKNOWN: reason 71 - Unknown", names(reason=113)),
    (
        "xen-amd-dma-fault",
        "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:03:00.0 d0 addr 00000000bdf3e000 flags 0x8 I",
        names("03:00.0", 0xBDF3E000, domain=0),
    ),
    (
        "xen-amd-dma-fault",
        "(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 0, device id = 0x0a0b, fault address = 0xfdf8020000, flags = 0x8",
        names("0a:01.3", 0xFDF8020000, domain=0),
    ),
    (
        "xen-amd-dma-fault",
        "(XEN) AMD_IOV: IO_PAGE_FAULT: domain:0, device id:0xa00, fault address:0xbdf3e000",
        names("0a:00.0", 0xBDF3E000, domain=0),
    ),
    *(
        (
            "xen-amd-event",
            f"(XEN) {event} 00000a01 20000000 bdf3e000 00000000",
            names("0a:00.1", segment_named=False),
        )
        for event in (
            "ILLEGAL_DEV_TABLE_ENTRY",
            "DEV_TABLE_HW_ERROR",
            "PAGE_TABLE_HW_ERROR",
            "IOTLB_INV_TIMEOUT",
            "INVALID_DEV_REQUEST",
        )
    ),
    *(
        ("xen-amd-event", f"(XEN) {event} 00000a00 20000000 bdf3e000 00000000", names())
        for event in ("ILLEGAL_COMMAND_ERROR", "COMMAND_HW_ERROR")
    ),
    (
        "xen-amd-wait",
        "(XEN) AMD IOMMU 0000:00:00.2: iotlb completion wait taking too long",
        names("00:00.2"),
    ),
    (
        "xen-amd-wait",
        "(XEN) AMD IOMMU 0000:00:00.2: completion wait took 42ms",
        names("00:00.2"),
    ),
    ("xen-amd-wait", "(XEN) AMD-Vi: Warning: ComWaitInt bit did not assert!", names()),
    (
        "esxi-dma-fault",
        "PCI passthru device 0000:0a:00.0 caused an IOMMU fault type 5 at address 0x7df83000.  Powering off the virtual machine.",
        names("0a:00.0", 0x7DF83000),
    ),
    (
        "esxi-dma-fault",
        "@BlueScreen: IOMMU Fault detected for 0000:0a:00.0 (vmgfx0/vmgfx) IOaddr: 0x7df83000 Mask: 0x6 Domain: 0x430af4e0c460.",
        names("0a:00.0", 0x7DF83000),
    ),
    (
        "esxi-dma-fault",
        "IOMMU Fault detected for (vmgp0/nvidia) Reason: 0x6 (PTE not set to allow Read.)",
        names(reason=6),
    ),
    (
        "esxi-dma-fault",
        "cpu5:2345)WARNING: IOMMUIntel: 2436: DMAR Fault IOMMU Unit #1: R/W=R, Device 00:1f.2 Faulting addr = 0xdf629000 Fault Reason = 0x0c -> Reserved fields set in PTE actively set for Read or Write.",
        names("00:1f.2", 0xDF629000, reason=12),
    ),
    (
        "esxi-context-dump",
        "esxi1 vmkernel: cpu0:33011)WARNING: IOMMUIntel: 2777: IOMMU context entry dump for 0000:0a:00.0 Ctx-Hi = 0xf000a835f000e2c3 Ctx-Lo = 0xf000a835f000a835",
        names("0a:00.0"),
    ),
    (
        "freebsd-dma-fault",
        "DMAR0: <unknown dev>:pci10:0:0 sid a00 fault acc 1 adt 0x0 reason 0x2 addr 7df83000",
        names("0a:00.0", 0x7DF83000, reason=2),
    ),
    (
        "freebsd-dma-fault",
        "DMAR1: em0: <Intel(R) Ethernet>pci0:25:0 sid c8 fault acc 0 adt 0x0 reason 0x5 addr bdf3e000",
        names("00:19.0", 0xBDF3E000, reason=5),
    ),
    ("freebsd-amd-fault", "\tPage Fault rid 0xa00 dom 3 nvme0", names("0a:00.0")),
    (
        "freebsd-amd-fault",
        "amdiommu0: event type 0x2 0x00000a00 0x00000003 0xbdf3e000 0x00000000",
        names(),
    ),
    ("freebsd-unit-fault", "DMAR0: Fault Overflow", names()),
    ("freebsd-unit-fault", "DMAR0: Invalidation timed out", names()),
    ("freebsd-unit-fault", "DMAR0: Invalidation completion error", names()),
    ("freebsd-unit-fault", "DMAR0: Invalidation queue error", names()),
]
