"""A scale for addresses on which 4 KiB can be found beside 2 GiB.

Between two addresses that matter, a stretch is drawn by the logarithm of its size, and never
smaller than a line of text; a picture that would become too high is made smaller as a whole.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import log2

from dmaragent.addresses import PAGE, AddressRange

LEAST = 16.0
"""The least height of a stretch, where the whole is not made smaller."""
_EACH_DOUBLING = 2.6
_HIGHEST = 1500.0
"""What a picture's height is brought down to."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Addresses that matter, ascending, and where each is drawn, downwards from 0."""

    marks: tuple[int, ...]
    places: tuple[float, ...]

    @property
    def height(self) -> float:
        """The height of the whole."""
        return self.places[-1]

    def place(self, address: int) -> float:
        """Say where `address` is drawn."""
        at = bisect_right(self.marks, address) - 1
        if at < 0:
            return 0.0
        if at == len(self.marks) - 1:
            return self.places[-1]
        start, end = self.marks[at], self.marks[at + 1]
        part = (address - start) / (end - start)
        return self.places[at] + part * (self.places[at + 1] - self.places[at])

    def extent(self, one: AddressRange) -> tuple[float, float]:
        """Say where a range begins, and how high it is."""
        top = self.place(one.start)
        return top, self.place(one.end) - top


def make_scale(ranges: Iterable[AddressRange], marks: Iterable[int] = ()) -> Scale:
    """Make the scale on which all of `ranges` and `marks` can be told apart."""
    points = {0, *marks}
    for one in ranges:
        points |= {one.start, one.end}
    ordered = sorted(points)
    if len(ordered) == 1:
        ordered.append(ordered[0] + PAGE)
    heights = [_height(end - start) for start, end in pairwise(ordered)]
    factor = min(1.0, _HIGHEST / sum(heights))
    places = [0.0]
    for height in heights:
        places.append(places[-1] + height * factor)
    return Scale(tuple(ordered), tuple(places))


def _height(size: int) -> float:
    return LEAST + _EACH_DOUBLING * log2(max(1.0, size / PAGE))
