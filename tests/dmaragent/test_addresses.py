"""SBDF and AddressRange: what they accept, refuse and print."""

import pytest

from dmaragent.addresses import SBDF, AddressRange
from support.wording import Worded


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("0000:00:1d.0", "0000:00:1d.0"),
        ("00:1d.0", "0000:00:1d.0"),
        ("0001:ff:1f.7", "0001:ff:1f.7"),
        ("10000:e1:00.0", "10000:e1:00.0"),
        ("0000:0A:00.0", "0000:0a:00.0"),
    ],
)
def test_an_address_is_read_and_printed(text: str, printed: str) -> None:
    assert str(SBDF.parse(text)) == printed


@pytest.mark.parametrize(
    "text", ["", "1d.0", "00:1d", "00:1d.8", "00:20.0", "00:1d.0 ", "0:0:0:1d.0"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"PCI address|device"):
        SBDF.parse(text)


@pytest.mark.parametrize("place", [(-1, 0, 0, 0), (0, 256, 0, 0), (0, 0, 32, 0), (0, 0, 0, 8)])
def test_numbers_out_of_range_are_refused(place: tuple[int, int, int, int], worded: Worded) -> None:
    with pytest.raises(ValueError) as refused:
        SBDF(*place)
    worded(str(refused.value))


def test_addresses_sort_by_segment_bus_device_function() -> None:
    texts = ["0001:00:00.0", "0000:01:00.0", "0000:00:02.0", "0000:00:01.1"]

    assert [str(one) for one in sorted(map(SBDF.parse, texts))] == texts[::-1]


def test_an_inclusive_limit_becomes_a_half_open_end() -> None:
    region = AddressRange.from_inclusive(0x1000, 0x1FFF)

    assert (region.start, region.end, region.size) == (0x1000, 0x2000, 0x1000)


def test_ranges_that_only_touch_do_not_overlap() -> None:
    low, high = AddressRange(0x1000, 0x2000), AddressRange(0x2000, 0x3000)

    assert not low.overlaps(high)
    assert low.overlaps(AddressRange(0x1FFF, 0x2001))
    assert high.overlaps(AddressRange(0, 1 << 64))


def test_a_range_that_runs_backwards_is_refused(worded: Worded) -> None:
    with pytest.raises(ValueError) as refused:
        AddressRange.from_inclusive(0x2000, 0x1000)
    worded(str(refused.value))
    with pytest.raises(ValueError, match="cannot run"):
        AddressRange(2, 1)
