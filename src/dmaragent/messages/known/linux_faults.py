"""Messages of the Linux kernel about accesses that the IOMMU stopped."""

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
        "The IOMMU stopped an access of a device",
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
            "{Event logged [}IO_PAGE_FAULT domain=<number> address=<address>",
            "AMD, Linux 4.14 and later",
            AMD,
        ),
        (
            "{Event logged [}IO_PAGE_FAULT device=<sbdf> domain=<number> address=<address>",
            "AMD, every release",
            AMD,
        ),
        releases="every release with an IOMMU of Intel or AMD",
        meaning="The device read or wrote an address that its driver, or the guest that has it, "
        "did not map. That is a driver's mistake, firmware that still uses the device, or a "
        "region that the firmware forgot to put into its table (Intel: DMAR; AMD: IVRS). Unless "
        "the kernel runs with iommu=pt or iommu.passthrough=1, its addresses are the IOMMU's own, "
        "made up for the driver: they are no physical ones, and say nothing of memory.",
        advice="With physical addresses: if the address is in a region of the device, the region "
        "was not mapped: look whether a guest has the device. If it is in no region but the memory "
        "map calls it reserved, firmware uses it: update the firmware. Addresses just below 4 GiB "
        "are the driver's own: look for a newer driver.",
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
        "The reason of the fault in the line before",
        "DMAR:[fault reason <reason>]",
        "INTR-REMAP:[fault reason <reason>]",
        releases="older kernels, in a line of its own",
        meaning="It says why the IOMMU stopped the access that the line before names.",
        advice="Look at the line before.",
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
        meaning="It announces the faults in the lines that follow it. They are shown a few at a "
        "time: there may have been more.",
        advice="Look at the lines that follow.",
        source=f"{_DMAR}, dmar_fault, checked in the source",
    ),
    message(
        "linux-interrupt-fault",
        LINUX,
        MessageSeverity.FAULT,
        "The IOMMU stopped an interrupt of a device",
        "[INTR-REMAP] Request device [<sbdf>] fault index <number> [fault reason <reason>]",
        "INTR-REMAP: Request device [[<sbdf>] fault index",
        releases="every release with VT-d",
        meaning="It is about an interrupt, not about memory: no region is concerned.",
        advice="Look for a newer driver or firmware of the device.",
        source=f"{_DMAR}, dmar_fault_do_one, checked in the source",
        by_reason=True,
    ),
    message(
        "linux-invalidation-timeout",
        LINUX,
        MessageSeverity.FAULT,
        "A device does not answer the IOMMU in time",
        "VT-d detected Invalidation Time-out Error: SID <rid>",
        ("Invalidation Time-out Error (ITE) cleared", "in the line after it"),
        releases="seen in Linux 6.1 to 7.2, Intel",
        meaning="It is not about reserved memory. The kernel told a device with its own cache of "
        "translations (ATS) to forget some, and the device did not answer: it hangs, was "
        "removed, or does not come back from a reset. SID is the device's address as one number.",
        advice="Find out which device was just reset, removed or given to a guest; update its firmware, "
        "or switch ATS off (pci=noats).",
        source=f"{_DMAR}, qi_dump_fault and qi_check_fault, checked in the sources of 6.1 to 7.2",
    ),
    message(
        "linux-pte-set-twice",
        LINUX,
        MessageSeverity.NOTE,
        "Linux maps a page for a device that is mapped already, to the same place; harmless",
        "DMA PTE for vPFN <page> already set (to <frame><low> not <=frame><low2>)",
        releases="seen in Linux 2.6.3x to 6.12, Intel; gone in 7.2",
        meaning="Both values in brackets name the same page: it is mapped twice, and nothing "
        "changes, except at most the right to read or write. The usual cause is a region that "
        "several entries of the firmware's table, or several devices of one group, ask for. The "
        "kernel prints a line and a warning a page, which can fill the log. The number after vPFN "
        "is a page of 4 KiB of the device's addresses.",
        advice="Nothing needs to be done. To stop the lines: a newer kernel, or iommu=pt.",
        source=f"{_IOMMU}, __domain_mapping, checked in the sources of 2.6.3x, 5.10, 6.1 and "
        "6.12; not in 7.2",
    ),
    message(
        "linux-pte-already-set",
        LINUX,
        MessageSeverity.NOTE,
        "Linux maps a page for a device that is mapped already",
        "DMA PTE for vPFN <page> already set",
        releases="seen in Linux 2.6.3x to 6.12, Intel; where the end of the line is missing",
        meaning="The line goes on with two values in brackets, which decide what it means: if "
        "they name the same page, it is harmless; if not, the device reaches another page than "
        "its driver's. The number after vPFN is a page of 4 KiB of the device's addresses.",
        advice="Paste the whole line, up to its closing bracket.",
        source=f"{_IOMMU}, __domain_mapping, checked in the sources of 2.6.3x, 5.10, 6.1 and "
        "6.12; not in 7.2",
    ),
    message(
        "linux-pte-taken",
        LINUX,
        MessageSeverity.FAULT,
        "Linux maps a page for a device where another one is mapped already",
        "DMA PTE for vPFN <page> already set (to <number> not <number2>)",
        releases="seen in Linux 2.6.3x to 6.12, Intel; gone in 7.2",
        meaning="The two values in brackets name different pages: the one that is mapped stays, "
        "and the device reaches that one instead of its driver's. If the page of the device's "
        "addresses is in a reserved region, the address that Linux gave out for the driver met "
        "the region. The number after vPFN is a page of 4 KiB.",
        advice="Boot with iommu=pt, so that the host's drivers use physical addresses, and update "
        "the kernel and the firmware.",
        source=f"{_IOMMU}, __domain_mapping: the first value is what was there, and stays; checked "
        "in the sources of 2.6.3x, 5.10, 6.1 and 6.12; not in 7.2",
    ),
)
