"""Whole answers: what the verbs tell of one guest (resolve) or of one device (explain).

Pure.  An answer is a verdict with all that goes with it: remedies, settings, notes.  Presenters
arrange it; the verdicts are those of ``policy/`` and ``passthrough/``.
"""

from dataclasses import dataclass

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux import linux_verdict
from dmaragent.passthrough.model import PlatformVerdict, ToolstackPolicy
from dmaragent.passthrough.notes import notes_of
from dmaragent.passthrough.toolstacks import toolstack_policies
from dmaragent.passthrough.xen import xen_verdict
from dmaragent.policy.effective_settings import (
    EffectiveSetting,
    documented_differences,
    effective_settings,
    reported_problems,
)
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.remedies.devices import device_remedies
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import DeviceRemedy

# Of a guest -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A resolution with all that goes with it."""

    resolution: Resolution
    remedies: GuestRemedies | None
    """None if not all was asked for, as of one guest of many."""
    differences: tuple[str, ...] | None
    """What the manual pages promise and the release does otherwise; None likewise."""
    settings: tuple[EffectiveSetting, ...]
    """The settings in effect."""
    reports: tuple[str, ...] = ()
    """What was reported of the release and may concern the guest; it decides nothing."""


def answer(resolution: Resolution, *, whole: bool = True) -> Answer:
    """Return all that is told of `resolution`, or what is quick to find."""
    return Answer(
        resolution=resolution,
        remedies=guest_remedies(resolution) if whole else None,
        differences=tuple(documented_differences(resolution)) if whole else None,
        settings=effective_settings(resolution),
        reports=tuple(reported_problems(resolution)),
    )


# Of a device ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdicts on one device with all that goes with them."""

    sbdf: SBDF
    xen: PlatformVerdict
    linux: PlatformVerdict
    decides: tuple[str, ...]
    """Who decides on this host: ``xen``, ``linux``, or both if that is unknown."""
    remedies: tuple[DeviceRemedy, ...]
    """What is needed and what helps, the safest first."""
    toolstacks: tuple[ToolstackPolicy, ...]
    notes: tuple[str, ...] = ()
    """What else is to be known: options of this host that do nothing, devices that go with it."""

    @property
    def deciding(self) -> tuple[PlatformVerdict, ...]:
        """The verdicts of whoever decides on this host."""
        sides = {"xen": self.xen, "linux": self.linux}
        return tuple(sides[side] for side in self.decides)


def explain(inventory: Inventory, facts: HostFacts, stack: Stack, sbdf: SBDF) -> Explanation:
    """Explain the device `sbdf` of the whole host of `inventory`, for the releases of `stack`."""
    device = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)
    xen, linux = xen_verdict(device), linux_verdict(device)
    return Explanation(
        sbdf=sbdf,
        xen=xen,
        linux=linux,
        decides=_who_decides(device),
        remedies=device_remedies(device, xen, linux),
        toolstacks=tuple(toolstack_policies(device, xen)),
        notes=tuple(notes_of(device, xen, linux)),
    )


def _who_decides(device: DeviceContext) -> tuple[str, ...]:
    if device.on_xen:
        return ("xen",)
    return ("linux",) if device.on_linux else ("xen", "linux")
