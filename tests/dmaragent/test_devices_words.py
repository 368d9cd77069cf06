"""The words of ``dmaragent devices``: what is listed, counted, cut and left out."""

from dataclasses import replace

from dmaragent.addresses import SBDF
from dmaragent.answers.devices import Verdict
from dmaragent.host.topology import PciFunction
from dmaragent.passthrough.model import Can
from dmaragent.present.text.devices import _short, _worst
from dmaragent.present.words.devices import (
    CSV_HEAD,
    DeviceList,
    _unknown_verdicts,
    csv_cells,
    device_list,
    what_it_is,
)
from support.device_rows import device_row


def test_what_is_left_out_of_a_list_is_counted() -> None:
    every = [
        device_row("0000:00:00.0", chipset=True),
        device_row("0000:00:01.0", chipset=True),
        device_row("0000:01:00.0"),
        device_row("0000:02:00.0", absent=True),
    ]

    def counts(listed: DeviceList) -> tuple[int, int, int, int]:
        return len(listed.rows), listed.known, listed.chipset, listed.absent

    assert counts(device_list(every)) == (1, 1, 2, 1)
    assert counts(device_list(every, chipset=True)) == (3, 1, 0, 1)
    assert counts(device_list(every, absent=True)) == (2, 1, 2, 0)
    assert counts(device_list(every, every[1:3])) == (1, 1, 1, 0)
    assert counts(device_list(every, [])) == (0, 1, 0, 0)


def test_a_cell_of_csv_without_a_known_value_is_empty() -> None:
    row = device_row("0000:01:00.0", Can.CONDITIONS, regions=(1, 2, 4), group=0)
    assert row.function is not None
    named = dict(zip(CSV_HEAD, csv_cells(row), strict=True))
    unknown = row.function._replace(interface_known=False, vendor_id=None, driver=None)
    without = replace(row, function=unknown, group=None, regions=(), regions_known=False)
    lost = dict(zip(CSV_HEAD, csv_cells(without), strict=True))
    risky = replace(row, linux=Verdict(Can.CONDITIONS, risk=True), function=None)

    assert (named["class_code"], named["vendor_id"], named["driver"]) == (
        "020000",
        "8086",
        "e1000e",
    )
    assert (named["regions"], named["iommu_group"], named["linux"]) == ("1-2 4", "0", "allowed-if")
    assert (lost["class_code"], lost["vendor_id"], lost["driver"]) == ("", "", "")
    assert (lost["regions"], lost["iommu_group"]) == ("unknown", "")
    assert lost["class"] == named["class"] != ""
    assert csv_cells(risky)[CSV_HEAD.index("linux")] == "allowed-with-risk"
    assert csv_cells(risky)[1:8] == ("",) * 7


def test_a_class_is_cut_only_after_the_name() -> None:
    function = PciFunction(SBDF(0, 1, 0, 0), 0x020000, 0x8086, 0x10D3, None, device_name="82574L")
    row = device_row("0000:01:00.0", function=function)
    whole = what_it_is(row)

    assert whole == "Ethernet 8086:10d3 82574L"
    assert what_it_is(row, len(whole)) == whole
    assert what_it_is(row, len(whole) - 1) == "Ethernet 8086:10d3"
    assert what_it_is(row, 17) == "Ethern\N{HORIZONTAL ELLIPSIS} 8086:10d3"
    long = replace(row, function=function._replace(device_name="a very long name"))
    assert what_it_is(long, 27) == "Ethernet 8086:10d3 a very\N{HORIZONTAL ELLIPSIS}"


def test_the_most_common_reasons_for_an_unknown_verdict_come_first() -> None:
    numbers = {"one": 1, "two": 2, "three": 3, "four.": 4, "five": 5}
    rows = [
        device_row(f"0000:0{bus}:00.0", unknown=(reason,))
        for reason, number in numbers.items()
        for bus in range(number)
    ]
    *reasons, rest = _unknown_verdicts(rows)

    assert [line.split()[2:] for line in reasons] == [
        ["5", "devices:", "five."],
        ["4", "devices:", "four."],
        ["3", "devices:", "three."],
    ]
    assert rest.startswith("2 ")
    assert len(list(_unknown_verdicts(rows[3:]))) == 3


def test_the_next_device_is_the_worst_one_and_of_those_the_one_in_a_slot() -> None:
    allowed, risky = device_row("0000:01:00.0"), device_row("0000:02:00.0", risk=True)
    blocked = device_row("0000:03:00.0", Can.NO)
    conditional = device_row("0000:05:00.0", Can.CONDITIONS)
    assert blocked.function is not None
    in_slot = replace(blocked, sbdf=SBDF(0, 4, 0, 0), function=blocked.function._replace(slot="2"))

    assert _worst([allowed, risky]) is risky
    assert _worst([allowed, conditional, blocked, in_slot]) is in_slot
    assert _worst([conditional, risky]) is conditional
    assert _worst([blocked, replace(blocked, sbdf=SBDF(0, 6, 0, 0))]) is blocked
    # on a host whose side is unknown, the verdict of either counts
    either = replace(allowed, decides=("xen", "linux"), xen=Verdict(Can.NO))
    assert _worst([conditional, either]) is either


def test_a_segment_is_left_out_only_if_no_device_has_one() -> None:
    rows = [device_row("0000:01:00.0"), device_row("0001:01:00.0")]

    assert _short(rows[0].sbdf, rows[:1]) == "01:00.0"
    assert _short(rows[0].sbdf, rows) == "0000:01:00.0"
