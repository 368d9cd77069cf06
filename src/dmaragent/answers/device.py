"""What the verb explain tells of one device: both verdicts, remedies, policies, notes."""

from dataclasses import dataclass

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux import linux_verdict
from dmaragent.passthrough.model import PlatformVerdict, ToolstackPolicy
from dmaragent.passthrough.notes import notes_of
from dmaragent.passthrough.toolstacks import toolstack_policies
from dmaragent.passthrough.xen import xen_verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.remedies.devices import device_remedies
from dmaragent.remedies.remedy import DeviceRemedy


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
