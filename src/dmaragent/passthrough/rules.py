"""The rules of Linux that verdicts cite, with the releases in which they began."""

from dmaragent.policy.decisions import SourceRule

OLD_RULE = SourceRule("Linux intel/iommu.c, device_is_rmrr_locked (c875d2c1b808)", "EPERM")
NEW_RULE = SourceRule("Linux iommu.c, __iommu_device_set_domain (a48ce36e2786)", "EINVAL")
CLASS_RULE = SourceRule("Linux intel/iommu.c, device_rmrr_is_relaxable")
GROUP_RULE = SourceRule("Linux iommu.c, iommu_group_claim_dma_owner; vfio.c before 5.19", "EPERM")
NO_GROUP_RULE = SourceRule("Linux vfio/group.c, vfio_group_find_or_alloc", "EINVAL")
HEADER_RULE = SourceRule("Linux vfio_pci_core.c, vfio_pci_core_register_device", "EINVAL")
VIRTUAL_RULE = SourceRule("Linux intel/dmar.c, dmar_pci_bus_notifier")
VMD_RULE = SourceRule("Linux arch/x86/pci/common.c, pci_real_dma_dev; controller/vmd.c")
FIRST_CHECK, NEW_CHECK = (3, 17), (6, 6)
