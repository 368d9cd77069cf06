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
    subject = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)
    xen, linux = xen_side(subject), linux_side(subject)
    return Explanation(
        sbdf=sbdf,
        xen=xen,
        linux=linux,
        decides=_decides(subject),
        steps=steps_of(subject, xen, linux),
        toolstacks=tuple(toolstack_policies(subject, xen)),
        notes=tuple(notes_of(subject, xen, linux)),
    )


def _decides(subject: DeviceContext) -> tuple[str, ...]:
    if subject.on_xen:
        return ("xen",)
    return ("linux",) if subject.on_linux else ("xen", "linux")
