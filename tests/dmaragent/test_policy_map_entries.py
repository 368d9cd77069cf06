"""The limit of a guest's memory map: at 127 entries it starts, at 128 libxl refuses it."""

import pytest

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Decider, Effect
from dmaragent.policy.layout import Reservation
from dmaragent.policy.map_entries import MAP_RULE, MESSAGE, refusal_of_map

START = 0x90000000


def entries(number: int, *, distinct: bool = True) -> list[Reservation]:
    """Return reservations of Xen's list: of one page each, or of one region that repeats."""
    regions = (
        AddressRange(START + n * PAGE * distinct, START + (n * distinct + 1) * PAGE)
        for n in range(number)
    )
    return [Reservation(region, Policy.RELAXED, None, from_host=True) for region in regions]


@pytest.mark.parametrize(("has_high", "most"), [(True, 125), (False, 126)])
def test_libxl_refuses_128_entries_and_not_127(has_high: bool, most: int) -> None:  # noqa: FBT001
    assert refusal_of_map(entries(most), has_high=has_high) is None
    refused = refusal_of_map(entries(most + 1), has_high=has_high)

    assert refused is not None
    assert (refused.decider, refused.effect) == (Decider.LIBXL, Effect.REFUSED)
    assert (refused.rule, refused.shown) == (MAP_RULE, MESSAGE)
    assert "128 entries" in refused.reason


def test_repeated_entries_count_and_are_explained() -> None:
    assert refusal_of_map(entries(125, distinct=False), has_high=True) is None
    repeated = refusal_of_map(entries(20470, distinct=False), has_high=True)
    distinct = refusal_of_map(entries(200), has_high=True)

    assert repeated is not None
    assert distinct is not None
    assert "20,472" in repeated.reason
    assert "20,470" in repeated.reason
    assert "device ID" in repeated.reason
    assert "device ID" not in distinct.reason
