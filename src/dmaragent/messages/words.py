"""The sentences that messages of several programs share."""

IOMMU_ON = (
    "Switch VT-d (AMD: IOMMU) on in the firmware setup. On Intel add intel_iommu=on to the "
    "kernel's options: in /etc/default/grub, then update-grub; with systemd-boot on Proxmox in "
    "/etc/kernel/cmdline, then proxmox-boot-tool refresh. Reboot, and check /proc/cmdline."
)
"""The advice if the kernel does not use the IOMMU: the same for every program."""
NO_REGION = " A reserved region is not the reason."
"""The end of the meaning of a message that people take for one about reserved memory."""
