"""Messages of the Linux kernel about DMA accesses that the IOMMU blocked."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageAddress, MessageSeverity, Program

LINUX = Program.LINUX
_DMAR = "drivers/iommu/intel/dmar.c"
_IOMMU = "drivers/iommu/intel/iommu.c"

_AMD = "drivers/iommu/amd/iommu.c"

MESSAGES = (
    message(
        "linux-dma-fault",
        LINUX,
        MessageSeverity.FAULT,
        "The IOMMU blocked a DMA access of a device",
        (
            (
                "[DMA <direction> NO_PASID] Request device [<sbdf>] fault addr <address>"
                "{ [fault reason <reason>]}"
            ),
            "Intel, Linux 5.12 and later; 7.x names the segment",
        ),
        (
            (
                "[DMA <direction> PASID <number>] Request device [<sbdf>] fault addr <address>"
                "{ [fault reason <reason>]}"
            ),
            "Intel, the same releases",
        ),
        (
            (
                "[DMA <direction>] Request device [<sbdf>] PASID <number> fault addr <address>"
                "{ [fault reason <reason>]}"
            ),
            "Intel, seen in 5.10",
        ),
        (
            (
                "[DMA <direction>] Request device [<sbdf>] fault addr <address>"
                "{ [fault reason <reason>]}"
            ),
            "Intel, before that; the oldest give the reason in the next line",
        ),
        (
            "{Event logged [}IO_PAGE_FAULT domain=<number> address=<address>{ flags=<flags>}",
            "AMD, Linux 4.14 and later",
            AMD,
        ),
        (
            (
                "{Event logged [}IO_PAGE_FAULT device=<sbdf> domain=<number> address=<address>"
                "{ flags=<flags>}"
            ),
            "AMD, every release; with the segment in 6.1 and later",
            AMD,
        ),
        releases="every release with an IOMMU of Intel or AMD",
        meaning="The device read or wrote an address that its driver, or the guest that has it, "
        "did not map. The cause is a driver bug, firmware that still uses the device, or a region "
        "that the firmware forgot in its table (Intel: DMAR; AMD: IVRS). Unless the kernel runs "
        "with iommu=pt or iommu.passthrough=1, these addresses are the IOMMU's own. They are then "
        "not physical, and do not show which memory the device wanted.",
        advice="If the addresses are physical and in a region of the device, the region was not mapped:"
        " check whether a guest has the device. If the address is in no region but the memory "
        "map calls it reserved, firmware uses it: update the firmware. Addresses just below 4 "
        "GiB are the driver's own: look for a newer driver.",
        source=f"{_DMAR}, dmar_fault_do_one; {_AMD}, iommu_print_event and "
        "amd_iommu_report_page_fault; checked in the sources of 2.6.3x, 5.10, 6.1, 6.12 and 7.2; "
        "the first releases of the wordings not",
        by_reason=True,
        address=MessageAddress.ACCESS,
    ),
    message(
        "linux-fault-reason",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "The reason for the fault in the previous line",
        "DMAR:[fault reason <reason>]",
        "INTR-REMAP:[fault reason <reason>]",
        releases="older kernels, in a line of its own",
        meaning="It is the reason why the IOMMU blocked the access in the previous line.",
        advice="Read the line before it.",
        source=f"{_DMAR}, dmar_fault_do_one, checked in the source",
        by_reason=True,
    ),
    message(
        "linux-fault-status",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "A remapping unit reports faults",
        "DRHD: handling fault status reg <number>",
        releases="every release with VT-d",
        meaning="The faults are in the lines that follow. Linux logs only a few at a time, so there may "
        "have been more.",
        advice="Read the lines that follow.",
        source=f"{_DMAR}, dmar_fault, checked in the source",
    ),
    message(
        "linux-interrupt-fault",
        LINUX,
        MessageSeverity.FAULT,
        "The IOMMU blocked an interrupt of a device",
        "[INTR-REMAP] Request device [<sbdf>] fault index <number> [fault reason <reason>]",
        "INTR-REMAP: Request device [[<sbdf>] fault index",
        releases="every release with VT-d",
        meaning="This is about an interrupt, not about memory. A reserved region is not the reason.",
        advice="Look for a newer driver or firmware of the device.",
        source=f"{_DMAR}, dmar_fault_do_one, checked in the source",
        by_reason=True,
    ),
    message(
        "linux-invalidation-timeout",
        LINUX,
        MessageSeverity.FAULT,
        "A device does not respond to the IOMMU in time",
        "VT-d detected Invalidation Time-out Error: SID <rid>",
        ("Invalidation Time-out Error (ITE) cleared", "in the line after it"),
        releases="seen in Linux 6.1 to 7.2, Intel",
        meaning="This is not about reserved memory. The kernel invalidated translations that a device "
        "caches (ATS), and the device did not respond: it hangs, was removed, or did not recover"
        " from a reset. SID is the device's address as one number.",
        advice="Find the device that was just reset, removed or given to a guest. Update its firmware, "
        "or disable ATS (pci=noats).",
        source=f"{_DMAR}, qi_dump_fault and qi_check_fault, checked in the sources of 6.1 to 7.2",
    ),
    message(
        "linux-pte-set-twice",
        LINUX,
        MessageSeverity.NOTE,
        "Linux maps a page that is already mapped, to the same place; harmless",
        "DMA PTE for vPFN <page> already set (to <frame><low> not <=frame><low2>)",
        releases="seen in Linux 2.6.3x to 6.12, Intel; gone in 7.2",
        meaning="Both values in brackets name the same page. The second mapping has no effect, except "
        "perhaps on the rights to read and write. The usual cause is a region that several entries of"
        " the table, or several devices of one group, require. The kernel prints a line and a "
        "warning for each page, which can fill the log. The number after vPFN is a page of 4 KiB"
        " of the device's addresses.",
        advice="No action is needed. To stop the lines, use a newer kernel or iommu=pt.",
        source=f"{_IOMMU}, __domain_mapping, checked in the sources of 2.6.3x, 5.10, 6.1 and "
        "6.12; not in 7.2",
        address=MessageAddress.MEMORY,
    ),
    message(
        "linux-pte-already-set",
        LINUX,
        MessageSeverity.NOTE,
        "Linux maps a page that is already mapped",
        "DMA PTE for vPFN <page> already set",
        releases="seen in Linux 2.6.3x to 6.12, Intel; where the end of the line is missing",
        meaning="The two values in brackets at the end decide what this means. If they name the same "
        "page, it is harmless. If not, the device reaches another page than its driver's. The "
        "number after vPFN is a page of 4 KiB of the device's addresses.",
        advice="Paste the whole line, up to its closing bracket.",
        source=f"{_IOMMU}, __domain_mapping, checked in the sources of 2.6.3x, 5.10, 6.1 and "
        "6.12; not in 7.2",
        address=MessageAddress.MEMORY,
    ),
    message(
        "linux-pte-taken",
        LINUX,
        MessageSeverity.FAULT,
        "Linux maps a page where another one is already mapped",
        "DMA PTE for vPFN <page> already set (to <number> not <number2>)",
        releases="seen in Linux 2.6.3x to 6.12, Intel; gone in 7.2",
        meaning="The two values in brackets name different pages. The old mapping stays, and the device "
        "reaches that page instead of its driver's. If the address is in a reserved region, "
        "Linux gave the driver an address that overlaps the region. The number after vPFN is a "
        "page of 4 KiB.",
        advice="Boot with iommu=pt, so that the host's drivers use physical addresses, and update "
        "the kernel and the firmware.",
        source=f"{_IOMMU}, __domain_mapping: the first value is what was there, and stays; checked "
        "in the sources of 2.6.3x, 5.10, 6.1 and 6.12; not in 7.2",
        address=MessageAddress.MEMORY,
    ),
)
