"""What the running Xen's list shows of its own ``rmrr=`` and ``ivmd=``, and what the table covers."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from dmaragent.addresses import SBDF
from dmaragent.boot_option.ivmd_model import IvmdEffect
from dmaragent.boot_option.ivmd_option import check_ivmd, write_ivmd
from dmaragent.boot_option.model import OptionHost
from dmaragent.boot_option.request import read_wanted_ivmd
from dmaragent.boot_option.rmrr_option import check_option
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.host.xen import RdmEntry
from dmaragent.inventory import take_inventory
from dmaragent.readings import Missing, MissingKind
from support.hosts import Function, fake_host
from support.ivmd_hosts import amd_host, with_xen
from support.ivmd_hosts import option_host as amd_on
from support.releases import Numbers
from support.rmrr_hosts import XEN, checked, on_host, option_host, written
from support.tables import rmrr, scope
from support.wording import Worded

PAGE = RdmEntry(start_pfn=0xBDF3E, nr_pages=1)
REGION = rmrr(0xBDF3E000, 0xBDF3EFFF, scope(1, 0, (0x1D, 0)))
USB, OTHER = SBDF.parse("0000:00:1d.0"), SBDF.parse("0000:00:1a.0")
NIC = SBDF.parse("0000:01:00.0")
Lists = Mapping[SBDF, tuple[RdmEntry, ...] | None]


def _rmrr(
    line: str, *structures: bytes, lists: Lists | None = None, table: bool = True
) -> OptionHost:
    """Return a host whose Xen has `line` and lists PAGE, and for each device what `lists` has."""
    xen = XEN._replace(command_line=line, reserved_memory=(PAGE,))
    if lists is not None:
        xen = xen._replace(device_reserved_memory=MappingProxyType(dict(lists)))
    host = option_host(*structures, tables=None if table else {})
    return on_host(host._replace(xen=xen))


# rmrr= ----------------------------------------------------------------------------------


def test_the_entry_of_a_region_is_not_that_of_a_range_which_xen_refuses_for_it() -> None:
    """The table has the pages for 00:1d.0: Xen ignores rmrr= with the same pages (overlap)."""
    (one,) = check_option(_rmrr("rmrr=0xbdf3e=00:1a.0 a", REGION), None).ranges

    assert one.taken is False
    assert "overlaps" in one.reason


def test_of_two_ranges_with_the_same_pages_xen_lists_the_first() -> None:
    found = check_option(_rmrr("rmrr=0xbdf3e=00:1d.0 rmrr=0xbdf3e=00:1a.0 a"), None)

    assert [one.taken for one in found.ranges] == [True, False]


@pytest.mark.parametrize(
    ("lists", "taken"),
    [({OTHER: (PAGE,)}, True), ({OTHER: (), USB: (PAGE,)}, None), ({USB: (PAGE,)}, True)],
    ids=["of the device", "of another device", "not read for the device"],
)
def test_without_a_table_the_lists_of_devices_show_whose_an_entry_is(
    lists: Lists, *, taken: bool | None
) -> None:
    on = _rmrr("rmrr=0xbdf3e=00:1a.0 a", lists=lists, table=False)

    assert check_option(on, None).taken is taken


def test_a_region_with_other_pages_does_not_matter() -> None:
    apart = rmrr(0xBDF40000, 0xBDF40FFF, scope(1, 0, (0x1D, 0)))

    assert check_option(_rmrr("rmrr=0xbdf3e=00:1a.0 a", apart), None).taken is True


@pytest.mark.parametrize(
    "text",
    [
        "rmrr=0xbdf3e-0xbdf3f=00:1d.0",  # a page more than the region, its own device
        "rmrr=0xbdf3e-0xbdf3f=00:1a.0",
        "rmrr=0xbdf3e",
        "rmrr=0xbdf3d-0xbdf60=00:1a.0",  # too large: Xen does not read the devices
    ],
)
def test_a_region_is_said_to_cover_no_more_than_it_does(text: str, worded: Worded) -> None:
    (one,) = checked(text, on_host(option_host(REGION))).ranges

    assert one.taken is False
    worded(one.advice, "region 1")
    assert "no option is needed" not in one.advice[-1]


def test_a_region_that_is_refused_is_in_nobodys_way() -> None:
    """21 devices do not fit into a range, so the first region is not written."""
    many = ",".join(f"{bus:02x}:00.0" for bus in range(1, 22))
    found = written(f"0x80000000+4K={many}", "0x80000000+4K=00:1d.0")

    assert [one.text for one in found.ranges] == ["0x80000=00:1d.0"]
    assert [str(one.wanted) for one in found.refused] == ["0x80000000-0x80000fff"]


@pytest.mark.parametrize(
    ("capabilities", "release", "own", "other"),
    [
        (("hvm", "pv"), (4, 17, 7), False, None),
        (("hvm", "hvm_directio"), (4, 17, 7), True, True),
        (None, (4, 17, 7), True, True),
        (("hvm", "pv"), (4, 19, 1), True, True),
    ],
    ids=["off", "on", "unknown", "another release"],
)
def test_an_iommu_that_is_off_decides_about_the_line_that_xen_booted_with(
    capabilities: tuple[str, ...] | None,
    release: Numbers,
    worded: Worded,
    *,
    own: bool,
    other: bool | None,
) -> None:
    """Another line may have the IOMMU on, so that it is unknown whether its good ranges have effect."""
    line = "rmrr=0x80000=00:1d.0"
    xen = XEN._replace(capabilities=capabilities, command_line=f"{line} a")
    on = on_host(option_host()._replace(xen=xen), release=release)

    mine, another = check_option(on, None), checked(f"iommu=on {line}", on)

    assert (mine.taken, another.taken) == (own, other)
    assert checked(f"iommu=off {line}", on).taken is False
    assert written("0x90000000+4K=00:1a.0", on=on).taken is own
    worded(mine.ranges[0].reason)
    worded(another.ranges[0].reason)


def test_a_command_line_that_switches_the_iommu_off_is_named_as_the_cause(worded: Worded) -> None:
    xen = XEN._replace(capabilities=("hvm", "pv"), command_line="iommu=off a")
    found = written("0x80000000+4K=00:1d.0", on=on_host(option_host()._replace(xen=xen)))

    assert found.taken is False
    worded([one.reason for one in found.refused], "iommu=off")


# ivmd= ----------------------------------------------------------------------------------


def _ivmd(line: str, *listed: RdmEntry, lists: Lists | None = None) -> list[IvmdEffect]:
    host = with_xen(amd_host(), line, release="4.20.0", listed=listed)
    assert host.xen is not None
    if lists is not None:
        host = host._replace(
            xen=host.xen._replace(device_reserved_memory=MappingProxyType(dict(lists)))
        )
    return [judged.effect for judged in check_ivmd(amd_on(host, "4.20.0"), None).ranges]


TABLES = (RdmEntry(0x90010, 1), RdmEntry(0x90000, 2))
NEW = RdmEntry(0x91000, 1)


def test_a_device_without_an_iommu_does_not_get_the_entry_of_the_table() -> None:
    """The table has 0x90000-0x90001 for 00:1d.0; 00:02.0 has no IOMMU, so Xen 4.20 skips it."""
    assert _ivmd("ivmd=0x90000-0x90001=0:2.0 a", *TABLES) == [IvmdEffect.NO_EFFECT]


def test_a_device_without_an_iommu_does_not_get_the_entry_of_another() -> None:
    effects = _ivmd("ivmd=0x91000=1:0.0,0:2.0 a", NEW, *TABLES)

    assert effects == [IvmdEffect.ACCEPTED, IvmdEffect.NO_EFFECT]


def test_the_list_of_a_device_decides_about_its_range() -> None:
    line = "ivmd=0x91000=1:0.0 a"

    assert _ivmd(line, NEW, *TABLES, lists={NIC: (NEW,)}) == [IvmdEffect.ACCEPTED]
    assert _ivmd(line, NEW, *TABLES, lists={NIC: ()}) == [IvmdEffect.NO_EFFECT]


def _amd_off(line: str) -> OptionHost:
    """Return a host with an AMD IOMMU that Xen, booted with `line`, does not use."""
    host = with_xen(amd_host(), line)
    assert host.xen is not None
    return amd_on(host._replace(xen=host.xen._replace(capabilities=("hvm",))))


GOOD, IN_RAM = "ivmd=0x91000=1:0.0", "ivmd=0x1000=1:0.0"


def test_a_range_of_ivmd_has_no_effect_if_the_iommu_is_off() -> None:
    on = _amd_off(f"{GOOD} a")

    (one,) = check_ivmd(on, None).ranges

    assert one.effect is IvmdEffect.NO_EFFECT
    assert write_ivmd(on, [read_wanted_ivmd("0x92000000+4K=01:00.0")]).taken is False


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        (f"iommu=on {GOOD}", IvmdEffect.UNKNOWN),
        (f"iommu=off {GOOD}", IvmdEffect.NO_EFFECT),
        (f"iommu=on {IN_RAM}", IvmdEffect.SWITCHES_OFF),
    ],
)
def test_another_command_line_may_have_the_iommu_on(text: str, effect: IvmdEffect) -> None:
    for own in ("a", "iommu=off a", f"{IN_RAM} a"):
        (one,) = check_ivmd(_amd_off(own), text).ranges
        assert one.effect is effect


def test_the_own_range_that_switched_the_iommu_off_is_named() -> None:
    """0x1000000 is RAM: Xen 4.20 switches AMD-Vi off for it (EIO), so the IOMMU is off."""
    on = _amd_off(f"{IN_RAM} a")

    (one,) = check_ivmd(on, None).ranges

    assert one.effect is IvmdEffect.SWITCHES_OFF
    assert "EIO" in one.reason


@pytest.mark.parametrize(("line", "cause"), [("iommu=off a", "iommu=off"), (f"{IN_RAM} a", "EIO")])
def test_what_switched_the_iommu_off_is_why_no_range_is_written(line: str, cause: str) -> None:
    found = write_ivmd(_amd_off(line), [read_wanted_ivmd("0x91000000+4K=01:00.0")])

    assert cause in found.refused[0].reason


@pytest.mark.parametrize("pages", ["0xfffffffffffff", "0-0xfffffffffffff"])
def test_pages_at_the_end_of_64_bits_stop_xen_on_every_host(pages: str) -> None:
    """Start and length add up to 2^64: amd_iommu_get_paging_mode has BUG_ON(!max_frames)."""
    unread = fake_host([Function(sbdf="0000:01:00.0")], {"IVRS": b""})
    unread.files["/proc/cpuinfo"] = b"vendor_id\t: AuthenticAMD\n"
    unread.files["/sys/firmware/acpi/tables/IVRS"] = Missing(MissingKind.DENIED, "")
    denied = OptionHost(inventory=take_inventory(join(collect(unread))), release=None)

    for on in (denied, amd_on()):
        (one,) = check_ivmd(on, f"ivmd={pages}=1:0.0").ranges
        assert one.effect is IvmdEffect.SWITCHES_OFF
        assert "BUG" in one.reason
