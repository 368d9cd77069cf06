"""What the regions of an attached device meet in a guest's MMIO hole: p2m.c, by its entries.

Source: Xen arch/x86/mm/p2m.c, ``p2m_add_identity_entry`` (4.6: ``set_identity_p2m_entry``).
Where Xen holds no page it maps the region, whatever QEMU emulates there; a page of guest
memory refuses a strict device and is passed over for a relaxed one.
"""

from collections.abc import Iterator

from dmaragent.addresses import AddressRange, span
from dmaragent.guests.rdm import Policy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.assignment import IDENTITY_RULE, SPECIAL_PAGES, Added
from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule
from dmaragent.policy.guest_hole import Content, Occupant, hole_of
from dmaragent.policy.harm import Harm
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import Resolution
from dmaragent.policy.simulate import Built

MAPPED_RULE = SourceRule("Xen x86/mm/p2m.c, p2m_add_identity_entry")
"""It maps a page 1:1 where Xen holds none, emulated or not, and prints nothing."""


def hole_decisions(
    one: Added, host: HostFacts, built: Built, into: Resolution
) -> Iterator[Decision]:
    """Yield what the regions of an attached function meet in the guest's MMIO hole.

    `built` is the running guest, `into` its resolution.
    """
    if built.layout is None:
        return
    reserved = [each.range for each in built.memory_map if each.type is MemoryType.RESERVED]
    hole = hole_of(into.guest, built.layout.after, reserved, into.stack.release)
    for region in host.regions_of(one.sbdf) or ():
        for occupant in hole:
            if not occupant.range.overlaps(region):
                continue
            start, end = occupant.range.start, occupant.range.end
            part = AddressRange(max(region.start, start), min(region.end, end))
            if not SPECIAL_PAGES.start <= part.start < part.end <= SPECIAL_PAGES.end:
                yield _met(one, region, part, occupant)


def _met(one: Added, region: AddressRange, part: AddressRange, occupant: Occupant) -> Decision:
    """Say what happens to `part` of a region of a device, where `occupant` lies."""
    strict = one.policy is not Policy.RELAXED
    where = f"{span(region)} of {one.sbdf}"
    at = "" if part == region else f", at {span(part)}"
    decider, effect, harm, shown = Decider.XEN, Effect.WARNING, Harm.CORRUPTION, ""
    rule = IDENTITY_RULE
    if occupant.content is Content.RAM:
        reason = f"the guest has {occupant.what} in {where}{at}"
        if strict:
            effect, harm, shown = Effect.REFUSED, Harm.NONE, IDENTITY_RULE.error
            reason += ", and the device is strict: it cannot be mapped there"
        else:
            reason += ": Xen skips those pages, and the device's DMA there overwrites them"
    elif occupant.content is Content.UNKNOWN:
        reason = f"unknown what the guest has in {where}{at}: {occupant.what}"
        if strict:
            decider, effect, harm = Decider.DMARAGENT, Effect.UNDECIDED, Harm.NONE
            reason += ". `lspci -v` in the guest shows where its BARs are"
        else:
            reason += (
                ". Xen skips pages of guest memory there, and the device's DMA overwrites them"
            )
    else:
        harm, rule = Harm.HOST_MEMORY, MAPPED_RULE
        lies = "lies" if occupant.content is Content.EMULATED else "may lie"
        reason = (
            f"{where} {lies} under {occupant.what}{at}: Xen maps it there, and the guest then "
            "reaches host memory where it expects that device"
        )
        if strict and occupant.content is Content.EMULATED:
            reason += ". If Xen drivers of the guest keep pages there, Xen refuses it (EBUSY)"
    return Decision(
        decider=decider,
        effect=effect,
        reason=reason,
        rule=rule,
        shown=shown,
        region=region,
        device=one.sbdf,
        harm=harm,
    )
