"""The short form of inventory: a screen for each recorded machine; the long form has all of it."""

import re
from collections.abc import Iterator

import pytest

from dmaragent.addresses import SBDF
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
from support.checked import host_of, taken
from support.cli import run
from support.inventories import UNIT, XEN, inventory_of
from support.machines import MACHINES, NAMES
from support.tables import rmrr, scope, table

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


def test_the_next_device_is_the_one_that_linux_locks_in_a_region_of_several() -> None:
    """Linux relaxes the region for the display device, whose address is lower."""
    display, network = scope(1, 0, (0x02, 0)), scope(1, 1, (0, 0))
    inventory = inventory_of(UNIT, rmrr(0x7B000000, 0x7B000FFF, display, network))

    assert _short(inventory)[-1] == "Next: dmaragent explain 0000:01:00.0"


def test_the_next_device_is_the_one_with_most_regions_else_the_first() -> None:
    display, usb = scope(1, 0, (0x02, 0)), scope(1, 0, (0x14, 0))

    def next_device(*scopes: bytes) -> str:
        regions = [rmrr(at << 20, (at << 20) + 0xFFF, own) for at, own in enumerate(scopes, 0x7B0)]
        return _short(inventory_of(UNIT, *regions, files=XEN))[-1].rpartition(" ")[2]

    assert next_device(display, usb, usb) == "0000:00:14.0"
    assert next_device(usb, display) == "0000:00:02.0"


def test_one_shared_region_of_a_device_is_enough_to_be_next() -> None:
    display, usb, gone = (scope(1, 0, (number, 0)) for number in (0x02, 0x14, 0x19))
    regions = [
        rmrr(0x7B000000, 0x7B000FFF, display),
        rmrr(0x7B002000, 0x7B002FFF, display),
        rmrr(0x7B004000, 0x7B004FFF, display),
        rmrr(0x7B006000, 0x7B006FFF, usb),
        rmrr(0x7B008000, 0x7B008FFF, usb, gone),
    ]

    assert _short(inventory_of(UNIT, *regions, files=XEN))[-1].endswith(" 0000:00:14.0")


def test_the_next_command_of_one_device_is_about_that_device() -> None:
    display, network = scope(1, 0, (0x02, 0)), scope(1, 1, (0, 0))
    whole = inventory_of(UNIT, rmrr(0x7B000000, 0x7B000FFF, display, network))

    assert _short(whole.of_device(SBDF(0, 0, 2, 0)))[-1].endswith(" explain 0000:00:02.0")


def test_a_region_of_another_segment_has_its_segment_beside_those_of_the_first() -> None:
    display = scope(1, 0, (0x02, 0))
    first, other = (
        rmrr(0x7B000000 + segment * 0x2000, 0x7B000FFF + segment * 0x2000, display, segment=segment)
        for segment in (0, 1)
    )

    def segments(*regions: bytes) -> list[str]:
        heads = [line.split() for line in _short(inventory_of(UNIT, *regions))]
        rows = [row for row in heads if any(part.startswith("0x7b00") for part in row[1:2])]
        return [row[4] for row in rows]

    assert segments(first, other) == ["0000", "0001"]
    assert "0000" not in segments(first)


def test_a_table_alone_has_the_number_of_devices_of_its_regions() -> None:
    scopes = [scope(1, 0, (number, 0)) for number in (2, 0x14, 0x19)]
    alone = taken(host_of(table(UNIT, rmrr(0x7B000000, 0x7B000FFF, *scopes)), None))

    (head,) = [line.split() for line in _short(alone) if line.startswith("  #")]
    (row,) = [line.split() for line in _short(alone) if line.startswith("  1")]

    assert "Devices" in head
    assert row[:5] == ["1", "0x7b000000-0x7b000fff", "4", "KiB", "3"]


def test_a_device_of_unknown_presence_is_not_listed_as_absent() -> None:
    alone = taken(host_of(table(UNIT, rmrr(0x7B000000, 0x7B000FFF, scope(1, 0, (0x19, 0)))), None))

    first = next(line for line in _short(alone) if "00:19.0" in line)

    assert first.split()[0] == "0000:00:19.0"


def test_a_region_that_names_a_device_twice_is_one_of_its_regions() -> None:
    twice = scope(1, 0, (0x02, 0))
    inventory = inventory_of(UNIT, rmrr(0x7B000000, 0x7B000FFF, twice, twice))

    for lines in (_short(inventory), inventory_text(inventory)):
        (row,) = [line for line in lines if line.startswith("  0000:00:02.0")]
        assert row.split()[-1] == "1"


def test_a_remark_on_a_region_whose_row_is_left_out_is_shown() -> None:
    """The last of 13 regions has no whole page, so Xen and Linux treat it in another way."""
    own = scope(1, 0, (0x14, 0))
    regions = [rmrr(0x7B000000 + n * 0x1000, 0x7B000FFF + n * 0x1000, own) for n in range(12)]

    lines = _short(inventory_of(UNIT, *regions, rmrr(0x7B010000, 0x7B00FFFF, own)))

    assert any(line.lstrip().startswith("Region 13: ") for line in lines)


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
