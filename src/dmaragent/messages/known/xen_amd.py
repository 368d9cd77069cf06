"""Messages of the Xen hypervisor about AMD's table (IVRS): its IVMD and IVHD blocks, ivmd=."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

XEN = Program.XEN
_ACPI = "xen/drivers/passthrough/amd/iommu_acpi.c"
_DETECT = "xen/drivers/passthrough/amd/iommu_detect.c"
_X86 = "xen/drivers/passthrough/x86/iommu.c"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"
_ALL = "every release with AMD-Vi; up to 4.15 with iommu=debug only"
_OFF = (
    "Xen then switches AMD-Vi off for the whole host: no device can be passed through, and no region "
    "is reserved for any guest. If x2APIC is on, Xen panics instead."
)
_UPDATE = (
    "Update the firmware. Report it to the machine's vendor with the output of dmaragent check."
)
_CUT = (
    "To start with the IOMMU until then, write a table without the block: dmaragent decode --json | "
    "dmaragent encode - --without REGION -o ivrs.aml. Load it in GRUB with acpi --exclude=IVRS. DMA of "
    "the firmware to that memory is then blocked."
)

MESSAGES = (
    message(
        "xen-ivmd-in-ram",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen rejects the memory of an IVMD block, and switches AMD-Vi off",
        ("IVMD: page at 0x<page> can't be converted", "4.19 and later: a page number"),
        ("IVMD: page at 0x<page> couldn't be reserved", "4.19 and later: a page number"),
        ("IVMD: page at <bare> can't be converted", "4.16 to 4.18: an address"),
        ("IVMD: page at <bare> couldn't be reserved", "4.16 to 4.18: an address"),
        releases="Xen 4.16 and later",
        meaning="In 4.17.4, 4.18.1, 4.19 and later, the memory map calls the page usable RAM: often a "
        "placeholder at address 0. In 4.16, 4.17.0 to 4.17.3 and 4.18.0 the test is inverted: a page "
        "that is reserved, ACPI data or NVS is refused if the block is not all reserved. " + _OFF,
        advice="If the page is not RAM, update Xen to 4.17.4, 4.18.1, 4.19 or later. "
        + _UPDATE
        + " "
        "Disabling pre-boot DMA protection in the firmware setup can remove the block. " + _CUT,
        source=f"{_ACPI}, parse_ivmd_block; {_X86}, iommu_unity_region_ok; 83afa31358; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-not-reserved",
        XEN,
        MessageSeverity.FIRMWARE,
        "An IVMD block is not in memory that the firmware reserves",
        ("IVMD: [<base>, <limit>] is not (entirely) in reserved memory", "4.19 and later"),
        ("IVMD: [<base>,<end>) is not (entirely) in reserved memory", "4.16 to 4.18"),
        releases="Xen 4.16 and later",
        meaning="The firmware's memory map does not reserve all memory of the block. Xen reserves pages "
        "that the map leaves out. If a page is RAM, the next line reports it, and AMD-Vi is off.",
        advice="If no line about a page follows, no action is needed. " + _UPDATE,
        source=f"{_ACPI}, parse_ivmd_block; {_X86}, iommu_unity_region_ok; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-ignored",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen ignores an IVMD block: its addresses are too high for the IOMMU",
        "IVMD: [<base>,<end>) is not IOMMU addressable",
        releases="Xen 4.16 and later",
        meaning="The last address has more bits than IVinfo of the table gives for physical or virtual "
        "addresses, or than Xen's page tables translate. Xen does not list the region and maps it for "
        "no guest. A table with a virtual size of 0, as QEMU's, loses every block.",
        advice=_UPDATE,
        source=f"{_ACPI}, parse_ivmd_block; 6f81a70baf; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-flags",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen rejects an IVMD block without flags, and switches AMD-Vi off",
        ("IVMD: invalid flag field", "4.16 and later"),
        ("IVMD Error: Invalid Flag Field!", "4.6 to 4.15"),
        releases=_ALL,
        meaning="The block has neither the flag of a unity map nor that of an exclusion range. Someone "
        "may have set the flags to 0 to please Linux, which ignores such a block. " + _OFF,
        advice="If the table was edited, cut the block out and seal the table instead: Xen and Linux "
        "then both work. Otherwise: " + _UPDATE,
        source=f"{_ACPI}, parse_ivmd_block; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-no-iommu",
        XEN,
        MessageSeverity.REFUSAL,
        "An IVMD block names a device without IOMMU: Xen switches AMD-Vi off",
        ("IVMD: no IOMMU for Dev_Id <rid>{ Cap <number>}", "4.16 to 4.19.0"),
        ("IVMD Error: No IOMMU for Dev_Id <rid>{!}{ Cap <number>}", "4.6 to 4.15"),
        releases="Xen before 4.18.4, 4.19.1 and 4.20; with Cap every release",
        meaning="A block for a wide range, such as 0000-0fff, also covers the host bridge and the IOMMU "
        "itself, which no IVHD block names. The number is bus, device and function in bits. "
        + _OFF,
        advice="Update Xen to 4.18.4, 4.19.1, 4.20 or later: these skip such devices. With Cap in the "
        "line, the block is for an IOMMU that does not exist. " + _UPDATE + " " + _CUT,
        source=f"{_ACPI}, register_range_for_device, parse_ivmd_device_iommu (before 4.16: "
        f"register_exclusion_range_for_device); 2defb54490; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-device-skipped",
        XEN,
        MessageSeverity.NOTE,
        "Xen skips a device of an IVMD block, because it has no IOMMU",
        "IVMD: no IOMMU for device <sbdf> - ignoring constrain",
        releases="Xen 4.18.4, 4.19.1, 4.20 and later",
        meaning="A block for a wide range also covers devices without IOMMU, such as the host bridge. "
        "The block still applies to the other devices of its range.",
        advice="No action is needed.",
        source=f"{_ACPI}, register_range_for_device; 2defb54490; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-overlap",
        XEN,
        MessageSeverity.REFUSAL,
        "Two IVMD blocks of a device overlap: Xen switches AMD-Vi off",
        ("IVMD: overlap [<base>,<end>) vs [<base2>,<end2>)", "4.16 and later"),
        (
            "IVMD Error: overlap [<base>,<end>) vs [<base2>,<end2>)",
            "4.13.4, 4.14.3, 4.15.1 and later",
        ),
        releases="Xen 4.16 and later; with XSA-378 also 4.13 to 4.15",
        meaning="Two unity ranges of one device share memory but are not equal, or grant different "
        "rights (EPERM). A range of Xen's option ivmd= counts as well. "
        + _OFF
        + " Linux accepts it.",
        advice="Remove the range from ivmd= if it is one. " + _UPDATE + " " + _CUT,
        source=f"{_ACPI}, reserve_unity_map_for_device; 899272539c; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivmd-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen rejects the devices, length or type of an IVMD block, and switches AMD-Vi off",
        "IVMD: invalid block length",
        "IVMD: invalid Dev_Id <rid>",
        "IVMD: invalid Range_First Dev_Id <rid>",
        "IVMD: invalid Range_Last Dev_Id <rid>",
        "IVMD: unknown block type <number>",
        ("IVMD Error: Invalid Block Length!", "4.6 to 4.15"),
        ("IVMD Error: Invalid Dev_Id <rid>", "4.6 to 4.15"),
        ("IVMD Error: Invalid Range_First Dev_Id <rid>", "4.6 to 4.15"),
        ("IVMD Error: Invalid Range_Last Dev_Id <rid>", "4.6 to 4.15"),
        ("IVMD Error: Invalid Block Type!", "4.6 to 4.15"),
        releases=_ALL,
        meaning="An ID is above every device that the IVHD blocks name, a range does not end after its "
        "start, or the block is too short. A range of ivmd= whose end is its start is rejected as "
        "well. " + _OFF,
        advice="In ivmd=, write a single device without a range. " + _UPDATE + " " + _CUT,
        source=f"{_ACPI}, parse_ivmd_block, parse_ivmd_device_select, parse_ivmd_device_range; "
        + _CHECKED,
        vendor=AMD,
    ),
    message(
        "xen-ivmd-option-unreadable",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen does not understand its option ivmd=",
        'parameter "ivmd" has invalid value "<word>", rc=<errno>',
        releases="Xen 4.16 and later",
        meaning="The item is faulty and everything after it is lost. What precedes it in the option "
        "stays in effect.",
        by_error={
            7: "E2BIG: more than 8 devices and ranges; an item for all devices counts as one.",
            22: "EINVAL: addresses are page numbers in hex, with the last page included. The segment "
            "must be 0.",
        },
        advice="Write ivmd=START-END=BUS:DEVICE.FUNCTION, with page numbers in hex, and quote ; in GRUB.",
        source=f"{_ACPI}, parse_ivmd_param; xen/common/kernel.c, parse_params; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivhd-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen rejects an IVHD block of the firmware's table, and switches AMD-Vi off",
        "IVHD: invalid block length",
        "IVHD: no IOMMU for Dev_Id <rid> Cap <number>",
        "IVHD: unknown device type <number>",
        "IVHD: invalid Device_Entry length",
        "IVHD: invalid Device_Entry Dev_Id <rid>",
        "IVHD: invalid range: End_Type <number>",
        "IVHD: invalid range: First Dev_Id <rid>",
        "IVHD: invalid range: Last Dev_Id <rid>",
        "IVHD: invalid Alias Dev_Id <rid>",
        "Unrecognized IVHD special variety <number>",
        "IVHD Error: Out of memory",
        "AMD-Vi: {Error: }invalid IVHD block{ length}",
        "Cannot find supported IVHD type",
        ("IVHD Error: Invalid Block Length!", "4.6 to 4.15"),
        ("IVHD Error: No IOMMU for Dev_Id <rid> Cap <number>", "4.6 to 4.15"),
        ("IVHD Error: Invalid Device Type!", "4.6 to 4.15"),
        ("IVHD Error: Invalid Device_Entry Length!", "4.6 to 4.15"),
        ("IVHD Error: Invalid Device_Entry Dev_Id <rid>", "4.6 to 4.15"),
        ("IVHD Error: Invalid Range: End_Type <number>", "4.6 to 4.15"),
        ("IVHD Error: Invalid Range: First Dev_Id <rid>", "4.6 to 4.15"),
        ("IVHD Error: Invalid Range: Last Dev_Id <rid>", "4.6 to 4.15"),
        "IVHD Error: Invalid Alias Dev_Id <rid>",
        ("AMD-Vi: Invalid IVHD Block{ Length}!", "4.6 to 4.15"),
        ("IVRS Error: Invalid Block Type!", "4.6 and 4.7"),
        releases=_ALL,
        meaning="An entry of the block has an unknown type, an ID that is too high, or a range without "
        "end. Or no IOMMU answers where the block has it. Xen also rejects an entry for all devices "
        "(type 0x01), which Linux accepts. " + _OFF + NO_REGION,
        advice=_UPDATE,
        source=f"{_ACPI}, parse_ivhd_block and the functions that it calls, get_supported_ivhd_type; "
        f"{_DETECT}, amd_iommu_detect_one_acpi; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivrs-io-apic",
        XEN,
        MessageSeverity.REFUSAL,
        "The firmware's table (IVRS) is wrong about an I/O APIC: Xen switches AMD-Vi off",
        "IVHD Error: Invalid IO-APIC <number>",
        "IVHD Error: no information for IO-APIC <number>",
        "IVHD Error: Too many IO APICs",
        "parse_ivrs_ioapic: Too many IO APICs",
        "No southbridge IO-APIC found in IVRS table",
        "IVHD: conflicting IO-APIC <number> entries",
        ("IVHD Error: Conflicting IO-APIC <number> entries", "4.6 to 4.15"),
        ("IVHD Error: IO-APIC <number> entry beyond bounds", "4.6 to 4.8"),
        releases="every release with AMD-Vi",
        meaning="An entry names an I/O APIC that does not exist, names one twice, or the table lacks one "
        "(that of the chipset is 00:14.0). Xen needs them to remap interrupts. " + _OFF + NO_REGION,
        advice="Update the firmware. Xen's option ivrs_ioapic[ID]=BUS:DEVICE.FUNCTION replaces the "
        "entry. With iommu=no-intremap Xen ignores the I/O APICs, but a guest can then send interrupts "
        "to the host.",
        source=f"{_ACPI}, parse_ivhd_device_special, parse_ivrs_table; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivrs-entry-odd",
        XEN,
        MessageSeverity.NOTE,
        "Xen ignores a repeated or replaced entry of the firmware's table (IVRS)",
        "IVHD: duplicate IO-APIC <number> entries",
        ("IVHD Warning: Duplicate IO-APIC <number> entries", "4.6 to 4.15"),
        "IVHD: Command line override present for IO-APIC <number>",
        "IVHD: Command line override present for HPET <number>",
        "Only one IVHD HPET entry is supported",
        releases=_ALL,
        meaning="The table has an entry twice, or Xen's option ivrs_ioapic or ivrs_hpet replaces it."
        + NO_REGION,
        advice="No action is needed.",
        source=f"{_ACPI}, parse_ivhd_device_special; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivrs-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen rejects the firmware's table (IVRS) as a whole, and switches AMD-Vi off",
        ("IVRS: invalid checksum <number>", "4.16 and later"),
        ("IVRS: table length exceeded: <number> -> <number2>", "4.16 and later"),
        ("IVRS Error: Invalid Checksum <number>", "4.6 to 4.15"),
        ("IVRS Error: Table Length Exceeded: <number> -> <number2>", "4.6 to 4.15"),
        releases=_ALL,
        meaning="The bytes of the table do not sum to 0, or a block ends after the table. An edited table"
        " that was not sealed has this error. " + _OFF,
        advice="If the table was edited, write it again with dmaragent encode --seal. Otherwise: "
        + _UPDATE,
        source=f"{_ACPI}, detect_iommu_acpi, get_supported_ivhd_type, parse_ivrs_table; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-ivrs-listed",
        XEN,
        MessageSeverity.NOTE,
        "Xen lists the firmware's table (IVRS)",
        "IVMD Block: type <number> phys <base> len <size>",
        "IVMD: <number> command line provided entries",
        "IVRS Block: {Found }type <number> flags <number2> len <number3> id <number4>",
        "IVHD Device Entry: type <number> id <number2> flags <number3>",
        "IVHD Special: <sbdf> variety <number> handle <number2>",
        "IVHD: IOMMU @ <number> cap @ <number2> seg <number3> info <number4> attr <number5>",
        "Dev_Id Range: <number> -> <number2>{ alias <number3>}",
        "Dev_Id Alias: <number>",
        "(XEN) {[<any>] }AMD-Vi: Using IVHD type <number>",
        "AMD-Vi: Found MSI capability block at <number>",
        "AMD-Vi: EFRSup not set in ACPI table; will fall back to hardware",
        releases="every release with AMD-Vi, with iommu=debug",
        meaning="Nothing is wrong: Xen lists the blocks of the table, their devices and their memory at "
        "boot. An IVMD block's flags are in the line before it.",
        advice="dmaragent inventory shows the regions and their devices.",
        source=f"{_ACPI}, parse_ivrs_table, parse_ivmd_block, parse_ivhd_block; {_DETECT}, "
        f"get_iommu_msi_capabilities, amd_iommu_detect_one_acpi; {_CHECKED}",
        vendor=AMD,
    ),
)
