"""Messages of the Linux kernel about AMD's IOMMU (AMD-Vi)."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageAddress, MessageSeverity, Program

LINUX = Program.LINUX
_IOMMU = "drivers/iommu/amd/iommu.c"
_EVENT = f"{_IOMMU}, iommu_print_event, checked in the sources of 2.6.3x, 5.10, 6.1, 6.12 and 7.2"
_ALL = "every release with AMD-Vi"

MESSAGES = (
    message(
        "linux-amd-timeout",
        LINUX,
        MessageSeverity.FAULT,
        "A device does not respond to AMD's IOMMU in time",
        "{Event logged [}IOTLB_INV_TIMEOUT device=<sbdf> address=<number>",
        releases=_ALL,
        meaning="This is not about reserved memory. The kernel invalidated translations that a device "
        "caches (ATS) and waits for it. The device hangs, as graphics cards do after a failed "
        "reset, or was removed. The address is that of the kernel's command. Until the device "
        "responds, everything that uses the IOMMU waits.",
        advice="Find the device that was just reset or given to a guest. Power the host off and on. For"
        " graphics cards, look for a reset quirk (vendor-reset) or another kernel. pci=noats "
        "disables these caches.",
        source=_EVENT,
        vendor=AMD,
    ),
    message(
        "linux-amd-wait",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "AMD's IOMMU does not finish a command in time",
        "Completion-Wait loop timed out",
        ("AMD-Vi: Command buffer timeout", "Linux 5.x and later"),
        releases=_ALL,
        meaning="This is not about reserved memory. The IOMMU waits for a device that does not respond, "
        "as after a failed reset. A line with IOTLB_INV_TIMEOUT near it names the device. "
        "Without such a line, the IOMMU itself may hang, as after resume or in a crash kernel. "
        "An address in the line is the IOMMU's own.",
        advice="Find the line with IOTLB_INV_TIMEOUT, and the device that was just reset or given to a "
        "guest. Power the host off and on, and update the firmware.",
        source=f"{_IOMMU}, wait_on_sem and __iommu_queue_command_sync, checked in the sources of "
        "5.10, 6.1, 6.12 and 7.2",
        vendor=AMD,
    ),
    message(
        "linux-amd-device-entry",
        LINUX,
        MessageSeverity.FAULT,
        "AMD's IOMMU blocked a device: its entry for the device is invalid",
        "{Event logged [}ILLEGAL_DEV_TABLE_ENTRY device=<sbdf>{ pasid=<number>} address=<address>",
        "Event logged [Device not attached to domain properly]",
        releases=_ALL,
        meaning="The device read or wrote memory, but the IOMMU has no valid entry for it: no driver set"
        " it up, or the entry is being changed. A reserved region is not the reason.",
        advice="Update the kernel and the firmware. Find the driver that has the device.",
        source=_EVENT,
        address=MessageAddress.ACCESS,
        vendor=AMD,
    ),
    message(
        "linux-amd-invalid-request",
        LINUX,
        MessageSeverity.FAULT,
        "AMD's IOMMU blocked a request that no device may make",
        "{Event logged [}INVALID_DEVICE_REQUEST device=<sbdf>{ pasid=<number>}{ domain=<number2>} address=<address>",
        "{Event logged [}INVALID_PPR_REQUEST device=<sbdf> pasid=<number> address=<address>",
        releases=_ALL,
        meaning="The device wrote to the interrupt address range, or requested a translation without "
        "permission. The device, its firmware or its driver is at fault. A reserved region is "
        "not the reason.",
        advice="Look for a newer driver or firmware of the device.",
        source=_EVENT,
        address=MessageAddress.ACCESS,
        vendor=AMD,
    ),
    message(
        "linux-amd-rmp-fault",
        LINUX,
        MessageSeverity.FAULT,
        "AMD's IOMMU blocked an access to memory of an encrypted guest (SEV-SNP)",
        "{Event logged [}RMP_PAGE_FAULT {device=<sbdf>, }vmg_tag=<number>, gpa=<address>",
        "{Event logged [}RMP_HW_ERROR {device=<sbdf>, }vmg_tag=<number>, spa=<address>",
        releases="Linux 5.10 and later",
        meaning="The memory belongs to an encrypted guest, or to another guest than the one that has the"
        " device. A reserved region is not the reason.",
        advice="Find the guest that has the device.",
        source=f"{_IOMMU}, amd_iommu_report_rmp_fault and amd_iommu_report_rmp_hw_error; checked "
        "in the sources of 5.10 and 7.2",
        address=MessageAddress.ACCESS,
        vendor=AMD,
    ),
    message(
        "linux-amd-hardware-error",
        LINUX,
        MessageSeverity.FAULT,
        "AMD's IOMMU reports an error of its own",
        "{Event logged [}DEV_TAB_HARDWARE_ERROR device=<sbdf> address=<number>",
        "{Event logged [}PAGE_TAB_HARDWARE_ERROR device=<sbdf>{ pasid=<number>}{ domain=<number2>} address=<number3>",
        "Event logged [ILLEGAL_COMMAND_ERROR address=<number>",
        "Event logged [COMMAND_HARDWARE_ERROR address=<number>",
        "Event logged [UNKNOWN {type=<number>}{event[0]=<number2>}",
        "AMD-Vi: No event written to event log",
        releases=_ALL,
        meaning="The IOMMU could not read its tables or its commands. Memory is faulty, or the kernel or"
        " the firmware wrote them wrong. A reserved region is not the reason.",
        advice="Update the kernel and the firmware; test the memory.",
        source=_EVENT,
        vendor=AMD,
    ),
    message(
        "linux-amd-table-invalid",
        LINUX,
        MessageSeverity.FIRMWARE,
        "The firmware's IVRS table is wrong: Linux may run without AMD's IOMMU",
        "IVRS invalid checksum",
        "IVRS table error: <any>",
        "IOAPIC[<number>] not in IVRS table",
        "No southbridge IOAPIC found",
        releases=_ALL,
        meaning="AMD's table is IVRS, not DMAR. If its checksum is wrong, Linux does not use it, and no "
        "device can be passed through. If an I/O APIC is missing, Linux does not remap "
        "interrupts, and VFIO then blocks all devices.",
        advice="Update the firmware. The kernel option ivrs_ioapic[ID]=SBDF can name a missing I/O "
        "APIC.",
        source="drivers/iommu/amd/init.c, check_ivrs_checksum, early_amd_iommu_init, "
        "check_ioapic_information; checked in the source of 7.2",
        vendor=AMD,
    ),
)
