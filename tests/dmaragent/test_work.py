"""How the work of a layer grows with the host."""

from functools import partial

from dmaragent.addresses import AddressRange
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.policy.layout import RamLayout
from dmaragent.present.resolve_text import _painted
from dmaragent.snapshot import Missing
from support.large import large_host, large_snapshot
from support.work import calls


def _inventory(functions: int) -> Inventory:
    return take_inventory(join(large_snapshot(functions, 50)))


def test_a_function_that_no_structure_names_costs_the_rules_next_to_nothing() -> None:
    small, large = _inventory(2048), _inventory(4096)
    check(small)  # what is made once is made

    more = calls(partial(check, large)) - calls(partial(check, small))

    assert more <= 4 * 2048


def test_the_picture_of_a_guests_memory_takes_each_region_once() -> None:
    ram = RamLayout(lowmem_end=100 << 20, highmem_end=0)
    regions = [AddressRange(page << 12, (page + 1) << 12) for page in range(0, 50_000, 50)]

    assert calls(partial(_painted, ram, regions)) <= 20 * len(regions)


def test_reserved_regions_that_are_the_same_for_every_group_are_read_once() -> None:
    groups = join(collect(large_host(64, 4))).groups

    assert not isinstance(groups, Missing)
    assert len(groups) == 64
    assert len({id(each.regions) for each in groups}) == 1
