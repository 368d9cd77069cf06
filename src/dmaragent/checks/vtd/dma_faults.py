"""The rule about DMA that VT-d refused, in the boot log."""

from dmaragent.checks.common.dma_faults import fault_rule
from dmaragent.checks.common.model import Rule

dma_fault = fault_rule(
    "dma-fault-logged",
    xen="Xen refuses the same DMA, unless a region allows it (see xl dmesg).",
    advice="If no region there names the device, update the firmware or add one with Xen's rmrr=. "
    "Otherwise look at the device's driver.",
    details="Linux has no option like rmrr=.",
    source="Linux intel/dmar.c, dmar_fault_do_one; Xen vtd/iommu.c, iommu_page_fault_do_one",
)
RULES: tuple[Rule, ...] = (dma_fault,)
