"""What a host decides about ``rmrr=``: its table, its memory map, the running Xen, its release."""

from collections.abc import Mapping

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.request import read_wanted
from dmaragent.boot_option.rmrr_option import write_option
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.host.xen import RdmEntry
from support.machines import MACHINES
from support.releases import Numbers
from support.rmrr_hosts import XEN, checked, on_host, option_host, written
from support.tables import rmrr, scope
from support.wording import Worded


@pytest.mark.parametrize(("line", "more"), [("", 0), ("loglvl=all", 0), (None, 1)])
def test_ranges_on_an_unknown_command_line_are_not_counted(line: str | None, more: int) -> None:
    region = "0xbdf3e000-0xbdf4dfff=00:1d.0"
    known = on_host(line="")
    assert known.inventory.host.xen is not None
    host = known.inventory.host._replace(xen=XEN._replace(command_line=line))

    option = written(region, on=on_host(host))
    assert len(option.notes) == len(written(region, on=known).notes) + more


@pytest.mark.parametrize(
    ("release", "most"), [((4, 9), 11), ((4, 10), 14), ((4, 17, 7), 14), (None, 11)]
)
def test_a_region_has_as_many_devices_as_fit_in_the_word_that_the_release_reads(
    release: Numbers, most: int
) -> None:
    """One page and n devices are 10 + 8 * n characters; Xen 4.9 reads 99, and later ones 127."""
    present = [f"0000:{0x80 + number:x}:1d.0" for number in range(16)]
    on = on_host(option_host(functions=present), release)
    for number in (most, most + 1):
        option = written(f"0x80010000+4K={','.join(present[:number])}", on=on)

        lengths = [len(each.word) for one in option.written for each in one.ranges]
        assert lengths == ([10 + 8 * number] if number <= most else [])
        assert len(option.refused) == (number > most)


def test_a_page_that_the_writer_wrote_without_0x_is_not_advised_on() -> None:
    """Xen's release is unknown, so the word has at most 99 characters and its page no 0x."""
    absent = ",".join(f"0000:{0x80 + number:x}:1d.0" for number in range(11))
    on = on_host(option_host(functions=["0000:00:1d.0"]), None)
    assert "decimal" in "".join(checked("rmrr=80010=80:1d.0", on).ranges[0].advice)

    (refused,) = written(f"0x80010000+4K={absent}", on=on).refused

    assert refused.reason
    assert "decimal" not in refused.reason


def test_without_a_table_it_cannot_be_said(worded: Worded) -> None:
    on = on_host(option_host(tables={}))

    assert checked("rmrr=0xbdf3e=00:1d.0", on).taken is None
    worded(checked("rmrr=0xbdf3e=00:1d.0", on).notes)
    assert checked("rmrr=0xbdf3e", on).taken is False
    old = on_host(on.host, release=(4, 8))
    worded(checked("rmrr=0xbdf3e=00:1d.0", old).ranges[0].reason, "4.8")


@pytest.mark.parametrize(
    "device",
    [
        "00:1d.0",
        "00:1a.0",
    ],
)
def test_a_region_of_the_table_is_named(device: str, worded: Worded) -> None:
    on = on_host(option_host(rmrr(0xBDF3E000, 0xBDF5DFFF, scope(1, 0, (0x1D, 0)))))

    (one,) = checked(f"rmrr=0xbdf50={device}", on).ranges
    (refused,) = written(f"0xbdf50000+4K={device}", on=on).refused

    assert (one.taken, one.advice) == (False, (one.advice[0],))
    worded(one.advice[0])
    worded(refused.reason, "0xbdf3e000-0xbdf5dfff")


@pytest.mark.parametrize(
    "devices",
    [
        "00:1d.0,00:1a.0",
        "00:1d.0,00:1e.0",
    ],
    ids=["both own it", "one of two owns it"],
)
def test_a_region_of_the_table_is_given_to_all_the_devices_or_to_others(
    devices: str, worded: Worded
) -> None:
    scopes = scope(1, 0, (0x1D, 0)), scope(1, 0, (0x1A, 0))
    on = on_host(option_host(rmrr(0xBDF3E000, 0xBDF5DFFF, *scopes)))

    (one,) = checked(f"rmrr=0xbdf50={devices}", on).ranges

    worded(one.advice[0])


def test_the_one_of_two_regions_that_gives_it_is_named(worded: Worded) -> None:
    other = rmrr(0xBDF50000, 0xBDF50FFF, scope(1, 0, (0x1A, 0)))
    on = on_host(option_host(other, rmrr(0xBDF51000, 0xBDF51FFF, scope(1, 0, (0x1D, 0)))))

    (one,) = checked("rmrr=0xbdf50-0xbdf51=00:1d.0", on).ranges

    worded(one.advice, "region 2")


def test_a_region_of_the_table_that_xen_does_not_take_is_no_help(worded: Worded) -> None:
    on = on_host(option_host(rmrr(0xBDF3E000, 0xBDF5DFFF, scope(1, 0, (0x1E, 0)))), release=(4, 16))

    (one,) = checked("rmrr=0xbdf3e-0xbdf5d=00:1e.0", on).ranges

    worded(one.advice[-1], "region 1")


def test_a_first_device_00_00_0_is_not_taken() -> None:
    (one,) = checked("rmrr=0xbdf3e=00:00.0").ranges

    assert (one.taken, "00:00.0" in one.reason) == (False, True)


@pytest.mark.parametrize(
    ("entries", "taken"),
    [
        ((RdmEntry(start_pfn=0xBDF3E, nr_pages=1),), True),
        ((), False),
    ],
    ids=["listed", "not listed"],
)
def test_the_running_xen_has_the_last_word_on_its_own_line(
    entries: tuple[RdmEntry, ...], worded: Worded, *, taken: bool
) -> None:
    on = on_host(line="rmrr=0xbdf3e=00:1d.0 a")
    xen = XEN._replace(command_line=on.command_line, reserved_memory=entries)

    found = checked(None, on_host(on.host._replace(xen=xen)))

    assert found.taken is taken
    worded(found.ranges[0].reason)


@pytest.mark.parametrize(
    ("tables", "line"),
    [
        ({}, "rmrr=0xbdf3e=00:1d.0 a"),
        (None, "rmrr=0xbdf3e=00:00.0 a"),
    ],
    ids=["no table to judge by", "against the rules"],
)
def test_what_the_running_xen_lists_is_taken_and_why_is_said(
    tables: Mapping[str, bytes] | None, line: str, worded: Worded
) -> None:
    told = (RdmEntry(start_pfn=0xBDF3E, nr_pages=1),)
    xen = XEN._replace(command_line=line, reserved_memory=told)

    (one,) = checked(None, on_host(option_host(tables=tables)._replace(xen=xen))).ranges

    assert one.taken is True
    worded(one.reason)


def test_the_list_of_the_running_xen_says_nothing_of_another_release() -> None:
    told = (RdmEntry(start_pfn=0xBDF3E, nr_pages=2),)
    xen = XEN._replace(reserved_memory=told, command_line="rmrr=0xa0000=00:1d.0 a")
    host = option_host(tables={})._replace(xen=xen)
    running, other = on_host(host), on_host(host, release=(4, 18))

    assert written("0xbdf3f000+8K=00:1d.0", on=running).ranges == ()
    assert written("0xbdf3f000+8K=00:1d.0", on=other).ranges
    assert (checked(None, running).taken, checked(None, other).taken) == (False, None)


def test_without_a_table_the_running_xen_s_list_is_what_may_not_overlap(worded: Worded) -> None:
    xen = XEN._replace(reserved_memory=(RdmEntry(start_pfn=0xBDF3E, nr_pages=2),))
    on = on_host(option_host(tables={})._replace(xen=xen))

    (refused,) = written("0xbdf3f000+8K=00:1d.0", on=on).refused

    worded(refused.reason, "0xbdf3e000-0xbdf3ffff")


def test_nothing_is_written_in_ram_of_the_host(worded: Worded) -> None:
    (refused,) = written("0x7ffff000-0x80000fff=00:1d.0").refused

    worded(refused.reason, "0x0-0x7fffffff")
    assert written("0x80000000+4K=00:1d.0").ranges


def test_a_region_that_is_given_twice_is_written_once() -> None:
    found = written("0x80000000+4K=00:1d.0", "0x80000000+4K=00:1d.0")

    assert ([one.text for one in found.ranges], found.refused) == (["0x80000=00:1d.0"], ())


def test_in_dom0_a_gap_of_the_map_may_be_ram(worded: Worded) -> None:
    notes = written("0xd0000000+4K=00:1d.0", on=on_host(line="")).notes

    worded(notes)
    assert not any("dom0's" in one for one in written("0xd0000000+4K=00:1d.0").notes)


def test_in_dom0_the_end_of_its_ram_is_not_the_end_of_all_ram(worded: Worded) -> None:
    low = MemoryMap(
        (
            MemoryEntry(AddressRange(0, 0x8000_0000), MemoryType.RAM, "System RAM"),
            MemoryEntry(AddressRange(0x8000_0000, 0xC000_0000), MemoryType.RESERVED, "Reserved"),
        )
    )
    host = option_host()._replace(memory_map=low)
    dom0 = host._replace(xen=XEN._replace(command_line=""))

    (refused,) = written("0x90000000+4K=00:1d.0", on=on_host(host)).refused
    worded(refused.reason, "0x90000", "0x7fffffff")
    in_dom0 = written("0x90000000+4K=00:1d.0", on=on_host(dom0))
    assert [one.text for one in in_dom0.ranges] == ["0x90000=00:1d.0"]
    worded(in_dom0.notes, "0x90000000-0x90000fff")


def test_what_stands_on_the_command_line_counts_and_may_not_overlap(worded: Worded) -> None:
    nine = " ".join(f"rmrr=0x9{digit}000=00:1d.0" for digit in range(9))
    on = on_host(line=nine)

    first, second = (
        written("0xbdf3e000+4K=00:1d.0", "0xa0000000+4K=00:1d.0", on=on),
        written("0x90000000+4K=00:1a.0", "0xbdf3e000+4K=00:1d.0", on=on),
    )

    assert [one.text for one in first.ranges] == ["0xbdf3e=00:1d.0"]
    worded(first.refused[0].reason, "10")
    # The one that overlaps gives its place back.
    assert [one.text for one in second.ranges] == ["0xbdf3e=00:1d.0"]
    worded(second.refused[0].reason, "0x90000000-0x90000fff")


def test_an_error_that_stands_there_already_is_not_built_upon(worded: Worded) -> None:
    found = written("0xbdf3e000+4K=00:1d.0", on=on_host(line="rmrr=0x90000=00:1a.0,zz"))

    assert found.ranges == ()
    worded(found.refused[0].reason)


@pytest.mark.parametrize(
    ("release", "there"), [((4, 8), False), ((4, 9), True), ((4, 22), True), (None, True)]
)
def test_there_is_no_option_before_4_9(release: tuple[int, int] | None, there: bool) -> None:  # noqa: FBT001
    found = written("0xbdf3e000+4K=00:1d.0", on=on_host(release=release))

    assert bool(found.ranges) is there
    assert there or "4.9 " in found.refused[0].reason


def test_what_was_changed_is_said(worded: Worded) -> None:
    notes = written("0xbdf3e800-0xbdf4efff=00:1d.0,00:1e.0").notes

    worded(notes[0], "0xbdf3e800-0xbdf4efff", "0xbdf3e000-0xbdf4efff")
    worded(notes[1], "17")
    worded(notes[2], "0000:00:1e.0")


@pytest.mark.parametrize("pages", ["0xbdf3e-0xbdf5d", "0x3c200-0x3c201"])
def test_what_looks_like_page_numbers_is_asked_about(pages: str, worded: Worded) -> None:
    first, last = pages.split("-")

    worded(written(f"{pages}=00:1d.0").notes[0], pages, f"{first}000-{last}fff")


def test_whole_pages_are_no_page_numbers() -> None:
    assert not any("page numbers" in one for one in written("0xbd000-0xbdfff=00:1d.0").notes)


def test_the_recorded_dom0_takes_its_own_and_refuses_it_twice(worded: Worded) -> None:
    host = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
    on = on_host(host)

    assert checked(None, on).taken is True
    (refused,) = write_option(on, [read_wanted("0x3c201000+8K=00:03.0")]).refused
    worded(refused.reason, "0x3c200000-0x3c201fff")
    assert refused.wanted.devices == (SBDF.parse("00:03.0"),)
