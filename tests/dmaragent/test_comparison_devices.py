"""Devices that got another address, and what a comparison leaves out or tells beside regions."""

import pytest

from dmaragent.comparison.model import Changed, RegionFate, Side
from dmaragent.inventory import Inventory
from dmaragent.xen.reserved_list.model import ListSource
from support.comparisons import compared, inventory_of
from support.hosts import Function
from support.tables import andd, atsr, rmrr, scope, table

IDS = (0x8086, 0x1521)
USB = scope(1, 0, (0x1D, 0))


def _on_root(bus: int, base: int = 0x7A000000) -> Inventory:
    """Take a host whose one region is of a device on root bus `bus`."""
    data = table(rmrr(base, base + 0xFFF, scope(1, bus, (2, 0))))
    return inventory_of(data, [Function(sbdf=f"0000:{bus:02x}:02.0", ids=IDS)])


def test_an_owner_on_a_root_bus_with_another_number_is_the_same_device() -> None:
    (match,) = compared(_on_root(0x20), _on_root(0x40)).regions

    (owner,) = match.owners
    assert match.fate is RegionFate.SAME
    assert owner.changes == (Changed("address", "0000:20:02.0", "0000:40:02.0"),)


def test_its_region_is_the_same_one_at_another_place() -> None:
    (match,) = compared(_on_root(0x20), _on_root(0x40, base=0x7B000000)).regions

    assert match.fate is RegionFate.MOVED


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (["20:02.0"], ["40:02.0"], [("0000:20:02.0", "0000:40:02.0")]),
        (["20:02.0", "21:02.0"], ["40:02.0", "41:02.0"], []),
        (["20:02.0"], ["20:03.0"], []),
        (["20:02.0", "21:02.0"], ["20:02.0", "41:02.0"], [("0000:21:02.0", "0000:41:02.0")]),
    ],
    ids=["one of its kind", "two alike: not certain", "another slot", "the other stayed"],
)
def test_only_what_is_certain_is_told_as_renumbered(
    before: list[str], after: list[str], moved: list[tuple[str, str]]
) -> None:
    sides = (
        inventory_of(table(), [Function(sbdf=f"0000:{one}", ids=IDS) for one in names])
        for names in (before, after)
    )

    found = compared(*sides).renumbered

    assert [(str(one.a.sbdf), str(one.b.sbdf)) for one in found] == moved


def test_devices_alike_on_several_roots_are_told_apart_by_their_root() -> None:
    def host(first: int) -> Inventory:
        functions = [Function(sbdf="0000:80:00.0", class_code=0x060400, secondary_bus=0x81 + first)]
        functions += [Function(sbdf="0000:00:00.0", class_code=0x060400, secondary_bus=first)]
        ends = [Function(sbdf=f"0000:{bus:02x}:00.0", ids=IDS) for bus in (first, 0x81 + first)]
        return inventory_of(table(), functions + ends)

    found = compared(host(3), host(4)).renumbered

    assert [(str(one.a.sbdf), str(one.b.sbdf)) for one in found] == [
        ("0000:03:00.0", "0000:04:00.0"),
        ("0000:84:00.0", "0000:85:00.0"),
    ]


def test_regions_of_tables_alone_are_matched_by_their_owners_too() -> None:
    a, b = (inventory_of(table(rmrr(base, 0x7A00FFFF, USB))) for base in (0x7A000000, 0x7A008000))

    assert [one.fate for one in compared(a, b).regions] == [RegionFate.RESIZED]


def test_other_structures_are_told_by_the_side_that_has_them() -> None:
    a = inventory_of(table(atsr(flags=1), andd(1, b"\\_SB.A\0")))
    b = inventory_of(table(andd(1, b"\\_SB.A\0"), atsr(flags=1, segment=1)))

    found = compared(a, b)

    assert [(one.side, one.structure.name) for one in found.structures] == [
        (Side.A, "ATSR"),
        (Side.B, "ATSR"),
    ]


def test_a_structure_that_damage_of_the_other_table_may_hide_is_not_certainly_gone() -> None:
    data = table(andd(1, b"\\_SB.A\0"), atsr(flags=1))
    whole, damaged = inventory_of(data), inventory_of(data[:-4])

    for a, b, side in ((whole, damaged, Side.A), (damaged, whole, Side.B)):
        found = [(one.side, one.certain) for one in compared(a, b).structures]
        assert found == [(side, False)]


@pytest.mark.parametrize("told", [False, True], ids=["predicted against told", "both predicted"])
def test_what_xen_lists_is_compared_only_where_both_lists_have_one_source(told: bool) -> None:  # noqa: FBT001 - a case
    a = inventory_of(table(rmrr(0x7A000000, 0x7A00FFFF, USB)), [])
    dropped = a.regions[0]._replace(xen=a.regions[0].xen._replace(listed=False, reason="so"))
    kept = dropped._replace(xen=dropped.xen._replace(listed=True))
    source = ListSource.PREDICTED if told else ListSource.HYPERVISOR
    b = a._replace(
        all_regions=(dropped,),
        xen=a.xen._replace(list=a.xen.list._replace(source=source)),
    )

    found = compared(a._replace(all_regions=(kept,)), b)

    changes = [each for one in found.regions for each in one.changes]
    assert changes == ([Changed("xen", "listed", "not listed: so")] if told else [])
    assert ("xen-list" in [one.what for one in found.not_compared]) is not told
