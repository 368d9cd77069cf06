"""The scale, the columns and the rows of the report's pictures and tables."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.answers.devices import DeviceRow
from dmaragent.host.memory_map import MemoryMap
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, Verdict
from dmaragent.policy.layout import Placement
from dmaragent.present.html.devices import _alike, _cells, _lines, devices_to_explain
from dmaragent.present.html.glance import _device_tiles, _guest_tiles
from dmaragent.present.html.guest_picture import (
    OVERWRITTEN,
    REGION,
    DrawnRam,
    DrawnRegion,
    _ram_boxes,
    drawn_region,
)
from dmaragent.present.html.guests import _kvm_region, _likewise, _overwritten
from dmaragent.present.html.host_map import _memory
from dmaragent.present.html.picture import Box, _label_rows, _lanes
from dmaragent.present.html.scale import LEAST, make_scale
from support.checked import UNIT, host_of, taken
from support.device_rows import device_row as row
from support.kvm import domain, publishing, resolved
from support.tables import table


def pages(first: int, end: int) -> AddressRange:
    """Return the pages from `first` to before `end`."""
    return AddressRange(first * PAGE, end * PAGE)


def box(first: int, end: int) -> Box:
    return Box(range=pages(first, end), kind="region", description="")


# The scale -------------------------------------------------------------------------------


def test_an_address_is_drawn_in_proportion_between_the_marks_around_it() -> None:
    scale = make_scale([pages(0, 8)], [pages(2, 4)])
    _, start, end, last = scale.places

    assert scale.marks == (0, 2 * PAGE, 4 * PAGE, 8 * PAGE)
    assert scale.place(0) == 0
    assert scale.place(3 * PAGE) == pytest.approx((start + end) / 2)
    assert scale.place(8 * PAGE) == scale.place(9 * PAGE) == scale.height == last
    assert scale.extent(pages(2, 4)) == (start, end - start)
    assert end - start > start  # two pages of a region have more room than two others


def test_a_region_keeps_its_room_behind_one_inside_it() -> None:
    outer, inner = pages(0, 9), pages(1, 2)
    alone, both = make_scale([], [pages(3, 9)], [2 * PAGE]), make_scale([], [inner, outer])

    assert both.place(PAGE) == LEAST
    rest = both.place(9 * PAGE) - both.place(2 * PAGE)
    assert rest > alone.place(9 * PAGE) - alone.place(3 * PAGE) > LEAST


def test_a_picture_of_many_regions_is_scaled_down_and_one_of_nothing_has_a_page() -> None:
    many = make_scale([], [pages(2 * number, 2 * number + 1) for number in range(500)])

    assert many.height == pytest.approx(1500)
    assert all(below > above for above, below in pairwise(many.places))
    assert make_scale([], []).marks == (0, PAGE)


# Boxes -----------------------------------------------------------------------------------


def test_boxes_that_overlap_are_side_by_side_and_neighbours_share_a_lane() -> None:
    assert _lanes([box(0, 10), box(2, 4), box(4, 6)]) == ({0: 0, 1: 1, 2: 1}, 2)
    assert _lanes([box(0, 2), box(2, 4)]) == ({0: 0, 1: 0}, 1)
    assert _lanes([box(0, 4), box(2, 4), box(6, 7)])[1] == 2
    crowded, number = _lanes([box(0, 10)] * 13)
    assert (number, crowded[12]) == (12, 0)


def test_labels_of_crowded_boxes_follow_each_other() -> None:
    without_extent = Box(range=pages(5, 5), kind="odd", description="", drawn=False)
    boxes = [without_extent, without_extent, box(5, 6), box(5, 6), box(7, 8)]
    rows = _label_rows(make_scale([], [one.range for one in boxes]), boxes)

    assert rows[0][0] == rows[1][0]
    for (_, above, size), (_, below, _) in pairwise(rows[place] for place in range(len(boxes))):
        assert below >= above + size


def _map(*lines: tuple[str, AddressRange], incomplete: str = "") -> list[tuple[str, AddressRange]]:
    inventory = taken(host_of(table(UNIT)))
    known = inventory.host.memory_map
    assert isinstance(known, MemoryMap)
    kinds = {entry.words: entry for entry in known.entries}
    entries = tuple(kinds[words]._replace(range=part) for words, part in lines)
    host = inventory.host._replace(memory_map=MemoryMap(entries, incomplete))
    return [(one.kind, one.range) for one in _memory(inventory._replace(host=host))]


def test_neighbours_of_one_kind_are_one_and_what_is_between_entries_is_a_hole() -> None:
    ram, reserved = "System RAM", "Reserved"
    lines = [(ram, pages(0, 2)), (ram, pages(2, 4)), (reserved, pages(4, 6)), (ram, pages(8, 9))]

    drawn = [("ram", pages(0, 4)), ("reserved", pages(4, 6)), ("ram", pages(8, 9))]
    assert _map(*lines) == [*drawn[:2], ("hole", pages(6, 8)), drawn[2]]
    assert _map(*lines, incomplete="a line was cut") == [
        *drawn[:2],
        ("unknown", pages(6, 8)),
        drawn[2],
    ]
    assert _map((ram, pages(1, 2)))[0] == ("hole", pages(0, 1))


def test_an_entry_inside_another_makes_no_hole_behind_it() -> None:
    lines = [("System RAM", pages(0, 8)), ("Reserved", pages(2, 3)), ("System RAM", pages(8, 9))]

    assert "hole" not in [kind for kind, _ in _map(*lines)]


def test_ram_in_a_region_is_drawn_as_the_region_if_the_guest_runs_with_it() -> None:
    region = DrawnRegion(pages(3, 9), "conflict", "", 1)
    ram = [pages(0, 4), pages(8, 12), pages(20, 21)]

    final = list(_ram_boxes(DrawnRam("now", ram), [region]))
    before = list(_ram_boxes(DrawnRam("before", ram, final=False), [region]))

    assert [(one.kind, one.range) for one in final[3:]] == [
        ("conflict", pages(3, 4)),
        ("conflict", pages(8, 9)),
    ]
    assert [bool(one.label) for one in final[:3]] == [False, False, True]
    assert [one.kind for one in before] == ["ram"] * 3


def test_a_region_that_is_overwritten_is_drawn_so_wherever_it_is_placed() -> None:
    part, other = pages(1, 2), pages(3, 4)
    drawn = [drawn_region(one, Placement.HIDDEN, {part}, {part: 7})[1::2] for one in (part, other)]

    assert drawn == [(OVERWRITTEN, 7), ("hidden", None)]


def test_only_memory_that_dma_can_overwrite_in_a_guest_that_may_run_is_drawn_so() -> None:
    def warning(first: int, harm: Harm) -> Decision:
        return Decision(Decider.XEN, Effect.WARNING, "", region=pages(first, first + 1), harm=harm)

    warnings = [warning(1, Harm.CORRUPTION), warning(2, Harm.SHARED)]
    none = Decision(Decider.XEN, Effect.WARNING, "", harm=Harm.CORRUPTION)

    for verdict in (Verdict.STARTS, Verdict.UNDECIDED):
        assert _overwritten([*warnings, none], verdict) == {pages(1, 2)}
    assert _overwritten(warnings, Verdict.REFUSED) == frozenset()


def test_a_region_of_a_kvm_guest_is_drawn_by_its_reason() -> None:
    part, numbers = pages(1, 2), {pages(1, 2): 4}
    refused, warned = (
        Decision(Decider.LINUX, effect, "", region=part)
        for effect in (Effect.REFUSED, Effect.WARNING)
    )
    blocked = _kvm_region(part, refused, frozenset(), numbers)
    open_ = _kvm_region(part, warned, frozenset({pages(7, 8)}), {})

    assert (blocked.kind, blocked.number, open_.kind, open_.number) == (REGION, 4, REGION, None)
    assert blocked.outcome != open_.outcome
    assert _kvm_region(part, warned, frozenset({part}), numbers).kind == OVERWRITTEN


def test_regions_with_the_same_reason_are_named_by_number_if_the_table_has_them_all() -> None:
    numbers = {pages(1, 2): 1, pages(3, 4): 2, pages(5, 6): 3}

    assert "regions 1-2" in _likewise([pages(1, 2), pages(3, 4)], numbers)
    assert "0x3000-0x3fff" in _likewise([pages(3, 4), pages(9, 10)], numbers)


# Rows of devices -------------------------------------------------------------------------


def addresses(rows: Sequence[DeviceRow]) -> list[list[str]]:
    return [[str(one.sbdf) for one in line.rows] for line in _lines(rows)]


def test_functions_of_one_device_that_follow_each_other_share_a_line() -> None:
    first, second, third, other = (
        row(f"0000:01:00.{number}", group=group) for number, group in enumerate((5, 3, 4, 6))
    )
    absent = row("0000:01:00.1", absent=True)
    blocked = row("0000:01:00.1", Can.NO)

    assert addresses([first, second, third]) == [["0000:01:00.0", "0000:01:00.1", "0000:01:00.2"]]
    assert [len(line) for line in addresses([first, third, other])] == [1, 2]
    assert [len(line) for line in addresses([first, absent])] == [1, 1]
    assert [len(line) for line in addresses([first, blocked])] == [1, 1]
    assert [len(line) for line in addresses([first, row("0000:02:00.1")])] == [1, 1]
    (line,) = _lines([first, second, third])
    assert _cells(line)[-1] == "3-5"


def test_devices_with_the_same_verdicts_share_a_group_wherever_they_are() -> None:
    rows = [
        row("0000:01:00.0", Can.NO, regions=(1,)),
        row("0000:02:00.0"),
        row("0000:03:00.0", Can.NO, regions=(1,)),
        row("0000:04:00.0", Can.NO, regions=(2,)),
        row("0000:05:00.0", reported=(pages(1, 2),)),
        row("0000:06:00.0", regions=(3,), chipset=True),
    ]

    assert [[one.sbdf.bus for one in alike] for alike in _alike(rows)] == [
        [1, 3],
        [2],
        [4],
        [5],
        [6],
    ]
    assert [sbdf.bus for sbdf in devices_to_explain(rows)] == [1, 3, 4, 5]


def test_the_first_answer_of_a_report_is_the_worst_verdict_with_its_number() -> None:
    inventory = taken(host_of(table(UNIT)))
    blocked = [row(f"0000:0{bus}:00.0", Can.NO) for bus in (1, 2)]
    risky, allowed = row("0000:03:00.0", risk=True), row("0000:04:00.0")
    chipset = row("0000:05:00.0", Can.NO, chipset=True)

    def tile(*rows: DeviceRow) -> tuple[str, bool]:
        (only,) = _device_tiles(inventory, rows)
        return only.sentence, bool(only.more)

    some, more = tile(allowed, risky, *blocked, chipset)
    assert (some.split()[:3], more) == (["2", "of", "4"], True)
    risk, _ = tile(allowed, risky)
    assert risk.split()[:3] == ["1", "of", "2"]
    assert "risk" in risk
    assert not tile(allowed)[1]


@pytest.mark.parametrize(("guests", "left"), [(4, 0), (5, 1), (6, 2)])
def test_the_tile_of_guests_counts_those_that_it_does_not_list(guests: int, left: int) -> None:
    """The tile lists four guests. A further line has the number of the others."""
    one = resolved(domain(), publishing("", "", "6.1.0"))

    (tile,) = _guest_tiles([one] * guests)

    further = [str(line) for line in tile.more[4:] if line is not None]
    assert [str(left) in line for line in further] == [True] * bool(left)
