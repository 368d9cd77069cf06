"""Messages of the Xen hypervisor about the DMAR table and the rmrr= option, at boot."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program

XEN = Program.XEN
_DMAR = "xen/drivers/passthrough/vtd/dmar.c"
_X86 = "xen/drivers/passthrough/x86/iommu.c"
_UPDATE = (
    "Update the firmware. Report it to the machine's vendor with the output of dmaragent check."
)
_DEBUG = "debug builds of Xen only"
_SOME = "Xen 4.6.1 to 4.8, and XCP-ng's of that time"

MESSAGES = (
    message(
        "xen-dmar-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen rejects the firmware's table and disables VT-d for the whole host",
        "Failed to parse ACPI DMAR. Disabling VT-d",
        releases="every release with VT-d",
        meaning="Xen rejected one structure of the table; the line before has the reason. No device can "
        "be passed through, and no region is reserved for any guest.",
        advice="dmaragent check names the structure. "
        + _UPDATE
        + " It can help to disable the device with the wrong region in the firmware setup.",
        source=f"{_DMAR}, acpi_parse_dmar; checked in the source",
    ),
    message(
        "xen-overlapping-rmrrs",
        XEN,
        MessageSeverity.REFUSAL,
        "Two regions overlap: Xen disables VT-d for the whole host",
        "Overlapping RMRRs [<base>,<limit>] and [<base2>,<limit2>]",
        releases="Xen 4.6 and later",
        meaning="Xen does not accept two regions that share a byte, whatever their devices (EEXIST), and"
        " rejects the whole table. Linux accepts them.",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_parse_one_rmrr; checked in the source",
    ),
    message(
        "xen-rmrr-not-reserved",
        XEN,
        MessageSeverity.FIRMWARE,
        "A region is not in memory that the firmware reserves",
        ("RMRR: [<base>, <limit>] is not (entirely) in reserved memory", "4.19 and later"),
        ("RMRR address range <base>..<limit> not in reserved memory", "4.6.1 to 4.13"),
        ("RMRR [<base>,<limit>] not in reserved memory", "4.14 to 4.18"),
        (
            "RMRR address range not in reserved memory base = <base> end = <limit>",
            "up to 4.6.0; " + _DEBUG,
        ),
        releases="every release with VT-d",
        meaning="The firmware's memory map does not reserve the memory that its table requires. From "
        "4.19 on, Xen reserves pages that the map leaves out, and disables VT-d if they are RAM."
        " Before that, it only warned. The option iommu_inclusive_mapping that older releases "
        "propose does not help.",
        advice="If no other line follows, no action is needed. " + _UPDATE,
        source=f"{_X86}, iommu_unity_region_ok; before {_DMAR}, acpi_parse_one_rmrr; checked",
    ),
    message(
        "xen-rmrr-in-ram",
        XEN,
        MessageSeverity.REFUSAL,
        "A region is in RAM: Xen disables VT-d for the whole host",
        "RMRR: page at <page> can't be converted",
        "RMRR: page at <page> couldn't be reserved",
        releases="Xen 4.19 and later",
        meaning="The memory map calls a page of the region usable RAM. So Xen cannot reserve it (EIO), "
        "and rejects the whole table. The number is a page of 4 KiB, not an address. Before "
        "4.19, Xen only warned.",
        advice=_UPDATE,
        source=f"{_X86}, iommu_unity_region_ok; checked in patches (the unit changed from pages "
        "to addresses to pages while it was developed), a185f88e98",
    ),
    message(
        "xen-rmrr-ignored",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen ignores a region: none of its devices is present",
        ("Ignore RMRR [<base>,<limit>] as no device under its scope is PCI discoverable", _DEBUG),
        (
            (
                "Ignore the RMRR (<base>, <limit>) due to devices under its scope are not PCI "
                "discoverable"
            ),
            "older; " + _DEBUG,
        ),
        (
            "Ignore RMRR (<base>, <limit>) (some devices in its scope are not PCI discoverable)",
            _SOME,
        ),
        releases=_DEBUG + ", and " + _SOME,
        meaning="The firmware keeps a region for a device that is disabled or was removed. No effect: no"
        " device could use the region. If the line reports that some devices are absent, all of "
        "them are absent as well: Xen keeps a region with one device that is present.",
        advice="No action is needed.",
        source=f"{_DMAR}, register_one_rmrr; acpi_parse_one_rmrr in 009298d7; checked in the "
        "source",
    ),
    message(
        "xen-rmrr-incorrect",
        XEN,
        MessageSeverity.REFUSAL,
        "A region ends before it starts: Xen disables VT-d for the whole host",
        ("RMRR [<base>,<limit>] is incorrect", _DEBUG),
        ("{The }RMRR (<base>, <limit>) is incorrect", "older; without The " + _SOME),
        releases=_DEBUG + "; what it says happens in all",
        meaning="The limit is below the base (EFAULT), and Xen rejects the whole table. Linux only "
        "warns.",
        advice=_UPDATE,
        source=f"{_DMAR}, register_one_rmrr; checked in the source",
    ),
    message(
        "xen-scope-absent-device",
        XEN,
        MessageSeverity.FIRMWARE,
        "The table names a device that is not present",
        (
            "Non-existent device (<sbdf>) is reported in RMRR [<base>, <limit>]'s scope",
            "4.15 and later",
        ),
        ("Non-existent device (<sbdf>) is reported in RMRR [<base>,<limit>]'s scope", "4.14"),
        (
            "Non-existent device (<sbdf>) is reported in RMRR (<base>, <limit>)'s scope",
            "up to 4.13",
        ),
        ("Non-existent device (<sbdf>) reported in RMRR (<base>, <limit>)'s scope", _SOME),
        ("Non-existent device (<sbdf>) in this DRHD's scope", "4.6.1 and later"),
        ("Non-existent device (<sbdf>) is reported in this DRHD's scope", "up to 4.6.0"),
        releases="every release with VT-d; for RMRR mostly in debug builds",
        meaning="The device is disabled or was removed. In the scope of a region, Xen still counts it as"
        " a device that shares the region.",
        advice="No action is needed, unless Xen refuses a region as shared, or a unit as invalid, "
        "because of it.",
        source=f"{_DMAR}, acpi_parse_one_drhd, register_one_rmrr; checked in the source",
    ),
    message(
        "xen-unit-invalid",
        XEN,
        MessageSeverity.REFUSAL,
        "A unit names a device that is not present: Xen disables VT-d for the whole host",
        ("DRHD is invalid (some devices in its scope are not PCI discoverable)", "4.6.1 to 4.11"),
        (
            (
                "The DRHD is invalid due to there are devices under its scope are not PCI "
                "discoverable! Pls try option"
            ),
            "up to 4.6.0; debug builds",
        ),
        releases="Xen up to 4.11",
        meaning="A DRHD structure other than the one for all devices names a PCI device that is not "
        "present. The lines before name it. Xen rejects the whole table (EINVAL).",
        advice="Enable the device again. Or boot Xen with iommu=force, which accepts the unit; "
        "iommu=workaround_bios_bug skips a unit if none of its devices is present. " + _UPDATE,
        source=f"{_DMAR}, acpi_parse_one_drhd in 009298d7; checked in the source",
    ),
    message(
        "xen-scope-invalid",
        XEN,
        MessageSeverity.REFUSAL,
        "A device scope is too short: Xen disables VT-d for the whole host",
        "Invalid device scope",
        releases="every release with VT-d",
        meaning="An entry of a device scope has a length below 8 (EINVAL), and Xen rejects the whole "
        "table.",
        advice=_UPDATE,
        source=f"{_DMAR}, scope_device_count; checked in the source",
    ),
    message(
        "xen-structure-length",
        XEN,
        MessageSeverity.REFUSAL,
        "A structure is too short for its type: Xen disables VT-d for the whole host",
        "Invalid ACPI DMAR entry length: <number>",
        releases="every release with VT-d",
        meaning="Xen rejects the whole table (EINVAL).",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_dmar_check_length; checked in the source",
    ),
    message(
        "xen-include-all-twice",
        XEN,
        MessageSeverity.REFUSAL,
        "Two units claim all devices: Xen disables VT-d for the whole host",
        "Only one INCLUDE_ALL device scope is allowed",
        "Only one ALL_PORTS device scope is allowed",
        releases="every release with VT-d",
        meaning="Two DRHD structures of segment 0 have INCLUDE_PCI_ALL, or two ATSR structures have "
        "ALL_PORTS. Xen rejects the whole table (EINVAL).",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_parse_one_drhd, acpi_parse_one_atsr; checked in the source",
    ),
    message(
        "xen-width-zero",
        XEN,
        MessageSeverity.REFUSAL,
        "The table has no address width: Xen runs without VT-d",
        "Zero: Invalid DMAR width",
        ("Zero: Invalid DMAR haw", "long before"),
        releases="every release with VT-d",
        meaning="The field for the host's address width is 0 (EINVAL).",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_parse_dmar; checked in the source",
    ),
    message(
        "xen-option-overlap",
        XEN,
        MessageSeverity.FIRMWARE,
        "A range of rmrr= overlaps a known region, and Xen ignores it",
        "Overlapping RMRRs: [<page>-<page1>] and [<page2>-<page3>]",
        releases="Xen 4.9 and later",
        meaning="Xen ignores only this range of the boot option; VT-d stays on. The numbers are pages of"
        " 4 KiB.",
        advice="Remove the range from rmrr=, or make it smaller. dmaragent boot-option prints the "
        "option.",
        source=f"{_DMAR}, add_one_user_rmrr; checked in the source",
        address=MessageAddress.RANGE,
    ),
    message(
        "xen-option-range",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen does not accept a range of rmrr=",
        "Invalid RMRR Range [<page>-<page1>]",
        "RMRR range [<page>-<page1>] exceeds 16 pages",
        "Invalid pfn in RMRR range [<page>-<page1>]",
        "Segments are not equal for RMRR range [<page>-<page1>]",
        "Could not register RMMR range [<page>-<page1>]",
        releases="Xen 4.9 and later",
        meaning="The numbers of rmrr= are pages of 4 KiB, not addresses, and include the last page. A "
        "range has at most 16 pages, and devices of one segment. After a range of more than 16 "
        "pages, Xen stops reading the option. It ignores other wrong ranges one by one.",
        advice="dmaragent boot-option prints the option and splits ranges that are too large.",
        source=f"{_DMAR}, parse_rmrr_param, add_one_user_rmrr; checked in the source",
        address=MessageAddress.RANGE,
    ),
    message(
        "xen-option-unreadable",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen cannot read its rmrr= option",
        'parameter "rmrr" has invalid value "<word>", rc=<errno>',
        releases="Xen 4.10 and later",
        meaning="The option is not of the form start-end=seg:bus:dev.fn, or is too large: ten ranges of "
        "16 pages are allowed. The ranges before the mistake count.",
        advice="In GRUB's files, quote ';' as '\\;': GRUB ends the line there otherwise. dmaragent "
        "boot-option prints the option.",
        source="xen/common/kernel.c, parse_params; checked in the source",
    ),
    message(
        "xen-rmrr-listed",
        XEN,
        MessageSeverity.NOTE,
        "Xen lists a region of the firmware's table",
        "found ACPI_DMAR_RMRR",
        ("RMRR: [<base>,<limit>]", _DEBUG),
        ("RMRR region: base_addr <base> end_addr{ess} <limit>", "Xen up to 4.13; " + _DEBUG),
        releases="with iommu=verbose or iommu=debug",
        meaning="Nothing is wrong: each region of the table is listed once at boot.",
        advice="dmaragent inventory shows which devices own it.",
        source=f"{_DMAR}, acpi_parse_dmar, register_one_rmrr; checked in the source",
    ),
)
