"""The spellings of a PCI function that people copy from other programs."""

import re

import pytest

from dmaragent.addresses import SBDF
from dmaragent.commands.shared.hosts import _same_address_words
from dmaragent.host.device_names import DeviceName, parse_device_name
from support.wording import Worded


@pytest.mark.parametrize(
    "text",
    [
        "0000:0a:00.0",
        "0a:00.0",
        "0000:0A:00.0 ",
        "00000000:0A:00.0",
        "pci_0000_0a_00_0",
        "dom0:0a_00.0",
        "0000_0a_00_0",
        "0a_00.0",
        "0a_00_0",
        "0000-0a-00-0",
        "/sys/bus/pci/devices/0000:0a:00.0",
        "/sys/devices/pci0000:00/0000:00:01.0/0000:0a:00.0/",
        "pci@0000:0a:00.0",
        "pci/0000:0a:00.0",
        "pci:0000:0a:00.0",
        "pci-0000:0a:00.0",
        "0x0000:0x0a:0x00.0x0",
        "<address domain='0x0000' bus='0x0a' slot='0x00' function='0x0'/>",
        "<address type='pci' domain='0' bus='10' slot='0' function='0'/>",
        "<address type='pci' domain='00' bus='010' slot='00' function='0'/>",
        "0a:00:0",
        "0000.0a.00.0",
        "0000:0a:00.00",
        "0000:0a:00.0:",
        "vfio-pci,host=0a:00.0",
        "hostpci0: 0000:0a:00.0,pcie=1",
        "0a:00.0,rdm_policy=relaxed",
        "0a:00.0 RAID bus controller [0104]: Hewlett-Packard Company [103c:323b] (rev 01)",
        "0000:0a:00.0 0104: 103c:323b",
    ],
)
def test_spellings_of_one_function_are_one_address(text: str) -> None:
    name = parse_device_name(text)

    assert name.sbdf == SBDF(0, 0x0A, 0, 0)
    assert name.decimal == ""


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("PCI:10:0:0", "Xorg"),
        ("pci:10@0:0:0", "Xorg"),
        ("pci0:10:0:0", "FreeBSD"),
        ("nvme0@pci0:10:0:0:", "FreeBSD"),
        ("PCI bus 10, device 0, function 0", "Windows"),
    ],
)
def test_decimal_notations_are_converted_and_named(text: str, program: str) -> None:
    name = parse_device_name(text)

    assert name.sbdf == SBDF(0, 0x0A, 0, 0)
    assert name.decimal == program


def test_xorg_writes_the_segment_after_the_bus() -> None:
    assert parse_device_name("PCI:10@2:3:1").sbdf == SBDF(2, 0x0A, 3, 1)


@pytest.mark.parametrize("text", ["0000:0a:00", "0a:00", "0a:00.", "0a:00.*", "0a:00:", "0a_00"])
def test_a_function_that_is_left_out_is_missing_and_not_guessed(text: str) -> None:
    name = parse_device_name(text)
    functions = [SBDF(0, 0x0A, 0, 1), SBDF(0, 0x0A, 0, 0), SBDF(0, 0x0B, 0, 0), SBDF(1, 0x0A, 0, 0)]

    assert name.sbdf is None
    assert name.functions_among(functions) == (SBDF(0, 0x0A, 0, 0), SBDF(0, 0x0A, 0, 1))


def test_a_segment_of_five_digits_is_kept() -> None:
    assert str(parse_device_name("10000:e1:00.0").sbdf) == "10000:e1:00.0"
    assert str(parse_device_name("pci_10000_e1_00_0").sbdf) == "10000:e1:00.0"
    assert parse_device_name("10000:e1:00").place == "10000:e1:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zz",
        "1d.0",
        "10:0:0",
        "0a:00:00",
        "00000:010:00.0",
        "0a:00.8",
        "0a:20.0",
        "100:00.0",
        "pci:0:10:0:0",
        "0a:00.0 0b:00.0",
        "0a:00.0;0b:00.0",
        "0000:0a:00.0.",
        "<address bus='0x0a'/>",
        "<address bus='1' slot='0' function='0'/></source><address bus='0' slot='6' function='0'/>",
        "a" * 10_000,
        "\u0661\u0662:00.0",
    ],
)
def test_what_is_ambiguous_or_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_device_name(text)


def test_digits_that_are_alike_in_both_notations_are_no_question() -> None:
    assert parse_device_name("3:0:0").sbdf == SBDF(0, 3, 0, 0)


@pytest.mark.parametrize("text", ["103c:323b", "[103c:323b]", "8086:1234"])
def test_a_vendor_and_device_id_is_named_as_such(text: str, worded: Worded) -> None:
    with pytest.raises(ValueError) as refused:
        parse_device_name(text)
    worded(str(refused.value))


@pytest.mark.parametrize("text", ["0a:00.0 0b:00.0", "0a:00.0 and 0000:0b:00.0"])
def test_of_two_addresses_none_is_dropped(text: str, worded: Worded) -> None:
    with pytest.raises(ValueError) as refused:
        parse_device_name(text)
    worded(str(refused.value))


@pytest.mark.parametrize(
    ("function", "expected"),
    [(0, ["1:0", "2:0", "3:0", "4:0"]), (None, ["1:0", "1:1", "2:0", "3:0"])],
)
def test_the_same_address_on_other_segments_is_named_at_most_four_times(
    function: int | None, expected: list[str]
) -> None:
    functions = [SBDF(segment, 0x0A, 0, 0) for segment in range(5, 0, -1)]
    functions += [SBDF(1, 0x0A, 0, 1), SBDF(1, 0x0A, 1, 0), SBDF(1, 0x0B, 0, 0)]

    text = _same_address_words(DeviceName("", 0, 0x0A, 0, function), functions)

    found = re.findall(r"000(.):(..:..)[.](.)", text)
    assert [f"{segment}:{number}" for segment, _, number in found] == expected
    assert {place for _, place, _ in found} == {"0a:00"}
    assert _same_address_words(DeviceName("", 0, 0x0C, 0, function), functions) == ""
