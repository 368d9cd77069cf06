"""A function that is added to a guest, the RAM that a region of it meets, and decisions about it."""

from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, SBDF, AddressRange
from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, SourceRule
from dmaragent.policy.layout import SPECIAL_PAGES, RamLayout
from dmaragent.policy.settings import GuestDevice

IDENTITY_RULE = SourceRule("Xen x86/iommu.c, iommu_identity_mapping", "EBUSY")
EARLIER_MAP_RULE = SourceRule("Xen x86/iommu.c, iommu_identity_mapping", "EADDRINUSE")
"""Of two maps that are not equal and overlap; VT-d is off with such regions."""
VGA_HOLE = AddressRange(0xA0000, 0xC0000)
"""The range below the end of low RAM in which an HVM guest has no RAM: libxc,
``LIBXL_VGA_HOLE_SIZE``."""


class AddedFunction(NamedTuple):
    """A function that is added to a guest, with its policy and its entry of ``pci=``."""

    sbdf: SBDF
    policy: Policy
    device: GuestDevice


def guest_ram_in(region: AddressRange, ram: RamLayout) -> AddressRange | None:
    """Return the first part of `region` in which an HVM guest has RAM once it is built."""
    low = ram.lowmem_end
    for start, end in (
        (0, min(low, VGA_HOLE.start)),
        (min(low, VGA_HOLE.end), low),
        (SPECIAL_PAGES.start, SPECIAL_PAGES.end),
        (FOUR_GIB, max(FOUR_GIB, ram.highmem_end)),
    ):
        at, to = max(start, region.start), min(end, region.end)
        if at < to:
            return AddressRange(at, to)
    return None


def refusal(
    decider: Decider,
    reason: str,
    rule: SourceRule,
    function: AddedFunction,
    region: AddressRange | None = None,
) -> Decision:
    """Return that `decider` refuses `function` by `rule`."""
    return Decision(
        decider=decider,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        shown=rule.error,
        region=region,
        device=function.sbdf,
        place=function.device.place,
    )


def warning(
    reason: str, rule: SourceRule, function: AddedFunction, region: AddressRange, harm: Harm
) -> Decision:
    """Return the warning that Xen assigns `function` in spite of `region`."""
    return Decision(
        decider=Decider.XEN,
        effect=Effect.WARNING,
        reason=reason,
        rule=rule,
        region=region,
        device=function.sbdf,
        place=function.device.place,
        harm=harm,
    )
