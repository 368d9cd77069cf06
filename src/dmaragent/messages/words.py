"""Sentences that messages of several programs share."""

IOMMU_ON = (
    "Enable VT-d (AMD: IOMMU) in the firmware setup. On Intel, also add intel_iommu=on to the "
    "kernel's command line. Reboot, and check /proc/cmdline."
)
"""The advice if the kernel does not use the IOMMU, for every program."""
NO_REGION = " A reserved region is not the reason."
"""The end of the meaning of a message that is often mistaken for one about reserved memory."""
NOT_STRATEGY_HOST = (
    'Do not use rdm = "strategy=host": Xen\'s list on AMD hosts has a range once for each device ID, '
    "which can be thousands of entries."
)
"""Why a guest on an AMD host needs the regions of its own devices only."""
AMD_FIRST_WAYS_OUT = (
    "1. In the firmware setup, set IOMMU to Enabled instead of Auto. Then disable Pre-boot DMA "
    "Protection or Kernel DMA Protection, which some boards show only with that setting. If there is "
    "no such entry, update the firmware.\n"
    "2. Replace the IVRS table from the initrd with one without the block. The kernel needs "
    "CONFIG_ACPI_TABLE_UPGRADE; Secure Boot and lockdown must be off. dmaragent encode --without makes "
    "the table; dmaragent explain DEVICE --details prints the commands. If the firmware still uses the "
    "memory, its DMA is then blocked. Do not set the block's flags to 0 instead: Xen then switches "
    "AMD-Vi off.\n"
)
"""The fixes of firmware, which come first, a line each."""
_OLD_KERNEL = (
    "A kernel before 6.6 does not refuse the device, but a guest whose RAM overlaps the region then "
    "fails."
)
AMD_WAYS_OUT = f"{AMD_FIRST_WAYS_OUT}3. Pass through a device that no block covers. {_OLD_KERNEL}"
"""How to pass through a device that Linux blocks for an IVMD block, safest first, a line each."""
AMD_WAYS_OUT_ALL_COVERED = f"{AMD_FIRST_WAYS_OUT}3. Boot Linux 6.5 or older. {_OLD_KERNEL}"
"""The same on a host on which Linux blocks every device."""
NO_REMAPPING_ON_AMD = {
    1: "EPERM: interrupt remapping is missing. On AMD hosts, no region gives this error."
}
"""The meaning of EPERM from VFIO on AMD hosts."""
INTERRUPTS_ON_AMD = (
    "Enable the IOMMU in the firmware setup, and look for intremap=off on the kernel's command line. If "
    'dmesg has "AMD-Vi: Disabling interrupt remapping", the firmware\'s table (IVRS) lacks an I/O APIC: '
    "update the firmware, or name it with ivrs_ioapic=. allow_unsafe_interrupts=1 removes this "
    "protection: use it only for guests that you trust."
)
"""The advice if Linux does not remap interrupts on an AMD host."""
