"""Rules about regions that overlap, for which Xen switches VT-d off."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.words import NO_OPTION
from dmaragent.checks.vtd.xen_registration import Registered, registered, vtd_case
from dmaragent.inventory import Region

_ADVICE = "Update the firmware, or turn off the user of one region in its setup."
_OFTEN_FOR = "Regions are often for integrated graphics or legacy USB support."
_SOURCE = "VT-d 8.4; Xen vtd/dmar.c, acpi_parse_one_rmrr; Linux intel/iommu.c, rmrr_sanity_check"


_NO_REGION = 1 << 62
"""More than the number of any region."""


def _first_met(regions: Sequence[Region], others: Sequence[Region]) -> dict[int, int]:
    """Return by the number of each of `regions` the least number of `others` that overlaps it.

    Two regions overlap if one begins in the other.  A sweep upwards keeps the others that have
    begun in a heap by number, and drops one that has ended when it comes to the top.  The top is
    then the first that a region begins in.  A sweep downwards keeps the bases of the others below
    which no lesser number begins.  The last one up to a region's limit is the first that begins in
    it.
    """
    first = {region.number: _NO_REGION for region in regions}
    ascending = sorted(others, key=lambda region: region.first)
    begun: list[tuple[int, int]] = []
    at = 0
    for region in sorted(regions, key=lambda region: region.first):
        while at < len(ascending) and ascending[at].first <= region.first:
            heappush(begun, (ascending[at].number, ascending[at].last))
            at += 1
        while begun and begun[0][1] < region.first:
            heappop(begun)
        if begun:
            first[region.number] = begun[0][0]
    bases: list[int] = []
    """Negated, so that they ascend."""
    numbers: list[int] = []
    at = len(ascending)
    for region in sorted(regions, key=lambda region: -region.first):
        while at and ascending[at - 1].first >= region.first:
            at -= 1
            while numbers and numbers[-1] > ascending[at].number:
                bases.pop()
                numbers.pop()
            bases.append(-ascending[at].first)
            numbers.append(ascending[at].number)
        place = bisect_left(bases, -region.last)
        if place < len(numbers):
            first[region.number] = min(first[region.number], numbers[place])
    return first


def _pairs(facts: TableFacts) -> Iterator[tuple[Region, Region, int]]:
    """Yield each region that overlaps an earlier one, with the first such, and their number.

    An earlier region that Xen registers goes before one that it may skip: the first overlap
    switches VT-d off, and Xen compares no further.
    """
    regions = [region for region in facts.inventory.all_regions if region.range is not None]
    by_number = {region.number: region for region in regions}
    counting = [region for region in regions if registered(facts, region) is Registered.YES]
    first_counting, first = _first_met(regions, counting), _first_met(regions, regions)
    begun: list[int] = []
    ended: list[int] = []
    for region in regions:
        met = bisect_right(begun, region.last) - bisect_left(ended, region.first)
        if met:
            number = first_counting[region.number]
            earlier = number if number < region.number else first[region.number]
            yield by_number[earlier], region, met
        insort(begun, region.first)
        insort(ended, region.last)


def _is_same(region: Region, other: Region) -> bool:
    return (region.first, region.last) == (other.first, other.last)


def _hit(facts: TableFacts, first: Region, second: Region, verb: str, met: int) -> Hit:
    severity, xen = vtd_case(facts, first)
    more = f" and {met - 1} more before it" if met > 1 else ""
    hit = region_hit(
        second,
        f"{verb} {first.words}{more}.",
        (*range_evidence(facts, first), *range_evidence(facts, second)),
        xen=xen,
        severity=severity,
    )
    return hit._replace(subject=" ".join(sorted((first.place, second.place))))


@rule(
    "rmrr-overlap",
    Severity.CRITICAL,
    "Two regions overlap",
    xen="Xen switches VT-d off (EEXIST): no device can be passed through.",
    linux="No effect: Linux does not compare regions, and accepts both.",
    advice=_ADVICE,
    details=f"{NO_OPTION} {_OFTEN_FOR} Xen compares bytes and ignores segments, in all releases.",
    source=_SOURCE,
    uses=[Need.PCI],
)
def overlap(facts: TableFacts) -> Iterator[Hit]:
    """Find regions that overlap an earlier one and have another range."""
    for first, second, met in _pairs(facts):
        if not _is_same(first, second):
            yield _hit(facts, first, second, "overlaps", met)


@rule(
    "rmrr-duplicate",
    Severity.CRITICAL,
    "Two regions have the same range",
    xen="Xen switches VT-d off (EEXIST): no device can be passed through.",
    linux="Linux accepts both: their devices share the memory.",
    advice=_ADVICE,
    details=f"{NO_OPTION} {_OFTEN_FOR} Xen treats the two as an overlap, even if their segments or devices differ.",
    source=_SOURCE,
    uses=[Need.PCI],
)
def duplicate(facts: TableFacts) -> Iterator[Hit]:
    """Find regions with the base and the limit of an earlier one."""
    for first, second, met in _pairs(facts):
        if _is_same(first, second):
            yield _hit(facts, first, second, "has the same range as", met)


RULES = (overlap, duplicate)
