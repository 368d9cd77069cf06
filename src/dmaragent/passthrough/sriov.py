"""SR-IOV: the effect of regions on virtual functions, and of virtual functions on their device.

Pure.  Sources: Linux drivers/iommu/intel/dmar.c, ``dmar_pci_bus_notifier`` (ignores virtual
functions); drivers/vfio/pci/vfio_pci_core.c, ``vfio_pci_core_register_device``;
drivers/xen/pci.c, ``xen_add_device``; Xen drivers/passthrough/vtd/iommu.c,
``intel_iommu_assign_device`` (compares the function's own address with a region's scope).
"""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.vfio import HOLDERS, is_vfio_driver
from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, CaseKind
from dmaragent.policy.decisions import SourceRule

VIRTUAL_RULE = SourceRule("Linux intel/dmar.c, dmar_pci_bus_notifier")
_PF_RULE = SourceRule("Linux vfio_pci_core.c, vfio_pci_core_register_device", "EBUSY")
_XEN_RULE = SourceRule("Xen vtd/iommu.c, intel_iommu_assign_device; Linux drivers/xen/pci.c")
PF_MESSAGE = "Cannot bind to PF with SR-IOV enabled"


def linux_virtual_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield Linux's cases for a virtual function, or for a device that has virtual functions."""
    function = device.function
    if function is None:
        return
    by_scope = device.vendor is IommuVendor.INTEL  # AMD's IOMMU goes by the device ID alone
    if function.physical_function is not None and by_scope and not device.held_regions:
        yield Case(
            title="virtual function",
            can=Can.YES,
            explanation=words.VIRTUAL_FUNCTION_ON_LINUX,
            rule=VIRTUAL_RULE,
        )
    bound = function.driver is not None and is_vfio_driver(function.driver)
    existing, possible = device.existing_vfs, device.possible_vfs
    if (existing or possible) and not bound:
        yield Case(
            title=_title(existing),
            kind=CaseKind.VIRTUAL_FUNCTIONS,
            can=Can.CONDITIONS,
            explanation=words.virtual_functions_block_vfio(existing, possible),
            summary=words.IF_VIRTUAL_FUNCTIONS_REMOVED,
            rule=_PF_RULE,
            message=PF_MESSAGE,
        )


def _title(existing: tuple[SBDF, ...]) -> str:
    return "virtual functions exist" if existing else "virtual functions may exist"


def xen_virtual_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield Xen's cases, for a virtual function only if a region names its physical function.

    Not if a region names the virtual function's own address, or on AMD, where a region can cover it.
    """
    function = device.function
    if function is None:
        return
    physical = function.physical_function
    own = _named(device, device.sbdf) or device.facts.regions_of(device.sbdf)
    by_scope = device.vendor is IommuVendor.INTEL
    if physical is not None and by_scope and _named(device, physical) and not own:
        yield Case(
            title="virtual function",
            can=Can.YES,
            explanation=words.virtual_function_on_xen(physical),
            rule=_XEN_RULE,
        )
    existing, possible = device.existing_vfs, device.possible_vfs
    if (existing or possible) and function.driver not in HOLDERS:
        yield Case(
            title=_title(existing),
            kind=CaseKind.VIRTUAL_FUNCTIONS,
            can=Can.CONDITIONS,
            explanation=words.virtual_functions_vanish(existing, possible),
            summary=words.IF_VIRTUAL_FUNCTIONS_REMOVED,
        )


def _named(device: DeviceContext, sbdf: SBDF) -> bool:
    regions = device.inventory.all_regions
    return any(owner.sbdf == sbdf for region in regions for owner in region.owners)
