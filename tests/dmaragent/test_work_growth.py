"""How the work of a layer grows with the host."""

from collections.abc import Callable
from functools import partial

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.agent.changes import changes
from dmaragent.agent.scan import scan
from dmaragent.answers.devices import device_rows
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.policy.layout import RamLayout
from dmaragent.present.html import report_html
from dmaragent.present.json.inventory import inventory_answer
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.resolve import _painted
from dmaragent.question.context import Question, context_of
from dmaragent.readings import Missing
from support.hosts import FakeHost, Function, fake_host
from support.ivrs_tables import ENTRIES, ivhd, ivmd, ivrs
from support.large import large_host, large_snapshot
from support.many_regions import SHAPES, host_of
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
    before = scan(made, None, 0)
    made.links[next(name for name in made.links if name.endswith("/driver"))] = "../pciback"
    after = scan(made, before, 1)
    layers: dict[str, Callable[[], object]] = {
        "collect": partial(collect, made),
        "join": partial(join, snapshot),
        "inventory": partial(take_inventory, joined),
        "check": partial(check, inventory),
        "document": partial(inventory_answer, inventory),
        "text": lambda: list(inventory_text(inventory)),
        "report": partial(report_html, inventory, checked),
        "agent": partial(changes, before, after),
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


def _amd(*regions: bytes) -> FakeHost:
    return fake_host([Function(sbdf="0000:00:02.0")], {"IVRS": ivrs(ivhd(*ENTRIES), *regions)})


_AMD: dict[str, Callable[[int], bytes]] = {
    "AMD, a device each": lambda n: ivmd(0x8000_0000 + (n << 14), 0x1000, device=n),
    "AMD, absent": lambda n: ivmd(0x8000_0000 + (n << 14), 0x1000, device=0x8000 + n),
    "AMD, two devices each": lambda n: ivmd(
        0x8000_0000 + (n << 14), 0x1000, kind=0x22, device=n << 1, auxiliary=(n << 1) + 1
    ),
}
"""The regions of each shape of table, by number."""
_EIGHT_REGIONS = {"long scopes", "long scopes, alike"}


def _host(shape: str, count: int) -> Host:
    """Return a host whose table has `count` regions, or units and regions, of a shape."""
    if shape in _AMD:
        return join(collect(_amd(*map(_AMD[shape], range(count)))))
    return join(collect(host_of(SHAPES[shape](count))))


@pytest.mark.parametrize("shape", sorted({*SHAPES, *_AMD} - _EIGHT_REGIONS))
def test_four_times_the_regions_take_about_four_times_the_calls(shape: str) -> None:
    def layers(regions: int) -> dict[str, int]:
        host = _host(shape, regions)
        asked = context_of(host, Question())
        assert len(asked.inventory.all_regions) in (regions, regions // 2)
        rows = partial(device_rows, asked.inventory, asked.facts, asked.stack)
        return {
            "context": calls(partial(context_of, host, Question())),
            "devices": calls(rows),
            "check": calls(partial(check, asked.inventory)),
        }

    layers(1)  # what is made once is made
    small, large = layers(128), layers(512)
    grown = {name: round(large[name] / small[name], 2) for name in small}

    assert {name: ratio for name, ratio in grown.items() if ratio > 4.5} == {}


def test_the_picture_of_a_guests_memory_takes_each_region_once() -> None:
    ram = RamLayout(lowmem_end=100 << 20, highmem_end=0)
    regions = [AddressRange(page << 12, (page + 1) << 12) for page in range(0, 50_000, 50)]

    assert calls(partial(_painted, ram, regions)) <= 20 * len(regions)


def test_reserved_regions_that_are_the_same_for_every_group_are_read_once() -> None:
    groups = join(collect(large_host(64, 4))).groups

    assert not isinstance(groups, Missing)
    assert len(groups) == 64
    assert len({id(each.regions) for each in groups}) == 1
