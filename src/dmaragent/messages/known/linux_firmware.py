"""Messages of the Linux kernel about the firmware's DMAR table."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program

LINUX = Program.LINUX
_UPDATE = (
    "Update the firmware; report it to the machine's vendor with the output of dmaragent check."
)
_DMAR = "drivers/iommu/intel/dmar.c"
_IOMMU = "drivers/iommu/intel/iommu.c"
_OLD = "older kernels with VT-d; not in Linux 6.18"

MESSAGES = (
    message(
        "linux-bad-rmrr",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The firmware describes a region that cannot be right; Linux uses it all the same",
        "Your BIOS is broken; bad RMRR [<base>-<limit>]",
        releases="Linux 5.x and later",
        meaning="A region of the table is not page aligned, ends before it starts, or does not "
        "lie in memory that the firmware's map calls reserved; the line before says which. "
        "Linux marks the kernel as tainted and still honours the region. Xen is stricter, and "
        "may switch VT-d off for it.",
        advice="On Linux nothing needs to be done. " + _UPDATE,
        source=f"{_IOMMU}, dmar_parse_one_rmrr, checked in the source; its first release not",
    ),
    message(
        "linux-rmrr-not-reserved",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A region does not lie in memory that the firmware calls reserved; harmless on Linux",
        "No firmware reserved region can cover this RMRR [<base>-<limit>]",
        releases="Linux 5.x and later",
        meaning="The firmware's memory map does not reserve what its DMAR table demands for a "
        "device. Linux honours the region all the same. Xen from 4.19 on reserves what the map "
        "leaves out, and switches VT-d off where the map says that it is RAM; before, it warns.",
        advice="On Linux nothing needs to be done; that passthrough fails has another cause. "
        + _UPDATE,
        source="arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check, checked in the patches "
        "and in logs; its first release not",
    ),
    message(
        "linux-rmrr-ends-before-start",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A region ends before it starts",
        "Your BIOS is broken; RMRR ends before it starts",
        releases=_OLD,
        meaning="The limit of a region lies below its base: nothing is reserved for the device. "
        "Xen switches VT-d off for the whole host over it.",
        advice=_UPDATE,
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
    ),
    message(
        "linux-rmrr-too-wide",
        LINUX,
        MessageSeverity.FIRMWARE,
        "A region lies above what the IOMMU can address",
        "Your BIOS is broken; RMRR exceeds permitted address width (<number> bits)",
        releases=_OLD,
        meaning="The region's addresses need more bits than the unit translates: its device "
        "loses access to it.",
        advice=_UPDATE,
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
    ),
    message(
        "linux-unit-at-zero",
        LINUX,
        MessageSeverity.REFUSAL,
        "The table has a remapping unit without an address: Linux does without VT-d",
        "Your BIOS is broken; DMAR reported at address zero",
        "Your BIOS is broken; DMAR reported at address <address>!",
        releases="every release with VT-d",
        meaning="A DRHD structure gives 0 as the address of its registers. Linux does not "
        "switch VT-d on; no device can be passed through. Xen switches VT-d off likewise.",
        advice="Switch VT-d off and on again in the firmware setup. " + _UPDATE,
        source=f"{_DMAR}, warn_invalid_dmar and dmar_validate_one_drhd, checked in the source; "
        'the older words "address zero" only from reports',
        address=MessageAddress.UNIT,
    ),
    message(
        "linux-unit-dead",
        LINUX,
        MessageSeverity.REFUSAL,
        "A remapping unit does not answer: Linux does without VT-d",
        "Your BIOS is broken; DMAR reported at address <address> returns all ones",
        releases="every release with VT-d",
        meaning="Nothing answers at the address that a DRHD structure gives for its registers: "
        "the unit is switched off, or is elsewhere. Linux does not switch VT-d on.",
        advice="Switch VT-d off and on again in the firmware setup. " + _UPDATE,
        source=f"{_DMAR}, dmar_validate_one_drhd, map_iommu, checked in the source",
        address=MessageAddress.UNIT,
    ),
    message(
        "linux-unit-taken",
        LINUX,
        MessageSeverity.REFUSAL,
        "A unit's registers lie where something else is: Linux does without VT-d",
        "<iommu>Can't reserve memory",
        releases="every release with VT-d",
        meaning="The addresses of a unit's registers are taken already: two DRHD structures are "
        "of the same ones, or they lie in RAM or in a device. Linux gives up on the table "
        "(EBUSY).",
        advice=_UPDATE,
        source=f"{_DMAR}, map_iommu, checked in the source",
    ),
    message(
        "linux-no-unit",
        LINUX,
        MessageSeverity.REFUSAL,
        "The table has no remapping unit: Linux does without VT-d",
        "No DRHD structure found in DMAR table",
        releases="every release with VT-d",
        meaning="The firmware's table names regions or other things, but no unit that could "
        "serve a device. No device can be passed through.",
        advice="Switch VT-d off and on again in the firmware setup. " + _UPDATE,
        source=f"{_DMAR}, parse_dmar_table, checked in the source",
    ),
    message(
        "linux-width-invalid",
        LINUX,
        MessageSeverity.REFUSAL,
        "The table's address width cannot be: Linux does without VT-d",
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
        "The table's checksum is wrong; Linux uses it all the same",
        "Incorrect checksum in table [DMAR]",
        releases="every release",
        meaning="The bytes of the table do not add up to 0: the firmware changed it and did not "
        "count again, or it is damaged.",
        advice="dmaragent check tells whether more is wrong. " + _UPDATE,
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
        meaning="No DRHD structure has this I/O APIC in its scope. Linux switches interrupt "
        "remapping off, and VFIO then refuses to give out devices, whatever their regions.",
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
        advice="Nothing needs to be done. " + _UPDATE,
        source=f"{_DMAR}, dmar_parse_one_rhsa, checked in the source",
        address=MessageAddress.UNIT,
    ),
    message(
        "linux-andd-unterminated",
        LINUX,
        MessageSeverity.REFUSAL,
        "The name of a namespace device has no end: Linux does without VT-d",
        "ANDD object name is not NUL-terminated",
        releases="Linux with ANDD support",
        meaning="The name in an ANDD structure fills it without the NUL that must end it. Linux "
        "gives up on the whole table (EINVAL); Xen does not read the structure.",
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
        meaning="An ANDD structure names a device of the ACPI namespace, and no DRHD structure has "
        "its number in a device scope. The device is not remapped; others are not affected.",
        advice="Nothing needs to be done. " + _UPDATE,
        source=f"{_DMAR}, dmar_acpi_insert_dev_scope, checked in the source",
    ),
    message(
        "linux-structure-empty",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table holds a structure of length 0: Linux does not get past it",
        "Invalid 0-length structure",
        releases="every release with VT-d; newer ones print it only for debugging",
        meaning="This walk ends there; the next one, for the devices of the ACPI namespace, never "
        "does: Linux 6.1 was seen to hang at boot. Xen switches VT-d off for the whole host.",
        advice=_UPDATE,
        source=f"{_DMAR}, dmar_walk_remapping_entries, checked in the source; "
        "dmar_dev_scope_init, seen to hang in Linux 6.1",
    ),
    message(
        "linux-structure-past-end",
        LINUX,
        MessageSeverity.REFUSAL,
        "A structure runs past the end of the table: Linux does without VT-d",
        "Record passes table end",
        releases="every release with VT-d",
        meaning="The table is cut, or a length in it is wrong; Linux gives up on all of it "
        "(EINVAL). Xen does not look, and reads what lies behind the table.",
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
        meaning="A device scope names this device with the wrong type. Linux does not tie it to "
        "that structure, and VT-d may not come up at all (EINVAL). Intel's non-transparent "
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
        meaning="The entry is passed over; the others of the structure count.",
        advice="Nothing needs to be done. " + _UPDATE,
        source=f"{_DMAR}, dmar_alloc_dev_scope, checked in the source",
    ),
    message(
        "linux-scope-workaround",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The table names a device by its bus, not by the way to it; Linux finds it all the same",
        "RMRR entry for device <sbdf> is broken - applying workaround",
        releases="every release since it was added (which was not checked)",
        meaning="The device scope begins at the device's own bus, which is no root bus. Linux "
        "takes the device that answers there.",
        advice="Nothing needs to be done.",
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
        advice="dmaragent inventory says which devices own it.",
        source=f"{_DMAR}, dmar_table_print_dmar_entry, checked in the source",
    ),
    message(
        "linux-identity-map",
        LINUX,
        MessageSeverity.NOTE,
        "Linux maps a region for its device",
        "Setting identity map for device <sbdf> [<base> - <limit>]",
        "Setting identity map [<base> - <limit>]",
        releases=_OLD,
        meaning="Nothing is wrong: the host's own driver keeps access to the region.",
        advice="Nothing needs to be done.",
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
    ),
    message(
        "linux-identity-map-not-needed",
        LINUX,
        MessageSeverity.NOTE,
        "Linux needs no map of a region for its device: the device's addresses are physical ones",
        "Ignoring identity map for HW passthrough device <sbdf> [<base> - <limit>]",
        "Ignoring identity map for HW passthrough [<base> - <limit>]",
        releases=_OLD + ", with iommu=pt",
        meaning="Nothing is wrong: with iommu=pt the device reaches all memory at its physical "
        "addresses, the region too.",
        advice="Nothing needs to be done.",
        source=f"{_IOMMU}, domain_prepare_identity_map, checked in the source",
    ),
    message(
        "linux-identity-map-failed",
        LINUX,
        MessageSeverity.FIRMWARE,
        "Linux could not map a region for its device",
        "<iommu>Mapping reserved region failed",
        "<iommu>mapping reserved region failed",
        releases=_OLD,
        meaning="The device loses access to a region of the firmware's table: it may not work, or "
        "the firmware may not. An earlier line says which region is wrong.",
        advice="Look at the lines before it. " + _UPDATE,
        source=f"{_IOMMU}, init_dmars and get_valid_domain_for_dev, checked in the source",
    ),
)
