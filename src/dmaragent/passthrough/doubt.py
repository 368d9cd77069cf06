"""The one rule for what is unknown: an answer that rests on a gap of the host is unknown.

Pure.  :mod:`dmaragent.inventory.gaps` says what the gaps are; both sides' verdicts pass here.
"""

from collections.abc import Iterable
from dataclasses import replace

from dmaragent.inventory import Gap
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Can, PlatformVerdict

_OPEN = (Can.UNKNOWN, Can.NOT_APPLICABLE)


def xen_doubted(device: DeviceContext, side: PlatformVerdict) -> PlatformVerdict:
    """Return Xen's verdict `side` on the device, unknown if it rests on a gap."""
    return _doubted(device, side, device.inventory.gaps.xen)


def linux_doubted(device: DeviceContext, side: PlatformVerdict) -> PlatformVerdict:
    """Return Linux's verdict `side` on the device, unknown if it rests on a gap."""
    return _doubted(device, side, device.inventory.gaps.linux)


def _doubted(device: DeviceContext, side: PlatformVerdict, gaps: Iterable[Gap]) -> PlatformVerdict:
    if side.can is Can.NOT_APPLICABLE:
        return side
    for gap in gaps:
        if gap.concerns(device.sbdf) and (side.can is not Can.NO or gap.refusals):
            return replace(side, can=Can.UNKNOWN, said=gap_words(gap, side))
    return side


def gap_words(gap: Gap, side: PlatformVerdict | None = None) -> str:
    """Return in words why a verdict is unknown, what settles it, and what `side` says so far."""
    known = ""
    if side is not None and side.can not in _OPEN:
        known = f". By what is known: {side.said}"
    return f"unknown: {gap.unknown}. Next: {gap.next_step}{known}"
