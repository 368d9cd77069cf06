"""Messages of VMware ESXi and FreeBSD about DMA accesses that the IOMMU blocked."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageAddress, MessageSeverity, Program

_REGION = (
    "If the address is in a region of the device, firmware still uses it: disable that use in "
    "the firmware (HPE: conrep, by physical slot), or pass through another device. "
)

MESSAGES = (
    message(
        "esxi-dma-fault",
        Program.ESXI,
        MessageSeverity.FAULT,
        "The IOMMU blocked a DMA access of a device",
        "PCI passthru device <sbdf> caused an IOMMU fault type <number> at address <address>",
        (
            "IOMMU Fault detected for <sbdf>{ (<any>)}{ IOaddr: <address>}",
            "the purple screen",
        ),
        "IOMMU Fault detected for (<any>) Reason: <hexreason>",
        (
            (
                "DMAR Fault IOMMU Unit #<number>: R/W=<any>, Device <sbdf> Faulting addr = "
                "<address> Fault Reason = <hexreason>"
            ),
            "ESXi 5",
        ),
        releases="seen on ESXi 5 to 8",
        meaning="The device read or wrote an address that ESXi did not map for it. ESXi powers the guest"
        " off, or stops. If a guest has the device, the address is the guest's; otherwise it is "
        "physical or ESXi's own.",
        advice=_REGION + "Else look for a newer driver and firmware of the device.",
        source="seen in logs and in Broadcom's knowledge base (345237, 392714, 394974); ESXi's "
        "source is not public, and the line of ESXi 5 is from reports",
        by_reason=True,
        address=MessageAddress.ACCESS,
    ),
    message(
        "esxi-context-dump",
        Program.ESXI,
        MessageSeverity.CONSEQUENCE,
        "ESXi shows the IOMMU's entry of a device after a fault",
        "IOMMU context entry dump for <sbdf>",
        releases="seen on ESXi 6",
        meaning="It belongs to the fault of that device, which another line names with its address.",
        advice="Find the fault of the same device near this line.",
        source="seen in a log of 2016; ESXi's source is not public",
    ),
    message(
        "freebsd-dma-fault",
        Program.FREEBSD,
        MessageSeverity.FAULT,
        "The IOMMU blocked a DMA access of a device",
        (
            "sid <rid> fault acc <number> adt <number2> reason <hexreason> addr <address>",
            "FreeBSD 10 and later, Intel",
        ),
        releases="FreeBSD with hw.dmar.enable=1",
        meaning="The device read or wrote an address that its driver, or the guest that has it "
        "(bhyve), did not map. sid is the device's address as one number, acc is 0 for a write and "
        "1 for a read. The address is the IOMMU's own, unless it is in a region.",
        advice=_REGION + "Else look for a newer driver.",
        source="sys/x86/iommu/intel_fault.c, dmar_fault_task, checked in the source",
        by_reason=True,
        address=MessageAddress.ACCESS,
    ),
    message(
        "freebsd-amd-fault",
        Program.FREEBSD,
        MessageSeverity.FAULT,
        "AMD's IOMMU blocked a DMA access of a device, or reports an error",
        "Page Fault rid <rid> dom <number>",
        "amdiommu<number>: event type <number2>",
        releases="FreeBSD 15 and later, AMD",
        meaning="The device read or wrote an address that its driver, or the guest that has it "
        "(bhyve), did not map. rid is the device's address as one number; gaddr, some lines below, "
        "is the address it used.",
        advice="Read the lines below it, and look for a newer driver.",
        source="sys/x86/iommu/amd_event.c, amdiommu_event_log_print, checked in the source",
        vendor=AMD,
    ),
    message(
        "freebsd-unit-fault",
        Program.FREEBSD,
        MessageSeverity.CONSEQUENCE,
        "A remapping unit reports lost faults or a failed invalidation",
        "DMAR<number>: Fault Overflow",
        "DMAR<number>: Invalidation timed out",
        "DMAR<number>: Invalidation completion error",
        "DMAR<number>: Invalidation queue error",
        releases="FreeBSD with hw.dmar.enable=1",
        meaning="More faults happened than the unit stores, or a device did not respond in time.",
        advice="Read the faults near this line.",
        source="sys/x86/iommu/intel_fault.c, dmar_fault_intr, dmar_fault_intr_clear, checked in the "
        "source",
    ),
)
