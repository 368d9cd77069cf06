"""A host whose Xen names its point release, and one whose Xen does not: lists, guests, checks."""

import json

import pytest

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.mmio_hole import steps_over_all
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import resolve as resolve_guest
from dmaragent.policy.settings import Toolstack
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import option_rules
from dmaragent.xen.reserved_list.model import ListSource
from dmaragent.xen.toolstack.libxl import toolstack_behaviours
from support.guests import E2, HOST_RELAXED, HOST_STRICT, guest
from support.inventories import UNIT, XEN, inventory_of
from support.tables import rmrr, scope
from support.wording import Worded

ABSENT = rmrr(0x6000000, 0x600FFFF, scope(1, 0, (9, 0)))
PRESENT = rmrr(0x2000000, 0x200FFFF, scope(1, 0, (2, 0)))
EMPTY = rmrr(0x5000000, 0x5000000, scope(1, 0, (0x14, 0)))
MEMORY = ("0x0 0x1ffffff System RAM", "0x2000000 0x7ffffff Reserved")
VERSION = "/sys/hypervisor/version/"


def running(minor: int, extra: str, entries: list[list[int]] | None, *regions: bytes) -> Inventory:
    """Take the inventory of a dom0 of Xen 4.`minor``extra`, whose list is `entries` or unknown."""
    version = {"major": b"4\n", "minor": b"%d\n" % minor, "extra": extra.encode() + b"\n"}
    files = XEN | {VERSION + name: value for name, value in version.items()}
    calls = {"xl-info": b"virt_caps : pv hvm hvm_directio hap\n"}
    if entries is not None:
        calls["xen-rdm"] = json.dumps({"entries": entries}).encode()
    return inventory_of(UNIT, *regions, files=files, calls=calls)


def resolved(inventory: Inventory, rdm: str, hypervisor: Release) -> Resolution:
    stack = Stack(toolstack=Toolstack.XL, release=Release.parse(E2), hypervisor=hypervisor)
    facts = facts_of(inventory, hypervisor)
    return resolve_guest(guest(rdm=rdm), facts, stack)


def absent_region_as(release: Release) -> Inventory:
    return take_inventory(inventory_of(UNIT, PRESENT, ABSENT, memory=MEMORY).host, release)


def test_a_range_that_xen_ignored_does_not_own_the_pages_of_another() -> None:
    """4.19.4 ignores the first range of rmrr=, none of whose devices is present."""
    line = "rmrr=0x4000=00:1f.5 rmrr=0x4000=00:14.0,00:02.0"
    calls = {"xl-info": f"virt_caps : pv hvm hvm_directio hap\nxen_commandline : {line}\n".encode()}
    version = {VERSION + "major": b"4\n", VERSION + "minor": b"19\n", VERSION + "extra": b".4\n"}
    facts = facts_of(inventory_of(UNIT, files=XEN | version, calls=calls))
    present = SBDF.parse("00:14.0"), SBDF.parse("00:02.0")

    assert facts.owners == {facts.listed[0]: present}
    assert {sbdf: [one.sharers for one in own] for sbdf, own in (facts.shared or {}).items()} == {
        sbdf: [2] for sbdf in present
    }


# Releases as hosts report them --------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "point"),
    [
        *((".7", 7), (".0", 0), (".12", 12), (".7 ", 7)),
        *((".5-1.fc37", None), (".3_02-150500.3.6.1", None)),
        *((".5-9.36", None), (".2-1ubuntu1", None), (".4.1", None), (".1+deb12u1", None)),
        *((".8-pre", None), (".4-pre+1", None), (".3pre-shim-comet", None), (".0-rc", None)),
        *(("-rc", None), ("-rc3", None), (".0-0.rc3.fc41", None), ("-unstable", None)),
        *((".5+23-ga4e5191dc0-1", None), ("-7", None), ("", None), (None, None), ("7", None)),
        *((".1234", None), (".x", None)),
    ],
)
def test_only_a_point_release_has_its_point(extra: str | None, point: int | None) -> None:
    found = Release.running((4, 17), extra)
    assert (found.series, found.point) == ((4, 17), point)


@pytest.mark.parametrize(
    ("extra", "after"),
    [
        (".8-pre", 7),
        (".4-pre+1", 3),
        (".5+23-ga4e5191dc0-1", 5),
        (".0-rc", 0),
        ("-rc3", 0),
        (".3_02-150500.3.6.1", 3),
        (".5-9.36", 5),
        (".7", 0),
        (".6-somevendors-", 5),  # 15 characters: "-pre" may follow
        (".6-somevendors-1", 6),
    ],
)
def test_a_tree_between_two_point_releases_or_a_build_is_after_the_first(
    extra: str, after: int
) -> None:
    assert Release.running((4, 17), extra).after == after


@pytest.mark.parametrize(
    ("by_linux", "by_xl", "extra"),
    [
        (".6-somevendors-", ".6-somevendors-12.3", ".6-somevendors-12.3"),
        (".6-somevendors-", ".7", ".6-somevendors-"),
        (".6", "", ".6"),
        ("", ".6", ".6"),
    ],
)
def test_xl_has_the_whole_version_that_linux_has_cut(by_linux: str, by_xl: str, extra: str) -> None:
    version = {VERSION + "major": b"4\n", VERSION + "minor": b"19\n"}
    version[VERSION + "extra"] = f"{by_linux}\n".encode()
    calls = {"xl-info": f"xen_extra : {by_xl}\n".encode()}

    host = inventory_of(UNIT, files=XEN | version, calls=calls).host

    assert host.xen is not None
    assert host.xen.extra == extra


def test_of_a_tree_between_two_point_releases_only_later_rules_may_apply() -> None:
    for release, number in (
        (Release(4, 14), 2),
        (Release(4, 14, None, 4), 2),
        (Release(4, 14, None, 5), 1),
    ):
        assert len(toolstack_behaviours(release)) == number
    assert [len(option_rules(Release(4, 10, None, after))) for after in (0, 2, 3)] == [2, 2, 1]
    assert not steps_over_all(Release(4, 8, None, 2))
    assert steps_over_all(Release(4, 8, None, 3))


def test_a_release_without_its_point_covers_its_points() -> None:
    assert Release(4, 17).covers(Release(4, 17, 7))
    assert Release(4, 17, 7).covers(Release(4, 17, 7))
    assert not Release(4, 17, 7).covers(Release(4, 17))
    assert not Release(4, 17).covers(Release(4, 18, 7))


# The release of a host ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "release"),
    [
        (".3", Release(4, 19, 3)),
        (".4-1.fc42", Release(4, 19, None, 4)),
        (".4-pre", Release(4, 19, None, 3)),
        (".5-pre", Release(4, 19, None, 4)),
    ],
)
def test_the_point_of_the_running_xen_decides(extra: str, release: Release) -> None:
    inventory = running(19, extra, None, PRESENT, ABSENT)

    assert inventory.host.xen is not None
    assert inventory.host.xen.release == release
    assert inventory.xen.list.release == release
    listed = {Release(4, 19, 3): True, Release(4, 19, 4): False, Release(4, 19, None, 3): None}
    listed[Release(4, 19, None, 4)] = False
    assert inventory.regions[1].xen.listed is listed[release]
    assert inventory.regions[0].xen.listed


def test_the_running_xens_list_decides_whatever_its_point() -> None:
    """Of a Xen whose point is unknown, a list with or without the region is no surprise."""
    for entries in ([[0x2000, 16]], [[0x6000, 16], [0x2000, 16]]):
        inventory = running(19, ".4-pre", entries, PRESENT, ABSENT)

        assert inventory.xen.list.source is ListSource.HYPERVISOR
        assert inventory.regions[1].xen.listed is (len(entries) == 2)
        assert (inventory.differences, inventory.xen.unlisted) == ((), frozenset())
        assert inventory.gaps.xen == ()


@pytest.mark.parametrize(
    ("asked", "told"), [((4, 19), 1), ((4, 19, 4), 1), ((4, 19, 3), 0), ((4, 18), 0)]
)
def test_the_series_of_the_running_xen_means_the_running_xen(
    asked: tuple[int, ...], told: object
) -> None:
    host = running(19, ".4", [[0x2000, 16]], PRESENT, ABSENT).host

    source = take_inventory(host, Release(*asked)).xen.list.source

    assert (source is ListSource.HYPERVISOR) is bool(told)


@pytest.mark.parametrize(
    ("extra", "devices"), [("", ["00:14.0", "00:02.0"]), (".3", []), (".4", [])]
)
def test_devices_whose_regions_depend_on_an_unknown_point_are_a_gap(
    extra: str, devices: list[str]
) -> None:
    """4.19.4 ignores the first range of rmrr=, whose device is not present.  Others refuse the second."""
    line = "rmrr=0x4000=00:1f.5 rmrr=0x4000=00:14.0,00:02.0"
    calls = {"xl-info": f"virt_caps : pv hvm hvm_directio hap\nxen_commandline : {line}\n".encode()}
    version = {"major": b"4\n", "minor": b"19\n", "extra": extra.encode() + b"\n"}
    files = XEN | {VERSION + name: value for name, value in version.items()}

    gaps = inventory_of(UNIT, files=files, calls=calls).gaps.xen
    assert [gap.devices for gap in gaps] == [frozenset({SBDF.parse(name)}) for name in devices]


# Guests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "verdict"),
    [
        (Release(4, 19, 3), Verdict.REFUSED),
        (Release(4, 19, 4), Verdict.STARTS),
        (Release(4, 20, 1), Verdict.REFUSED),
        (Release(4, 20, 2), Verdict.STARTS),
        (Release(4, 18), Verdict.REFUSED),
        (Release(4, 19), Verdict.UNDECIDED),
    ],
    ids=str,
)
def test_a_guest_starts_if_xen_ignores_the_region_in_its_way(
    release: Release, verdict: Verdict
) -> None:
    """The region is at 96 MiB, below the boundary, and strict by the guest's `rdm`."""
    inventory = inventory_of(UNIT, ABSENT, memory=MEMORY)
    found = resolved(take_inventory(inventory.host, release), HOST_STRICT, release)

    assert found.verdict is verdict


def test_the_answer_names_the_points_that_it_depends_on(worded: Worded) -> None:
    release = Release(4, 19)
    inventory = take_inventory(inventory_of(UNIT, ABSENT, memory=MEMORY).host, release)
    found = resolved(inventory, HOST_STRICT, release)

    worded(found.reasons[0].reason, "4.19.4", "4.19.0", "4.19.3")
    assert len(found.outcomes) == 2


def test_points_on_which_a_guests_verdict_does_not_rest_leave_it_decided() -> None:
    release = Release(4, 19)
    inventory = absent_region_as(release)

    relaxed = resolved(inventory, HOST_RELAXED, release)
    assert relaxed.verdict is Verdict.STARTS
    none = resolve_guest(
        guest(),
        facts_of(inventory, release),
        Stack(toolstack=Toolstack.XL, release=Release.parse(E2), hypervisor=release),
    )
    assert none.verdict is Verdict.STARTS
    assert len(none.outcomes) == 1


def test_a_region_without_pages_reaches_the_guest() -> None:
    """Before 4.16 Xen lists it, with 0 pages."""
    release = Release(4, 15, 7)
    inventory = take_inventory(inventory_of(UNIT, EMPTY).host, release)
    (entry,) = inventory.xen.list.entries
    assert (entry.range.start, entry.range.size) == (0x5000000, 0)
    assert inventory.xen.list.entries[0].region == 1

    assert resolved(inventory, HOST_RELAXED, release).outcomes

    newer = take_inventory(inventory_of(UNIT, EMPTY).host, Release(4, 16))
    assert newer.xen.list.entries == ()


def test_a_hypervisors_entry_without_pages_is_taken() -> None:
    inventory = running(15, ".7", [[0x5000, 0]], EMPTY)

    assert inventory.regions[0].xen.listed
    assert [entry.region for entry in inventory.xen.list.entries] == [1]


def test_the_inventory_names_the_lists_of_the_points() -> None:
    notes = absent_region_as(Release(4, 19)).xen.list.notes

    assert any("4.19.3 lists 2" in note and "the last 4.19 lists 1" in note for note in notes)
    assert absent_region_as(Release(4, 18)).xen.list.notes == ()


def test_an_unknown_that_decides_nothing_is_not_named() -> None:
    """The point of the release changes the layout here, and not what the policy decides."""
    inventory = running(19, ".4-pre", None, PRESENT, ABSENT)
    resolution = resolved(inventory, "strategy=host", Release(4, 19))
    (reason,) = [each.reason for each in resolution.reasons if "policy strict" in each.reason]

    assert len(resolution.outcomes) == 4
    assert all("4.19" in words for case in resolution.outcomes for words in case.assumptions)
    assert "4.19" not in reason
