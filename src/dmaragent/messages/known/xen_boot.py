"""Messages of the Xen hypervisor about the DMAR table and the rmrr= option, at boot."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program

XEN = Program.XEN
_DMAR = "xen/drivers/passthrough/vtd/dmar.c"
_X86 = "xen/drivers/passthrough/x86/iommu.c"
_UPDATE = (
    "Update the firmware; report it to the machine's vendor with the output of dmaragent check."
)
_DEBUG = "debug builds of Xen only"
_SOME = "Xen 4.6.1 to 4.8, and XCP-ng's of that time"

MESSAGES = (
    message(
        "xen-dmar-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot use the firmware's table and switches VT-d off for the whole host",
        "Failed to parse ACPI DMAR. Disabling VT-d",
        releases="every release with VT-d",
        meaning="One structure of the table was refused; the line before says why. No device "
        "can be passed through, and no region is reserved for any guest.",
        advice="dmaragent check names the structure. " + _UPDATE + " Switching off the device "
        "whose region is wrong in the firmware setup can help.",
        source=f"{_DMAR}, acpi_parse_dmar; checked in the source",
    ),
    message(
        "xen-overlapping-rmrrs",
        XEN,
        MessageSeverity.REFUSAL,
        "Two regions of the firmware overlap: Xen switches VT-d off for the whole host",
        "Overlapping RMRRs [<base>,<limit>] and [<base2>,<limit2>]",
        releases="Xen 4.6 and later",
        meaning="Xen takes no two regions that share a byte, whatever their devices "
        "(EEXIST), and gives up on the whole table. Linux does not mind.",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_parse_one_rmrr; checked in the source",
    ),
    message(
        "xen-rmrr-not-reserved",
        XEN,
        MessageSeverity.FIRMWARE,
        "A region does not lie in memory that the firmware calls reserved",
        ("RMRR: [<base>, <limit>] is not (entirely) in reserved memory", "4.19 and later"),
        ("RMRR address range <base>..<limit> not in reserved memory", "4.6.1 to 4.13"),
        ("RMRR [<base>,<limit>] not in reserved memory", "4.14 to 4.18"),
        (
            "RMRR address range not in reserved memory base = <base> end = <limit>",
            "up to 4.6.0; " + _DEBUG,
        ),
        releases="every release with VT-d",
        meaning="The firmware's memory map does not reserve what its table demands. From 4.19 "
        "on Xen reserves pages that the map leaves out, and switches VT-d off where they are "
        "RAM; before, it only warned. The option iommu_inclusive_mapping that older ones "
        "propose does not help.",
        advice="If no other line follows, nothing needs to be done. " + _UPDATE,
        source=f"{_X86}, iommu_unity_region_ok; before {_DMAR}, acpi_parse_one_rmrr; checked",
    ),
    message(
        "xen-rmrr-in-ram",
        XEN,
        MessageSeverity.REFUSAL,
        "A region lies in RAM: Xen switches VT-d off for the whole host",
        "RMRR: page at <page> can't be converted",
        "RMRR: page at <page> couldn't be reserved",
        releases="Xen 4.19 and later",
        meaning="The memory map calls a page of the region usable RAM, so that Xen cannot make "
        "it reserved (EIO), and gives up on the whole table. The number is a page of 4 KiB, not "
        "an address. Before 4.19 Xen only warned.",
        advice=_UPDATE,
        source=f"{_X86}, iommu_unity_region_ok; checked in patches (the unit changed from pages "
        "to addresses to pages while it was developed), a185f88e98",
    ),
    message(
        "xen-rmrr-ignored",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen leaves a region out: none of its devices answers",
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
        meaning="The firmware keeps a region for a device that is switched off or taken out. "
        "Nothing is lost: there is no device that could use it. Where it says that some devices do "
        "not answer, it is none of them as well: one that answers keeps the region.",
        advice="Nothing needs to be done.",
        source=f"{_DMAR}, register_one_rmrr; acpi_parse_one_rmrr in 009298d7; checked in the "
        "source",
    ),
    message(
        "xen-rmrr-incorrect",
        XEN,
        MessageSeverity.REFUSAL,
        "A region ends before it starts: Xen switches VT-d off for the whole host",
        ("RMRR [<base>,<limit>] is incorrect", _DEBUG),
        ("{The }RMRR (<base>, <limit>) is incorrect", "older; without The " + _SOME),
        releases=_DEBUG + "; what it says happens in all",
        meaning="The limit lies below the base (EFAULT), and Xen gives up on the whole table. "
        "Linux warns and goes on.",
        advice=_UPDATE,
        source=f"{_DMAR}, register_one_rmrr; checked in the source",
    ),
    message(
        "xen-scope-absent-device",
        XEN,
        MessageSeverity.FIRMWARE,
        "The table names a device that does not answer",
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
        meaning="The device is switched off or taken out. In the scope of a region it still "
        "counts as a device that shares it.",
        advice="Nothing needs to be done, unless a region is refused as shared for it, or a unit "
        "as invalid.",
        source=f"{_DMAR}, acpi_parse_one_drhd, register_one_rmrr; checked in the source",
    ),
    message(
        "xen-unit-invalid",
        XEN,
        MessageSeverity.REFUSAL,
        "A unit names a device that does not answer: Xen switches VT-d off for the whole host",
        ("DRHD is invalid (some devices in its scope are not PCI discoverable)", "4.6.1 to 4.11"),
        (
            (
                "The DRHD is invalid due to there are devices under its scope are not PCI "
                "discoverable! Pls try option"
            ),
            "up to 4.6.0; debug builds",
        ),
        releases="Xen up to 4.11",
        meaning="A DRHD structure other than the one for all devices names a PCI device that "
        "does not answer; the lines before say which. Xen gives up on the whole table (EINVAL).",
        advice="Switch the device on again, or boot Xen with iommu=force, which takes the unit "
        "as it is; iommu=workaround_bios_bug leaves out a unit none of whose devices answers. "
        + _UPDATE,
        source=f"{_DMAR}, acpi_parse_one_drhd in 009298d7; checked in the source",
    ),
    message(
        "xen-scope-invalid",
        XEN,
        MessageSeverity.REFUSAL,
        "A device scope is too short: Xen switches VT-d off for the whole host",
        "Invalid device scope",
        releases="every release with VT-d",
        meaning="An entry of a device scope has a length below 8 (EINVAL), and Xen gives up on "
        "the whole table.",
        advice=_UPDATE,
        source=f"{_DMAR}, scope_device_count; checked in the source",
    ),
    message(
        "xen-structure-length",
        XEN,
        MessageSeverity.REFUSAL,
        "A structure is too short for its type: Xen switches VT-d off for the whole host",
        "Invalid ACPI DMAR entry length: <number>",
        releases="every release with VT-d",
        meaning="Xen gives up on the whole table (EINVAL).",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_dmar_check_length; checked in the source",
    ),
    message(
        "xen-include-all-twice",
        XEN,
        MessageSeverity.REFUSAL,
        "Two units claim all devices: Xen switches VT-d off for the whole host",
        "Only one INCLUDE_ALL device scope is allowed",
        "Only one ALL_PORTS device scope is allowed",
        releases="every release with VT-d",
        meaning="Two DRHD structures of segment 0 have INCLUDE_PCI_ALL, or two ATSR structures "
        "ALL_PORTS (EINVAL), and Xen gives up on the whole table.",
        advice=_UPDATE,
        source=f"{_DMAR}, acpi_parse_one_drhd, acpi_parse_one_atsr; checked in the source",
    ),
    message(
        "xen-width-zero",
        XEN,
        MessageSeverity.REFUSAL,
        "The table gives no address width: Xen does without VT-d",
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
        "A range of rmrr= overlaps a region that is known already, and is left out",
        "Overlapping RMRRs: [<page>-<page1>] and [<page2>-<page3>]",
        releases="Xen 4.9 and later",
        meaning="Only this range of the boot option is left out; VT-d stays on. The numbers are "
        "pages of 4 KiB.",
        advice="Take the range out of rmrr=, or make it smaller; dmaragent rmrr-option writes it.",
        source=f"{_DMAR}, add_one_user_rmrr; checked in the source",
        address=MessageAddress.RANGE,
    ),
    message(
        "xen-option-range",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen does not take a range of rmrr=",
        "Invalid RMRR Range [<page>-<page1>]",
        "RMRR range [<page>-<page1>] exceeds 16 pages",
        "Invalid pfn in RMRR range [<page>-<page1>]",
        "Segments are not equal for RMRR range [<page>-<page1>]",
        "Could not register RMMR range [<page>-<page1>]",
        releases="Xen 4.9 and later",
        meaning="The numbers of rmrr= are pages of 4 KiB, not addresses, the last included; a "
        "range has at most 16 pages and devices of one segment. A range of more than 16 pages "
        "ends the reading of the option; the others are left out one by one.",
        advice="dmaragent rmrr-option writes the option, and splits what is too large.",
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
        meaning="The option is not of the form start-end=seg:bus:dev.fn, or has too much in it: "
        "ten ranges, 16 pages each. What comes before the mistake counts.",
        advice="GRUB takes ; for an end: the option must be quoted there. dmaragent rmrr-option "
        "writes it.",
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
        advice="dmaragent inventory says which devices own it.",
        source=f"{_DMAR}, acpi_parse_dmar, register_one_rmrr; checked in the source",
    ),
)
