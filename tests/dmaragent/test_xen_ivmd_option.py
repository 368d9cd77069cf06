"""Xen's ivmd= option, as its parser reads it."""

import pytest

from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivmd_ranges import parse_ivmd_option
from support.ivrs_hosts import device, predict, qemu

RELEASE = Release.parse("4.17.7")


def blocks(line: str) -> list[tuple[int, int, int, int, int] | str]:
    """Return each range: type, first byte, bytes, both device IDs; or why it is not read."""
    return [
        option.reason
        if option.ivmd is None
        else (
            option.ivmd.type,
            option.ivmd.start_address,
            option.ivmd.memory_length,
            option.ivmd.device_id,
            option.ivmd.auxiliary,
        )
        for option in parse_ivmd_option(line, RELEASE)
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ivmd=90300", [(0x20, 0x90300000, 0x1000, 0, 0)]),
        ("ivmd=0x90300-0x90301", [(0x20, 0x90300000, 0x2000, 0, 0)]),
        ("ivmd=90300-90300", [(0x20, 0x90300000, 0x1000, 0, 0)]),
        ("ivmd=90300=0:1d.0", [(0x21, 0x90300000, 0x1000, device("00:1d.0"), 0)]),
        (
            "ivmd=90300=1:0.0-1:0.7,0:0:2.0",
            [
                (0x22, 0x90300000, 0x1000, device("01:00.0"), device("01:00.7")),
                (0x21, 0x90300000, 0x1000, device("00:02.0"), 0),
            ],
        ),
        (
            "ivmd=90300;90400 ivmd=90500",
            [
                (0x20, 0x90300000, 0x1000, 0, 0),
                (0x20, 0x90400000, 0x1000, 0, 0),
                (0x20, 0x90500000, 0x1000, 0, 0),
            ],
        ),
        ("ivmd=90300=0:1a.0-0:1a.0", [(0x22, 0x90300000, 0x1000, 0xD0, 0xD0)]),
    ],
)
def test_pages_and_devices_are_read(
    line: str, expected: list[tuple[int, int, int, int, int]]
) -> None:
    assert blocks(line) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ivmd=xyz", words.NO_PAGE_NUMBER),
        ("ivmd=", words.NO_PAGE_NUMBER),
        ("ivmd=90301-90300", words.NO_LAST_PAGE),
        ("ivmd=90300-", words.NO_LAST_PAGE),
        ("ivmd=90300=1:1:0.0", words.NO_DEVICE),
        ("ivmd=90300=0:1.0-1:0:2.0", words.NO_DEVICE),
        ("ivmd=90300=0:20.0", words.NO_DEVICE),
        ("ivmd=90300=0:1.0-0:0.0", words.DEVICES_INVERTED),
    ],
)
def test_a_faulty_range_is_not_read(line: str, reason: str) -> None:
    assert blocks(line) == [reason]


@pytest.mark.parametrize(
    ("line", "position"),
    [
        ("ivmd=xyz", 5),
        ("iommu=on  ivmd=90300;x", 21),
        ("ivmd=90301-90300", 11),
        ("ivmd=90300=0:1.0,0:20.0", 17),
        ("ivmd=90300=0:1.0-0:0.0", 17),
        ("ivmd=90300=0:1.0x", 16),
        ("ivmd=1;2;3;4;5;6;7;8;9", 21),
        ("ivmd=1=0:1.0,0:2.0,0:3.0,0:4.0,0:5.0,0:6.0,0:7.0,0:8.0,0:9.0", 55),
    ],
)
def test_an_error_has_its_place_on_the_command_line(line: str, position: int) -> None:
    assert parse_ivmd_option(line, RELEASE)[-1].position == position
    assert parse_ivmd_option(line, RELEASE)[-1].ivmd is None


def test_a_word_is_cut_where_xen_cuts_it() -> None:
    line = "ivmd=1=" + ",".join(f"00:0{n}.0-00:0{n}.7" for n in range(8))

    ranges = parse_ivmd_option(line, RELEASE)

    assert (ranges[-2].ivmd, ranges[-1].ivmd) == (None, None)
    assert (ranges[-1].text, ranges[-1].position) == (line[127:], 127)
    assert sum(own.ivmd is not None for own in ranges) == 7


def test_what_comes_before_a_fault_stays_and_what_follows_is_lost() -> None:
    assert blocks("ivmd=90300;90400=9;90500") == [
        (0x20, 0x90300000, 0x1000, 0, 0),
        words.NO_DEVICE,
    ]
    kept, lost = blocks("ivmd=90300=0:1.0x")
    assert (kept, lost) == ((0x21, 0x90300000, 0x1000, 8, 0), words.rest_not_read("x"))


def test_the_ninth_range_is_not_read() -> None:
    line = "ivmd=" + ";".join(f"{0x90300 + n:x}" for n in range(10))
    *kept, last = blocks(line)

    assert len(kept) == 8
    assert last == words.too_many_ranges(8)


def test_releases_before_4_16_have_no_such_option() -> None:
    prediction = predict(qemu(), "4.15.5", command_line="ivmd=90300")

    assert prediction.options == ()
    assert [option.reason for option in prediction.unread_options] == [
        words.no_ivmd_option("Xen 4.15.5")
    ]
