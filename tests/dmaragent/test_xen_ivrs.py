"""Xen's list from an IVRS, release by release."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.iommu.model import Access
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivrs_acceptance import predict_ivrs
from dmaragent.xen.hypervisor.ivrs_behaviour import RELEASES
from dmaragent.xen.hypervisor.ivrs_blocks import ivhd_type_of
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdFate
from fwtables import IVRS, decode_as
from support.ivrs_hosts import (
    IOMMU,
    QEMU_ENTRIES,
    UNKNOWN_FUNCTIONS,
    device,
    fates,
    functions_at,
    pages,
    predict,
    qemu,
    read,
)
from support.ivrs_tables import (
    ENTRIES,
    every_device,
    ivhd,
    ivmd,
    ivrs,
)

# The list, as a running Xen 4.17.7 answered: table X1 of the lab
X1 = qemu(
    ivmd(0x90000000, 0x200000, flags=7, device=device("00:1d.0")),
    ivmd(0x90200000, 0x26000, flags=8, device=device("01:00.0")),
    ivmd(0x90300000, 1, flags=8, device=device("02:00.0")),
    ivmd(
        0x90400000,
        0x1000,
        kind=0x22,
        flags=7,
        device=device("01:00.0"),
        auxiliary=device("01:00.7"),
    ),
    ivmd(0x90500000, 0x1000, kind=0x20, flags=7),
    ivmd(0x90600000, 0x1000, flags=3, device=device("00:1a.0")),
    ivmd(0x90800000, 0x1000, flags=7, device=device("04:00.2")),
)


def test_the_list_has_a_region_once_for_each_device_id_in_the_order_of_the_ids() -> None:
    assert pages(predict(X1)) == [
        (0x90500, 1),  # for all devices: once
        (0x90600, 1),
        (0x90000, 0x200),
        (0x90800, 1),  # the alias's, not again for 04:00.2
        (0x90200, 0x26),  # in registers
        *[(0x90400, 1)] * 8,
        (0x90300, 1),  # the second exclusion: a unity map
    ]
    assert predict(X1).entries == 14


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("01:00.0", [(0x90200, 0x26), (0x90500, 1), (0x90400, 1)]),
        ("04:00.2", [(0x90800, 1), (0x90500, 1)]),
        ("00:1e.0", [(0x90800, 1), (0x90500, 1)]),
        ("03:00.0", [(0x90500, 1)]),
        ("00:01.0", []),
        ("00:1a.0", [(0x90600, 1), (0x90500, 1)]),
        ("02:00.0", [(0x90500, 1), (0x90300, 1)]),
        ("05:00.0", []),
        ("0001:01:00.0", []),
    ],
)
def test_the_list_of_a_device_has_its_exclusion_then_its_latest_map_first(
    name: str, expected: list[tuple[int, int]]
) -> None:
    assert pages(predict(X1), name) == expected


def test_a_region_in_registers_is_told_from_a_unity_map() -> None:
    prediction = predict(X1)

    assert [(fate.in_registers, fate.mapped) for fate in prediction.fates] == [
        (False, True),
        (True, False),
        (False, True),
        (False, True),
        (False, True),
        (False, True),
        (False, True),
    ]
    assert set(fates(prediction)) == {IvmdFate.ACCEPTED}


def test_xen_swaps_read_and_write_of_a_unity_map() -> None:
    prediction = predict(X1)  # flags 3: unity, read

    (listed, _) = prediction.ranges_of(SBDF.parse("00:1a.0"))
    assert listed.access == Access.WRITE
    assert words.SWAPPED in prediction.fates[5].notes


IVMD_LINE = "ivmd=90000-901ff=0:1d.0;90200=1:0.0-1:0.7;90300"


def test_the_ranges_of_ivmd_are_listed_as_the_tables_are() -> None:
    prediction = predict(qemu(), command_line=IVMD_LINE)

    assert pages(prediction) == [(0x90300, 1), (0x90000, 0x200), *[(0x90200, 1)] * 8]
    assert pages(prediction, "01:00.0") == [(0x90300, 1), (0x90200, 1)]


def test_an_ivmd_range_of_one_device_switches_amd_vi_off() -> None:
    prediction = predict(qemu(), command_line="ivmd=90000=0:1a.0-0:1a.0")

    assert "00:1a.0" in prediction.iommu_disabled
    assert [fate.fate for fate in prediction.options] == [IvmdFate.REFUSED]


# Releases
@pytest.mark.parametrize("release", ["4.6", "4.13.4", "4.15", "4.15.5"])
def test_before_4_16_the_list_is_empty_and_the_rest_is_not_modelled(release: str) -> None:
    prediction = predict(X1, release)

    assert (prediction.entries, prediction.iommu_disabled, prediction.doubt) == (0, "", "")
    assert set(fates(prediction)) == {IvmdFate.NOT_LISTED}
    assert words.NOT_MODELLED in prediction.notes


@pytest.mark.parametrize("release", ["4.16.0", "4.16.7", "4.17.0", "4.17.3", "4.18.0"])
@pytest.mark.parametrize("fixed", ["4.17.4", "4.17.7", "4.18.1", "4.18.6", "4.19.0", "4.22.0"])
def test_old_releases_take_ram_and_refuse_acpi_memory(release: str, fixed: str) -> None:
    in_ram = qemu(ivmd(0x10000000, 0x1000, flags=7, device=device("01:00.0")))
    in_nvs = qemu(ivmd(0x7F100000, 0x1000, flags=7, device=device("01:00.0")))

    assert fates(predict(in_ram, release)) == [IvmdFate.ACCEPTED]
    assert fates(predict(in_nvs, release)) == [IvmdFate.REFUSED]
    assert fates(predict(in_ram, fixed)) == [IvmdFate.REFUSED]
    assert fates(predict(in_nvs, fixed)) == [IvmdFate.ACCEPTED]


def test_a_range_partly_reserved_is_refused_by_old_releases_for_its_reserved_page() -> None:
    table = qemu(ivmd(0xAFFFF000, 0x2000, flags=7, device=device("01:00.0")))

    assert "0xb0000000" in predict(table, "4.17.3").iommu_disabled
    assert fates(predict(table, "4.17.4")) == [IvmdFate.ACCEPTED]


def test_what_xen_made_reserved_is_reserved_for_the_next_region() -> None:
    table = qemu(
        ivmd(0x90000000, 0x2000, flags=7, device=device("01:00.0")),
        ivmd(0x90001000, 0x2000, flags=7, device=device("02:00.0")),
    )

    assert fates(predict(table, "4.17.3")) == [IvmdFate.DISCARDED, IvmdFate.REFUSED]
    assert fates(predict(table, "4.17.4")) == [IvmdFate.ACCEPTED, IvmdFate.ACCEPTED]


def test_a_page_made_reserved_before_reserved_memory_takes_that_memorys_last_page() -> None:
    """Xen's e820_add_range moves the entry down and keeps its size."""
    table = qemu(
        ivmd(0x90001000, 0x1000, flags=7, device=device("01:00.0")),
        ivmd(0x90000000, 0x2000, flags=7, device=device("02:00.0")),
    )

    assert fates(predict(table, "4.17.3")) == [IvmdFate.ACCEPTED, IvmdFate.ACCEPTED]


@pytest.mark.parametrize(
    ("release", "skips"),
    [
        ("4.16.7", False),
        ("4.17.7", False),
        ("4.18.3", False),
        ("4.18.4", True),
        ("4.19.0", False),
        ("4.19.1", True),
        ("4.20.0", True),
        (None, True),
    ],
)
def test_a_device_without_an_iommu_ends_the_walk_or_is_skipped_by_release(
    release: str | None,
    skips: bool,  # noqa: FBT001 - a parameter of the cases
) -> None:
    table = qemu(ivmd(0x90000000, 0x1000, kind=0x22, flags=7, device=0, auxiliary=0x0FFF))
    assert device("04:1f.7") < 0x0FFF  # beyond every ID: refused by all
    assert fates(predict(table, release)) == [IvmdFate.REFUSED]

    table = qemu(ivmd(0x90000000, 0x1000, kind=0x22, flags=7, device=0, auxiliary=7))
    prediction = predict(table, release)
    assert fates(prediction) == [IvmdFate.ACCEPTED if skips else IvmdFate.REFUSED]
    if skips:
        assert prediction.fates[0].without_iommu == 7
        assert pages(prediction) == [(0x90000, 1)]
    else:
        assert "00:00.1" in prediction.iommu_disabled


def test_a_release_without_its_point_is_in_doubt_where_its_points_differ() -> None:
    table = qemu(ivmd(0x10000000, 0x1000, flags=7, device=device("01:00.0")))
    prediction = predict(table, "4.17")

    assert prediction.doubt
    assert "4.17.4 to the last 4.17" in prediction.doubt
    assert list(prediction.undecided) == [prediction.fates[0].source]


def test_a_release_without_its_point_is_certain_where_its_points_agree() -> None:
    prediction = predict(X1, "4.17")

    assert (prediction.doubt, prediction.entries, dict(prediction.undecided)) == ("", 14, {})


def test_an_unknown_release_is_taken_as_the_newest_and_says_so() -> None:
    assert any("4.22" in note for note in predict(X1, None).notes)


def test_the_steps_of_releases_are_those_at_which_something_changes() -> None:
    assert {str(step) for step in RELEASES.steps if step.point} == {
        "4.16.1",
        "4.17.4",
        "4.18.1",
        "4.18.4",
        "4.19.1",
    }


def test_the_type_of_ivhd_depends_on_the_release_and_on_efr_sup() -> None:
    both = ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), ivhd(*ENTRIES, kind=0x40)
    for info, expected in ((0x203041, [0x10, 0x11, 0x11, 0x11]), (0x203040, [16, 17, 16, 16])):
        table = decode_as(IVRS, ivrs(*both, iv_info=info)).table
        assert isinstance(table, IVRS)
        releases = [*map(Release.parse, ("4.7", "4.15", "4.16.0")), None]
        assert [ivhd_type_of(table, release) for release in releases] == expected
    only_0x40 = decode_as(IVRS, ivrs(ivhd(*ENTRIES, kind=0x40))).table
    assert isinstance(only_0x40, IVRS)
    assert ivhd_type_of(only_0x40, None) is None


# Broad ranges and several exclusions
def test_a_broad_range_is_folded_and_counts_ids_that_no_device_has() -> None:
    five = [
        ivmd(start, 1, kind=0x22, device=0, auxiliary=0x0FFF)
        for start in (0x9618E000, 0x97D9D000, 0x97D9C000, 0x97B98000, 0x97B97000)
    ]
    table = ivrs(ivhd(*ENTRIES, kind=0x11), *five)
    prediction = predict(table, "4.20.0")

    (run,) = prediction.runs
    assert (run.first, run.devices, prediction.entries) == (0x0008, 4088, 20440)
    assert [listed.entry.start_pfn for listed in run.ranges] == [
        0x9618E,
        0x97B97,
        0x97B98,
        0x97D9C,
        0x97D9D,
    ]
    assert [listed.in_registers for listed in run.ranges] == [True, False, False, False, False]
    assert len(list(prediction.listed())) == 20440
    assert prediction.fates[0].without_iommu == 8
    assert "00:00.0" in predict(table, "4.17.7").iommu_disabled


def test_exclusions_that_touch_become_one_range_in_the_registers() -> None:
    table = qemu(
        ivmd(0x90001000, 0x1000, device=device("01:00.0")),
        ivmd(0x90000000, 0x1000, device=device("02:00.0")),
    )
    prediction = predict(table)

    assert pages(prediction) == [(0x90000, 2), (0x90000, 2)]
    (listed,) = prediction.ranges_of(SBDF.parse("01:00.0"))
    assert len(listed.sources) == 2


def test_an_exclusion_for_all_devices_is_listed_once() -> None:
    prediction = predict(qemu(ivmd(0x90000000, 0x1000, kind=0x20)))

    assert pages(prediction) == [(0x90000, 1)]
    assert pages(prediction, "02:00.0") == [(0x90000, 1)]
    assert prediction.fates[0].in_registers


@pytest.mark.parametrize("swapped", [False, True])
def test_a_unity_map_for_all_devices_stays_one_if_a_device_has_the_same(swapped: bool) -> None:  # noqa: FBT001
    every = ivmd(0x90000000, 0x1000, kind=0x20, flags=7)
    one = ivmd(0x90000000, 0x1000, flags=7, device=device("02:00.0"))
    prediction = predict(qemu(*((one, every) if swapped else (every, one))))

    assert pages(prediction) == [(0x90000, 1)]
    assert pages(prediction, "02:00.0") == [(0x90000, 1)]


def test_an_exclusion_for_all_after_one_for_a_device_is_a_unity_map() -> None:
    table = qemu(
        ivmd(0x90000000, 0x1000, device=device("02:00.0")), ivmd(0x90000000, 0x1000, kind=0x20)
    )
    prediction = predict(table)

    assert [fate.mapped for fate in prediction.fates] == [False, True]
    assert pages(prediction) == [(0x90000, 1), (0x90000, 1)]


def test_the_devices_of_one_iommu_have_a_region_of_type_0x23() -> None:
    own = ivmd(0x90000000, 0x1000, kind=0x23, flags=7, device=IOMMU, auxiliary=0x40)
    other = ivmd(0x90000000, 0x1000, kind=0x23, flags=7, device=IOMMU, auxiliary=0x44)

    assert predict(qemu(own)).entries == len(QEMU_ENTRIES) - 2 + 1  # selects, and 00:14.0
    assert fates(predict(qemu(other))) == [IvmdFate.REFUSED]


def test_the_same_region_again_is_no_overlap_and_another_is() -> None:
    own = ivmd(0x90000000, 0x2000, flags=7, device=device("01:00.0"))
    same = qemu(own, own)
    part = qemu(own, ivmd(0x90001000, 0x1000, flags=7, device=device("01:00.0")))
    apart = qemu(own, ivmd(0x90001000, 0x1000, flags=7, device=device("02:00.0")))

    assert pages(predict(same)) == [(0x90000, 2)]
    assert fates(predict(part)) == [IvmdFate.DISCARDED, IvmdFate.REFUSED]
    assert fates(predict(apart)) == [IvmdFate.ACCEPTED, IvmdFate.ACCEPTED]


def test_other_rights_make_the_same_range_an_overlap() -> None:
    table = qemu(
        ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0")),
        ivmd(0x90000000, 0x1000, flags=3, device=device("01:00.0")),
    )

    assert fates(predict(table))[1] is IvmdFate.REFUSED


def test_iommu_off_on_the_command_line_empties_the_list() -> None:
    prediction = predict(X1, command_line="iommu=no")

    assert prediction.iommu_disabled
    assert (prediction.entries, set(fates(prediction))) == (0, {IvmdFate.DISCARDED})


# Functions that are present
def test_a_present_function_without_an_entry_has_what_function_0_has() -> None:
    region = ivmd(0x90000000, 0x1000, flags=7, device=device("02:00.0"))
    topology = functions_at("00:01.0", "02:00.0", "02:00.1")
    prediction = predict(qemu(region), topology=topology)

    assert pages(prediction) == [(0x90000, 1), (0x90000, 1)]
    assert pages(prediction, "02:00.1") == [(0x90000, 1)]
    assert pages(prediction, "02:00.2") == []


def test_an_iommu_that_is_not_present_leaves_the_answer_in_doubt() -> None:
    prediction = predict(
        qemu(ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0"))),
        topology=functions_at("01:00.0"),
    )

    assert "0000:00:01.0" in prediction.doubt


# The captured tables
def test_the_captured_tables_have_the_lists_that_were_worked_out(
    ivrs_corpus: dict[str, bytes],
) -> None:
    listed = {}
    for name, data in ivrs_corpus.items():
        prediction = predict_ivrs(read(data), UNKNOWN_FUNCTIONS, None, Release.parse("4.20.0"))
        assert (prediction.iommu_disabled, prediction.doubt) == ("", ""), name
        if prediction.entries:
            (run,) = prediction.runs
            listed[name.split("-")[1].split(".")[0]] = (
                prediction.entries,
                [(own.entry.start_pfn, own.entry.nr_pages) for own in run.ranges],
            )

    assert listed == {
        "405067A82A69": (1, [(0xC9F42, 38)]),
        "696E48381F84": (1, [(0x7132F, 38)]),
        "F9685D1E4132": (1, [(0xCCD42, 38)]),
        "9249A3556422": (
            20470,
            [(0x9618E, 1), (0x97B97, 1), (0x97B98, 1), (0x97D9C, 1), (0x97D9D, 1)],
        ),
    }


@pytest.mark.slow
def test_a_table_of_every_device_id_is_predicted() -> None:
    prediction = predict(every_device(0x10), "4.20.0")

    assert prediction.iommu_disabled == words.NO_SOUTHBRIDGE_IOAPIC
