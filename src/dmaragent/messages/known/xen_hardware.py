"""Messages of the Xen hypervisor about hanging units, x2APIC, iommu= and the host's memory map."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

XEN = Program.XEN
_QUEUE = "xen/drivers/passthrough/vtd/qinval.c"
_DMAR_H = "xen/drivers/passthrough/vtd/dmar.h"
_APIC = "xen/arch/x86/apic.c, x2apic_bsp_setup"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"

MESSAGES = (
    message(
        "xen-unit-hangs",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics: a remapping unit does not respond",
        ("DMAR hardware is malfunctional", "4.6 to 4.10"),
        ("DMAR hardware malfunction", "4.11 and later"),
        ("queue invalidate wait descriptor was not executed", "4.6 and 4.7"),
        releases="every release with VT-d",
        meaning="A unit of the table did not complete a command within a second. The firmware may have "
        "disabled the unit or given a wrong address." + NO_REGION,
        advice="Update the firmware. To start the host, boot Xen with iommu=off: no device can then be "
        "passed through. If it is the graphics device's unit, iommu=no-igfx skips it.",
        source=f"{_DMAR_H}, IOMMU_WAIT_OP; {_QUEUE}, queue_invalidate_wait; {_CHECKED}",
    ),
    message(
        "xen-unit-slow",
        XEN,
        MessageSeverity.FAULT,
        "A remapping unit, or a device behind it, is slow to invalidate translations",
        "IOMMU#<number>: <word> flush taking too long",
        "IOMMU#<number>: <word> flush took <number2>ms",
        "IOMMU#<number>: QI{ dev} wait descriptor taking too long",
        "IOMMU#<number>: QI{ dev} wait descriptor took <number2>ms",
        "IOMMU#<number>: no QI slot available",
        ("Queue invalidate wait descriptor timed out", "4.8 to 4.15.0"),
        releases="Xen 4.8 and later; as IOMMU# since 4.13.4",
        meaning='Xen waits for the unit. With "QI dev" it waits for a device with its own cache (ATS), '
        "as after a failed reset. Until 4.15.0, Xen stops waiting and takes the device from its "
        "guest." + NO_REGION,
        advice="Find the device that was just reset or removed. Boot Xen with ats=off: devices then "
        "cache no addresses and are slightly slower. Update the firmware.",
        source=f"{_QUEUE}, queue_invalidate_wait, qinval_next_index; {_DMAR_H}, IOMMU_FLUSH_WAIT; "
        + _CHECKED,
    ),
    message(
        "xen-x2apic-opt-out",
        XEN,
        MessageSeverity.NOTE,
        "Xen leaves x2APIC off because the firmware's table requires that",
        "Not enabling x2APIC (upon firmware request)",
        releases="Xen 4.6.1 and later",
        meaning="The X2APIC_OPT_OUT flag of the table is set. Devices can be passed through; "
        "processors with an APIC ID above 254 stay off." + NO_REGION,
        advice="No action is needed, unless processors are missing: then look for an x2APIC setting in "
        "the firmware setup.",
        source=f"{_APIC}; {_CHECKED}",
    ),
    message(
        "xen-x2apic-panic",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics: the firmware started the processors in x2APIC mode, which needs the IOMMU",
        (
            "IOMMU requests xAPIC mode, but x2APIC already enabled by firmware",
            "4.14 and later",
        ),
        (
            "Interrupt remapping could not be enabled while x2APIC is already enabled by BIOS",
            "4.6 to 4.13",
        ),
        ("x2APIC: already enabled by BIOS, but iommu_supports_eim failed", "4.6 to 4.12"),
        ("x2APIC: already enabled by BIOS, but no IOMMU support", "4.13"),
        releases="every release with VT-d",
        meaning="Interrupts of processors in x2APIC mode need interrupt remapping, which is off: because"
        " of the table's X2APIC_OPT_OUT flag, the firmware setup, or a Xen option." + NO_REGION,
        advice="Disable x2APIC or enable interrupt remapping in the firmware setup, or update the "
        "firmware. Remove iommu=off and iommu=no-intremap from Xen's command line.",
        source=f"{_APIC}; {_CHECKED}",
    ),
    message(
        "xen-iommu-option-unreadable",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen does not know a word of its iommu= or dom0-iommu= option",
        'parameter "iommu" has invalid value "<word>", rc=<errno>',
        ('parameter "dom0-iommu" has invalid value "<word>", rc=<errno>', "4.12 and later"),
        releases="Xen 4.10 and later",
        meaning="Xen ignores a word that is misspelt or unknown to this release. The other words count.",
        advice="Correct the spelling. xen-command-line.7, or docs/misc/xen-command-line in Xen's "
        "source, lists the words of each release.",
        source="xen/common/kernel.c, parse_params; xen/drivers/passthrough/iommu.c, "
        f"parse_iommu_param, parse_dom0_iommu_param; {_CHECKED}",
    ),
    message(
        "xen-memory-map-full",
        XEN,
        MessageSeverity.FIRMWARE,
        "The host's memory map has no space for another range",
        "(XEN) {[<any>] }Ooops! Too many entries in the memory map!",
        "E820: overflow while adding region <base>-<end>",
        "Overflow in e820 while reserving region <base>-<end>",
        releases="every release",
        meaning="The firmware's memory map has so many ranges that Xen cannot add or split one. If Xen "
        "cannot reserve the memory of a region, the next line names its page, and Xen runs without the "
        "IOMMU.",
        advice="Update the firmware. If a line about a page follows, paste it as well.",
        source="xen/arch/x86/e820.c, add_memory_region, e820_add_range, e820_change_range_type; checked "
        "in the sources of 4.13, 4.18 and 4.22",
        address=MessageAddress.MEMORY,
    ),
)
