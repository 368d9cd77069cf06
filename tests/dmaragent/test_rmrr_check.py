"""What people get wrong in ``rmrr=``, and what was probably meant."""

import pytest

from dmaragent.boot_option.words import check as check_words
from dmaragent.boot_option.words import notes as notes_words
from support.rmrr_hosts import checked, on_host
from support.wording import Worded


def _advice(text: str) -> str:
    return " | ".join(each for one in checked(text).ranges for each in one.advice)


@pytest.mark.parametrize(
    "text",
    [
        "rmrr=0xbdf3e000-0xbdf5dfff=00:1d.0",
        "rmrr=bdf3e000-bdf3efff=0:0:1d.0",
        "rmrr=0xbdf3e000-0xbdf5e000=00:1d.0",
        "rmrr=0x10000-0x1ffff=00:1d.0",
        "rmrr=0xbdf3e000=00:1d.0",
        "rmrr=0xbdf3e000-0xbdf5dfff",
        "rmrr=0xbdf3e-0xbdf4e=00:1d.0",
        "rmrr=0xb0000-0xb1000=00:1d.0",
        "rmrr=0xbdf3e",
        "rmrr=778045=00:1d.0",
        "rmrr=778045-778046=00:1d.0",
        "rmrr=0x40000=00:1d.0",
        "rmrr=0xbdf3e=00:1e.0",
    ],
)
def test_a_mistake_is_seen_and_what_was_meant_is_said(text: str, worded: Worded) -> None:
    worded(_advice(text))


@pytest.mark.parametrize(("last", "words"), [(0xA0, 10), (0xA1, 0)], ids=["160", "161"])
def test_a_range_of_up_to_160_pages_is_split_among_the_ten_words_of_xen(
    last: int, words: int
) -> None:
    advice = _advice(f"rmrr=0xbd001-0xbd0{last:x}=00:1d.0")

    assert advice
    assert advice.count("rmrr=0x") == words


@pytest.mark.parametrize(
    "text",
    [
        "rmrr=0xbdf3e=00:1d.0",
        "rmrr=bdf3e-bdf3f=00:1d.0",
        "rmrr=0xbd000-0xbd00f=00:1d.0",
        "rmrr=0x100000=00:1d.0",
        "rmrr=0x80000-0x8000f=00:1d.0",
    ],
)
def test_a_range_in_order_is_not_taken_for_addresses_in_bytes(text: str, worded: Worded) -> None:
    worded(_advice(text))
    assert checked(text).taken is True


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("rmrr=0xbdf3e=00:1d.0;0xbdf3f=00:1a.0", 2),
        (r"rmrr=0xbdf3e=00:1d.0\;0xbdf3f=00:1a.0", 2),
        (r'GRUB_CMDLINE_XEN="a=b rmrr=0xbdf3e=00:1d.0\;0xbdf3f=00:1a.0"', 2),
        ("0xbdf3e=00:1d.0", 1),
        ("console=vga 'rmrr=0xbdf3e=00:1d.0'", 1),
    ],
)
def test_a_text_is_read_as_people_paste_it(text: str, taken: int, worded: Worded) -> None:
    found = checked(text)

    assert [one.taken for one in found.ranges] == [True] * taken
    worded(found.notes)


@pytest.mark.parametrize(
    ("line", "note"),
    [
        (r"rmrr=0xbdf3e=00:1d.0\;0xbdf3f=00:1a.0", notes_words.quoted_too_often()),
        ("dom0_mem=2G rmrr=0xbdf3e=00:1d.0", notes_words.perhaps_cut_by_grub()),
    ],
)
def test_a_host_s_own_line_shows_what_quoting_did_to_it(line: str, note: str) -> None:
    assert note in checked(None, on_host(line=line)).notes
    assert note not in checked(None, on_host(line=f"{line.replace(chr(92), '')} a")).notes


@pytest.mark.parametrize("last", ["rmrr=0xbdf3f=00:1a.0", "rmrr=0xbdf3e=00:1d.0"])
def test_a_line_with_two_words_was_not_ended_at_a_semicolon(last: str) -> None:
    assert checked(None, on_host(line=f"rmrr=0xbdf3e=00:1d.0 {last}")).notes == ()


def test_a_number_of_one_digit_is_not_taken_for_a_decimal_one() -> None:
    assert check_words.numbers_look_decimal(["7"]) not in _advice("rmrr=7=00:1d.0")
    assert check_words.numbers_look_decimal(["10"]) in _advice("rmrr=10=00:1d.0")


def test_what_follows_an_error_is_not_taken(worded: Worded) -> None:
    found = checked("rmrr=0xbdf3e=zz;0xbdf3f=00:1a.0")

    assert [one.taken for one in found.ranges] == [False, False]
    worded(found.ranges[1].reason)
    assert found.taken is False


def test_before_4_17_a_large_range_is_ignored_alone(worded: Worded) -> None:
    text = "rmrr=0xb0000-0xb0010=00:1d.0"

    worded(checked(text, on_host(release=(4, 16))).notes)
    worded(checked(text).notes)
    sixteen = checked("rmrr=0xb0000-0xb000f=00:1d.0", on_host(release=(4, 16)))
    worded(sixteen.notes)
