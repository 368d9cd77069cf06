"""Rules about two regions that have bytes in common: Xen lives with none of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from dmaragent.checks.facts import Facts, Need
from dmaragent.checks.model import Hit, Severity
from dmaragent.checks.places import place, range_evidence, region_words
from dmaragent.checks.registered import Registered, registered, vtd_case
from dmaragent.checks.rules import rule
from dmaragent.inventory import Region

_ADVICE = (
    "Update the firmware, or change what one of the two regions is for in its setup: integrated "
    "graphics, legacy USB support. No option makes Xen pass a region over."
)
_SOURCE = "VT-d 8.4; Xen vtd/dmar.c, acpi_parse_one_rmrr; Linux intel/iommu.c, rmrr_sanity_check"


class _Covered:
    """Ranges of regions: each byte is the first region's that came with it."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._parts: list[tuple[int, Region]] = []
        """The last byte of each part, and whose it is; parts do not overlap."""

    def meets(self, region: Region) -> Region | None:
        """Give the region that has the highest of the bytes that `region` has too, if any."""
        before = bisect_right(self._starts, region.limit)
        if before and self._parts[before - 1][0] >= region.base:
            return self._parts[before - 1][1]
        return None

    def add(self, region: Region) -> None:
        """Give `region` what of its range nobody has."""
        at = region.base
        place = bisect_left(self._starts, at)
        if place and self._parts[place - 1][0] >= at:
            at = self._parts[place - 1][0] + 1
        while at <= region.limit:
            last = region.limit
            if place < len(self._starts):
                last = min(last, self._starts[place] - 1)
            if at <= last:
                self._starts.insert(place, at)
                self._parts.insert(place, (last, region))
                place += 1
            if place == len(self._starts):
                return
            at = self._parts[place][0] + 1
            place += 1


def _pairs(facts: Facts) -> Iterator[tuple[Region, Region]]:
    """Yield each region that has bytes of an earlier one, with that one.

    An earlier region that Xen registers goes before one that it may pass over: the first is
    what switches VT-d off.
    """
    seen: dict[tuple[int, int], Region] = {}
    counting, others = _Covered(), _Covered()
    for region in facts.inventory.all_regions:
        if region.range is None:
            continue
        known = registered(facts, region) is Registered.YES
        same = seen.get((region.base, region.limit))
        met = counting.meets(region) or others.meets(region)
        first = same if met is None or _is_same(met, region) else met
        if first is not None:
            yield first, region
        if same is None or known:
            seen[region.base, region.limit] = region
        (counting if known else others).add(region)


def _is_same(one: Region, other: Region) -> bool:
    return (one.base, one.limit) == (other.base, other.limit)


def _hit(facts: Facts, first: Region, second: Region, verb: str) -> Hit:
    severity, xen = vtd_case(facts, first)
    return Hit(
        said=f"{region_words(second)} {verb} region {first.number} ({place(first)}).",
        subject=" ".join(sorted((place(first), place(second)))),
        region=second.number,
        evidence=(*range_evidence(facts, first), *range_evidence(facts, second)),
        xen=xen,
        severity=severity,
    )


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
    for first, second in _pairs(facts):
        if not _is_same(first, second):
            yield _hit(facts, first, second, "overlaps")


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
    for first, second in _pairs(facts):
        if _is_same(first, second):
            yield _hit(facts, first, second, "has the range of")


RULES = (overlap, duplicate)
