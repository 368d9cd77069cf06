"""The short form of inventory: a screen for each recorded machine; the long form has all of it."""

import re
from collections.abc import Iterator

import pytest

from dmaragent.answers.devices import device_rows
from dmaragent.answers.explain import explain
from dmaragent.inventory import Inventory
from dmaragent.passthrough.model import Can
from dmaragent.present.screen import PLAIN, Screen, painted, printed_on
from dmaragent.present.text.devices import devices_text
from dmaragent.present.text.explain import explain_details_text, explain_text
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.inventory_short import _cut, inventory_short_text
from dmaragent.present.words.devices import DeviceList
from dmaragent.present.words.region import owner_name
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.cli import run
from support.inventories import UNIT, XEN, inventory_of
from support.machines import MACHINES, NAMES
from support.tables import rmrr, scope

LINES = 40
WIDTH = 80
_COLORED = Screen(WIDTH, colors=True)


def _words(lines: Iterator[str] | list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _short(inventory: Inventory) -> list[str]:
    return list(inventory_short_text(inventory, "dmaragent inventory --details"))


@pytest.mark.parametrize("name", NAMES)
def test_every_machine_fits_a_screen_and_ends_with_the_next_command(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    done = run(capsys, "inventory", "--host", MACHINES / name)
    lines = done.out.splitlines()

    assert len(lines) <= LINES, done.out
    for line in lines[1:]:
        assert len(line) <= WIDTH or line.startswith(("Details: ", "Next: ")), line
    if lines:
        assert re.match(r"Next: dmaragent (explain \S+|devices) --host ", lines[-1])
        assert lines[-2].endswith("--details")


@pytest.mark.parametrize("name", NAMES)
def test_the_short_form_keeps_regions_assumptions_and_the_reason_without_a_table(name: str) -> None:
    inventory = ask_host(str(MACHINES / name), Question()).inventory
    text = _words(_short(inventory)[:-1]).lower()  # the next command may name any device

    for region in inventory.regions:
        assert f"{region.first:#010x}-{region.last:#010x}" in text
    for note in inventory.xen.list.notes:
        assert note.lower() in text
    if inventory.xen.list.iommu_disabled:
        assert inventory.xen.list.iommu_disabled.lower() in text
    owners = {owner_name(owner) for region in inventory.regions for owner in region.owners}
    left_out = re.search(r"(\d+) more devices?: add --details", text)
    missing = [name for name in owners if name not in text]
    assert len(missing) == (int(left_out[1]) if left_out else 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_long_form_has_each_fact(name: str) -> None:
    inventory = ask_host(str(MACHINES / name), Question()).inventory
    text = _words(inventory_text(inventory))

    for region in inventory.regions:
        head = f"{region.first:#010x}-{region.last:#010x}"
        assert head in text
        assert f"{region.entry.structure} at {region.entry.offset:#x}" in text
        assert region.xen.reason in text
        assert all(owner_name(owner) in text for owner in region.owners)
    for difference in inventory.differences:
        assert difference.explanation in text
    for problem in inventory.host.problems:
        assert problem in text
    if inventory.host.machine.firmware:
        assert inventory.host.machine.firmware in text


def test_a_list_that_is_cut_counts_the_rest_and_names_the_option() -> None:
    regions = [
        rmrr(0x7B000000 + number * 0x1000, 0x7B000FFF + number * 0x1000, scope(1, 0, (0x14, 0)))
        for number in range(40)
    ]

    lines = _short(inventory_of(UNIT, *regions))

    assert [line for line in lines if "28 more regions: add --details" in line]
    assert len(lines) <= LINES


@pytest.mark.parametrize("name", ["hp-dl380e-gen8", "qemu-q35-rmrr", "xen-pv-dom0"])
def test_verdicts_have_colours_on_a_terminal_and_the_same_words_without(name: str) -> None:
    asked = ask_host(str(MACHINES / name), Question())
    rows = device_rows(asked.inventory, asked.facts, asked.stack)
    devices = DeviceList(rows=rows, known=len(rows), chipset=0, absent=0)
    blocked = next(row.sbdf for row in rows if any(v.can is Can.NO for v in row.deciding))
    answer = explain(asked.inventory, asked.facts, asked.stack, blocked)
    narrowed = asked.inventory.of_device(blocked)

    def all_lines() -> Iterator[str]:
        yield from devices_text(asked.inventory, devices, asked.stack)
        yield from explain_text(narrowed, answer, asked.stack)
        yield from explain_details_text(narrowed, answer, asked.stack)

    with printed_on(PLAIN):
        plain = list(map(painted, all_lines()))
    with printed_on(_COLORED):
        colored = list(map(painted, all_lines()))

    assert not any("\x1b" in line for line in plain)
    assert sum("\x1b[31mblocked\x1b[0m" in line for line in colored) >= 2
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in colored] == plain


def test_the_next_device_is_one_that_linux_blocks_and_that_is_in_a_slot() -> None:
    inventory = ask_host(str(MACHINES / "hp-dl380e-gen8"), Question()).inventory

    assert _short(inventory)[-1] == "Next: dmaragent explain 0000:0a:00.0"


def test_the_next_device_is_present_no_bridge_and_has_a_shared_region() -> None:
    """No present device is blocked or in a slot; without one, the next step is the list."""
    bridge, absent = scope(1, 0, (0x1C, 0)), scope(1, 0, (0x19, 0))
    first, second = scope(1, 0, (0x02, 0)), scope(1, 0, (0x14, 0))

    def next_step(*structures: bytes) -> str:
        return _short(inventory_of(UNIT, *structures, files=XEN))[-1].removeprefix(
            "Next: dmaragent "
        )

    own, shared = rmrr(0x7B000000, 0x7B000FFF, first), (0x7B002000, 0x7B002FFF)
    assert next_step(own) == "explain 0000:00:02.0"
    assert next_step(own, rmrr(*shared, second, absent)) == "explain 0000:00:14.0"
    assert next_step(rmrr(*shared, bridge, absent)) == "devices"
    assert next_step(own, rmrr(*shared, bridge, absent)) == "explain 0000:00:02.0"


def test_sentences_are_cut_after_a_few_lines_but_the_first_is_whole() -> None:
    with printed_on(Screen(40)):
        lines = [f"sentence {number}" for number in range(6)]
        assert list(_cut(lines[:4], "remark")) == lines[:4]
        *kept, rest = _cut(lines, "remark")
        long = "word " * 60
        (*whole, more) = _cut([long, "end"], "remark")

    assert kept == lines[:4]
    assert rest.startswith("2 more remarks")
    assert " ".join(whole).split().count("word") == 60
    assert more.startswith("1 more remark")


def test_absent_devices_with_the_same_regions_share_a_line() -> None:
    gone = [scope(1, 0, (number, 0)) for number in (0x18, 0x19, 0x1A)]
    inventory = inventory_of(
        UNIT, rmrr(0x7B000000, 0x7B000FFF, *gone[:2]), rmrr(0x7B002000, 0x7B002FFF, gone[2])
    )

    numbers = ("18", "19", "1a")
    lines = [[number for number in numbers if f"00:{number}" in line] for line in _short(inventory)]

    assert [found for found in lines if found] == [["18", "19"], ["1a"]]
