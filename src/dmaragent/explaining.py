"""May this device be passed through, by Xen and by Linux; why; and what to do.

Pure: from an inventory and a stack of releases to an :class:`Explanation`.
"""

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux import linux_side
from dmaragent.passthrough.model import Explanation
from dmaragent.passthrough.notes import notes_of
from dmaragent.passthrough.toolstacks import toolstack_policies
from dmaragent.passthrough.xen import xen_side
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import Stack
from dmaragent.remedies.devices import steps_of


def explain(inventory: Inventory, facts: HostFacts, stack: Stack, sbdf: SBDF) -> Explanation:
    """Explain the device `sbdf` of the whole host of `inventory`, for the releases of `stack`."""
    device = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)
    xen, linux = xen_side(device), linux_side(device)
    return Explanation(
        sbdf=sbdf,
        xen=xen,
        linux=linux,
        decides=_decides(device),
        steps=steps_of(device, xen, linux),
        toolstacks=tuple(toolstack_policies(device, xen)),
        notes=tuple(notes_of(device, xen, linux)),
    )


def _decides(device: DeviceContext) -> tuple[str, ...]:
    if device.on_xen:
        return ("xen",)
    return ("linux",) if device.on_linux else ("xen", "linux")
