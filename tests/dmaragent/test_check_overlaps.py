"""Overlapping regions are found by a sweep, as comparing each with all before it would find them."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from dmaragent.checks.vtd.overlaps import _first_met
from dmaragent.inventory import Region
from support.checked import host, taken
from support.tables import rmrr, scope
from support.work import calls

_BASE = 0x8000_0000
_RANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=14)


def _regions(ranges: list[tuple[int, int]]) -> tuple[Region, ...]:
    structures = (
        rmrr(_BASE + start, _BASE + start + length, scope(1, 0, (0x14, 0)))
        for start, length in ranges
    )
    return taken(host(*structures)).regions


@given(_RANGES, st.data())
def test_the_sweep_finds_what_comparing_all_pairs_finds(
    ranges: list[tuple[int, int]], data: st.DataObject
) -> None:
    regions = _regions(ranges)
    others = [each for each in regions if data.draw(st.booleans())]

    first = _first_met(regions, others)

    for region in regions:
        numbers = [
            other.number
            for other in others
            if other.first <= region.last and region.first <= other.last
        ]
        assert first[region.number] == min(numbers, default=1 << 62)


def test_regions_that_all_overlap_cost_a_sweep_and_not_their_square() -> None:
    small, large = (_regions([(0, 1 << 20)] * number) for number in (64, 256))

    few, many = (calls(partial(_first_met, own, own)) for own in (small, large))

    assert many <= 5 * few
