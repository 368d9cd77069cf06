"""What AMD-Vi does when Xen assigns a guest's device, after the guest is built.

Pure.  Xen maps the unity maps of a device 1:1 in the guest, and ``rdm_policy`` is about these
alone.  An exclusion range is in registers of the IOMMU: under either policy DMA of the device there
reaches memory of the host.  Source: ``xen/hypervisor/ivrs_assignment.py``.
"""

from collections.abc import Collection, Iterator, Sequence

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.guests.rdm import Policy
from dmaragent.policy.added_function import (
    EARLIER_MAP_RULE,
    IDENTITY_RULE,
    AddedFunction,
    guest_ram_in,
    refusal,
    warning,
)
from dmaragent.policy.decisions import Decider, Decision, Harm, SourceRule, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.mmio_hole import HoleContent, HoleOccupant, parts_in_hole
from dmaragent.policy.words import assignment as words
from dmaragent.policy.words import hotplug as hole_words
from dmaragent.xen.hypervisor.ivrs_assignment import (
    AssignmentRefusal,
    IvrsAssignment,
    assignment_of,
)
from dmaragent.xen.hypervisor.ivrs_ids import ListedRange
from dmaragent.xen.hypervisor.ivrs_prediction import IvrsPrediction
from dmaragent.xen.reserved_list.model import ListSource

NO_IOMMU_RULE = SourceRule("Xen amd/pci_amd_iommu.c, reassign_device", "ENODEV")
OFF_RULE = SourceRule("Xen passthrough/pci.c, assign_device", "ENODEV")
ALIASED_RULE = SourceRule("Xen amd/pci_amd_iommu.c, reassign_device", "EOPNOTSUPP")
EXCLUSION_RULE = SourceRule("Xen amd/iommu_acpi.c, reserve_unity_map_for_device")


def assign_on_amd(
    function: AddedFunction,
    host: HostFacts,
    ram: RamLayout | None,
    ivrs: IvrsPrediction,
    before: Collection[SBDF] = (),
) -> Iterator[Decision]:
    """Yield what Xen with the table `ivrs` does with `function`, whose policy is strict or relaxed.

    `before` are the functions that the guest has by then. `ram` is the layout of an HVM guest, None
    for a PV guest.
    """
    sbdf, place = function.sbdf, function.device.place
    assigned = assignment_of(ivrs, sbdf)
    if assigned.refusal is AssignmentRefusal.IOMMU_OFF:
        if host.source is ListSource.HYPERVISOR and host.listed:
            yield undecided(words.AMD_LIST_CONTRADICTS, device=sbdf, place=place)
        else:
            reason = (
                words.xen_stops(ivrs.iommu_disabled)
                if ivrs.stops
                else words.iommu_off_by_xen(ivrs.iommu_disabled, host.vendor)
            )
            yield refusal(Decider.XEN, reason, OFF_RULE, function)
        return
    if assigned.refusal is AssignmentRefusal.NO_IOMMU:
        yield refusal(Decider.XEN, words.no_iommu(sbdf), NO_IOMMU_RULE, function)
        return
    if assigned.refusal is AssignmentRefusal.ALIASED:
        reason = words.aliased(sbdf, assigned.requester)
        yield refusal(Decider.XEN, reason, ALIASED_RULE, function)
        return
    if assigned.doubt:
        yield undecided(words.amd_unknown(sbdf, assigned.doubt), device=sbdf, place=place)
        return
    yield from _maps(function, assigned, ram, _collision(function, assigned, before, ivrs))
    if ram is None:
        return
    for listed in assigned.untranslated:
        region = listed.entry.range
        overlap = guest_ram_in(region, ram)
        if overlap is not None:
            yield _ram_in_exclusion(function, region, overlap)
    yield from _unpredicted(function, host, ram, (*assigned.mapped, *assigned.untranslated))


def untranslated_regions(ivrs: IvrsPrediction, function: AddedFunction) -> tuple[AddressRange, ...]:
    """Return the exclusion ranges of `function`, which Xen never maps in a guest."""
    assigned = assignment_of(ivrs, function.sbdf)
    return tuple(listed.entry.range for listed in assigned.untranslated)


def exclusions_in_hole(
    function: AddedFunction, regions: Sequence[AddressRange], hole: Sequence[HoleOccupant]
) -> Iterator[Decision]:
    """Yield the warnings that pages in a guest's MMIO `hole` are, or may be, in exclusion ranges."""
    for region in regions:
        for occupant, part in parts_in_hole(region, hole):
            if occupant.content is HoleContent.RAM:
                yield _ram_in_exclusion(function, region, part)
            elif occupant.content is HoleContent.UNKNOWN:
                what = occupant.what
                reason = hole_words.hole_unknown_of_exclusion(region, function.sbdf, part, what)
                yield warning(reason, EXCLUSION_RULE, function, region, Harm.CORRUPTION)


def _ram_in_exclusion(
    function: AddedFunction, region: AddressRange, overlap: AddressRange
) -> Decision:
    """Return the warning that guest RAM is in a part of an exclusion range."""
    reason = words.ram_in_exclusion(region, function.sbdf, overlap)
    return warning(reason, EXCLUSION_RULE, function, region, Harm.CORRUPTION)


def _maps(
    function: AddedFunction,
    assigned: IvrsAssignment,
    ram: RamLayout | None,
    collision: Decision | None,
) -> Iterator[Decision]:
    """Yield the effect of each unity map in Xen's order, up to the one with a `collision`."""
    for listed in assigned.mapped:
        region = listed.entry.range
        if collision is not None and collision.region == region:
            yield collision
            return
        if ram is not None:
            yield from _mapped(function, region, ram)


def _collision(
    function: AddedFunction,
    assigned: IvrsAssignment,
    before: Collection[SBDF],
    ivrs: IvrsPrediction,
) -> Decision | None:
    """Return the refusal of the first unity map that overlaps one the guest has by then.

    Equal maps are counted, so they do not collide.
    """
    if not assigned.mapped:
        return None
    earlier = [(own, one) for own in before for one in assignment_of(ivrs, own).mapped]
    for listed in assigned.mapped:
        region = listed.entry.range
        for other, one in earlier:
            equal = region == one.entry.range and listed.access == one.access
            if region.overlaps(one.entry.range) and not equal:
                reason = words.overlaps_earlier_map(region, function.sbdf, one.entry.range, other)
                return refusal(Decider.XEN, reason, EARLIER_MAP_RULE, function, region)
    return None


def _mapped(function: AddedFunction, region: AddressRange, ram: RamLayout) -> Iterator[Decision]:
    """Yield the effect of a unity map that guest RAM overlaps."""
    overlap = guest_ram_in(region, ram)
    if overlap is None:
        return
    if function.policy is Policy.RELAXED:
        reason = words.ram_in_relaxed_region(region, function.sbdf, overlap)
        yield warning(reason, IDENTITY_RULE, function, region, Harm.CORRUPTION)
    else:
        reason = words.ram_in_strict_region(region, function.sbdf, overlap)
        yield refusal(Decider.XEN, reason, IDENTITY_RULE, function, region)


def _unpredicted(
    function: AddedFunction, host: HostFacts, ram: RamLayout, predicted: Sequence[ListedRange]
) -> Iterator[Decision]:
    """Yield a region that Xen reports for `function` and the table does not explain.

    It is a unity map or an exclusion range; these differ only if guest RAM overlaps it.
    """
    known = {listed.entry.range for listed in predicted}
    for region in host.regions_of(function.sbdf) or ():
        overlap = None if region in known else guest_ram_in(region, ram)
        if overlap is not None:
            reason = words.kind_of_region_unknown(region, function.sbdf, overlap)
            place = function.device.place
            yield undecided(reason, region=region, device=function.sbdf, place=place)
