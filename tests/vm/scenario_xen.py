"""A Xen dom0: the list of reserved device memory, as dmaragent has it, predicts it, publishes it.

Xen's own word is asked by a script beside dmaragent (inside/hypercall.py).  As dmaragent reports
that word where it can be had, its prediction from the table is held against it too.
"""

from collections.abc import Callable
from typing import Any

import pytest

from vm.asking import (
    answer,
    bundle,
    differing,
    inventory_without,
    only_inside,
    replayed,
    without_names,
)
from vm.dom0 import ABSENT_DEVICE, RMRRS, by_option, dom0, ranges, told_by_xen
from vm.machine import Boot, Booted
from vm.suites import Suite
from vm.truth import Truth

WORDS = {"explain": ["01:00.0"], "resolve": ["guest.cfg"]}


@pytest.fixture(scope="module")
def machine(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> Booted:
    """Boot it once."""
    return dom0(boot_xen, suite)


def test_the_table_is_found_under_the_name_that_xen_gives_it(machine: Booted) -> None:
    table = answer(machine, "inventory")["table"]
    assert (table["name"], table["signature"]) == ("RMAD", "RMAD")
    shown = machine.read("rmad")
    assert shown.startswith(b"RMAD")
    assert shown.endswith(b"".join(RMRRS))
    assert sum(shown) & 0xFF == 0


def test_the_list_is_xens(machine: Booted, truth: Truth) -> None:
    only_inside(machine)
    section = truth.section(
        "Xen: its list of reserved device memory",
        """Left, `dmaragent inventory` in dom0, as root. Right, XENMEM_reserved_device_memory_map,
        called by a separate script: all entries in order, then the entries of each PCI
        function.""",
        "asked for",
    )
    told = answer(machine, "inventory")["xen"]
    assert (told["source"], told["devices_source"]) == ("hypervisor", "hypervisor")
    compare(section.row, told, told_by_xen(machine), absent=False)
    section.hold()


def test_the_prediction_is_xens_list(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Xen: its list, predicted",
        """Left, what dmaragent predicts from the table and Xen's command line, by the rules of Xen
        4.17, on a bundle without the hypercall's answers. Right, Xen's list.""",
        "asked for",
    )
    told = inventory_without(bundle(machine), "xen-rdm")["xen"]
    assert (told["source"], told["devices_source"]) == ("predicted", "predicted")
    compare(section.row, told, told_by_xen(machine), absent=True)
    section.hold()


def test_what_the_command_line_adds_is_said_to_come_from_there(machine: Booted) -> None:
    entries = answer(machine, "inventory")["xen"]["entries"]
    added = [each for each in entries if each["origin"] == "rmrr-option"]
    assert sorted(ranges(added)) == sorted(by_option(machine.suite))
    assert all(each["origin"] == "table" for each in entries if each not in added)


def test_the_services_come_up_in_dom0(machine: Booted) -> None:
    only_inside(machine)
    assert machine.text("active").split() == ["active"] * 3


def test_anybody_is_shown_xens_list(machine: Booted) -> None:
    """The capture has it by hypercall, as root; what is published then has it too."""
    only_inside(machine)
    told = answer(machine, "published")["xen"]
    assert told["source"] == "hypervisor"
    assert ranges(told["entries"]) == told_by_xen(machine)["all"]


@pytest.mark.parametrize("verb", ["inventory", "check", "explain", "resolve"])
def test_the_bundle_answers_as_dom0_did(machine: Booted, verb: str) -> None:
    only_inside(machine)
    again = replayed(machine.out / "bundle.tar.xz", verb, *WORDS.get(verb, []))
    assert not differing(answer(machine, verb), again)


@pytest.mark.parametrize("verb", ["inventory", "check", "explain", "resolve"])
def test_the_shells_bundle_answers_as_dom0_did(machine: Booted, verb: str) -> None:
    """But for what says that the list is predicted: a shell makes no hypercall."""
    only_inside(machine)
    shells = replayed(machine.out / "captured.tar.gz", verb, *WORDS.get(verb, []))
    live = answer(machine, verb)
    if verb == "inventory":
        live = inventory_without(machine.out / "bundle.tar.xz", "xen-rdm")
    places = differing(without_names(live), without_names(shells))
    assert {each.partition(":")[0] for each in places} <= PREDICTED.get(verb, set())


PREDICTED = {
    "inventory": {"problems"},
    "explain": {"regions[0].xen.notes", "xen.explanation"},
    "resolve": {"guests[0].list_source"},
}
"""Where an answer says so."""


def compare(
    row: Callable[[str, object, object], None],
    told: dict[str, Any],
    seen: Any,
    *,
    absent: bool,
) -> None:
    """Add a row for the whole list, and one for each device; of the absent one if `absent`."""
    assert told["devices"].keys() <= seen.keys(), "a device that Xen was not asked of"
    row("all", ranges(told["entries"]), seen["all"])
    for name in sorted(seen.keys() - {"all", *(() if absent else [ABSENT_DEVICE])}):
        row(name, ranges(told["devices"].get(name, [])), seen[name])
