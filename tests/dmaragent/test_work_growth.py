"""How the work of a layer grows with the host."""

from collections.abc import Callable
from functools import partial

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.policy.layout import RamLayout
from dmaragent.present.html import report_html
from dmaragent.present.json.inventory import inventory_answer
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.resolve import _painted
from dmaragent.readings import Missing
from support.large import large_host, large_snapshot
from support.work import calls

pytestmark = pytest.mark.slow  # hosts of thousands of functions


def _inventory(functions: int) -> Inventory:
    return take_inventory(join(large_snapshot(functions, 50)))


def _layers(functions: int) -> dict[str, int]:
    """Count the calls of each layer, for a host with a region for each eight functions.

    The larger host has more devices behind bridges, so that its numbers are not quite fourfold.
    """
    made = large_host(functions, functions // 8)
    snapshot = collect(made)
    joined = join(snapshot)
    inventory = take_inventory(joined)
    checked = check(inventory)
    layers: dict[str, Callable[[], object]] = {
        "collect": partial(collect, made),
        "join": partial(join, snapshot),
        "inventory": partial(take_inventory, joined),
        "check": partial(check, inventory),
        "document": partial(inventory_answer, inventory),
        "text": lambda: list(inventory_text(inventory)),
        "report": partial(report_html, inventory, checked),
    }
    return {name: calls(work) for name, work in layers.items()}


def test_a_host_four_times_as_large_takes_about_four_times_the_calls() -> None:
    small, large = _layers(512), _layers(2048)

    grown = {name: round(large[name] / small[name], 2) for name in small}

    assert {name: ratio for name, ratio in grown.items() if ratio > 5} == {}


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
