"""Lines of Linux and Xen about AMD's table and IOMMU, and what each names."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    # Linux
    ("linux-amd-no-ivhd", "[    0.04] AMD-Vi: Unsupported IVHD type 0x23", names()),
    ("linux-amd-entry-ignored", "[    0.3] AMD-Vi: Invalid IVHD device type 0xf0", names()),
    (
        "linux-amd-entry-ignored",
        "uart AMDI0020:00: AMD-Vi: [Firmware Bug]: No ACPI device matched UID, but 1 device matched HID.",
        names(),
    ),
    (
        "linux-amd-features-differ",
        "[    0.3] AMD-Vi: [Firmware Warn]: EFR mismatch. Use IVHD EFR (0xf77ef22294ada : 0x400f77ef22294ada).",
        names(),
    ),
    (
        "linux-amd-features-differ",
        "AMD-Vi: [Firmware Bug]: Found inconsistent EFR/EFR2 0x246577efa2254afa,0x0 (global 0x246577efa2254afa,0x10) on iommu1 (0000:60:00.2).",
        names(),
    ),
    (
        "linux-amd-feature",
        "[    0.215] AMD-Vi: Using global IVHD EFR:0x246577efa2254ada, EFR2:0x0",
        names(),
    ),
    (
        "linux-amd-feature",
        r"[    0.000] AMD-Vi: ivrs, add hid:AMDI0020, uid:\_SB.FUR0, rdevid:160",
        names(),
    ),
    (
        "linux-amd-feature",
        "pci 0000:00:00.2: AMD-Vi: IOMMU performance counters supported",
        names("00:00.2"),
    ),
    (
        "linux-amd-feature",
        "perf/amd_iommu: Detected AMD IOMMU #0 (2 banks, 4 counters/bank).",
        names(),
    ),
    (
        "linux-amd-snp-refused",
        "AMD-Vi: SNP: IOMMU disabled, SNP cannot be supported.",
        names(),
    ),
    (
        "linux-amd-snp-refused",
        "AMD-Vi: SNP: IOMMU configured in passthrough mode, SNP cannot be supported.",
        names(),
    ),
    (
        "linux-amd-snp-refused",
        "AMD-Vi: SNP: IOMMU disabled or configured in passthrough mode, SNP cannot be supported.",
        names(),
    ),
    (
        "linux-amd-table-option",
        "AMD-Vi: ivrs_ioapic[32]=00:14.0 option format deprecated; use ivrs_ioapic=32@0000:00:14.0 instead",
        names(),
    ),
    (
        "linux-amd-table-option",
        "AMD-Vi: Command-line override present for IOAPIC id 32 - ignoring",
        names(word="IOAPIC"),
    ),
    (
        "linux-amd-inherited",
        "AMD-Vi: Translation is already enabled - trying to copy translation structures",
        names(word="copy"),
    ),
    ("linux-amd-device-unserved", "get_irq_table: no iommu for devid 0:a0", names()),
    ("linux-amd-fault-tables", "AMD-Vi: IOMMU Event log restarting", names(word="Event")),
    ("linux-amd-fault-tables", "AMD-Vi: IOMMU GA Log restarting", names()),
    (
        "linux-amd-table-listed",
        "[    0.44] AMD-Vi: AMD-Vi: IVMD_TYPE_RANGE\t\tdevid_start: 0000:00:00.0 devid_end: 0000:0f:1f.7 range_start: 000000009618e000 range_end: 000000009618f000 flags: 8",
        names("00:00.0", (0x9618E000, 0x9618EFFF)),
    ),
    (
        "linux-amd-table-listed",
        "AMD-Vi: IVMD_TYPEi\t\t\tdevid_start: 01:00.0 devid_end: 01:00.0 range_start: 00000000c9f42000 range_end: 00000000c9f68000 flags: 8",
        names("01:00.0", (0xC9F42000, 0xC9F67FFF), segment_named=False),
    ),
    (
        "linux-amd-table-listed",
        "AMD-Vi:   DEV_SELECT_RANGE_START\t devid: 0000:00:00.3 flags: 00",
        names("00:00.3"),
    ),
    (
        "linux-amd-table-listed",
        r'{"MESSAGE":"AMD-Vi:   DEV_SELECT_RANGE_START\t devid: 0000:00:00.3 flags: 00"}',
        names("00:00.3"),
    ),
    # Xen: IVMD blocks
    (
        "xen-ivmd-in-ram",
        "(XEN) AMD-Vi: Error: IVMD: page at 0 can't be converted",
        names("", 0),
    ),
    (
        "xen-ivmd-in-ram",
        "(XEN) AMD-Vi: Error: IVMD: page at c9f1c000 can't be converted",
        names("", 0xC9F1C000),
    ),
    (
        "xen-ivmd-in-ram",
        "(XEN) IVMD: page at 0x4d800 can't be converted",
        names("", (0x4D800000, 0x4D800FFF)),
    ),
    (
        "xen-ivmd-in-ram",
        "(XEN) IVMD: page at 0x4d800 couldn't be reserved",
        names("", (0x4D800000, 0x4D800FFF)),
    ),
    (
        "xen-ivmd-not-reserved",
        "(XEN) AMD-Vi: Warning: IVMD: [c9f1c000,c9f42000) is not (entirely) in reserved memory",
        names("", (0xC9F1C000, 0xC9F41FFF)),
    ),
    (
        "xen-ivmd-not-reserved",
        "(XEN) IVMD: [0x9618e000, 0x9618e000] is not (entirely) in reserved memory",
        names("", 0x9618E000),
    ),
    (
        "xen-ivmd-ignored",
        "(XEN) AMD-Vi: Warning: IVMD: [90000000,90001000) is not IOMMU addressable",
        names("", (0x90000000, 0x90000FFF)),
    ),
    ("xen-ivmd-flags", "(XEN) AMD-Vi: Error: IVMD: invalid flag field", names()),
    ("xen-ivmd-flags", "(XEN) AMD-Vi: IVMD Error: Invalid Flag Field!", names()),
    (
        "xen-ivmd-no-iommu",
        "(XEN) AMD-Vi: Error: IVMD: no IOMMU for Dev_Id 0x1",
        names("00:00.1", segment_named=False),
    ),
    (
        "xen-ivmd-no-iommu",
        "(XEN) AMD-Vi: IVMD Error: No IOMMU for Dev_Id 0x100!",
        names("01:00.0", segment_named=False),
    ),
    (
        "xen-ivmd-no-iommu",
        "(XEN) AMD-Vi: Error: IVMD: no IOMMU for Dev_Id 0x2 Cap 0x40",
        names("00:00.2", segment_named=False),
    ),
    (
        "xen-ivmd-device-skipped",
        "(XEN) AMD-Vi: Warning: IVMD: no IOMMU for device 0000:00:00.0 - ignoring constrain",
        names("00:00.0"),
    ),
    (
        "xen-ivmd-overlap",
        "(XEN) AMD-Vi: Error: IVMD: overlap [90000000,90200000) vs [90100000,90101000)",
        names("", (0x90000000, 0x901FFFFF), (0x90100000, 0x90100FFF)),
    ),
    (
        "xen-ivmd-refused",
        "(XEN) AMD-Vi: Error: IVMD: invalid Range_Last Dev_Id 0xd0",
        names("00:1a.0", segment_named=False),
    ),
    ("xen-ivmd-refused", "(XEN) AMD-Vi: Error: IVMD: unknown block type 0x51", names()),
    (
        "xen-ivmd-option-unreadable",
        '(XEN) parameter "ivmd" has invalid value "90000-8ffff", rc=-22!',
        names(word="90000-8ffff", error=22),
    ),
    # Xen: the rest of the table
    ("xen-ivhd-refused", "(XEN) AMD-Vi: Error: IVHD: unknown device type 0x1", names()),
    (
        "xen-ivhd-refused",
        "(XEN) AMD-Vi: IVHD Error: No IOMMU for Dev_Id 0x2 Cap 0x40",
        names("00:00.2", segment_named=False),
    ),
    ("xen-ivhd-refused", "(XEN) Cannot find supported IVHD type.", names()),
    ("xen-ivrs-io-apic", "(XEN) IVHD Error: Invalid IO-APIC 0xff", names()),
    ("xen-ivrs-io-apic", "(XEN) IVHD Error: no information for IO-APIC 0x21", names()),
    ("xen-ivrs-io-apic", "(XEN) No southbridge IO-APIC found in IVRS table", names()),
    ("xen-ivrs-entry-odd", "(XEN) AMD-Vi: Warning: IVHD: duplicate IO-APIC 0x21 entries", names()),
    ("xen-ivrs-refused", "(XEN) AMD-Vi: Error: IVRS: invalid checksum 0x1c", names()),
    (
        "xen-ivrs-listed",
        "(XEN) AMD-Vi: IVMD Block: type 0x22 phys 0x9618e000 len 0x1",
        names("", 0x9618E000),
    ),
    (
        "xen-ivrs-listed",
        "(XEN) AMD-Vi: IVRS Block: type 0x21 flags 0x8 len 0x20 id 0x100",
        names(),
    ),
    ("xen-ivrs-listed", "(XEN) AMD-Vi:  Dev_Id Range: 0xff00 -> 0xffff alias 0xa5", names()),
    # Xen: its use
    ("xen-amd-off", "(XEN) AMD-Vi: Error initialization", names()),
    ("xen-amd-off", "(XEN) AMD-Vi: Error -19 initializing for x2APIC mode", names(error=19)),
    ("xen-amd-panic", "(XEN) Xen BUG at drivers/passthrough/amd/iommu_init.c:1386", names()),
    ("xen-amd-panic", "(XEN) Xen BUG at iommu_init.c:1386", names()),
    ("xen-amd-on", "(XEN) AMD-Vi: IOMMU 0 Enabled.", names()),
    ("xen-amd-on", "(XEN) AMD-Vi: IOMMU Extended Features:", names()),
    (
        "xen-amd-on-by-firmware",
        "(XEN) AMD-Vi: IOMMU 0000:00:00.2 enabled by firmware (ctrl 0000000000003c0d)",
        names("00:00.2"),
    ),
    (
        "xen-amd-shared-interrupts",
        "(XEN) AMD-Vi: Using global interrupt remap table is not recommended (see XSA-36)!",
        names(),
    ),
    (
        "xen-amd-device-without-iommu",
        "(XEN) AMD-Vi: Warning: no IOMMU for 0000:00:00.2; cannot be handed to d0",
        names("00:00.2", domain=0),
    ),
    (
        "xen-amd-device-without-iommu",
        "(XEN) AMD-Vi: No iommu for 0000:00:00.2; cannot be handed to d0",
        names("00:00.2", domain=0),
    ),
    (
        "xen-amd-function-added",
        "(XEN) 0000:01:00.1 not found in ACPI tables; using same IOMMU as function 0",
        names("01:00.1"),
    ),
    (
        "xen-amd-unity-failed",
        "(XEN) AMD-Vi: Warning: d0: unity mapping failed for 0000:01:00.0",
        names("01:00.0", domain=0),
    ),
    (
        "xen-amd-unity-failed",
        "(XEN) AMD-Vi: unity-unmap for d5/0000:01:00.0 failed (-16)",
        names("01:00.0", domain=5, error=16),
    ),
    (
        "xen-amd-map-failed",
        "(XEN) AMD-Vi: Error: invalid IO pagetable entry dfn = 9618e",
        names(),
    ),
    (
        "xen-amd-interrupts",
        "(XEN) AMD-Vi: Error: failed to setup HPET MSI remapping: missing IVRS HPET info",
        names(word="missing"),
    ),
    (
        "xen-amd-fault-details",
        "(XEN) 0000:01:00.0 root @ 41f2c3 (3 levels) dfn=bdf3e",
        names("01:00.0", (0xBDF3E000, 0xBDF3EFFF)),
    ),
    ("xen-amd-fault-details", "(XEN) 0000:01:00.0: no root", names("01:00.0")),
    (
        "xen-amd-command-ring-full",
        "(XEN) AMD IOMMU 0000:00:00.2: no cmd slot available",
        names("00:00.2"),
    ),
    (
        "xen-amd-setup",
        "(XEN) AMD-Vi: Re-assign 0000:01:00.0 from dom0 to d5",
        names("01:00.0", domain=0),
    ),
    (
        "xen-ivmd-overlap",
        "(XEN) AMD-Vi: IVMD Error: overlap [7d000000,7d002000) vs [7d001000,7d003000)",
        names("", (0x7D000000, 0x7D001FFF), (0x7D001000, 0x7D002FFF)),
    ),
]
