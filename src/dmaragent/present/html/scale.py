"""A scale for addresses on which 4 KiB is visible beside 2 GiB.

The height of a stretch between two marked addresses is the logarithm of its size, and at least a
line of text. A picture that would be too high is scaled down as a whole.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2

from dmaragent.addresses import PAGE, AddressRange

LEAST = 16.0
"""The least height of a stretch of a region, unless the picture is scaled down."""
_EACH_DOUBLING = 2.6
_LEAST_BETWEEN = 13.0
_EACH_DOUBLING_BETWEEN = 1.3
_HIGHEST = 1500.0
"""The largest height of a picture."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The marked addresses, ascending, with their heights in the picture, downwards from 0."""

    marks: tuple[int, ...]
    places: tuple[float, ...]

    @property
    def height(self) -> float:
        """The height of the picture."""
        return self.places[-1]

    def place(self, address: int) -> float:
        """Return the height at which `address` is drawn."""
        at = bisect_right(self.marks, address) - 1
        if at < 0:
            return 0.0
        if at == len(self.marks) - 1:
            return self.places[-1]
        start, end = self.marks[at], self.marks[at + 1]
        part = (address - start) / (end - start)
        return self.places[at] + part * (self.places[at + 1] - self.places[at])

    def extent(self, part: AddressRange) -> tuple[float, float]:
        """Return the height at which a range begins, and its own height."""
        top = self.place(part.start)
        return top, self.place(part.end) - top


def make_scale(
    ranges: Iterable[AddressRange], regions: Iterable[AddressRange], marks: Iterable[int] = ()
) -> Scale:
    """Return a scale that marks the ends of all these; `regions` have more room."""
    points = {0, *marks}
    shown = sorted(regions)
    for part in (*ranges, *shown):
        points |= {part.start, part.end}
    ordered = sorted(points)
    if len(ordered) == 1:
        ordered.append(ordered[0] + PAGE)
    inside = _inside(ordered, shown)
    heights = [
        _height(end - start, of_region=held)
        for (start, end), held in zip(pairwise(ordered), inside, strict=True)
    ]
    factor = min(1.0, _HIGHEST / sum(heights))
    places = [0.0]
    for height in heights:
        places.append(places[-1] + height * factor)
    return Scale(tuple(ordered), tuple(places))


def _inside(points: Sequence[int], regions: Sequence[AddressRange]) -> Iterator[bool]:
    """Yield for each stretch between two points whether it belongs to a region."""
    at, end = 0, 0
    for start in points[:-1]:
        while at < len(regions) and regions[at].start <= start:
            end = max(end, regions[at].end)
            at += 1
        yield start < end


def _height(size: int, *, of_region: bool) -> float:
    doublings = log2(max(1.0, size / PAGE))
    if of_region:
        return LEAST + _EACH_DOUBLING * doublings
    return _LEAST_BETWEEN + _EACH_DOUBLING_BETWEEN * doublings
