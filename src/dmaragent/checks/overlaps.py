"""Rules about two regions that have bytes in common: Xen lives with none of it."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import replace

from dmaragent.checks.facts import Facts, Need
from dmaragent.checks.fields import range_evidence
from dmaragent.checks.hits import region_hit
from dmaragent.checks.model import Hit, Severity
from dmaragent.checks.registered import Registered, registered, vtd_case
from dmaragent.checks.rules import rule
from dmaragent.inventory import Region

_ADVICE = (
    "Update the firmware, or change what one of the two regions is for in its setup: integrated "
    "graphics, legacy USB support. No option makes Xen pass a region over."
)
_SOURCE = "VT-d 8.4; Xen vtd/dmar.c, acpi_parse_one_rmrr; Linux intel/iommu.c, rmrr_sanity_check"


_NOBODY = 1 << 62
"""More than the number of any region."""


class _Earlier:
    """Regions as they come, and which of them first had bytes of another.

    Two regions have bytes in common where one's base lies in the other.  So the bases of all,
    sorted, are the leaves of two trees of minima: who begins there, and who covers it.
    """

    def __init__(self, bases: list[int]) -> None:
        self._bases = bases
        self._begins = [_NOBODY] * (2 * len(bases))
        self._covers = [_NOBODY] * (2 * len(bases))

    def first(self, region: Region) -> int:
        """Give the number of the first region that has bytes of `region`."""
        leaf = bisect_left(self._bases, region.base) + len(self._bases)
        begins = min(self._begins[node] for node in self._nodes(region))
        return min(begins, *(self._covers[node] for node in _up(leaf)))

    def add(self, region: Region) -> None:
        """Let `region` be one of the earlier ones."""
        leaf = bisect_left(self._bases, region.base) + len(self._bases)
        for node in _up(leaf):
            self._begins[node] = min(self._begins[node], region.number)
        for node in self._nodes(region):
            self._covers[node] = min(self._covers[node], region.number)

    def _nodes(self, region: Region) -> Iterator[int]:
        """Yield the nodes that together have the leaves from base to limit."""
        low = bisect_left(self._bases, region.base) + len(self._bases)
        high = bisect_right(self._bases, region.limit) + len(self._bases)
        while low < high:
            if low & 1:
                yield low
                low += 1
            if high & 1:
                high -= 1
                yield high
            low, high = low >> 1, high >> 1


def _up(node: int) -> Iterator[int]:
    """Yield a node and all above it."""
    while node:
        yield node
        node >>= 1


def _pairs(facts: Facts) -> Iterator[tuple[Region, Region, int]]:
    """Yield each region that has bytes of an earlier one, with the first such, and their number.

    An earlier region that Xen registers goes before one that it may pass over: the first is
    what switches VT-d off, and Xen compares no further.
    """
    regions = [each for each in facts.inventory.all_regions if each.range is not None]
    by_number = {each.number: each for each in regions}
    bases = sorted({each.base for each in regions})
    counting, others = _Earlier(bases), _Earlier(bases)
    begun: list[int] = []
    ended: list[int] = []
    for region in regions:
        met = bisect_right(begun, region.limit) - bisect_left(ended, region.base)
        if met:
            first = counting.first(region)
            yield by_number[others.first(region) if first == _NOBODY else first], region, met
        insort(begun, region.base)
        insort(ended, region.limit)
        known = registered(facts, region) is Registered.YES
        (counting if known else others).add(region)


def _is_same(one: Region, other: Region) -> bool:
    return (one.base, one.limit) == (other.base, other.limit)


def _hit(facts: Facts, first: Region, second: Region, verb: str, met: int) -> Hit:
    severity, xen = vtd_case(facts, first)
    more = f", and has bytes of {met - 1} more before it" if met > 1 else ""
    hit = region_hit(
        second,
        f"{verb} {first.words}{more}.",
        (*range_evidence(facts, first), *range_evidence(facts, second)),
        xen=xen,
        severity=severity,
    )
    return replace(hit, subject=" ".join(sorted((first.place, second.place))))


@rule(
    "rmrr-overlap",
    Severity.CRITICAL,
    "Two regions overlap",
    xen="Xen switches VT-d off for the whole host (EEXIST): no device can be passed through. It "
    "compares bytes and does not look at segments. All releases do so.",
    linux="Linux does not compare regions: it takes both.",
    advice=_ADVICE,
    source=_SOURCE,
    uses=[Need.PCI],
)
def overlap(facts: Facts) -> Iterator[Hit]:
    """Find regions that have bytes of an earlier one, but not all and only its bytes."""
    for first, second, met in _pairs(facts):
        if not _is_same(first, second):
            yield _hit(facts, first, second, "overlaps", met)


@rule(
    "rmrr-duplicate",
    Severity.CRITICAL,
    "A region is there twice",
    xen="Xen takes it for an overlap and switches VT-d off for the whole host (EEXIST): no device "
    "can be passed through, also where the two are of different segments or devices.",
    linux="Linux takes both: their devices share the memory.",
    advice=_ADVICE,
    source=_SOURCE,
    uses=[Need.PCI],
)
def duplicate(facts: Facts) -> Iterator[Hit]:
    """Find regions with the base and the limit of an earlier one."""
    for first, second, met in _pairs(facts):
        if _is_same(first, second):
            yield _hit(facts, first, second, "has the range of", met)


RULES = (overlap, duplicate)
