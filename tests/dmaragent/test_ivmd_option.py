"""Xen's ``ivmd=`` option on one host: what a check finds, and what is written."""

import re

import pytest

from dmaragent.addresses import SBDF
from dmaragent.boot_option.ivmd_model import IvmdEffect, WrittenIvmd
from dmaragent.boot_option.ivmd_option import check_ivmd, write_ivmd
from dmaragent.boot_option.ivmd_writer import one_word, words_of
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.request import RequestError, read_wanted_ivmd
from dmaragent.boot_option.table_regions import gives
from dmaragent.host.topology import PciTopology
from dmaragent.host.xen import RdmEntry
from dmaragent.readings import Missing, MissingKind
from dmaragent.xen.hypervisor.ivmd_ranges import parse_ivmd_option
from support.ivmd_hosts import amd_host, option_host, with_xen
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ivmd


def written(on: OptionHost, *regions: str) -> WrittenIvmd:
    return write_ivmd(on, [read_wanted_ivmd(text) for text in regions])


def effects(on: OptionHost, text: str) -> list[IvmdEffect]:
    return [judged.effect for judged in check_ivmd(on, text).ranges]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ivmd=0x91000=1:0.0", [IvmdEffect.ACCEPTED]),
        ("ivmd=0x91000=1:0.0-1:0.7;0x92000", [IvmdEffect.ACCEPTED] * 2),
        ("0x91000=1:0.0", [IvmdEffect.ACCEPTED]),
        ("ivmd=0x91000=1:0.0;x", [IvmdEffect.ACCEPTED, IvmdEffect.NOT_READ]),
        ("ivmd=0x91000=9:0.0", [IvmdEffect.SWITCHES_OFF]),
        ("ivmd=0x90001=0:1d.0", [IvmdEffect.SWITCHES_OFF]),
        ("ivmd=0x1000=1:0.0", [IvmdEffect.SWITCHES_OFF]),
        ("ivmd=0x91000=1:0.0-1:0.0", [IvmdEffect.SWITCHES_OFF]),
        ("ivmd=0x91000=1:0.0;0x1000=1:0.0", [IvmdEffect.NO_EFFECT, IvmdEffect.SWITCHES_OFF]),
    ],
)
def test_each_range_has_its_effect(text: str, expected: list[IvmdEffect]) -> None:
    assert effects(option_host(), text) == expected


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("ivmd=0x91000=1:0.0-1:0.0", IvmdEffect.SWITCHES_OFF),
        ("ivmd=0x91000=1:0.1-1:0.0", IvmdEffect.NOT_READ),
        ("ivmd=0x91000=1:0.0-1:0.1", IvmdEffect.UNKNOWN),
        ("ivmd=0x91000=1:0.0", IvmdEffect.UNKNOWN),
        ("ivmd=0x91000", IvmdEffect.UNKNOWN),
    ],
)
def test_without_the_table_only_what_xen_refuses_on_every_host_is_known(
    text: str, effect: IvmdEffect
) -> None:
    host = amd_host()
    missing = host.tables[0]._replace(content=Missing(MissingKind.DENIED, "Permission denied"))
    on = option_host(host._replace(tables=(missing,)))

    assert (on.ivrs, on.intel) == (None, False)
    assert effects(on, text) == [effect]


def test_a_device_without_an_iommu_costs_the_host_its_iommu_until_it_is_ignored() -> None:
    text = "ivmd=0x91000=0:2.0"

    assert effects(option_host(release="4.19.0"), text) == [IvmdEffect.SWITCHES_OFF]
    assert effects(option_host(release="4.19.1"), text) == [IvmdEffect.NO_EFFECT]
    assert effects(option_host(release="4.19"), text) == [IvmdEffect.UNKNOWN]


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("ivmd=0x91000=1:0.0;0x1000=1:0.0", True),
        ("ivmd=0x91000=1:0.0", False),
        ("ivmd=x", False),
    ],
)
def test_one_range_is_enough_to_switch_the_iommu_off(text: str, *, off: bool) -> None:
    assert check_ivmd(option_host(), text).switches_off is off


@pytest.mark.parametrize(
    ("devices", "count"),
    [("1:0.0", 0), ("9:0.0", 1), ("1:0.0-1:0.7", 0), ("1:0.0-1:0.0", 1), ("9:0.0-9:0.7", 0)],
)
def test_a_device_that_is_absent_and_a_range_of_one_have_advice(devices: str, count: int) -> None:
    (judged,) = check_ivmd(option_host(), f"ivmd=0x91000={devices}").ranges
    assert len(judged.advice) == count


def test_without_the_functions_no_device_is_absent() -> None:
    unknown = PciTopology(Missing(MissingKind.NOT_COLLECTED))
    on = option_host(amd_host()._replace(topology=unknown))

    (judged,) = check_ivmd(on, "ivmd=0x91000=9:0.0").ranges
    assert judged.advice == ()


@pytest.mark.parametrize(("region", "more"), [("0x91000-0x91fff", 0), ("0x91000-0x91001", 1)])
def test_addresses_that_look_like_page_numbers_have_a_note(region: str, more: int) -> None:
    """A region that ends within a page has a note on that too, if it is written."""
    notes = len(written(option_host(), "0x92000-0x92fff=01:00.0").notes)

    option = written(option_host(), f"{region}=01:00.0")
    assert not option.written  # it is RAM
    assert len(option.notes) == notes + more


def test_the_table_gives_a_range_to_devices_that_are_absent_too() -> None:
    block = ivmd(0x9A000000, 0x1000, kind=0x22, device=0x0100, auxiliary=0x01FF, flags=7)
    (region,) = option_host(amd_host(qemu(block))).inventory.regions

    inside, absent, beside = (SBDF.parse(name) for name in ("01:00.0", "01:1f.7", "02:00.0"))
    assert gives(region, [inside, absent])
    assert not gives(region, [inside, beside])


def test_before_4_16_nothing_is_read() -> None:
    checked = check_ivmd(option_host(release="4.15.5"), "ivmd=0x91000=1:0.0")

    assert [judged.effect for judged in checked.ranges] == [IvmdEffect.NOT_READ]
    assert not written(option_host(release="4.15.5"), "0x91000000+4K=01:00.0").words


def test_without_a_memory_map_the_effect_is_unknown() -> None:
    on = option_host(amd_host(memory=False))

    assert effects(on, "ivmd=0x91000=1:0.0") == [IvmdEffect.UNKNOWN]
    assert check_ivmd(on, "ivmd=0x91000=1:0.0").taken is None


def test_xen_checks_the_memory_of_a_range_before_it_looks_for_an_iommu() -> None:
    without_iommu = "ivmd=0x91000=0:2.0"
    unmapped = option_host(amd_host(memory=False), release="4.20")

    assert effects(unmapped, without_iommu) == [IvmdEffect.UNKNOWN]
    assert effects(option_host(release="4.20"), without_iommu) == [IvmdEffect.NO_EFFECT]
    assert effects(option_host(release="4.20"), "ivmd=0x1000=0:2.0") == [IvmdEffect.SWITCHES_OFF]


def test_addresses_in_bytes_are_a_mistake_with_the_pages_that_were_meant() -> None:
    checked = check_ivmd(option_host(), "ivmd=0x91000000-0x91000fff=1:0.0")

    assert checked.mistaken
    assert "0x91000=1:0.0" in checked.ranges[0].advice[0]


def test_the_running_xens_list_decides_about_its_own_command_line() -> None:
    line = "ivmd=0x91000=1:0.0;0x92000=1:0.0"
    host = with_xen(amd_host(), line, listed=(RdmEntry(0x91000, 1), RdmEntry(0x90000, 2)))

    checked = check_ivmd(option_host(host), None)

    assert [judged.effect for judged in checked.ranges] == [
        IvmdEffect.ACCEPTED,
        IvmdEffect.NO_EFFECT,
    ]


@pytest.mark.parametrize("listed", [True, False])
def test_the_running_xens_list_decides_if_a_prediction_needs_the_memory_map(
    *, listed: bool
) -> None:
    entries = (RdmEntry(0x91000, 1),) if listed else (RdmEntry(0x90000, 2),)
    host = with_xen(amd_host(memory=False), "ivmd=0x91000=1:0.0", listed=entries)

    (judged,) = check_ivmd(option_host(host), None).ranges
    assert judged.effect is (IvmdEffect.ACCEPTED if listed else IvmdEffect.NO_EFFECT)


@pytest.mark.parametrize(("length", "whole"), [(127, True), (128, False)])
def test_xen_reads_127_characters_of_several_ranges_in_a_word(length: int, *, whole: bool) -> None:
    words = ("ivmd=0x91000", "ivmd=" + "0x92000".rjust(length - len("ivmd=0x91000;"), "0"))

    assert (one_word(words) is not None) is whole


# Writing


def test_regions_become_words_in_pages_one_for_each() -> None:
    option = written(
        option_host(), "0x91000000-0x91001fff=00:1d.0,01:00.0-01:00.7", "0x92000000+4K"
    )

    assert option.words == ("ivmd=0x91000-0x91001=00:1d.0,01:00.0-01:00.7", "ivmd=0x92000")
    assert (option.used, option.present, option.refused) == (3, 0, ())


def test_what_is_written_is_what_xen_reads_back() -> None:
    option = written(option_host(), "0x91000000+8K=00:1d.0,01:00.0-01:00.7", "0x92000000+4K")

    checked = check_ivmd(option_host(), " ".join(option.words))
    assert [judged.effect for judged in checked.ranges] == [IvmdEffect.ACCEPTED] * 3


@pytest.mark.parametrize(
    "region",
    [
        "0x1000000+4K=01:00.0",  # RAM
        "0x90001000+8K=00:1d.0",  # overlaps the table's unity map in part
        "0x90000000+8K=00:1d.0",  # the table has it
        "0x90010000+4K=01:00.0",  # the table excludes it
        "0x91000000+4K=09:00.0",  # no IOMMU
        "0x91000000+4K=0001:01:00.0",
        "0x91000000+4K=01:00.0-0001:01:00.7",
        "0x91000000+4K=01:00.7-01:00.0",
        "0x91000000+4K=" + ",".join(f"01:00.{n % 8}" for n in range(9)),
    ],
)
def test_what_xen_would_refuse_is_not_written_beside_what_it_accepts(region: str) -> None:
    option = written(option_host(), region, "0x92000000+4K=02:00.0")

    assert option.words == ("ivmd=0x92000=02:00.0",)
    (refused,) = option.refused
    assert refused.wanted == read_wanted_ivmd(region)
    assert refused.reason


def test_two_regions_that_overlap_cannot_both_be_written() -> None:
    option = written(option_host(), "0x91000000+8K=01:00.0", "0x91001000+8K=01:00.0")

    assert option.words == ("ivmd=0x91000-0x91001=01:00.0",)
    assert len(option.refused) == 1


def test_what_is_on_the_command_line_already_counts() -> None:
    line = "ivmd=" + ";".join(f"0x9200{n}=1:0.{n}" for n in range(7))
    on = option_host(with_xen(amd_host(), line))

    option = written(on, "0x91000000+4K=01:00.0", "0x93000000+4K=01:00.0")

    assert (option.present, option.used, len(option.refused)) == (7, 1, 1)


def test_regions_share_xens_eight_places() -> None:
    five = ",".join(f"01:00.{number}" for number in range(5))

    option = written(option_host(), f"0x91000000+4K={five}", f"0x92000000+4K={five}")
    assert (option.words, option.used) == ((f"ivmd=0x91000={five}",), 5)
    (refused,) = option.refused
    assert {"5", "3", "8"} <= set(re.findall(r"\d+", refused.reason))


def test_a_host_whose_iommu_is_off_gets_no_option() -> None:
    broken = qemu(ivmd(0x90000000, 0x1000, flags=0, device=device("00:1d.0")))

    assert not written(option_host(amd_host(broken)), "0x91000000+4K=01:00.0").words
    assert not written(option_host(with_xen(amd_host(), "iommu=off")), "0x91000000+4K").words


def test_many_ranges_of_devices_need_two_words() -> None:
    spans = ",".join(f"0{n}:00.0-0{n}:1f.7" for n in range(1, 9))

    words = words_of(read_wanted_ivmd(f"0x91000000+1M={spans}"))

    read = parse_ivmd_option(" ".join(words), None)
    assert (len(words), max(map(len, words)) <= 127) == (2, True)
    assert [own.ivmd.device_id >> 8 for own in read if own.ivmd] == list(range(1, 9))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("0x91000000+4Kx", 14),
        ("0x91000000", 11),
        ("0x91000000+4K=01:00", 15),
        ("0x91000000+4K=01:00.0-", 23),
        ("0x91000000+4K=01:00.0,zz", 23),
        ("91000000+4K", 1),
    ],
)
def test_a_region_that_cannot_be_read_has_a_place(text: str, position: int) -> None:
    with pytest.raises(RequestError) as raised:
        read_wanted_ivmd(text)

    assert raised.value.position == position


def test_a_number_without_0x_is_a_warning_as_0x_changes_nothing() -> None:
    plain, hexadecimal = (
        check_ivmd(option_host(), f"ivmd={number}=1:0.0").ranges[0]
        for number in ("91000", "0x91000")
    )

    assert plain.effect is hexadecimal.effect
    assert (len(plain.warnings), len(hexadecimal.warnings)) == (1, 0)
    assert plain.advice == hexadecimal.advice
