"""Messages of the Linux kernel that refuse a device, and about options that would allow it."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program

LINUX = Program.LINUX
_REGION_HELP = (
    "Look at which region it is (dmaragent explain). Safest first: pass through another "
    "device or a virtual function that has no region; switch the region off in the firmware "
    "setup or with the vendor's tool (HPE: conrep, by physical slot); then a kernel that is "
    "patched to let regions go (Proxmox: relax_rmrr), whose risk is that device and firmware "
    "write where the guest does not expect it."
)

MESSAGES = (
    message(
        "linux-rmrr-ineligible",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux refuses to give the device away: firmware reserved memory for it",
        "Device is ineligible for IOMMU domain attach due to platform RMRR requirement",
        releases="Linux 3.17 to 6.5, Intel",
        meaning="The firmware's table has a region (RMRR) for this device: it must be able to "
        "reach that memory at all times. Linux therefore gives it neither to a guest nor to "
        "user space (VFIO), and answers EPERM; QEMU then says that it failed to set the IOMMU "
        "for the container. Only USB controllers and display devices are let go.",
        advice=_REGION_HELP + " Linux 6.6 and later word this differently.",
        source="drivers/iommu/intel/iommu.c, intel_iommu_attach_device, c875d2c1b808; the text "
        "checked in patches and logs, the last release not",
    ),
    message(
        "linux-direct-mapping-refused",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux refuses to give the device away: firmware wants its memory mapped 1:1",
        "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting "
        "configuring the device without a 1:1 mapping",
        releases="Linux 6.6 and later, Intel and AMD",
        meaning="The firmware's table has a region for this device (an RMRR on Intel, an IVMD "
        "block on AMD) that must stay mapped to itself. A guest's mapping would replace it, so "
        "Linux refuses VFIO and answers EINVAL; QEMU then says that it failed to set the group "
        "container. USB controllers and display devices of Intel hosts are let go.",
        advice=_REGION_HELP + " On AMD boards look in the setup for Kernel DMA Protection or "
        "pre-boot DMA protection: switching it off was seen to help.",
        source="drivers/iommu/iommu.c, __iommu_device_set_domain, a48ce36e2786; the text "
        "checked in the source, the first release not",
    ),
    message(
        "linux-relax-unknown",
        LINUX,
        MessageSeverity.NOTE,
        "This kernel does not know relax_rmrr and ignores it",
        "{<iommu>}Unknown option - 'relax_rmrr",
        releases="kernels without the patch",
        meaning="Only kernels with a patch have intel_iommu=relax_rmrr: Proxmox's do, the "
        "vanilla kernel and most distributions' do not. This one ignores it, and refuses "
        "devices with regions as before. In a Xen dom0 it would not help either: there Xen "
        "decides.",
        advice="Take the option away again, or boot a kernel that has it.",
        source="drivers/iommu/intel/iommu.c, intel_iommu_setup, checked in patches; when it "
        "began to name unknown options was not determined",
    ),
    message(
        "linux-relax-active",
        LINUX,
        MessageSeverity.NOTE,
        "This kernel lets every device with a region go",
        "Intel-IOMMU: assuming all RMRRs are relaxable",
        releases="kernels with the patch, such as Proxmox's",
        meaning="intel_iommu=relax_rmrr is in effect: no region keeps a device from a guest. "
        "The firmware does not know that, and may go on to use the region through the device, "
        "which then reaches the guest's memory instead.",
        advice="Use it only for devices whose region nobody needs while the guest runs; a "
        "management controller or a RAID controller is none.",
        source="the relax-intel-rmrr patch (Proxmox kernels); the text checked in its "
        "documentation, its function not seen",
    ),
    message(
        "linux-no-interrupt-remapping",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux refuses VFIO: interrupts of the device cannot be remapped",
        "No interrupt remapping support. Use the module param",
        releases="every release with VFIO",
        meaning="It is not about reserved memory: without interrupt remapping a guest could "
        "send interrupts to the host with the device, and VFIO answers EPERM.",
        advice="Switch on VT-d and interrupt remapping in the firmware setup, update it, and look "
        "for intremap=off among the kernel's options. The module's allow_unsafe_interrupts=1 "
        "gives the protection up: only for guests that are trusted.",
        source="drivers/vfio/vfio_iommu_type1.c, vfio_iommu_type1_attach_group, checked",
    ),
)
