"""The only rule for unknown verdicts: a verdict that depends on a gap of the host is unknown.

Pure.  :mod:`dmaragent.inventory.gaps` decides what is a gap.  The verdicts of both sides use this
rule.
"""

from collections.abc import Iterable

from dmaragent.inventory import Gap
from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, PlatformVerdict


def unknown_by_xens_gaps(device: DeviceContext, verdict: PlatformVerdict) -> PlatformVerdict:
    """Return Xen's `verdict` on the device, or unknown if it depends on a gap."""
    return _unknown_by_gaps(device, verdict, device.inventory.gaps.xen)


def unknown_by_linux_gaps(device: DeviceContext, verdict: PlatformVerdict) -> PlatformVerdict:
    """Return Linux's `verdict` on the device, or unknown if it depends on a gap."""
    return _unknown_by_gaps(device, verdict, device.inventory.gaps.linux)


def gap_of_refusals(device: DeviceContext) -> Gap | None:
    """Return the first gap that could also turn Linux's "no" to the device into another answer."""
    gaps = device.inventory.gaps.linux
    return next((gap for gap in gaps if gap.refusals and gap.concerns(device.sbdf)), None)


def _unknown_by_gaps(
    device: DeviceContext, verdict: PlatformVerdict, gaps: Iterable[Gap]
) -> PlatformVerdict:
    if verdict.can is Can.NOT_APPLICABLE:
        return verdict
    for gap in gaps:
        # A refusal remains, unless the gap could change it too.
        if gap.concerns(device.sbdf) and (verdict.can is not Can.NO or gap.refusals):
            explanation = words.unknown_for_gap(gap, verdict)
            return verdict._replace(can=Can.UNKNOWN, explanation=explanation, risk=False)
    return verdict
