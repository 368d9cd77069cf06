"""Words that several sections of a report share."""

from dmaragent.addresses import SBDF
from dmaragent.checks.common.model import Severity
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, Owner, Region
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Verdict, left_by
from dmaragent.policy.harm import Harm
from dmaragent.policy.resolver import Resolution
from dmaragent.present.html.markup import Markup, element
from dmaragent.present.words.guest import VERDICT_WORDS
from dmaragent.present.words.numbers import count
from dmaragent.present.words.passthrough import CAN_WORDS
from dmaragent.readings import Missing

SHOWN_OWNERS = 4


def owner_name(owner: Owner) -> str:
    """Name an owner: its address, or the path that leads nowhere; and whether it is absent."""
    name = f"{owner.start_bus:02x}:" + ">".join(hop.step for hop in owner.hops)
    if owner.sbdf is not None:
        name = str(owner.sbdf)
    return f"{name} absent" if owner.presence is Presence.ABSENT else name


def owners_words(region: Region) -> str:
    """Name all owners of a region."""
    return ", ".join(map(owner_name, region.owners)) or "no owner"


def owners_label(region: Region) -> str:
    """Name the first owner, and say how many more there are."""
    if not region.owners:
        return "no owner"
    more = len(region.owners) - 1
    return owner_name(region.owners[0]) + (f" +{more}" if more else "")


def concerned(inventory: Inventory) -> tuple[SBDF, ...]:
    """Give the devices that a region names or that Linux ties to one."""
    named = {o.sbdf for region in inventory.regions for o in region.owners if o.sbdf is not None}
    held = {held.sbdf for region in inventory.regions for held in region.linux}
    return tuple(sorted(named | held))


def guest_mark(resolution: Resolution | KvmResolution) -> Markup:
    """Write what becomes of a guest and with how many warnings, in a frame of their colour.

    The colour says nothing that the words do not: a guest that starts with warnings is not
    shown as one that starts, and one whose RAM can be overwritten is shown as a refusal is.
    """
    verdict = resolution.verdict
    if verdict is not Verdict.STARTS or not resolution.reasons:
        return element("span", VERDICT_WORDS[verdict], class_=f"badge is-{verdict.value}")
    worst, number = left_by(resolution.reasons)
    corrupts = worst is Harm.CORRUPTION
    words = f"{VERDICT_WORDS[verdict]}, with {count(number, 'warning')}"
    words += ": DMA can overwrite guest RAM" if corrupts else ""
    kind = "is-corrupting" if corrupts else "is-warned"
    return element("span", words, class_=f"badge {kind}")


def tellable(inventory: Inventory) -> tuple[SBDF, ...]:
    """Give those of the concerned devices that are not known to be absent."""
    functions = inventory.host.topology.functions
    devices = concerned(inventory)
    if isinstance(functions, Missing):
        return devices
    return tuple(sbdf for sbdf in devices if sbdf in functions)


def severity_mark(severity: Severity) -> Markup:
    """Write a severity: a word, in a frame of its colour."""
    return element("span", severity.value, class_=f"badge {severity.value}")


def can_mark(can: Can) -> Markup:
    """Write whether a device can be passed through: a word, in a frame of its colour."""
    return element("span", CAN_WORDS[can], class_=f"badge can-{can.value}")
