"""Sentences that several rules share."""

RELAXED_OVERLAP = (
    "With relaxed, a guest starts even if its RAM overlaps the region, and DMA then overwrites that "
    "RAM: dmaragent resolve shows whether it does."
)
NO_OTHER_RANGE = (
    "Xen's option rmrr= cannot name the memory instead: Xen rejects a range that overlaps a region "
    "of the table."
)
NO_OPTION = "No option makes Xen skip a region."
LINUX_WARNS = (
    'Linux warns ("Your BIOS is broken; bad RMRR"), taints the kernel and keeps the region.'
)
