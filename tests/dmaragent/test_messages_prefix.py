"""What Linux and Xen print before a message: driver, device, subsystem, in either order."""

import pytest

from dmaragent.messages import recogniser
from dmaragent.messages.model import Names
from dmaragent.messages.names import names_of
from dmaragent.messages.prefix import by_xen, device_before
from support.message_names import names

OLD = "Device is ineligible for IOMMU domain attach due to platform RMRR requirement."
NEW = (
    "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the "
    "device without a 1:1 mapping. Contact your platform vendor."
)


@pytest.mark.parametrize(
    "before",
    [
        "Jan 23 17:54:48 host1 kernel: vfio-pci 0000:0a:00.0: DMAR: ",
        "[  708.044615] vfio-pci 0000:0a:00.0: ",
        "<4>[  708.044615][ T123] vfio-pci 0000:0a:00.0: iommu: ",
        "kern  :warn  : [  708.044615] pci 0000:0a:00.0: DMAR: ",
        "DMAR: vfio-pci 0000:0a:00.0: ",
        "DMAR: 0000:0a:00.0: ",
        "0000:0a:00.0 vfio-pci: DMAR: ",
        "0000:0a:00.0: vfio-pci: DMAR: ",
        "vfio-pci 0000:0a:00.0: AMD-Vi: ",
        "vfio-pci 0000:0a:00.0: vfio_iommu_type1: iommu: ",
        "vfio-pci 0000:0a:00.0: DMAR: [Firmware Bug]: ",
        "hpsa 0000:0a:00.0: dmar:",
        '{"MESSAGE":"vfio-pci 0000:0a:00.0: DMAR: ',
    ],
)
@pytest.mark.parametrize(
    ("text", "message"),
    [(OLD, "linux-rmrr-ineligible"), (NEW, "linux-direct-mapping-refused")],
    ids=["old", "new"],
)
def test_the_device_before_a_message_is_its_device(before: str, text: str, message: str) -> None:
    (found,) = recogniser().recognise(before + text).found

    assert found.message.id == message
    assert found.names == names("0a:00.0")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "DMAR: ",
        "kernel: ",
        "vfio-pci 0000:0a:00.0 ",
        "pcieport 0000:0a:00.0: AER: enabled with IRQ 24 DMAR: ",
        "0000:0a:00.0: a: b: c: d: ",
        "vfio-pci 0000:0a:20.0: ",
        "vfio-pci 0000:0a:00.8: ",
        "id 12340000:0a:00.0.5: ",
        "IPv6 fe80:0000:0a:00.0: ",
    ],
)
def test_what_is_no_device_before_a_message_is_not_taken_for_one(before: str) -> None:
    assert device_before(before) is None


def test_a_segment_behind_vmd_is_read_whole() -> None:
    assert str(device_before("nvme 10000:e1:00.0: DMAR: ")) == "10000:e1:00.0"


def test_a_device_in_the_message_wins_over_the_one_before_it() -> None:
    text = "pci 0000:00:00.2: DMAR: Setting identity map for device 0000:00:1d.0 [0x1000 - 0x1fff]"
    (found,) = recogniser().recognise(text).found

    assert found.names.devices == names("00:1d.0").devices


@pytest.mark.parametrize(
    "before", ["dmar: ", "DMAR:", "DMAR: ", "[    0.024810] dmar: ", "<6>DMAR: ", "kernel: DMAR: "]
)
def test_a_region_is_listed_whatever_the_kernels_prefix(before: str) -> None:
    (found,) = recogniser().recognise(f"{before}RMRR base: 0x0000007dffd000 end: 0x7dffffff").found

    assert found.message.id == "linux-rmrr-listed"
    assert found.names == names("", (0x7DFFD000, 0x7DFFFFFF))


def test_words_that_others_print_too_need_the_prefix_of_an_iommu() -> None:
    assert recogniser().recognise("e1000e 0000:00:19.0: Can't reserve memory").found == ()
    (found,) = recogniser().recognise("dmar: Can't reserve memory").found
    assert found.message.id == "linux-unit-taken"


@pytest.mark.parametrize(
    ("text", "xen"),
    [
        ("(XEN) [2020-01-01 00:00:00] ", True),
        ("[VT-D]iommu.c:837: ", True),
        ("kernel: DMAR: ", False),
        ("", False),
    ],
)
def test_xen_is_told_by_its_own_marks(text: str, xen: bool) -> None:  # noqa: FBT001 - a case
    assert by_xen(text) is xen


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"base": "fff00000", "end": "0"}, names("", (0xFFF00000, 2**64 - 1))),
        ({"base": "0", "end": "0"}, names("", (0, -1))),
        ({"base": "1000", "end": "3000"}, names("", (0x1000, 0x2FFF))),
        ({"base": "1000", "size": "0"}, names("", 0x1000)),
        ({"base": "1000", "size": "0x20"}, names("", (0x1000, 0x101F))),
        ({"page": "fee00", "stop": "0"}, names("", (0xFEE00000, 2**64 - 1))),
        ({"page": "fee00", "stop": "fee10"}, names("", (0xFEE00000, 0xFEE0FFFF))),
        ({"page": "a0", "page1": "bf"}, names("", (0xA0000, 0xBFFFF))),
        (
            {"page": "1", "page1": "2", "page2": "8", "page3": "9"},
            names("", (0x1000, 0x2FFF), (0x8000, 0x9FFF)),
        ),
        (
            {"base": "1", "limit": "2", "base2": "8", "limit2": "9"},
            names("", (1, 2), (8, 9)),
        ),
        ({"bdf": "0000_0a_00.1"}, names("0a:00.1")),
        ({"errno": "-22"}, names("", error=22)),
        ({"domain": "d0"}, names("", domain=0)),
        ({"error": "No such device or address"}, names("", error=6)),
        ({"error": "No such device"}, names("", error=19)),
    ],
    ids=str,
)
def test_values_are_read_with_both_their_ends(values: dict[str, str], named: Names) -> None:
    assert names_of(values) == named


@pytest.mark.parametrize(
    ("values", "segment_named"),
    [
        ({"rid": "0x1a0"}, False),
        ({"sbdf": "00:1a.0"}, False),
        ({"sbdf": "0000:00:1a.0"}, True),
    ],
    ids=["requester-id", "short", "whole"],
)
def test_a_segment_counts_as_named_only_if_it_is_written(
    values: dict[str, str],
    segment_named: bool,  # noqa: FBT001 - a case
) -> None:
    assert names_of(values).segment_named is segment_named
