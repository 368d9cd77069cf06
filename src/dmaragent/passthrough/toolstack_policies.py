"""The default policy of a device by toolstack, and how to set it.

Sources: libxl_pci.c, ``libxl__device_pci_setdefault``; qubes-core-libvirt, patch 0007;
xenopsd, xc/device.ml (76f4f6f4b1, 2019; for the quarantine it passes 0, strict).  The libxl driver
of libvirt does not set a policy.
"""

from collections.abc import Iterator

from dmaragent.passthrough import xen_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, CaseKind, PlatformVerdict, ToolstackPolicy
from dmaragent.policy.assignment import SUBTRACTIVE


def toolstack_policies(device: DeviceContext, xen: PlatformVerdict) -> Iterator[ToolstackPolicy]:
    """Yield the default policy of xl, libvirt, Qubes and XAPI.

    If the policy has no effect on the device, or the host does not run Xen, yield nothing.
    """
    if device.on_linux:
        return
    cases = {case.kind: case for case in xen.cases}
    strict, relaxed = cases.get(CaseKind.STRICT), cases.get(CaseKind.RELAXED)
    if strict is None or relaxed is None or strict.can is relaxed.can is Can.YES:
        return
    for toolstack, explanation in (
        ("xl", xen_words.XL_POLICY),
        ("libvirt", xen_words.LIBVIRT_POLICY),
        ("Qubes", xen_words.QUBES_POLICY),
    ):
        yield ToolstackPolicy(
            toolstack=toolstack,
            policy="strict",
            can=strict.can,
            summary=strict.summary,
            risk=strict.risk,
            explanation=explanation,
        )
    conventional = device.facts.conventional(device.sbdf, SUBTRACTIVE)[1]
    by_xapi = Can.CONDITIONS if relaxed.can is Can.NO and not conventional else relaxed.can
    shared = bool((device.facts.shared or {}).get(device.sbdf)) and not conventional
    yield ToolstackPolicy(
        toolstack="XAPI",
        policy="relaxed",
        can=Can.CONDITIONS if shared else by_xapi,
        summary=xen_words.IF_QUARANTINE_ACCEPTS if shared else xen_words.IF_LAYOUT_ALLOWS,
        risk=relaxed.risk,
        explanation=xen_words.XAPI_POLICY,
    )
