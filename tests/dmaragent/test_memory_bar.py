"""The bar of a guest's memory."""

from dmaragent.present.text.memory_bar import CELLS, Painted, bars
from support.guests import region
from support.wording import Worded


def test_the_bar_has_a_cell_for_128_mebibytes_and_one_for_every_region() -> None:
    ram = (region(0, 1 << 30),)
    first = Painted(ram, (region(0x50000000),), (region(0x10000000),))
    (line, marks) = bars([("now", first)])

    drawn = line.split()[1]
    assert (len(drawn), drawn[:12]) == (CELLS, "##!#####..R.")
    assert marks.index("1 GiB") - marks.index("0") == 8


def test_a_region_that_ends_with_a_cell_is_not_drawn_into_the_next() -> None:
    one = Painted((region(0, 1 << 30),), (region(0xD000_0000, 0x800_0000),), ())
    (line, _) = bars([("now", one)])

    assert line.split()[1].count("R") == 1


def test_what_lies_above_four_gibibytes_is_drawn_apart_and_said_where_it_is_not(
    worded: Worded,
) -> None:
    high = Painted((region(0, 1 << 30), region(4 << 30, 1 << 30)), (), ())
    (line, _) = bars([("now", high)])
    assert line.endswith("|########")

    endless = Painted((region(0, 1 << 40),), (), ())
    worded(bars([("now", endless)])[-1])


def test_ram_has_a_cell_that_it_fills_by_half_and_a_region_one_that_it_touches() -> None:
    cell = 128 << 20
    half, less = region(cell, cell // 2), region(3 * cell, cell // 2 - 1)
    (line, _) = bars([("now", Painted((half, less), (region(5 * cell, 1),), ()))])

    assert line.split()[1][:7] == ".#...R."


def test_all_bars_have_the_scale_of_the_highest_one() -> None:
    cell = 128 << 20
    low = Painted((region(0, cell),), (), ())
    high = Painted((), (region((4 << 30) + 27 * cell, cell),), ())
    first, second, _ = bars([("before", low), ("now", high)])
    (*_, told) = bars([("now", Painted((), (region((4 << 30) + 28 * cell, 1),), ()))])

    assert len(first) == len(second)
    assert second.endswith("|" + 27 * "." + "R")
    assert first.split()[1].endswith("|" + 28 * ".")
    assert "GiB" not in told  # a line of its own: there are higher addresses
