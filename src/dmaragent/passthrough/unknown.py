"""The one rule for what is unknown: a verdict that rests on a gap of the host is unknown.

Pure.  :mod:`dmaragent.inventory.gaps` decides what the gaps are; the verdicts of both sides pass
through here.
"""

from collections.abc import Iterable

from dmaragent.inventory import Gap
from dmaragent.passthrough import words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, PlatformVerdict


def unknown_by_xens_gaps(device: DeviceContext, verdict: PlatformVerdict) -> PlatformVerdict:
    """Return Xen's `verdict` on the device, unknown if it rests on a gap."""
    return _unknown_by_gaps(device, verdict, device.inventory.gaps.xen)


def unknown_by_linux_gaps(device: DeviceContext, verdict: PlatformVerdict) -> PlatformVerdict:
    """Return Linux's `verdict` on the device, unknown if it rests on a gap."""
    return _unknown_by_gaps(device, verdict, device.inventory.gaps.linux)


def _unknown_by_gaps(
    device: DeviceContext, verdict: PlatformVerdict, gaps: Iterable[Gap]
) -> PlatformVerdict:
    if verdict.can is Can.NOT_APPLICABLE:
        return verdict
    for gap in gaps:
        # a refusal stands, whatever else there is, but for gaps that could lift it
        if gap.concerns(device.sbdf) and (verdict.can is not Can.NO or gap.refusals):
            explanation = words.unknown_for_gap(gap, verdict)
            return verdict._replace(can=Can.UNKNOWN, explanation=explanation, risk=False)
    return verdict
