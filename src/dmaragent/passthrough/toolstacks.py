"""The policy that a device gets under each toolstack by default, and how to set it.

Sources: libxl_pci.c, ``libxl__device_pci_setdefault``; qubes-core-libvirt, patch 0007;
xenopsd, xc/device.ml (76f4f6f4b1, 2019; its quarantine passes 0, strict); libvirt's libxl driver sets no policy at all.
"""

from collections.abc import Iterator

from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, CaseKind, PlatformVerdict, ToolstackPolicy
from dmaragent.policy.assignment import SUBTRACTIVE


def toolstack_policies(device: DeviceContext, xen: PlatformVerdict) -> Iterator[ToolstackPolicy]:
    """Yield what the device gets under xl, libvirt, Qubes and XAPI, where they differ.

    Nothing, where the policy does not matter to it, or the host does not run Xen.
    """
    if device.on_linux:
        return
    cases = {case.kind: case.can for case in xen.cases}
    strict, relaxed = cases.get(CaseKind.STRICT), cases.get(CaseKind.RELAXED)
    if strict is None or relaxed is None or strict is relaxed is Can.YES:
        return
    yield ToolstackPolicy(
        toolstack="xl",
        policy="strict",
        can=strict,
        explanation=words.XL_POLICY,
    )
    yield ToolstackPolicy(
        toolstack="libvirt",
        policy="strict",
        can=strict,
        explanation=words.LIBVIRT_POLICY,
    )
    yield ToolstackPolicy(
        toolstack="Qubes",
        policy="strict",
        can=strict,
        explanation=words.QUBES_POLICY,
    )
    conventional = device.facts.conventional(device.sbdf, SUBTRACTIVE)[1]
    by_xapi = Can.CONDITIONS if relaxed is Can.NO and not conventional else relaxed
    shared = bool((device.facts.shared or {}).get(device.sbdf))
    yield ToolstackPolicy(
        toolstack="XAPI",
        policy="relaxed",
        can=Can.CONDITIONS if shared and not conventional else by_xapi,
        explanation=words.XAPI_POLICY,
    )
