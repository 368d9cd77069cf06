"""SR-IOV: virtual functions of a device with regions, and a device whose virtual ones exist.

Pure.  Sources: Linux drivers/iommu/intel/dmar.c, ``dmar_pci_bus_notifier`` (passes virtual
functions over); drivers/vfio/pci/vfio_pci_core.c, ``vfio_pci_core_register_device``;
drivers/xen/pci.c, ``xen_add_device``; Xen drivers/passthrough/vtd/iommu.c,
``intel_iommu_assign_device`` (compares the function's own address with a region's scope).
"""

import shlex
from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.linux.vfio import HOLDERS, is_vfio_driver
from dmaragent.passthrough.device_context import DeviceContext, names
from dmaragent.passthrough.model import Can, Case, Safety, Step
from dmaragent.policy.decisions import SourceRule

VIRTUAL_RULE = SourceRule("Linux intel/dmar.c, dmar_pci_bus_notifier")
_PF_RULE = SourceRule("Linux vfio_pci_core.c, vfio_pci_core_register_device", "EBUSY")
_XEN_RULE = SourceRule("Xen vtd/iommu.c, intel_iommu_assign_device; Linux drivers/xen/pci.c")
PF_MESSAGE = "Cannot bind to PF with SR-IOV enabled"


def linux_virtual_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield what SR-IOV means for Linux: of a virtual function, or of one that has some."""
    function = device.function
    if function is None:
        return
    if function.physical_function is not None and not device.held:
        yield Case(
            title="virtual function",
            can=Can.YES,
            said="Linux ties a region to physical functions, but where it names a bridge above.",
            rule=VIRTUAL_RULE,
        )
    bound = function.driver is not None and is_vfio_driver(function.driver)
    if device.existing_vfs and not bound:
        yield Case(
            title="virtual functions exist",
            can=Can.CONDITIONS,
            said=f"It has virtual functions now ({names(device.existing_vfs)}). vfio-pci does not "
            "bind to it until they are removed; a guest that has one of them loses it.",
            rule=_PF_RULE,
            message=PF_MESSAGE,
        )


def xen_virtual_cases(device: DeviceContext) -> Iterator[Case]:
    """Yield the same for Xen, if a region of the physical function makes it matter."""
    function = device.function
    if function is None:
        return
    physical = function.physical_function
    if physical is not None and _named(device, physical):
        yield Case(
            title="virtual function",
            can=Can.YES,
            said=f"Regions name the physical function {physical}. dom0 registers a virtual "
            "function under its own address, and Xen compares that with the scope of a region: "
            "no region is tied to this one, and a guest with it reserves none.",
            rule=_XEN_RULE,
        )
    if device.existing_vfs and function.driver not in HOLDERS:
        yield Case(
            title="virtual functions exist",
            can=Can.CONDITIONS,
            said=f"It has virtual functions now ({names(device.existing_vfs)}). They vanish when "
            "its driver in dom0 is unbound for pciback, unless the driver leaves them because a "
            "guest has one (igb and ixgbe do). A guest that has one loses it.",
        )


def _named(device: DeviceContext, sbdf: SBDF) -> bool:
    regions = device.inventory.all_regions
    return any(owner.sbdf == sbdf for region in regions for owner in region.owners)


def remove_first(device: DeviceContext) -> Iterator[Step]:
    """Yield the step that removes its virtual functions, if it has any and is to be taken."""
    function = device.function
    if function is None or not device.existing_vfs:
        return
    driver = function.driver
    if driver is not None and (driver in HOLDERS or is_vfio_driver(driver)):
        return
    known = device.inventory.host.topology.known
    used = tuple(
        sbdf
        for sbdf in device.existing_vfs
        if (taker := known[sbdf].driver) is not None and (is_vfio_driver(taker) or taker in HOLDERS)
    )
    guests = f" Guests may use {names(used)}: detach them first." if used else ""
    path = shlex.quote(f"/sys/bus/pci/devices/{device.sbdf}/sriov_numvfs")
    yield Step(
        safety=Safety.NEEDED,
        side="",
        title="Remove its VFs (SR-IOV)",
        said=f"{names(device.existing_vfs)} vanish with it.{guests} Or leave the device to the "
        "host, and pass one of them through instead.",
        lines=(f"echo 0 > {path}",),
        where="a root shell",
    )
