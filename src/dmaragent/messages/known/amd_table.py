"""Messages of the Linux kernel about AMD's table (IVRS), its options, and the IOMMU's features."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

LINUX = Program.LINUX
_INIT = "drivers/iommu/amd/init.c"
_IOMMU = "drivers/iommu/amd/iommu.c"
_CHECKED = "checked in the sources of 5.10, 6.1, 6.12, 7.2 and 7.3-rc7"
_ALL = "every release with AMD-Vi"
_UPDATE = (
    "Update the firmware. Report it to the machine's vendor with the output of dmaragent check."
)

MESSAGES = (
    message(
        "linux-amd-no-ivhd",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux runs without AMD's IOMMU: it does not find the blocks of the table",
        "Unsupported IVHD type <number>",
        releases=_ALL,
        meaning="Linux takes the type of the last block that has the device ID of the first one, of "
        "whatever kind. If that is an IVMD block (0x20 to 0x23), no IOMMU is found. VFIO cannot pass "
        "through any device. The number is the type that it took.",
        advice=_UPDATE + " To use the IOMMU until then, replace the table from the initrd with one "
        "without that block.",
        source=f"{_INIT}, get_highest_supported_ivhd_type, find_last_devid_from_ivhd; {_CHECKED}; seen "
        "in 6.1 with a block of type 0x23",
        vendor=AMD,
    ),
    message(
        "linux-amd-entry-ignored",
        LINUX,
        MessageSeverity.FIRMWARE,
        "Linux ignores an entry of the table (IVRS)",
        "AMD-Vi: Invalid IVHD device type <number>",
        "AMD-Vi: Invalid HID",
        "AMD-Vi: Invalid UID length",
        "No ACPI device matched UID, but <number> device{s} matched HID",
        releases=_ALL,
        meaning="The entry names an ACPI device in a block that cannot have it, without a name, or with "
        "a number (UID) that the device does not have. The device may then have no IOMMU."
        + NO_REGION,
        advice="If the device does not work, the kernel option ivrs_acpihid= names it by hand. "
        + _UPDATE,
        source=f"{_INIT}, init_iommu_from_acpi; {_IOMMU}, get_acpihid_device_id; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-features-differ",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table (IVRS) and the IOMMU's registers disagree about its features",
        "EFR mismatch. Use IVHD EFR (<any>)",
        "Found inconsistent EFR/EFR2 <any> on iommu<number>",
        releases=_ALL,
        meaning="Linux uses what the table has, or what all IOMMUs have in common." + NO_REGION,
        advice="No action is needed. A firmware update may correct it.",
        source=f"{_INIT}, late_iommu_features_init, get_global_efr; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-feature",
        LINUX,
        MessageSeverity.NOTE,
        "Linux reports features and settings of AMD's IOMMU",
        "Using global IVHD EFR:<number>, EFR2:<number2>",
        "AMD-Vi: ivrs, add hid:<any>, uid:<any2>, rdevid:<number>",
        "AMD-Vi: IOMMU performance counters supported",
        "perf/amd_iommu: Detected AMD IOMMU #<number>",
        "AMD-Vi: iommu<number> (<number2>) : IRT cache is <word>",
        "AMD-Vi: Applying ATS write check workaround",
        "AMD-Vi: Applying erratum 746 workaround{ for IOMMU at <sbdf>}",
        "AMD-Vi: Applying erratum: Increase <word> log size to <number>",
        ("AMD-Vi: IO/TLB flush on unmap enabled", "5.10"),
        ("AMD-Vi: Lazy IO/TLB flushing enabled", "5.10"),
        "AMD-Vi: Using strict mode due to virtualization",
        "AMD-Vi: V2 page table doesn't support passthrough mode. Fallback to v1",
        "AMD-Vi: Restricting V1 page-sizes to 4KiB",
        "AMD-Vi: amd_iommu=fullflush deprecated; use iommu.strict=1 instead",
        "AMD-Vi: AMD IOMMUv2 functionality not available on this system - This is not a bug",
        "AMD-Vi: AMD IOMMUv2 loaded and initialized",
        "AMD-Vi: SNP enabled",
        "AMD-Vi: IOMMU SNP support enabled",
        "AMD-Vi: Force to disable Virtual APIC due to SNP",
        "AMD-Vi: Force to using AMD IOMMU v1 page table due to SNP",
        releases=_ALL,
        meaning="Nothing is wrong. These lines do not concern reserved regions.",
        advice="No action is needed.",
        source=f"{_INIT}, get_global_efr, add_acpi_hid_device, init_iommu_perf_ctr, iommu_init_pci; "
        f"arch/x86/events/amd/iommu.c, init_one_iommu; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-snp-refused",
        LINUX,
        MessageSeverity.FIRMWARE,
        "Linux cannot run encrypted guests (SEV-SNP) because of the IOMMU",
        "SNP: IOMMU {is }disabled or configured in passthrough mode, SNP cannot be supported",
        ("SNP: IOMMU disabled, SNP cannot be supported", "7.3"),
        ("SNP: IOMMU configured in passthrough mode, SNP cannot be supported", "7.3"),
        "SNP: IOMMU is configured with V2 page table mode, SNP cannot be supported",
        "SNP: IOMMU SNP feature not enabled, SNP cannot be supported",
        "SNP: RMP initialization failed, SNP cannot be supported",
        "SNP: Too late to enable SNP for IOMMU",
        "IOMMU PFN <number> RMP lookup failed, ret <errno>",
        "IOMMU PFN <number> not assigned in RMP table",
        "PSMASH failed for IOMMU PFN <number> huge RMP entry, ret: <errno>",
        releases="Linux 6.1 and later",
        meaning="SNP needs the IOMMU on, with page tables of version 1 and without iommu=pt. Passthrough "
        "without SNP works." + NO_REGION,
        advice="If you need SNP, remove iommu=pt, iommu=off and amd_iommu=pgtbl_v2, and enable SNP in the "
        "firmware setup.",
        source=f"{_INIT}, iommu_snp_enable, amd_iommu_snp_enable, iommu_page_make_shared; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-table-option",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A kernel option that corrects the table (IVRS) is outdated or wrong",
        "AMD-Vi: Invalid command line: <any>",
        "AMD-Vi: ivrs_ioapic<any> option format deprecated",
        "AMD-Vi: ivrs_hpet<any> option format deprecated",
        "AMD-Vi: ivrs_acpihid<any> option format deprecated",
        "AMD-Vi: Early IOAPIC map overflow - ignoring ivrs_ioapic",
        "AMD-Vi: Early HPET map overflow - ignoring ivrs_hpet",
        "AMD-Vi: Early ACPI HID map overflow - ignoring ivrs_acpihid",
        "AMD-Vi: Command-line override present for <word> id <number> - ignoring",
        "AMD-Vi: Command-line override for hid:<any> uid:<any2>",
        releases=_ALL,
        meaning="ivrs_ioapic=, ivrs_hpet= and ivrs_acpihid= replace entries of the table. A wrong one has"
        ' no effect; an outdated form still works. "ignoring" means that the table\'s entry is ignored '
        "because the option has one." + NO_REGION,
        advice="Write ivrs_ioapic=ID@SEGMENT:BUS:DEVICE.FUNCTION, the others likewise.",
        source=f"{_INIT}, parse_ivrs_ioapic, parse_ivrs_hpet, parse_ivrs_acpihid, add_special_device; "
        f"{_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-inherited",
        LINUX,
        MessageSeverity.NOTE,
        "AMD's IOMMU was already on when this kernel started",
        "AMD-Vi: Translation is already enabled - trying to <word> translation structures",
        "AMD-Vi: Copied DEV table from previous kernel",
        "AMD-Vi: Reused DEV table from previous kernel",
        "AMD-Vi: Failed to copy DEV table from previous kernel",
        "AMD-Vi: Failed to reuse DEV table from previous kernel",
        "AMD-Vi: Failed to allocate memory for copying old device table",
        "AMD-Vi: Failed to remap memory for reusing old device table",
        "AMD-Vi: IOMMU:<number> should use the same dev table as others",
        "AMD-Vi: The device table size of IOMMU:<number> is not expected",
        "AMD-Vi: The address of old device table is above 4G, not trustworthy",
        "AMD-Vi: Wrong old irq remapping flag: <number>",
        "AMD-Vi: Re-using <any> from the previous kernel",
        releases="Linux 4.14 and later",
        meaning="The kernel before a crash dump left it on. If a table could not be taken over, the dump "
        "loses devices." + NO_REGION,
        advice="No action is needed.",
        source=f"{_INIT}, early_enable_iommus, copy_device_table, reuse_device_table; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-device-unserved",
        LINUX,
        MessageSeverity.FIRMWARE,
        "AMD's IOMMU has no entry for a device or its interrupts",
        "get_irq_table: no iommu for devid <number>{:<number2>}",
        "get_irq_table: no table for devid <number>{:<number2>}",
        "AMD-Vi: Failed to allocate IRTE",
        "AMD-Vi: GA log notifier failed",
        "AMD-Vi: Failed to register irq affinity notifier",
        "AMD-Vi: clone_alias : Failed to get {alias }dev_data for <rid>",
        "AMD-Vi: IOMMU pte changed since we read it",
        "AMD-Vi: Invalid PASID : <number>, device : <rid>",
        releases=_ALL,
        meaning="No IVHD block of the table (IVRS) names the device, or memory ran out. Its interrupts "
        "or its DMA fail." + NO_REGION,
        advice="Update the kernel and the firmware.",
        source=f"{_IOMMU}, get_irq_table, irq_remapping_alloc, clone_alias; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "linux-amd-table-listed",
        LINUX,
        MessageSeverity.NOTE,
        "Linux lists the firmware's table (IVRS)",
        "devid_start: <sbdf> devid_end: <any> range_start: <base> range_end: <end> flags: <number>",
        "AMD-Vi: DEV_ALL <any>: <number>",
        "AMD-Vi: DEV_SELECT devid: <sbdf> flags: <number>",
        "AMD-Vi: DEV_SELECT_RANGE_START devid: <sbdf> flags: <number>",
        "AMD-Vi: DEV_ALIAS devid: <sbdf> flags: <number> devid_to: <any>",
        "AMD-Vi: DEV_ALIAS_RANGE devid: <sbdf> flags: <number> devid_to: <any>",
        "AMD-Vi: DEV_EXT_SELECT devid: <sbdf> flags: <number> ext: <number2>",
        "AMD-Vi: DEV_EXT_SELECT_RANGE devid: <sbdf> flags: <number> ext: <number2>",
        "AMD-Vi: DEV_RANGE_END devid: <sbdf>",
        "AMD-Vi: DEV_SPECIAL(<any>) devid: <sbdf>",
        "AMD-Vi: DEV_ACPI_HID(<any>) devid: <sbdf>",
        "AMD-Vi: PCI segment : <number>, last bdf : <number2>",
        "AMD-Vi: device: <sbdf> cap: <number> {seg: <number2> }flags: <number3> info <number4>",
        "AMD-Vi: mmio-addr: <number>",
        "AMD-Vi: Using IVHD type <number>",
        releases="every release with AMD-Vi, with amd_iommu_dump",
        meaning="Nothing is wrong: Linux lists the blocks of the table, their devices and their memory "
        "at boot. A line with devid_start is an IVMD block.",
        advice="dmaragent inventory shows the regions and their devices.",
        source=f"{_INIT}, init_unity_map_range, init_iommu_from_acpi, init_iommu_all; {_CHECKED}",
        vendor=AMD,
    ),
)
