"""The answer of ``explain``: the verdicts on one device, with fixes, policies and notes."""

from collections.abc import Iterable
from dataclasses import dataclass

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux import linux_verdict
from dmaragent.passthrough.model import Can, PlatformVerdict, ToolstackPolicy
from dmaragent.passthrough.notes import notes_of
from dmaragent.passthrough.toolstack_policies import toolstack_policies
from dmaragent.passthrough.xen import xen_verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.remedies.devices import device_remedies
from dmaragent.remedies.remedy import DeviceRemedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdicts on one device, with fixes, policies and notes."""

    sbdf: SBDF
    xen: PlatformVerdict
    linux: PlatformVerdict
    decides: tuple[str, ...]
    """Who decides on this host: ``xen``, ``linux``, or both if that is unknown."""
    remedies: tuple[DeviceRemedy, ...]
    """Prerequisites and fixes, safest first."""
    toolstacks: tuple[ToolstackPolicy, ...]
    notes: tuple[str, ...] = ()
    """Options of this host without effect, and devices that depend on this one."""
    essential_notes: tuple[str, ...] = ()
    """The notes that a short answer needs too."""

    @property
    def deciding(self) -> tuple[PlatformVerdict, ...]:
        """The verdicts of the side that decides on this host; of both if that is unknown."""
        sides = {"xen": self.xen, "linux": self.linux}
        return tuple(sides[side] for side in self.decides)


def explain(
    inventory: Inventory,
    facts: HostFacts,
    stack: Stack,
    sbdf: SBDF,
    decides: tuple[str, ...] | None = None,
) -> Explanation:
    """Return the answer for the device `sbdf`.

    Args:
        inventory: that of the whole host.
        facts: the facts of the host.
        stack: the toolstack and its releases.
        sbdf: the device.
        decides: the side that the question is about; None: the one that decides on this host.

    """
    device = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)
    xen, linux = xen_verdict(device), linux_verdict(device)
    notes = tuple(notes_of(device, xen, linux))
    return Explanation(
        sbdf=sbdf,
        xen=xen,
        linux=linux,
        decides=decides or who_decides(inventory),
        remedies=device_remedies(device, xen, linux),
        toolstacks=tuple(toolstack_policies(device, xen)),
        notes=tuple(note.sentence for note in notes),
        essential_notes=tuple(note.sentence for note in notes if note.essential),
    )


def who_decides(inventory: Inventory) -> tuple[str, ...]:
    """Return who decides on the host of `inventory`: ``xen``, ``linux``, or both if unknown."""
    state = inventory.linux.state
    if state is LinuxState.UNDER_XEN:
        return ("xen",)
    known = state in (LinuxState.GROUPS, LinuxState.NO_GROUPS)
    return ("linux",) if known else ("xen", "linux")


def verdict_code(deciding: Iterable[tuple[Can, bool]]) -> int:
    """Return the exit code for the verdicts that decide, each with its risk; the worse one counts.

    0: allowed.  1: blocked, or allowed with conditions or with risk.  2: unknown.
    """
    verdicts = set(deciding)
    cans = {can for can, _ in verdicts}
    if Can.NO in cans or Can.CONDITIONS in cans or (Can.YES, True) in verdicts:
        return 1
    return 2 if Can.UNKNOWN in cans else 0
