"""What Xen makes of rmrr= and iommu= on its command line."""

import pytest

from dmaragent.host.topology import PciTopology
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import iommu_switched_off
from dmaragent.xen.hypervisor.prediction import Acceptance
from dmaragent.xen.hypervisor.rmrr_option import parse_rmrr_option
from support.tables import (
    ENDPOINT,
    rmrr,
)
from support.wording import Worded
from support.xen_tables import (
    GONE,
    OTHER_USB,
    UNKNOWN,
    USB,
    fates_of,
    only_option,
    predicted,
    ranges_of,
)

# 4.4: the command line


def test_a_range_of_the_command_line_is_ahead_of_the_table_s_latest_first() -> None:
    prediction = predicted(
        rmrr(0x1000, 0x1FFF, ENDPOINT), line="rmrr=0x100=00:1a.0;200-20f=00:1d.0 console=vga"
    )

    assert ranges_of(prediction) == [(0x200, 16), (0x100, 1), (1, 1)]
    assert prediction.by_device[USB] == (prediction.entries[0], prediction.entries[2])
    assert prediction.by_device[OTHER_USB] == (prediction.entries[1],)
    assert [each.accepted for each in prediction.options] == [True, True]


@pytest.mark.parametrize(
    ("devices", "parsed"),
    [
        ("1:00:1d.0,00:1a.0", ["0001:00:1d.0", "0001:00:1a.0"]),
        ("00:1d.0,0:00:1a.0", ["0000:00:1d.0", "0000:00:1a.0"]),
        ("0x0:0x00:0x1d.0x1", ["0000:00:1d.1"]),
        ("00:1d.07", ["0000:00:1d.7"]),
    ],
)
def test_a_missing_segment_is_0_or_the_first_device_s(devices: str, parsed: list[str]) -> None:
    (option,) = parse_rmrr_option(f"rmrr=10={devices}", Release(4, 22))

    assert [str(each) for each in option.devices] == parsed
    assert (option.accepted, option.reason) == (True, "")


def test_a_range_of_mixed_segments_is_ignored_and_the_next_is_read() -> None:
    mixed, after = parse_rmrr_option("rmrr=10=0:00:1d.0,1:00:1a.0;20=00:1d.0", Release(4, 22))

    assert (mixed.accepted, after.accepted) == (False, True)
    assert "different segments" in mixed.reason


def test_a_range_without_devices_is_ignored_and_the_next_is_read(worded: Worded) -> None:
    bare, after = parse_rmrr_option("rmrr=10-12;20=00:1d.0", Release(4, 22))

    assert (bare.start_pfn, bare.end_pfn, bare.accepted) == (0x10, 0x12, False)
    worded(bare.reason)
    assert after.accepted


def test_sixteen_pages_are_taken_and_seventeen_end_the_option(worded: Worded) -> None:
    most, over, after = parse_rmrr_option(
        "rmrr=10-1f=00:1d.0;20-30=00:1d.0;40=00:1d.0", Release(4, 22)
    )

    assert [most.accepted, over.accepted, after.accepted] == [True, False, False]
    worded(over.reason, "17", "16")
    assert "20-30=00:1d.0" in after.reason


def test_an_end_before_the_start_ends_the_option() -> None:
    (option,) = parse_rmrr_option("rmrr=20-1f=00:1d.0", Release(4, 22))

    assert (option.accepted, "E2BIG" in option.reason) == (False, True)


def test_ten_ranges_are_taken_over_all_options_of_the_line(worded: Worded) -> None:
    nine = ";".join(f"{number}0=00:1d.0" for number in range(1, 10))
    options = parse_rmrr_option(f"rmrr={nine} rmrr=a0=00:1d.0;b0=00:1d.0", Release(4, 22))

    assert [each.accepted for each in options] == [True] * 10 + [False]
    worded(options[-1].reason, "10")


def test_twenty_devices_are_taken_and_a_twenty_first_ends_the_option(worded: Worded) -> None:
    twenty = ",".join(f"{bus:x}:{device}.0" for device in (1, 2) for bus in range(10))
    whole, _, lost = parse_rmrr_option(f"rmrr=1={twenty};20=00:1d.0", Release(4, 22))
    cut, after = parse_rmrr_option(f"rmrr=1={twenty},a:1.0", Release(4, 22))

    assert (len(whole.devices), whole.reason, lost.accepted) == (20, "", False)
    assert (len(cut.devices), cut.accepted, after.accepted) == (20, True, False)
    worded(cut.reason)


def test_a_word_is_cut_after_127_characters() -> None:
    ranges = ";".join(f"0x{page:x}00=00:1d.0" for page in range(10, 19))
    word = f"rmrr={ranges}"
    options = parse_rmrr_option(f"{word} rmrr=0x2000=00:1d.0", Release(4, 22))

    assert len(word[:127]) < len(word)
    *read, partly, dropped, after = options
    assert [each.accepted for each in read] == [True] * 8
    assert (partly.text, partly.accepted) == ("0x1200=0", False)
    assert (dropped.text, dropped.accepted) == ("0:1d.0", False)
    assert "127 characters" in dropped.reason
    assert after.start_pfn == 0x2000


def test_devices_of_a_range_that_an_error_ended_stay_in_its_place() -> None:
    broken, after, last = parse_rmrr_option(
        "rmrr=10=00:1d.0,zz rmrr=20=00:1a.0 rmrr=30=00:1a.0", Release(4, 22)
    )

    assert (broken.accepted, after.accepted) == (False, True)
    assert [str(each) for each in after.devices] == ["0000:00:1d.0", "0000:00:1a.0"]
    assert [str(each) for each in last.devices] == ["0000:00:1a.0"]


def test_segments_whose_bits_the_first_has_become_the_first() -> None:
    (option,) = parse_rmrr_option("rmrr=10=3:00:1d.0,1:00:1a.0", Release(4, 22))

    assert [str(each) for each in option.devices] == ["0003:00:1d.0", "0003:00:1a.0"]
    assert (option.accepted, "segment 0x3" in option.reason) == (True, True)


@pytest.mark.parametrize(
    "value",
    ["", "z=00:1d.0", "10=", "10=1d.0", "10=00:20.0", "10=00:1d.8", "10=10000:00:1d.0", "10x"],
)
def test_what_is_no_range_is_refused_and_ends_the_option(value: str) -> None:
    first, after = parse_rmrr_option(f"rmrr={value};20=00:1d.0", Release(4, 22))

    assert (first.text, first.accepted, after.accepted) == (value, False, False)


def test_a_range_that_overlaps_is_ignored_and_vtd_stays_on(worded: Worded) -> None:
    prediction = predicted(rmrr(0x10000, 0x10FFF, ENDPOINT), line="rmrr=f-10=00:1d.0;20=00:1d.0")

    assert [each.accepted for each in prediction.options] == [False, True]
    worded(prediction.options[0].reason, "0x10000-0x10fff")
    assert not prediction.iommu_disabled


def test_a_range_that_was_refused_when_it_was_read_stays_refused() -> None:
    prediction = predicted(line="rmrr=10")

    assert (prediction.options, prediction.entries) == (
        parse_rmrr_option("rmrr=10", Release(4, 22)),
        (),
    )


def test_ranges_of_the_command_line_may_not_overlap_each_other() -> None:
    options = predicted(line="rmrr=10-12=00:1d.0;12=00:1d.0").options

    assert [each.accepted for each in options] == [True, False]


def test_xen_compares_with_the_first_byte_of_the_last_page_only() -> None:
    prediction = predicted(rmrr(0x10800, 0x10FFF, ENDPOINT), line="rmrr=10=00:1d.0")

    assert only_option(prediction).accepted


def test_a_range_whose_devices_are_absent_is_ignored(worded: Worded) -> None:
    prediction = predicted(line="rmrr=10=00:1f.5")

    assert (only_option(prediction).accepted, prediction.entries) == (False, ())
    worded(only_option(prediction).reason)


def test_some_releases_do_not_look_whether_devices_of_a_range_answer() -> None:
    prediction = predicted(line="rmrr=10=00:1f.5", release=(4, 20, 1))
    assert (only_option(prediction).accepted, len(prediction.entries)) == (True, 1)

    either = predicted(line="rmrr=10=00:1f.5", release=(4, 20))
    assert not only_option(either).accepted
    assert "4.20.2" in only_option(either).reason


def test_one_present_device_is_enough_for_a_range_and_unknown_ones_are() -> None:
    assert only_option(predicted(line="rmrr=10=00:1f.5,00:1d.0")).accepted
    assert only_option(predicted(line="rmrr=10=00:1f.5", topology=PciTopology(UNKNOWN))).accepted


def test_there_is_no_such_option_before_4_9(worded: Worded) -> None:
    old = predicted(line="rmrr=10=00:1d.0", release=(4, 8))

    worded(only_option(old).reason, "4.8")
    assert old.entries == ()
    assert predicted(line="rmrr=10=00:1d.0", release=(4, 9)).entries


@pytest.mark.parametrize("word", ["0", "off", "no", "verbose,off"])
def test_iommu_off_empties_the_list_and_keeps_the_fates(word: str, worded: Worded) -> None:
    line = f"iommu={word} rmrr=10=00:1d.0"
    prediction = predicted(rmrr(0x1000, 0x1FFF, ENDPOINT), rmrr(0x2000, 0x2FFF, GONE), line=line)

    worded(prediction.iommu_disabled)
    assert fates_of(prediction) == [Acceptance.DISCARDED, Acceptance.IGNORED_ABSENT]
    assert (prediction.entries, prediction.by_device) == ((), {})
    assert not only_option(prediction).accepted


@pytest.mark.parametrize(
    ("line", "switch"),
    [
        ("", ""),
        ("iommu=force,no-intremap", ""),
        ("iommu=0 iommu=on", ""),
        ("iommu=1,0", "iommu=0"),
        ("dom0-iommu=off", ""),
    ],
)
def test_the_last_boolean_of_iommu_counts(line: str, switch: str) -> None:
    assert iommu_switched_off(line, Release(4, 22)) == switch


def test_ranges_are_not_added_to_a_table_that_switched_vtd_off() -> None:
    prediction = predicted(rmrr(0x2000, 0xFFF, ENDPOINT), line="rmrr=10=00:1d.0")

    assert "VT-d is off" in only_option(prediction).reason
    assert prediction.entries == ()
