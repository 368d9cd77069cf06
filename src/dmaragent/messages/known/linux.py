"""Messages of the Linux kernel when it blocks a device, and about options that would allow it."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import AMD_WAYS_OUT, INTERRUPTS_ON_AMD

LINUX = Program.LINUX
_REGION_HELP = (
    "`dmaragent explain` shows the region. Fixes, safest first: pass through another device or a"
    " virtual function without a region. Exclude the device in the firmware setup or with the "
    "vendor's tool (HPE: conrep, by physical slot). Boot a kernel that is patched to relax "
    "regions (Proxmox: relax_rmrr). Risk of the last: device and firmware write to guest memory."
)

MESSAGES = (
    message(
        "linux-rmrr-ineligible",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux blocks the device: firmware reserved memory for it",
        "Device is ineligible for IOMMU domain attach due to platform RMRR requirement",
        releases="Linux 3.17 to 6.5, Intel",
        meaning="The firmware's table has a region (RMRR) for this device, which must be able to reach "
        "that memory at all times. So Linux assigns it neither to a guest nor to user space "
        "(VFIO), and returns EPERM. QEMU then reports that it failed to set the IOMMU for the "
        "container. USB controllers and display devices are exempt.",
        advice=_REGION_HELP + " Linux 6.6 and later word this differently.",
        source="drivers/iommu/intel/iommu.c, intel_iommu_attach_device, c875d2c1b808; the text "
        "checked in patches and logs, the last release not",
    ),
    message(
        "linux-direct-mapping-refused",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux blocks the device: firmware requires a 1:1 mapping of its memory",
        "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting "
        "configuring the device without a 1:1 mapping",
        releases="Linux 6.6 and later, Intel and AMD",
        meaning="The firmware's table has a region for this device (Intel: RMRR, AMD: IVMD block) that "
        "must stay mapped 1:1. A guest's mapping would replace it, so Linux refuses VFIO and "
        "returns EINVAL. QEMU then reports that it failed to set the group container. On Intel "
        "hosts, USB controllers and display devices are exempt.",
        advice=_REGION_HELP + " On AMD boards look in the setup for Kernel DMA Protection or "
        "pre-boot DMA protection: switching it off was seen to help.",
        source="drivers/iommu/iommu.c, __iommu_device_set_domain, a48ce36e2786; the text "
        "checked in the source, the first release not",
        on_amd=VendorAnswer(
            meaning="The firmware's table (IVRS) has an IVMD block for this device: memory that must "
            "stay mapped 1:1. A guest's mapping would replace it, so Linux refuses VFIO and returns "
            "EINVAL. QEMU then reports that it failed to set the group container. No class of devices "
            "is exempt on AMD hosts. No kernel option helps: neither iommu=pt, amd_iommu= nor "
            "relax_rmrr changes it.",
            advice=AMD_WAYS_OUT,
            before_ways_out="",
        ),
    ),
    message(
        "linux-relax-unknown",
        LINUX,
        MessageSeverity.NOTE,
        "This kernel does not have relax_rmrr and ignores it",
        "{<iommu>}Unknown option - 'relax_rmrr",
        releases="kernels without the patch",
        meaning="Only patched kernels have intel_iommu=relax_rmrr: Proxmox's do, the vanilla kernel and "
        "those of most distributions do not. This kernel ignores the option and still blocks "
        "devices with regions. In a Xen dom0 the option has no effect: Xen decides there.",
        advice="Remove the option, or boot a kernel that has it.",
        source="drivers/iommu/intel/iommu.c, intel_iommu_setup, checked in patches; when it "
        "began to name unknown options was not determined",
    ),
    message(
        "linux-relax-active",
        LINUX,
        MessageSeverity.NOTE,
        "relax_rmrr is active: no region blocks a device",
        "Intel-IOMMU: assuming all RMRRs are relaxable",
        releases="kernels with the patch, such as Proxmox's",
        meaning="Linux assigns devices although they have regions. The firmware may still use a region "
        "through the device. That DMA then overwrites guest memory.",
        advice="Use it only for devices whose region is unused while the guest runs. Do not use it for "
        "a management controller or a RAID controller.",
        source="the relax-intel-rmrr patch (Proxmox kernels); the text checked in its "
        "documentation, its function not seen",
    ),
    message(
        "linux-no-interrupt-remapping",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux blocks VFIO: interrupts of the device cannot be remapped",
        "No interrupt remapping support. Use the module param",
        releases="every release with VFIO",
        meaning="This is not about reserved memory. Without interrupt remapping, a guest could send "
        "interrupts to the host with the device, so VFIO returns EPERM.",
        advice="Enable VT-d and interrupt remapping in the firmware setup, update the firmware, and "
        "look for intremap=off on the kernel's command line. allow_unsafe_interrupts=1 of "
        "vfio_iommu_type1 removes this protection: use it only for guests that you trust.",
        source="drivers/vfio/vfio_iommu_type1.c, vfio_iommu_type1_attach_group, checked",
        on_amd=VendorAnswer(advice=INTERRUPTS_ON_AMD),
    ),
    message(
        "linux-kvm-no-interrupt-remapping",
        LINUX,
        MessageSeverity.REFUSAL,
        "KVM does not assign the device: its interrupts cannot be remapped",
        "No interrupt remapping support, disallowing device assignment",
        releases="Linux before 4.12, with KVM's own device assignment (pci-assign)",
        meaning="This is not about reserved memory. Without interrupt remapping, a guest could send "
        "interrupts to the host with the device, so KVM returns EPERM.",
        advice="Enable VT-d and interrupt remapping in the firmware setup, update the firmware, and "
        "look for intremap=off on the kernel's command line. allow_unsafe_assigned_interrupts=1 of "
        "kvm removes this protection: use it only for guests that you trust.",
        source="virt/kvm/iommu.c and arch/x86/kvm/iommu.c, kvm_iommu_map_guest, checked in the source",
        on_amd=VendorAnswer(advice=INTERRUPTS_ON_AMD),
    ),
    message(
        "linux-acs-override",
        LINUX,
        MessageSeverity.NOTE,
        "The kernel reports smaller IOMMU groups than the hardware isolates",
        "PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA",
        releases="kernels with the ACS override patch, such as Proxmox', with pcie_acs_override=",
        meaning="Devices of different groups can reach each other by DMA without the IOMMU: also a guest "
        "and a device of the host. The option changes no reserved region: a device that has one is "
        "still blocked, but other devices of its former group need not be.",
        advice="Remove pcie_acs_override= if the guest's device has a group of its own without it.",
        source="patch add-acs-overrides, drivers/pci/quirks.c, pcie_acs_override_setup, checked in the "
        "patch",
    ),
)
