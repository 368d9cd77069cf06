"""The default policy of a device by toolstack, and how to set it.

Sources: libxl_pci.c, ``libxl__device_pci_setdefault``; qubes-core-libvirt, patch 0007;
xenopsd, xc/device.ml (76f4f6f4b1, 2019; its quarantine passes 0, strict); libvirt's libxl driver sets no policy at all.
"""

from collections.abc import Iterator

from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, CaseKind, PlatformVerdict, ToolstackPolicy
from dmaragent.policy.assignment import SUBTRACTIVE


def toolstack_policies(device: DeviceContext, xen: PlatformVerdict) -> Iterator[ToolstackPolicy]:
    """Yield the default policy of xl, libvirt, Qubes and XAPI.

    Nothing if the policy does not matter to the device, or if the host does not run Xen.
    """
    if device.on_linux:
        return
    cases = {case.kind: case for case in xen.cases}
    strict, relaxed = cases.get(CaseKind.STRICT), cases.get(CaseKind.RELAXED)
    if strict is None or relaxed is None or strict.can is relaxed.can is Can.YES:
        return
    yield ToolstackPolicy(
        toolstack="xl",
        policy="strict",
        can=strict.can,
        summary=strict.summary,
        risk=strict.risk,
        explanation=words.XL_POLICY,
    )
    yield ToolstackPolicy(
        toolstack="libvirt",
        policy="strict",
        can=strict.can,
        summary=strict.summary,
        risk=strict.risk,
        explanation=words.LIBVIRT_POLICY,
    )
    yield ToolstackPolicy(
        toolstack="Qubes",
        policy="strict",
        can=strict.can,
        summary=strict.summary,
        risk=strict.risk,
        explanation=words.QUBES_POLICY,
    )
    conventional = device.facts.conventional(device.sbdf, SUBTRACTIVE)[1]
    by_xapi = Can.CONDITIONS if relaxed.can is Can.NO and not conventional else relaxed.can
    shared = bool((device.facts.shared or {}).get(device.sbdf)) and not conventional
    yield ToolstackPolicy(
        toolstack="XAPI",
        policy="relaxed",
        can=Can.CONDITIONS if shared else by_xapi,
        summary=words.IF_QUARANTINE_ACCEPTS if shared else words.IF_LAYOUT_ALLOWS,
        risk=relaxed.risk,
        explanation=words.XAPI_POLICY,
    )
