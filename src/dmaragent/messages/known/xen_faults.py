"""Messages of the Xen hypervisor about DMA accesses that an IOMMU blocked, Intel's and AMD's."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageAddress, MessageSeverity, Program

XEN = Program.XEN
_IOMMU = "xen/drivers/passthrough/vtd/iommu.c"
_AMD = "xen/drivers/passthrough/amd"
_BUG = "up to 4.5; debug builds"
_FAULT = "DMAR:[DMA <direction>] Request device [<sbdf>] fault addr <address>"

MESSAGES = (
    message(
        "xen-dma-fault",
        XEN,
        MessageSeverity.FAULT,
        "The IOMMU blocked a DMA access of a device",
        (f"[VT-D]{{<file>}}{_FAULT}", "with the source line " + _BUG),
        (f"(XEN) <any>{_FAULT}", "the same, in any other form"),
        (f"{_FAULT}, iommu reg = ", "up to 4.12, where the mark of Xen is missing"),
        ("iommu_fault:DMA <direction>: <sbdf> addr <address> REASON <hexreason>", "Xen 3.3"),
        releases="every release with VT-d",
        meaning="The device read or wrote an address that neither its guest nor dom0 mapped for it. The "
        "cause is a driver bug, firmware that still uses the device, or a region that the "
        "firmware forgot in its table.",
        advice="If the address is in no region of the device but the memory map calls it reserved, add "
        "the region with Xen's boot option rmrr=. dmaragent boot-option prints it. Otherwise "
        "check the device's driver and firmware.",
        source=f"{_IOMMU}, iommu_page_fault_do_one, in the releases from 3.3 to 4.22; checked in "
        "the source",
        by_reason=True,
        address=MessageAddress.ACCESS,
    ),
    message(
        "xen-unknown-fault",
        XEN,
        MessageSeverity.FAULT,
        "The IOMMU blocked a device, for a reason that this Xen does not know",
        "UNKNOWN: Request device [<sbdf>] fault addr <address>",
        releases="Xen 4.6 and later",
        meaning="The number of the fault is in neither of Xen's lists, so Xen does not know whether it "
        "is about memory or an interrupt. The next line has the number.",
        advice="Check the number in the next line, and update Xen.",
        source=f"{_IOMMU}, iommu_page_fault_do_one; checked in the source",
        address=MessageAddress.ACCESS,
    ),
    message(
        "xen-interrupt-fault",
        XEN,
        MessageSeverity.FAULT,
        "The IOMMU blocked an interrupt of a device",
        "[VT-D]{<file>}INTR-REMAP: Request device [<sbdf>] fault index <number>",
        "(XEN) <any>INTR-REMAP: Request device [<sbdf>] fault index <number>",
        "INTR-REMAP: Request device [<sbdf>] fault index <number>, iommu reg = ",
        releases="every release with VT-d",
        meaning="This is about an interrupt, not about memory. A reserved region is not the reason.",
        advice="Look for a newer driver or firmware of the device.",
        source=f"{_IOMMU}, iommu_page_fault_do_one; checked in the source",
    ),
    message(
        "xen-fault-status",
        XEN,
        MessageSeverity.CONSEQUENCE,
        "A remapping unit reports faults",
        "iommu_fault_status: Fault Overflow",
        "iommu_fault_status: Primary Pending Fault",
        "iommu_fault_status: Advanced Fault Overflow",
        "iommu_fault_status: Advanced Pending Fault",
        "iommu_fault_status: Invalidation Queue Error",
        "iommu_fault_status: Invalidation Completion Error",
        "iommu_fault_status: Invalidation Time-out Error",
        "iommu_page_fault: iommu->reg = <number>",
        releases="every release with VT-d, with iommu=debug; Xen 3 without it",
        meaning="Lines with [DMA Read] or [DMA Write] after it have the device and the address. "
        "Overflow: faults were lost.",
        advice="Read the lines after it.",
        source=f"{_IOMMU}, iommu_fault_status; checked in the source",
    ),
    message(
        "xen-fault-reason",
        XEN,
        MessageSeverity.CONSEQUENCE,
        "The reason for the fault in the previous line",
        "DMAR: reason <hexreason> - ",
        "INTR-REMAP: reason <hexreason> - ",
        "UNKNOWN: reason <hexreason> - ",
        ("DMAR:[fault reason <hexreason>h]", _BUG),
        ("INTR-REMAP:[fault reason <hexreason>h]", _BUG),
        releases="every release with VT-d",
        meaning="It is the reason why the IOMMU blocked the access in the previous line.",
        advice="Read the line before it.",
        source=f"{_IOMMU}, iommu_page_fault_do_one; checked in the source",
        by_reason=True,
    ),
    message(
        "xen-amd-dma-fault",
        XEN,
        MessageSeverity.FAULT,
        "The IOMMU blocked a DMA access of a device",
        ("IO_PAGE_FAULT: <sbdf> d<domid> addr <address> flags{ <flags>}", "Xen 4.14 and later"),
        (
            (
                "IO_PAGE_FAULT: domain = <domid>, device id = <rid>, fault address = <address>"
                "{, flags = <flags>}"
            ),
            "Xen 4.1 to 4.13",
        ),
        (
            "IO_PAGE_FAULT: domain:<domid>, device id:<rid>, fault address:<address>",
            "Xen 4.0",
        ),
        releases="Xen with AMD's IOMMU",
        meaning="The device read or wrote an address that neither its guest nor dom0 mapped for it. The "
        "cause is a driver bug, firmware that still uses the device, or a region (IVMD block) "
        "that the firmware forgot in its IVRS table. Xen may then block all DMA of the device.",
        advice="If the memory map calls the address reserved, add the region with Xen's boot option "
        "ivmd= (Xen 4.16 and later). Otherwise check the device's driver and firmware.",
        source=f"{_AMD}/iommu_init.c, parse_event_log_entry, in the releases from 4.0 to 4.22; "
        "checked in the source",
        address=MessageAddress.ACCESS,
        vendor=AMD,
    ),
    message(
        "xen-amd-event",
        XEN,
        MessageSeverity.FAULT,
        "AMD's IOMMU reports an error",
        "ILLEGAL_DEV_TABLE_ENTRY <half><rid> <number2> <number3> <number4>",
        "DEV_TABLE_HW_ERROR <half><rid> <number2> <number3> <number4>",
        "PAGE_TABLE_HW_ERROR <half><rid> <number2> <number3> <number4>",
        "ILLEGAL_COMMAND_ERROR <number> <number2> <number3> <number4>",
        "COMMAND_HW_ERROR <number> <number2> <number3> <number4>",
        "IOTLB_INV_TIMEOUT <half><rid> <number2> <number3> <number4>",
        "INVALID_DEV_REQUEST <half><rid> <number2> <number3> <number4>",
        releases="Xen with AMD's IOMMU; up to 4.12 with iommu=debug only",
        meaning="A reserved region is not the reason. The name of the event shows what failed: the entry"
        " of a device, the IOMMU's own memory or commands, or a device that did not respond in "
        "time. The numbers are the event as the IOMMU wrote it; the first ends with the device's bus, "
        "device and function in bits, except for command errors.",
        advice="Find the device that hangs or was just reset. Update the firmware and Xen.",
        source=f"{_AMD}/iommu_init.c, parse_event_log_entry; checked in the source",
        vendor=AMD,
    ),
    message(
        "xen-amd-wait",
        XEN,
        MessageSeverity.FAULT,
        "AMD's IOMMU, or a device behind it, does not respond in time",
        "AMD IOMMU <sbdf>: {iotlb }completion wait taking too long",
        "AMD IOMMU <sbdf>: {iotlb }completion wait took <number>ms",
        ("ComWaitInt bit did not assert!", "Xen 4.0 to 4.15, with iommu=debug"),
        releases="Xen with AMD's IOMMU",
        meaning="A reserved region is not the reason. Xen invalidated translations and waits for the "
        'IOMMU. "iotlb" means that a device with its own cache (ATS) does not respond, as after '
        "a failed reset. The address is the IOMMU's own.",
        advice="Find the device that was just reset or removed. Try it without ATS (Xen's option "
        "ats=0), and update the firmware.",
        source=f"{_AMD}/iommu_cmd.c, flush_command_buffer; checked in the source of 4.22",
        vendor=AMD,
    ),
)
