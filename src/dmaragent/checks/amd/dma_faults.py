"""The rule about DMA that AMD-Vi refused, in the boot log."""

from dmaragent.checks.common.dma_faults import fault_rule
from dmaragent.checks.common.model import Rule

dma_fault = fault_rule(
    "amd-dma-fault-logged",
    xen="Xen refuses the same DMA, unless a region allows it (see xl dmesg).",
    advice="If no region there names the device, update the firmware or add one with Xen's ivmd=. "
    "Otherwise look at the device's driver.",
    details="Linux has no option like ivmd=.",
    source="Linux amd/iommu.c, iommu_print_event; Xen amd/iommu_init.c, parse_event_log_entry",
)
RULES: tuple[Rule, ...] = (dma_fault,)
