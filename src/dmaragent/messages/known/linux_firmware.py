"""Messages of the Linux kernel about the firmware's DMAR table."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program

LINUX = Program.LINUX
_UPDATE = (
    "Update the firmware. Report it to the machine's vendor with the output of dmaragent check."
)
_DMAR = "drivers/iommu/intel/dmar.c"
_IOMMU = "drivers/iommu/intel/iommu.c"
_OLD = "older kernels with VT-d; not in Linux 6.18"

MESSAGES = (
    message(
        "linux-bad-rmrr",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The firmware describes an implausible region; Linux uses it anyway",
        "Your BIOS is broken; bad RMRR [<base>-<limit>]",
        releases="Linux 5.x and later",
        meaning="A region of the table is not page aligned, ends before it starts, or is not in memory "
        "that the firmware's map reserves. The line before has the region. Linux marks the "
        "kernel as tainted and still honours the region. Xen is stricter and may disable VT-d "
        "because of it.",
        advice="On Linux no action is needed. " + _UPDATE,
        source=f"{_IOMMU}, dmar_parse_one_rmrr, checked in the source; its first release is unknown",
    ),
    message(
        "linux-rmrr-not-reserved",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A region is not in memory that the firmware reserves; harmless on Linux",
        "No firmware reserved region can cover this RMRR [<base>-<limit>]",
        releases="Linux 5.x and later",
        meaning="The firmware's memory map does not reserve the memory that its DMAR table requires for "
        "a device. Linux honours the region anyway. From 4.19 on, Xen reserves pages that the "
        "map leaves out, and disables VT-d if the map calls them RAM. Before that, it only "
        "warns.",
        advice="On Linux no action is needed; that passthrough fails has another cause. " + _UPDATE,
        source="arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check, checked in the patches "
        "and in logs; its first release is unknown",
    ),
    message(
        "linux-rmrr-ends-before-start",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A region ends before it starts",
        "Your BIOS is broken; RMRR ends before it starts",
        releases=_OLD,
        meaning="The limit of a region is below its base, so nothing is reserved for the device. Xen "
        "disables VT-d for the whole host because of it.",
        advice=_UPDATE,
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
    ),
    message(
        "linux-rmrr-too-wide",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A region is above the addresses that the IOMMU translates",
        "Your BIOS is broken; RMRR exceeds permitted address width (<number> bits)",
        releases=_OLD,
        meaning="The region's addresses need more bits than the unit translates. Its device loses access"
        " to the region.",
        advice=_UPDATE,
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
    ),
    message(
        "linux-unit-at-zero",
        LINUX,
        MessageSeverity.REFUSAL,
        "The table has a remapping unit without an address: Linux runs without VT-d",
        "Your BIOS is broken; DMAR reported at address zero",
        "Your BIOS is broken; DMAR reported at address <address>!",
        releases="every release with VT-d",
        meaning="A DRHD structure has 0 as the address of its registers. Linux does not enable VT-d, and"
        " no device can be passed through. Xen disables VT-d too.",
        advice="Disable VT-d in the firmware setup and enable it again. " + _UPDATE,
        source=f"{_DMAR}, warn_invalid_dmar and dmar_validate_one_drhd, checked in the source; "
        'the older words "address zero" only from reports',
        address=MessageAddress.UNIT,
    ),
    message(
        "linux-unit-dead",
        LINUX,
        MessageSeverity.REFUSAL,
        "A remapping unit does not respond: Linux runs without VT-d",
        "Your BIOS is broken; DMAR reported at address <address> returns all ones",
        releases="every release with VT-d",
        meaning="Nothing is at the register address of a DRHD structure: the unit is disabled, or has "
        "another address. Linux does not enable VT-d.",
        advice="Disable VT-d in the firmware setup and enable it again. " + _UPDATE,
        source=f"{_DMAR}, dmar_validate_one_drhd, map_iommu, checked in the source",
        address=MessageAddress.UNIT,
    ),
    message(
        "linux-unit-taken",
        LINUX,
        MessageSeverity.REFUSAL,
        "The register address of a unit is in use: Linux runs without VT-d",
        "<iommu>Can't reserve memory",
        releases="every release with VT-d",
        meaning="The addresses of a unit's registers are also those of another DRHD structure, of RAM or"
        " of a device. Linux rejects the table (EBUSY).",
        advice=_UPDATE,
        source=f"{_DMAR}, map_iommu, checked in the source",
    ),
    message(
        "linux-no-unit",
        LINUX,
        MessageSeverity.REFUSAL,
        "The table has no remapping unit: Linux runs without VT-d",
        "No DRHD structure found in DMAR table",
        releases="every release with VT-d",
        meaning="The firmware's table has regions or other structures, but no remapping unit for any "
        "device. No device can be passed through.",
        advice="Disable VT-d in the firmware setup and enable it again. " + _UPDATE,
        source=f"{_DMAR}, parse_dmar_table, checked in the source",
    ),
    message(
        "linux-width-invalid",
        LINUX,
        MessageSeverity.REFUSAL,
        "Impossible address width in the table: Linux runs without VT-d",
        "Invalid DMAR haw",
        releases="every release with VT-d",
        meaning="The host address width of the table is less than a page (EINVAL).",
        advice=_UPDATE,
        source=f"{_DMAR}, parse_dmar_table, checked in the source",
    ),
    message(
        "linux-checksum",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table's checksum is wrong; Linux uses it anyway",
        "Incorrect checksum in table [DMAR]",
        releases="every release",
        meaning="The bytes of the table do not add up to 0: the firmware changed it without updating the"
        " checksum, or the table is damaged.",
        advice="dmaragent check shows whether more is wrong. " + _UPDATE,
        source="ACPICA, AcpiUtVerifyChecksum, checked in the source",
    ),
    message(
        "linux-interrupts-without-unit",
        LINUX,
        MessageSeverity.REFUSAL,
        "No unit serves an I/O APIC: Linux does not remap interrupts",
        "ioapic <number> has no mapping iommu",
        "No mapping iommu for ioapic <number>",
        releases="every release with VT-d; the second where an interrupt is set up",
        meaning="No DRHD structure has this I/O APIC in its scope. Linux disables interrupt remapping, "
        "and VFIO then blocks all devices, with or without regions.",
        advice=_UPDATE,
        source="drivers/iommu/intel/irq_remapping.c, intel_prepare_irq_remapping (before: "
        "ir_parse_ioapic_hpet_scope), checked in the source",
    ),
    message(
        "linux-rhsa-without-unit",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table gives a NUMA node to a unit that it does not have",
        "Your BIOS is broken; RHSA refers to non-existent DMAR unit at <address>",
        releases="every release with VT-d and NUMA",
        meaning="An RHSA structure names registers that no DRHD structure has. Only the "
        "placement of the unit's memory is affected.",
        advice="No action is needed. " + _UPDATE,
        source=f"{_DMAR}, dmar_parse_one_rhsa, checked in the source",
        address=MessageAddress.UNIT,
    ),
    message(
        "linux-andd-unterminated",
        LINUX,
        MessageSeverity.REFUSAL,
        "The name of a namespace device has no end: Linux runs without VT-d",
        "ANDD object name is not NUL-terminated",
        releases="Linux with ANDD support",
        meaning="The name in an ANDD structure fills the structure without the final NUL. Linux rejects "
        "the whole table (EINVAL); Xen does not read the structure.",
        advice=_UPDATE,
        source=f"{_DMAR}, dmar_parse_one_andd, checked in the source",
    ),
    message(
        "linux-andd-unused",
        LINUX,
        MessageSeverity.FIRMWARE,
        "No unit serves a namespace device of the table",
        "No IOMMU scope found for ANDD enumeration ID <number>",
        releases="Linux with ANDD support",
        meaning="An ANDD structure names a device of the ACPI namespace, but no DRHD structure has its "
        "number in a device scope. The device is not remapped. Others are not affected.",
        advice="No action is needed. " + _UPDATE,
        source=f"{_DMAR}, dmar_acpi_insert_dev_scope, checked in the source",
    ),
    message(
        "linux-structure-empty",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table has a structure of length 0: Linux cannot read past it",
        "Invalid 0-length structure",
        releases="every release with VT-d; newer ones print it only for debugging",
        meaning="This reading of the table ends there. The next one, for the devices of the ACPI "
        "namespace, never ends: Linux 6.1 hung at boot in a test. Xen disables VT-d for the "
        "whole host.",
        advice=_UPDATE,
        source=f"{_DMAR}, dmar_walk_remapping_entries, checked in the source; "
        "dmar_dev_scope_init, seen to hang in Linux 6.1",
    ),
    message(
        "linux-structure-past-end",
        LINUX,
        MessageSeverity.REFUSAL,
        "A structure runs past the end of the table: Linux runs without VT-d",
        "Record passes table end",
        releases="every release with VT-d",
        meaning="The table is truncated, or a length in it is wrong. Linux rejects all of it (EINVAL). "
        "Xen does not check this and reads the bytes after the table.",
        advice=_UPDATE,
        source=f"{_DMAR}, dmar_walk_remapping_entries, checked in the source",
    ),
    message(
        "linux-scope-type",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table calls an endpoint a bridge, or a bridge an endpoint",
        "Device scope type does not match for <sbdf>",
        releases="every release with VT-d",
        meaning="A device scope names this device with the wrong type. Linux does not apply the "
        "structure to it, and VT-d may not start at all (EINVAL). Intel's non-transparent "
        "bridges (NTB) are a common case.",
        advice=_UPDATE + " Newer kernels forgive it for NTB devices.",
        source=f"{_DMAR}, dmar_insert_dev_scope, checked in the source",
    ),
    message(
        "linux-scope-unsupported",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table has a device scope of a type that Linux does not know",
        "Unsupported device scope",
        releases="every release with VT-d",
        meaning="Linux skips the entry and uses the others of the structure.",
        advice="No action is needed. " + _UPDATE,
        source=f"{_DMAR}, dmar_alloc_dev_scope, checked in the source",
    ),
    message(
        "linux-scope-workaround",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table names a device by its bus, not by its path; Linux finds it anyway",
        "RMRR entry for device <sbdf> is broken - applying workaround",
        releases="every release since it was added (which was not checked)",
        meaning="The device scope begins at the device's own bus, which is not a root bus. Linux uses "
        "the device that is present there.",
        advice="No action is needed.",
        source=f"{_DMAR}, dmar_match_pci_path, checked in the source",
    ),
    message(
        "linux-rmrr-listed",
        LINUX,
        MessageSeverity.NOTE,
        "Linux lists a region of the firmware's table",
        "RMRR base: <base> end: <limit>",
        releases="every release with VT-d",
        meaning="Nothing is wrong: each region of the table is listed once at boot.",
        advice="dmaragent inventory shows which devices own it.",
        source=f"{_DMAR}, dmar_table_print_dmar_entry, checked in the source",
    ),
    message(
        "linux-isa-identity-map",
        LINUX,
        MessageSeverity.NOTE,
        "Linux lets the ISA bridge reach the first 16 MiB",
        "{<iommu>}Prepare 0-16MiB unity mapping for LPC",
        "{<iommu>}Prepare 0-16M unity mapping for LPC",
        "{<iommu>}Setting identity map for device <sbdf> [0x0 - 0xffffff]",
        "{<iommu>}Setting identity map for device <sbdf> [0x0 - 0x1000000]",
        "{<iommu>}Setting identity map [0x0 - 0xffffff]",
        "{<iommu>}Failed to create 0-16MiB identity map",
        releases="older kernels with VT-d; not in Linux 5.10",
        meaning="The mapping is for DMA of floppy drives (CONFIG_INTEL_IOMMU_FLOPPY_WA), not for a "
        "region of the firmware's table.",
        advice="No action is needed.",
        source=f"{_IOMMU}, iommu_prepare_isa, checked in the source",
    ),
    message(
        "linux-identity-map",
        LINUX,
        MessageSeverity.NOTE,
        "Linux maps a region for its device",
        "Setting identity map for device <sbdf> [<base> - <limit>]",
        "Setting identity map [<base> - <limit>]",
        "<iommu>Setting RMRR:",
        releases=_OLD,
        meaning="Nothing is wrong: the host's own driver keeps access to the region.",
        advice="No action is needed.",
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
        address=MessageAddress.MEMORY,
    ),
    message(
        "linux-identity-map-not-needed",
        LINUX,
        MessageSeverity.NOTE,
        "Linux needs no mapping of a region: the device uses physical addresses",
        "Ignoring identity map for HW passthrough device <sbdf> [<base> - <limit>]",
        "Ignoring identity map for HW passthrough [<base> - <limit>]",
        releases=_OLD + ", with iommu=pt",
        meaning="Nothing is wrong: with iommu=pt the device reaches all memory at its physical "
        "addresses, including the region.",
        advice="No action is needed.",
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
        address=MessageAddress.MEMORY,
    ),
    message(
        "linux-identity-map-failed",
        LINUX,
        MessageSeverity.FIRMWARE,
        "Linux could not map a region for its device",
        "<iommu>Mapping reserved region failed",
        "<iommu>mapping reserved region failed",
        releases=_OLD,
        meaning="The device loses access to a region of the firmware's table. The device or the firmware"
        " may then fail. An earlier line shows which region is wrong.",
        advice="Read the lines before it. " + _UPDATE,
        source=f"{_IOMMU}, init_dmars and get_valid_domain_for_dev, checked in the source",
    ),
)
