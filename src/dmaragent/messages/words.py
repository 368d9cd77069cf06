"""Sentences that messages of several programs share."""

IOMMU_ON = (
    "Enable VT-d (AMD: IOMMU) in the firmware setup. On Intel, also add intel_iommu=on to the "
    "kernel's command line. Reboot, and check /proc/cmdline."
)
"""The advice if the kernel does not use the IOMMU, for every program."""
NO_REGION = " A reserved region is not the reason."
"""The end of the meaning of a message that is often mistaken for one about reserved memory."""
