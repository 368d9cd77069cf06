"""What Xen makes of ``rmrr=`` on a host, and what was probably meant."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.model import CheckedOption, OptionHost, WrittenOption
from dmaragent.boot_option.option import check_option, write_option
from dmaragent.boot_option.request import read_wanted
from dmaragent.collect.collect import collect
from dmaragent.collect.opening import open_host
from dmaragent.host import Host, join
from dmaragent.host.xen import RdmEntry, XenHost
from dmaragent.inventory import take_inventory
from dmaragent.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.snapshot import Missing, MissingKind
from support.hosts import Function, fake_host
from support.machines import MACHINES
from support.tables import drhd, rmrr, scope, table

UNKNOWN = Missing(MissingKind.NOT_COLLECTED)
MAP = MemoryMap(
    (
        MemoryEntry(AddressRange(0, 0x8000_0000), MemoryType.RAM, "System RAM"),
        MemoryEntry(AddressRange(0x8000_0000, 0xC000_0000), MemoryType.RESERVED, "Reserved"),
        MemoryEntry(AddressRange(1 << 32, 5 << 30), MemoryType.RAM, "System RAM"),
    )
)
XEN = XenHost(
    dom0=True,
    guest_type="PV",
    release=(4, 17),
    extra=".7",
    command_line="",
    capabilities=None,
    reserved_memory=UNKNOWN,
    device_reserved_memory=UNKNOWN,
    assignable=UNKNOWN,
)
"""A host of Xen 4.17 that boots with no options."""
UNIT = drhd(0xFED91000, flags=1)


def _host(
    *structures: bytes,
    functions: Iterable[str] = ("0000:00:1a.0", "0000:00:1d.0"),
    tables: Mapping[str, bytes] | None = None,
) -> Host:
    shown = {"DMAR": table(UNIT, *structures)} if tables is None else tables
    fake = fake_host([Function(sbdf=each) for each in functions], shown)
    return replace(join(collect(fake)), memory_map=MAP)


def _on(
    host: Host | None = None, release: tuple[int, int] | None = (4, 17), line: str | None = None
) -> OptionHost:
    found = _host() if host is None else host
    if line is not None:
        found = replace(found, xen=replace(XEN, command_line=line), memory_map=MAP)
    return OptionHost(inventory=take_inventory(found, release), release=release)


def _check(text: str | None, on: OptionHost | None = None) -> CheckedOption:
    return check_option(on or _on(), text)


def _write(*regions: str, on: OptionHost | None = None) -> WrittenOption:
    return write_option(on or _on(), [read_wanted(each) for each in regions])


def _advice(text: str) -> str:
    return " | ".join(each for one in _check(text).ranges for each in one.advice)


# What people get wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rmrr=0xbdf3e000-0xbdf5dfff=00:1d.0", "write 0xbdf3e-0xbdf5d=00:1d.0"),
        ("rmrr=bdf3e000-bdf3efff=0:0:1d.0", "write 0xbdf3e=0:0:1d.0"),
        ("rmrr=0xbdf3e000-0xbdf5e000=00:1d.0", "write 0xbdf3e-0xbdf5d=00:1d.0"),
        ("rmrr=0x10000-0x1ffff=00:1d.0", "write 0x10-0x1f=00:1d.0"),
        ("rmrr=0xbdf3e000=00:1d.0", "write 0xbdf3e=00:1d.0"),
        ("rmrr=0xbdf3e000-0xbdf5dfff", "write 0xbdf3e-0xbdf5d=SBDF"),
        ("rmrr=0xbdf3e-0xbdf4e=00:1d.0", "rmrr=0xbdf3e-0xbdf4d=00:1d.0 rmrr=0xbdf4e-0xbdf4e=00"),
        ("rmrr=0xb0000-0xb1000=00:1d.0", "all of rmrr= holds 160 pages"),
        ("rmrr=0xbdf3e", "0xbdf3e=SBDF, as in 0xbdf3e=00:1d.0"),
        ("rmrr=778045=00:1d.0", "Xen reads 778045 as 0x778045"),
        ("rmrr=778045-778046=00:1d.0", "reads 778045 as 0x778045 and 778046 as 0x778046"),
        ("rmrr=0x40000=00:1d.0", "it is in RAM (0x0-0x7fffffff in the memory map)"),
        ("rmrr=0x140000=00:1d.0", "past all RAM (0x13fffffff is its last byte)"),
        ("rmrr=0xbdf3e=00:1e.0", "no device answers at 0000:00:1e.0"),
    ],
)
def test_a_mistake_is_seen_and_what_was_meant_is_said(text: str, said: str) -> None:
    assert said in _advice(text)


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
def test_a_range_in_order_is_not_taken_for_addresses_in_bytes(text: str) -> None:
    assert "addresses in bytes" not in _advice(text)
    assert _check(text).taken is True


@pytest.mark.parametrize(
    ("text", "taken", "said"),
    [
        ("rmrr=0xbdf3e=00:1d.0;0xbdf3f=00:1a.0", 2, "';' must be written '\\;'"),
        (r"rmrr=0xbdf3e=00:1d.0\;0xbdf3f=00:1a.0", 2, "read as GRUB hands it on"),
        (r'GRUB_CMDLINE_XEN="a=b rmrr=0xbdf3e=00:1d.0\;0xbdf3f=00:1a.0"', 2, "as GRUB hands it"),
        ("0xbdf3e=00:1d.0", 1, ""),
        ("console=vga 'rmrr=0xbdf3e=00:1d.0'", 1, ""),
    ],
)
def test_a_text_is_read_as_people_paste_it(text: str, taken: int, said: str) -> None:
    found = _check(text)

    assert ([one.taken for one in found.ranges], said in " ".join(found.notes)) == (
        [True] * taken,
        True,
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (r"rmrr=0xbdf3e=00:1d.0\;0xbdf3f=00:1a.0", "quoted once too often"),
        ("dom0_mem=2G rmrr=0xbdf3e=00:1d.0", "GRUB has ended the line at a ';'"),
    ],
)
def test_a_host_s_own_line_shows_what_quoting_did_to_it(line: str, said: str) -> None:
    assert said in " ".join(_check(None, _on(line=line)).notes)
    assert said not in " ".join(_check(None, _on(line=f"{line.replace(chr(92), '')} a")).notes)


@pytest.mark.parametrize("last", ["rmrr=0xbdf3f=00:1a.0", "rmrr=0xbdf3e=00:1d.0"])
def test_a_line_with_two_words_was_not_ended_at_a_semicolon(last: str) -> None:
    assert _check(None, _on(line=f"rmrr=0xbdf3e=00:1d.0 {last}")).notes == ()


def test_a_number_of_one_digit_is_not_taken_for_a_decimal_one() -> None:
    assert "in decimal" not in _advice("rmrr=7=00:1d.0")
    assert "in decimal" in _advice("rmrr=10=00:1d.0")


def test_what_follows_an_error_is_not_taken() -> None:
    found = _check("rmrr=0xbdf3e=zz;0xbdf3f=00:1a.0")

    assert [one.taken for one in found.ranges] == [False, False]
    assert "Xen stopped reading" in found.ranges[1].reason
    assert found.taken is False


def test_before_4_17_a_large_range_is_ignored_alone() -> None:
    text = "rmrr=0xb0000-0xb0010=00:1d.0"

    assert "is ignored alone" in " ".join(_check(text, _on(release=(4, 16))).notes)
    assert "is ignored alone" not in " ".join(_check(text).notes)
    sixteen = _check("rmrr=0xb0000-0xb000f=00:1d.0", _on(release=(4, 16)))
    assert "is ignored alone" not in " ".join(sixteen.notes)


# What the host decides


def test_without_a_table_it_cannot_be_said() -> None:
    on = _on(_host(tables={}))

    assert _check("rmrr=0xbdf3e=00:1d.0", on).taken is None
    assert "no DMAR table here" in " ".join(_check("rmrr=0xbdf3e=00:1d.0", on).notes)
    assert _check("rmrr=0xbdf3e", on).taken is False
    old = _on(on.host, release=(4, 8))
    assert (
        _check("rmrr=0xbdf3e=00:1d.0", old).ranges[0].reason == "Xen 4.6 to 4.8 has no such option"
    )


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("00:1d.0", "region 1 of the table gives it to the device"),
        ("00:1a.0", "region 1 of the table has it, for other devices"),
    ],
)
def test_a_region_of_the_table_is_named(device: str, said: str) -> None:
    on = _on(_host(rmrr(0xBDF3E000, 0xBDF5DFFF, scope(1, 0, (0x1D, 0)))))

    (one,) = _check(f"rmrr=0xbdf50={device}", on).ranges
    (refused,) = _write(f"0xbdf50000+4K={device}", on=on).refused

    assert (one.taken, one.advice) == (False, (one.advice[0],))
    assert said in one.advice[0]
    assert refused.reason.startswith("it overlaps the region 0xbdf3e000-0xbdf5dfff; ")
    assert said in refused.reason


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        ("00:1d.0,00:1a.0", "region 1 of the table gives it to the device"),
        ("00:1d.0,00:1e.0", "region 1 of the table has it, for other devices"),
    ],
    ids=["both own it", "one of two owns it"],
)
def test_a_region_of_the_table_is_given_to_all_the_devices_or_to_others(
    devices: str, said: str
) -> None:
    scopes = scope(1, 0, (0x1D, 0)), scope(1, 0, (0x1A, 0))
    on = _on(_host(rmrr(0xBDF3E000, 0xBDF5DFFF, *scopes)))

    (one,) = _check(f"rmrr=0xbdf50={devices}", on).ranges

    assert said in one.advice[0]


def test_the_one_of_two_regions_that_gives_it_is_named() -> None:
    other = rmrr(0xBDF50000, 0xBDF50FFF, scope(1, 0, (0x1A, 0)))
    on = _on(_host(other, rmrr(0xBDF51000, 0xBDF51FFF, scope(1, 0, (0x1D, 0)))))

    (one,) = _check("rmrr=0xbdf50-0xbdf51=00:1d.0", on).ranges

    assert one.advice == ("region 2 of the table gives it to the device: no option is needed",)


def test_a_region_of_the_table_that_xen_does_not_take_is_no_help() -> None:
    on = _on(_host(rmrr(0xBDF3E000, 0xBDF5DFFF, scope(1, 0, (0x1E, 0)))), release=(4, 16))

    (one,) = _check("rmrr=0xbdf3e-0xbdf5d=00:1e.0", on).ranges

    assert one.advice[-1] == (
        "region 1 of the table gives it to the device, and Xen does not take that region"
    )


def test_a_first_device_00_00_0_is_not_taken() -> None:
    (one,) = _check("rmrr=0xbdf3e=00:00.0").ranges

    assert (one.taken, "never reported" in one.reason) == (False, True)


@pytest.mark.parametrize(
    ("entries", "taken", "said"),
    [
        ((RdmEntry(start_pfn=0xBDF3E, nr_pages=1),), True, ""),
        ((), False, "the running Xen does not list it"),
    ],
    ids=["listed", "not listed"],
)
def test_the_running_xen_has_the_last_word_on_its_own_line(
    entries: tuple[RdmEntry, ...],
    taken: bool,  # noqa: FBT001
    said: str,
) -> None:
    on = _on(line="rmrr=0xbdf3e=00:1d.0 a")
    xen = replace(XEN, command_line=on.command_line, reserved_memory=entries)

    found = _check(None, _on(replace(on.host, xen=xen)))

    assert found.taken is taken
    assert found.ranges[0].reason.startswith(said)


@pytest.mark.parametrize(
    ("tables", "line", "said"),
    [
        ({}, "rmrr=0xbdf3e=00:1d.0 a", "the running Xen lists it"),
        (None, "rmrr=0xbdf3e=00:00.0 a", "the rules would not let Xen take it"),
    ],
    ids=["no table to judge by", "against the rules"],
)
def test_what_the_running_xen_lists_is_taken_and_why_is_said(
    tables: Mapping[str, bytes] | None, line: str, said: str
) -> None:
    told = (RdmEntry(start_pfn=0xBDF3E, nr_pages=1),)
    xen = replace(XEN, command_line=line, reserved_memory=told)

    (one,) = _check(None, _on(replace(_host(tables=tables), xen=xen))).ranges

    assert one.taken is True
    assert one.reason.startswith(said)


def test_the_list_of_the_running_xen_says_nothing_of_another_release() -> None:
    told = (RdmEntry(start_pfn=0xBDF3E, nr_pages=2),)
    xen = replace(XEN, reserved_memory=told, command_line="rmrr=0xa0000=00:1d.0 a")
    host = replace(_host(tables={}), xen=xen)
    running, other = _on(host), _on(host, release=(4, 18))

    assert _write("0xbdf3f000+8K=00:1d.0", on=running).ranges == ()
    assert _write("0xbdf3f000+8K=00:1d.0", on=other).ranges
    assert (_check(None, running).taken, _check(None, other).taken) == (False, None)


def test_without_a_table_the_running_xen_s_list_is_what_may_not_overlap() -> None:
    xen = replace(XEN, reserved_memory=(RdmEntry(start_pfn=0xBDF3E, nr_pages=2),))
    on = _on(replace(_host(tables={}), xen=xen))

    (refused,) = _write("0xbdf3f000+8K=00:1d.0", on=on).refused

    assert refused.reason == "the running Xen reserves 0xbdf3e000-0xbdf3ffff already"


def test_nothing_is_written_in_ram_of_the_host() -> None:
    (refused,) = _write("0x7ffff000-0x80000fff=00:1d.0").refused

    assert "RAM at 0x0-0x7fffffff" in refused.reason
    assert _write("0x80000000+4K=00:1d.0").ranges


def test_a_region_that_is_given_twice_is_written_once() -> None:
    found = _write("0x80000000+4K=00:1d.0", "0x80000000+4K=00:1d.0")

    assert ([one.text for one in found.ranges], found.refused) == (["0x80000=00:1d.0"], ())


def test_an_amd_machine_reads_another_option() -> None:
    host = _host(tables={"IVRS": bytes(36)})
    found = _write("0x80000000+4K=00:1d.0", on=_on(host))

    assert found.refused[0].reason == "this is an AMD machine, where Xen reads ivmd= and not rmrr="


def test_in_dom0_a_gap_of_the_map_may_be_ram() -> None:
    notes = _write("0xd0000000+4K=00:1d.0", on=_on(line="")).notes

    assert any("is not all in dom0's memory map" in one for one in notes)
    assert not any("dom0's" in one for one in _write("0xd0000000+4K=00:1d.0").notes)


def test_in_dom0_the_end_of_its_ram_is_not_the_end_of_all_ram() -> None:
    low = MemoryMap(
        (
            MemoryEntry(AddressRange(0, 0x8000_0000), MemoryType.RAM, "System RAM"),
            MemoryEntry(AddressRange(0x8000_0000, 0xC000_0000), MemoryType.RESERVED, "Reserved"),
        )
    )
    host = replace(_host(), memory_map=low)
    dom0 = replace(host, xen=replace(XEN, command_line=""))

    assert "is past all RAM" in " ".join(_write("0x90000000+4K=00:1d.0", on=_on(host)).notes)
    assert _write("0x90000000+4K=00:1d.0", on=_on(dom0)).notes == ()


def test_what_stands_on_the_command_line_counts_and_may_not_overlap() -> None:
    nine = " ".join(f"rmrr=0x9{digit}000=00:1d.0" for digit in range(9))
    on = _on(line=nine)

    first, second = (
        _write("0xbdf3e000+4K=00:1d.0", "0xa0000000+4K=00:1d.0", on=on),
        _write("0x90000000+4K=00:1a.0", "0xbdf3e000+4K=00:1d.0", on=on),
    )

    assert [one.text for one in first.ranges] == ["0xbdf3e=00:1d.0"]
    assert "0 of its 10 ranges are left" in first.refused[0].reason
    # The one that overlaps gives its place back.
    assert [one.text for one in second.ranges] == ["0xbdf3e=00:1d.0"]
    assert second.refused[0].reason.startswith("it overlaps the region 0x90000000-0x90000fff")


def test_an_error_that_stands_there_already_is_not_built_upon() -> None:
    found = _write("0xbdf3e000+4K=00:1d.0", on=_on(line="rmrr=0x90000=00:1a.0,zz"))

    assert found.ranges == ()
    assert "an error in the rmrr= that is there already" in found.refused[0].reason


@pytest.mark.parametrize(
    ("release", "written"), [((4, 8), False), ((4, 9), True), ((4, 22), True), (None, True)]
)
def test_there_is_no_option_before_4_9(release: tuple[int, int] | None, written: bool) -> None:  # noqa: FBT001
    found = _write("0xbdf3e000+4K=00:1d.0", on=_on(release=release))

    assert bool(found.ranges) is written
    assert written or "4.9 is the first" in found.refused[0].reason


def test_what_was_changed_is_said() -> None:
    notes = _write("0xbdf3e800-0xbdf4efff=00:1d.0,00:1e.0").notes

    assert notes[0] == (
        "0xbdf3e800-0xbdf4efff is rounded outwards to whole pages: 0xbdf3e000-0xbdf4efff"
    )
    assert "has 17 pages and is split into 2 ranges" in notes[1]
    assert notes[2].startswith("no device answers at 0000:00:1e.0")


def test_the_recorded_dom0_takes_its_own_and_refuses_it_twice() -> None:
    host = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
    on = _on(host)

    assert _check(None, on).taken is True
    (refused,) = write_option(on, [read_wanted("0x3c201000+8K=00:03.0")]).refused
    assert refused.reason.startswith("it overlaps the region 0x3c200000-0x3c201fff")
    assert refused.wanted.devices == (SBDF.parse("00:03.0"),)
