"""Messages of Windows' survey script about devices for Hyper-V guests."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program

_SURVEY = "MicrosoftDocs/Virtualization-Documentation, SurveyDDA.ps1"

MESSAGES = (
    message(
        "hyperv-reserved-memory",
        Program.HYPERV,
        MessageSeverity.REFUSAL,
        "Hyper-V does not assign the device: firmware reserved memory for it",
        "BIOS requires that this device remain attached to BIOS-owned memory. Not assignable",
        releases="Windows Server 2016 and later",
        meaning="The device has a region in the firmware's table (RMRR on Intel): Windows sets "
        "its property RequiresReservedMemoryRegion. Discrete Device Assignment refuses such "
        "devices, and no option changes that.",
        advice="Exclude the device's slot in the firmware or with the vendor's tool (HPE: conrep, "
        "by physical slot), and reboot; the management controller then loses its view of the "
        "device. Or use a device without a region.",
        source=f"{_SURVEY}; checked in the source",
    ),
    message(
        "hyperv-not-isolated",
        Program.HYPERV,
        MessageSeverity.REFUSAL,
        "Hyper-V does not assign the device: it is not isolated",
        "Traffic from this device may be redirected to other devices in the system",
        "BIOS kept control of PCI Express for this device. Not assignable",
        "Old-style PCI device, switch port, etc. Not assignable",
        releases="Windows Server 2016 and later",
        meaning="A bridge above the device lacks ACS, or the device is not PCI Express. A "
        "reserved region is not the reason.",
        advice="Move the device to a slot of the processor, and enable ACS or SR-IOV in the firmware "
        "setup.",
        source=f"{_SURVEY}; the first wording from reports, the others checked in the source",
    ),
    message(
        "hyperv-not-secured",
        Program.HYPERV,
        MessageSeverity.REFUSAL,
        "Hyper-V does not take the device from the host without -Force",
        "The manufacturer of this device has not supplied any directives for securing this device",
        releases="Windows Server 2016 and later",
        meaning="Its vendor has no mitigation driver that protects the host from a guest with the "
        "device. A reserved region is not the reason.",
        advice="If you trust the guest: Dismount-VMHostAssignableDevice -Force. The guest can then "
        "disturb the host through the device.",
        source="Dismount-VMHostAssignableDevice; from reports",
    ),
    message(
        "hyperv-line-interrupts",
        Program.HYPERV,
        MessageSeverity.REFUSAL,
        "Hyper-V does not assign the device: it has line interrupts only",
        "All of the interrupts are line-based, no assignment can work",
        releases="Windows Server 2016 and later",
        meaning="The device or its driver uses no MSI. A reserved region is not the reason.",
        advice="Install the vendor's driver, which may use MSI, and run the script again.",
        source=f"{_SURVEY}; checked in the source",
    ),
    message(
        "hyperv-no-passthrough",
        Program.HYPERV,
        MessageSeverity.REFUSAL,
        "This machine cannot assign devices to Hyper-V guests",
        "Unfortunately, this machine doesn't support using them in a VM",
        releases="Windows Server 2016 and later",
        meaning="Hyper-V reports no SR-IOV support: the IOMMU or interrupt remapping is off, or "
        "the chipset lacks them. A reserved region is not the reason.",
        advice="Enable VT-d (AMD: IOMMU) and SR-IOV in the firmware setup. "
        "(Get-VMHost).IovSupportReasons in PowerShell shows what is missing.",
        source=f"{_SURVEY}; checked in the source",
    ),
)
