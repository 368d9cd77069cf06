"""Messages of the Linux kernel about accesses that the IOMMU stopped."""

from dmaragent.messages.making import message
from dmaragent.messages.model import Address, Printer, Weight

LINUX = Printer.LINUX
_DMAR = "drivers/iommu/intel/dmar.c"

MESSAGES = (
    message(
        "linux-dma-fault",
        LINUX,
        Weight.FAULT,
        "The IOMMU stopped an access of a device",
        (
            (
                "[DMA <direction> NO_PASID] Request device [<sbdf>] fault addr <address>"
                "{ [fault reason <hexreason>]}"
            ),
            "seen in 5.15 and 6.18",
        ),
        (
            (
                "[DMA <direction> PASID <number>] Request device [<sbdf>] fault addr <address>"
                "{ [fault reason <hexreason>]}"
            ),
            "seen in 5.15 and 6.18",
        ),
        (
            (
                "[DMA <direction>] Request device [<sbdf>] PASID <number> fault addr <address>"
                "{ [fault reason <reason>]}"
            ),
            "seen in 5.10",
        ),
        (
            (
                "[DMA <direction>] Request device [<sbdf>] fault addr <address>"
                "{ [fault reason <reason>]}"
            ),
            "before that; the oldest give the reason in the next line",
        ),
        releases="every release with VT-d",
        meaning="The device read or wrote an address that its driver, or the guest that has it, "
        "did not map. That is a driver's mistake, firmware that still uses the device, or a "
        "region that the firmware forgot to put into its table. Unless the kernel runs with "
        "iommu=pt or iommu.passthrough=1, its addresses are the IOMMU's own, made up for the "
        "driver: they are no physical ones, and say nothing of memory.",
        advice="With physical addresses: where the address is in a region of the device, the region was not mapped: look "
        "whether a guest has the device. Where it is in no region but the memory map calls it "
        "reserved, firmware uses it: update the firmware. Addresses just below 4 GiB are the "
        "driver's own: look for a newer driver.",
        source=f"{_DMAR}, dmar_fault_do_one, checked in the sources of 5.10, 5.15 and 6.18",
        by_reason=True,
        address=Address.ACCESS,
    ),
    message(
        "linux-fault-reason",
        LINUX,
        Weight.CONSEQUENCE,
        "The reason of the fault in the line before",
        "DMAR:[fault reason <reason>]",
        releases="older kernels, in a line of its own",
        meaning="It says why the IOMMU stopped the access that the line before names.",
        advice="Look at the line before.",
        source=f"{_DMAR}, dmar_fault_do_one, checked in the source",
        by_reason=True,
    ),
    message(
        "linux-fault-status",
        LINUX,
        Weight.CONSEQUENCE,
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
        Weight.FAULT,
        "The IOMMU stopped an interrupt of a device",
        "[INTR-REMAP] Request device [<sbdf>] fault index <number> [fault reason <hexreason>]",
        "INTR-REMAP: Request device [[<sbdf>] fault index",
        releases="every release with VT-d",
        meaning="It is about an interrupt, not about memory: no region is concerned.",
        advice="Look for a newer driver or firmware of the device.",
        source=f"{_DMAR}, dmar_fault_do_one, checked in the source",
    ),
)
