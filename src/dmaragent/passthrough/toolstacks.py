"""The policy that a device gets under each toolstack where nobody says one, and how to say it.

Sources: libxl_pci.c, ``libxl__device_pci_setdefault``; qubes-core-libvirt, patch 0007;
xenopsd, xc/device.ml (76f4f6f4b1, 2019; its quarantine passes 0, strict); libvirt's libxl driver sets no policy at all.
"""

from collections.abc import Iterator

from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, PlatformVerdict, ToolstackPolicy
from dmaragent.policy.assignment import SUBTRACTIVE


def toolstack_policies(device: DeviceContext, xen: PlatformVerdict) -> Iterator[ToolstackPolicy]:
    """Give what the device gets under xl, libvirt, Qubes and XAPI, where they differ.

    Nothing, where the policy does not matter to it, or the host does not run Xen.
    """
    if device.on_linux:
        return
    cases = {case.title: case.can for case in xen.cases}
    strict, relaxed = cases.get("strict"), cases.get("relaxed")
    if strict is None or relaxed is None or strict is relaxed is Can.YES:
        return
    yield ToolstackPolicy(
        toolstack="xl",
        policy="strict",
        can=strict,
        said="rdm_policy=relaxed in its entry of pci= makes it relaxed. (From 4.15 on xl takes no "
        "rdm= that names a policy, so it must be said there.)",
    )
    yield ToolstackPolicy(
        toolstack="libvirt",
        policy="strict",
        can=strict,
        said="Its libxl driver has no setting for it.",
    )
    yield ToolstackPolicy(
        toolstack="Qubes",
        policy="strict",
        can=strict,
        said="Its option no-strict-reset=True, which is named after something else (resets "
        "without FLR), makes it relaxed too: a patch of Qubes' libvirt.",
    )
    conventional = device.facts.conventional(device.sbdf, SUBTRACTIVE)[1]
    by_xapi = Can.CONDITIONS if relaxed is Can.NO and not conventional else relaxed
    shared = bool((device.facts.shared or {}).get(device.sbdf))
    yield ToolstackPolicy(
        toolstack="XAPI",
        policy="relaxed",
        can=Can.CONDITIONS if shared and not conventional else by_xapi,
        said="XenServer and XCP-ng assign relaxed since 2019, and nothing of it can be set. But "
        "they first put the device into Xen's quarantine, strict: a shared region is refused there "
        "(Dom32753), as XCP-ng 8.2 was seen to do. 8.3 is said to allow it, which nobody tested. "
        "pci-quarantine=false in xenopsd.conf leaves the quarantine out, at a risk. The layout "
        "of their guests is not modelled.",
    )
