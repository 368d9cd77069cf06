"""Functions behind Intel VMD: the VMD endpoint issues their DMA, so neither side assigns them alone.

Pure.  Sources: Linux drivers/pci/controller/vmd.c, ``vmd_enable_domain`` (segments from 0x10000);
arch/x86/pci/common.c, ``pci_real_dma_dev``; drivers/iommu/intel/iommu.c,
``device_lookup_iommu``; drivers/pci/search.c, ``pci_for_each_dma_alias`` (the IOMMU group);
drivers/xen/pci.c, ``xen_add_device`` (5ccf1b8ae76d).
"""

from dmaragent.addresses import SBDF
from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.policy.decisions import SourceRule

VMD_RULE = SourceRule("Linux arch/x86/pci/common.c, pci_real_dma_dev; controller/vmd.c")
_XEN_RULE = SourceRule("Linux drivers/xen/pci.c, xen_add_device (5ccf1b8ae76d)")
NOT_REGISTERED = (6, 15)
"""The first kernel release that does not register such functions with Xen; stable kernels since
mid-2025 do not either."""


def _endpoint(device: DeviceContext) -> SBDF | None:
    function = device.function
    return None if function is None else function.vmd


def parent_unknown(device: DeviceContext) -> bool:
    """Return whether the device may be behind VMD: the device above it is unknown."""
    function = device.function
    if function is None:
        return device.sbdf.beyond_xen
    return not function.dma_known


def vmd_linux_verdict(device: DeviceContext) -> PlatformVerdict | None:
    """Return Linux's verdict on a function behind VMD, or None if it is not one."""
    if parent_unknown(device):
        return PlatformVerdict(can=Can.UNKNOWN, explanation=words.VMD_UNKNOWN)
    endpoint = _endpoint(device)
    if endpoint is None:
        return None
    case = Case(
        title="behind Intel VMD",
        can=Can.NO,
        explanation=words.behind_vmd_case(endpoint),
        rule=VMD_RULE,
    )
    explanation = words.behind_vmd_on_linux(endpoint)
    return PlatformVerdict(can=Can.NO, explanation=explanation, cases=(case,))


def vmd_xen_verdict(device: DeviceContext) -> PlatformVerdict | None:
    """Return Xen's verdict on a function behind VMD, or None if it is not one."""
    endpoint = _endpoint(device)
    if not device.sbdf.beyond_xen:
        if endpoint is None:
            return (
                PlatformVerdict(can=Can.UNKNOWN, explanation=words.VMD_UNKNOWN)
                if parent_unknown(device)
                else None
            )
        return PlatformVerdict(can=Can.NO, explanation=words.behind_vmd_on_xen(endpoint))
    cut = SBDF(
        device.sbdf.segment & 0xFFFF,
        device.sbdf.bus,
        device.sbdf.device,
        device.sbdf.function,
    )
    case = Case(
        title="segment",
        can=Can.NO,
        explanation=words.segment_case(_registration(device, cut), cut),
        rule=_XEN_RULE,
        releases="Xen 4.6 and later",
    )
    explanation = words.segment_beyond_xen(endpoint)
    return PlatformVerdict(can=Can.NO, explanation=explanation, cases=(case,))


def _registration(device: DeviceContext, cut: SBDF) -> str:
    """Return whether dom0's kernel registers the device with Xen, by its release."""
    release = device.telling_release
    if release is not None and release >= NOT_REGISTERED:
        return words.NOT_REGISTERED_WITH_XEN
    return words.registered_as(cut)
