"""Functions behind Intel VMD: their DMA is the VMD endpoint's, and neither side gives them alone.

Pure.  Sources: Linux drivers/pci/controller/vmd.c, ``vmd_enable_domain`` (segments from 0x10000);
arch/x86/pci/common.c, ``pci_real_dma_dev``; drivers/iommu/intel/iommu.c,
``device_lookup_iommu``; drivers/pci/search.c, ``pci_for_each_dma_alias`` (the IOMMU group);
drivers/xen/pci.c, ``xen_add_device`` (5ccf1b8ae76d).
"""

from dmaragent.addresses import SBDF
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, PlatformVerdict, Safety, Step
from dmaragent.policy.decisions import SourceRule

VMD_RULE = SourceRule("Linux arch/x86/pci/common.c, pci_real_dma_dev; controller/vmd.c")
_UNKNOWN_PARENT = (
    "unknown: its segment is above ffff, as behind Intel VMD, and what is above it was not "
    "collected (its directory in sysfs, or the driver of its parent)"
)
_XEN_RULE = SourceRule("Linux drivers/xen/pci.c, xen_add_device (5ccf1b8ae76d)")
NOT_REGISTERED = (6, 15)
"""Since then dom0's kernel does not register such functions; stable kernels since mid-2025."""


def _endpoint(device: DeviceContext) -> SBDF | None:
    function = device.function
    return None if function is None else function.vmd


def _unknown_parent(device: DeviceContext) -> bool:
    function = device.function
    if function is None:
        return device.sbdf.beyond_xen
    return not function.dma_known


def vmd_linux_side(device: DeviceContext) -> PlatformVerdict | None:
    """Return Linux's verdict on a function behind VMD, or None if it is not one."""
    if _unknown_parent(device):
        return PlatformVerdict(can=Can.UNKNOWN, said=_UNKNOWN_PARENT)
    endpoint = _endpoint(device)
    if endpoint is None:
        return None
    case = Case(
        title="behind Intel VMD",
        can=Can.NO,
        said=f"The VMD endpoint {endpoint} does its DMA, so its unit and its IOMMU group are those "
        f"of {endpoint}. VFIO takes a group whole, and the driver vmd has that endpoint.",
        rule=VMD_RULE,
    )
    said = f"no: it is behind Intel VMD, and is not passed through without {endpoint}"
    return PlatformVerdict(can=Can.NO, said=said, cases=(case,))


def vmd_xen_side(device: DeviceContext) -> PlatformVerdict | None:
    """Return Xen's verdict on a function whose segment Xen cannot name, or None."""
    endpoint = _endpoint(device)
    if not device.sbdf.beyond_xen:
        if endpoint is None:
            return (
                PlatformVerdict(can=Can.UNKNOWN, said=_UNKNOWN_PARENT)
                if _unknown_parent(device)
                else None
            )
        return PlatformVerdict(
            can=Can.NO, said=f"no: it is behind Intel VMD: its DMA is that of {endpoint}"
        )
    cut = SBDF(
        device.sbdf.segment & 0xFFFF,
        device.sbdf.bus,
        device.sbdf.device,
        device.sbdf.function,
    )
    case = Case(
        title="segment",
        can=Can.NO,
        said="Xen's hypercalls have 16 bits for a segment. "
        f"{_registration(device, cut)} What Xen says of {cut} is not about this device.",
        rule=_XEN_RULE,
        releases="Xen 4.6 and later",
    )
    said = "no: Xen cannot name a segment above ffff"
    if endpoint is not None:
        said += f"; it is behind Intel VMD {endpoint}"
    return PlatformVerdict(can=Can.NO, said=said, cases=(case,))


def _registration(device: DeviceContext, cut: SBDF) -> str:
    """Return what dom0's kernel tells Xen of the device, by its release."""
    release = device.telling_release
    if release is not None and release >= NOT_REGISTERED:
        return "This kernel does not register the device with Xen."
    return (
        f"A dom0 kernel before Linux 6.15 (stable kernels: before mid-2025) registers it as {cut}, "
        "which may be another device or none; later ones do not register it."
    )


def vmd_steps(device: DeviceContext) -> tuple[Step, ...] | None:
    """Return what helps a function behind VMD, or None if it is not one."""
    endpoint = _endpoint(device)
    if endpoint is None:
        return () if _unknown_parent(device) else None
    behind = sorted(
        sbdf
        for sbdf, function in device.inventory.host.topology.known.items()
        if function.vmd == endpoint
    )
    return (
        Step(
            safety=Safety.NEEDED,
            side="",
            title=f"Pass the VMD endpoint {endpoint} through whole, or see 2",
            said=f"The host then loses all {len(behind)} functions behind it, with every disk "
            "there, and the guest needs a driver for VMD. Not if the host boots from one of them.",
            lines=(f"dmaragent explain {endpoint}",),
            where="a root shell",
        ),
        Step(
            safety=Safety.FIRMWARE,
            side="",
            title="Switch VMD off in the firmware setup",
            said="Its devices then appear on segment 0 with a unit and a group of their own. RAID "
            "sets made by VMD (RST, VROC) are lost to the host. Look for VMD or RST in the setup. "
            "Afterwards ask again with the device's new address.",
        ),
    )
