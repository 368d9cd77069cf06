"""What the records say of each release of Xen: a row for each release and point that differs.

Each row was read at its tags (RELEASE-4.N.P) and at the tags before and after them.  The commit
is the one that brings the behaviour to these releases; what ended it has a row of its own or is
named beside it.
"""

from typing import NamedTuple

import pytest

from dmaragent.addresses import SBDF
from dmaragent.host.memory_map import MemoryType
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import (
    NEWEST_RELEASE,
    SPANS,
    STEPS,
    behaviour_of,
    behaviours_of,
    releases_words,
)
from dmaragent.xen.hypervisor.prediction import Acceptance
from support.releases import Numbers, as_release
from support.tables import ENDPOINT, drhd, rmrr, scope
from support.wording import Worded
from support.xen_tables import GONE, memory_of, only_fate, only_option, predicted, topology_of

LAST_POINTS = {6: 6, 7: 6, 8: 5, 9: 4, 10: 4, 11: 4, 12: 4, 13: 5, 14: 6, 15: 7, 16: 7, 17: 7}
LAST_POINTS |= {18: 6, 19: 6, 20: 4, 21: 2, 22: 0}
"""By minor release of 4.x: the last point that was tagged.  There is no 4.6.2."""
TAGS = [
    Release(4, minor, point) for minor, last in LAST_POINTS.items() for point in range(last + 1)
]


class Row(NamedTuple):
    """The releases with a behaviour, from the first tag to the last in a row; None: to master."""

    name: str
    first: str
    last: str | None
    commit: str


ROWS = (
    Row("rmrr_option", "4.9.0", None, "431685e8de"),
    Row("looks_for_devices", "4.12.0", "4.16.7", "dcf417903b; ended by 3950f2485bbc (4.17.0)"),
    Row("looks_for_devices", "4.19.4", "4.19.6", "3f250a375f"),
    Row("looks_for_devices", "4.20.2", "4.20.4", "a98591e217"),
    Row("looks_for_devices", "4.21.0", None, "c292772b49"),
    Row("lists_empty_regions", "4.6.0", "4.15.7", "ended by 2209c36007 (4.16.0)"),
    Row("checks_ends_alone", "4.6.0", "4.11.3", "ended by f9e2a60b39 (4.11.4)"),
    Row("checks_ends_alone", "4.12.0", "4.12.2", "ended by 30acb65fad (4.12.3)"),
    Row("checks_ends_alone", "4.13.0", "4.13.0", "ended by 994ff5160d (4.13.1)"),
    Row("accepts_acpi_memory", "4.14.0", "4.18.6", "5657d67657; ended by a185f88e98 (4.19.0)"),
    Row("ram_disables_vtd", "4.19.0", None, "a185f88e98"),
    Row("satc_parsed", "4.19.0", None, "b5996ab284"),
    Row("limits_units", "4.6.0", "4.15.7", "ended by 27713fa2aa (4.16.0)"),
    Row("takes_33_units", "4.6.0", "4.13.3", "ended by 231237c12b (4.13.4)"),
    Row("takes_33_units", "4.14.0", "4.14.1", "ended by 0c4caea34a (4.14.2)"),
    Row("lists_console", "4.17.0", None, "2d9b369913"),
    Row("console_page_more", "4.17.0", "4.19.4", "2d9b369913; ended by aa07351362 (4.19.5)"),
    Row("console_page_more", "4.20.0", "4.20.2", "ended by 1aaa2a0097 (4.20.3)"),
    Row("console_page_more", "4.21.0", "4.21.0", "ended by 615199f05b (4.21.1)"),
    Row("keeps_bridged", "4.13.5", "4.13.5", "235aa158e0 (XSA-400)"),
    Row("keeps_bridged", "4.14.5", "4.14.6", "8a9a21b1ad (XSA-400)"),
    Row("keeps_bridged", "4.15.3", "4.15.7", "d67a72c655 (XSA-400)"),
    Row("keeps_bridged", "4.16.1", "4.16.7", "e579153bfe (XSA-400)"),
    Row("keeps_bridged", "4.17.0", None, "8f41e481b4 (XSA-400)"),
)


def _place(text: str) -> int:
    return TAGS.index(Release.parse(text))


@pytest.mark.parametrize("name", SPANS)
def test_a_behaviour_is_that_of_the_tags_that_have_it(name: str) -> None:
    runs = [
        (_place(row.first), _place(row.last) if row.last else len(TAGS))
        for row in ROWS
        if row.name == name
    ]
    has = [any(first <= place <= last for first, last in runs) for place in range(len(TAGS))]

    assert runs
    assert [getattr(behaviour_of(tag), name) for tag in TAGS] == has


def test_master_behaves_as_the_newest_release() -> None:
    """Read at c447b7308b, 4.23-unstable."""
    assert NEWEST_RELEASE == (4, 22)
    assert behaviour_of(Release(4, 23)) == behaviour_of(None) == behaviour_of(TAGS[-1])


def test_a_point_release_that_was_not_tagged_yet_behaves_as_the_last() -> None:
    assert behaviour_of(Release(4, 20, 9)) == behaviour_of(Release(4, 20, 4))
    assert behaviour_of(Release(4, 6, 2)) == behaviour_of(Release(4, 6, 1))


@pytest.mark.parametrize(
    ("release", "looks"),
    [((4, 19), [False, True]), ((4, 20), [False, True]), ((4, 18), [False]), ((4, 21), [True])],
)
def test_without_its_point_a_release_has_all_behaviours_of_its_points(
    release: Numbers, looks: list[bool]
) -> None:
    behaviours = behaviours_of(as_release(release))

    assert list(dict.fromkeys(each.looks_for_devices for each in behaviours)) == looks


# What predictions make of it ----------------------------------------------------------------

ABSENT = rmrr(0x1000, 0x1FFF, GONE)
BELOW = rmrr(0x9000, 0x1FFF, GONE)


@pytest.mark.parametrize(
    ("release", "fate"),
    [
        ((4, 11, 4), Acceptance.LISTED),
        ((4, 12, 0), Acceptance.IGNORED_ABSENT),
        ((4, 16, 7), Acceptance.IGNORED_ABSENT),
        ((4, 17, 0), Acceptance.LISTED),
        ((4, 18, 6), Acceptance.LISTED),
        ((4, 19, 3), Acceptance.LISTED),
        ((4, 19, 4), Acceptance.IGNORED_ABSENT),
        ((4, 20, 1), Acceptance.LISTED),
        ((4, 20, 2), Acceptance.IGNORED_ABSENT),
        ((4, 21, 0), Acceptance.IGNORED_ABSENT),
    ],
)
def test_a_region_of_absent_devices_is_as_the_point_release_has_it(
    release: Numbers, fate: Acceptance
) -> None:
    prediction = predicted(ABSENT, release=release)

    assert only_fate(prediction).fate is fate
    assert len(prediction.entries) == (fate is Acceptance.LISTED)
    assert (prediction.undecided, prediction.alternatives, prediction.doubt) == ({}, (), "")


def test_without_the_point_a_region_that_points_differ_on_is_undecided() -> None:
    prediction = predicted(ABSENT, rmrr(0x5000, 0x5FFF, ENDPOINT), release=(4, 19))
    absent, present = prediction.fates

    assert prediction.undecided == {
        absent.source: "listed by Xen 4.19.0 to 4.19.3, not by Xen 4.19.4 to 4.19.x"
    }
    assert present.fate is Acceptance.LISTED
    assert [len(each.entries) for each in prediction.alternatives] == [2, 1]
    assert prediction.doubt == ""


@pytest.mark.parametrize("release", [(4, 11), (4, 16), (4, 18), (4, 21)])
def test_points_that_agree_leave_nothing_open(release: Numbers) -> None:
    prediction = predicted(ABSENT, release=release)

    assert (prediction.undecided, prediction.alternatives, prediction.doubt) == ({}, (), "")


def test_without_the_point_vtd_may_be_off(worded: Worded) -> None:
    """A limit below its base switches VT-d off unless the region is ignored before."""
    off, on = predicted(BELOW, release=(4, 20, 1)), predicted(BELOW, release=(4, 20, 2))
    assert (bool(off.iommu_disabled), bool(on.iommu_disabled)) == (True, False)

    prediction = predicted(BELOW, release=(4, 20))

    assert prediction.iommu_disabled == ""
    worded(prediction.doubt, "4.20.0", "4.20.1")


def test_without_the_point_a_range_of_the_option_is_not_promised() -> None:
    line = "rmrr=10=00:1f.5"
    assert only_option(predicted(line=line, release=(4, 19, 3))).accepted
    assert not only_option(predicted(line=line, release=(4, 19, 4))).accepted

    open_one = only_option(predicted(line=line, release=(4, 19)))

    assert not open_one.accepted
    assert "4.19.4" in open_one.reason


def test_without_the_point_a_range_is_unknown_if_it_is_for_some_points() -> None:
    """Xen up to 4.19.3 may have the first range, which the second overlaps; 4.19.4 ignores it."""
    ram = (0, 0x5000_0000, MemoryType.RAM)
    memory = memory_of(ram)._replace(incomplete="cut short")
    line = "rmrr=0x4fff8-0x50003=00:1f.5 rmrr=0x4fff8=00:1d.0"
    predictions = [
        predicted(line=line, memory=memory, release=release)
        for release in ((4, 19, 3), (4, 19, 4), (4, 19))
    ]

    verdicts = [tuple(each.accepted for each in one.options) for one in predictions]
    assert verdicts == [(None, None), (False, True), (None, None)]
    assert [bool(one.doubt) for one in predictions] == [True, False, True]


# Regions without pages ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "entries"), [((4, 6, 0), [(5, 0)]), ((4, 15, 7), [(5, 0)]), ((4, 16, 0), [])]
)
def test_a_region_without_pages_is_listed_before_4_16(
    release: Numbers, entries: list[tuple[int, int]]
) -> None:
    prediction = predicted(rmrr(0x5000, 0x5000, ENDPOINT), release=release)

    assert [(each.start_pfn, each.nr_pages) for each in prediction.entries] == entries
    listed = only_fate(prediction).fate is Acceptance.LISTED
    assert listed is bool(entries)


# Memory -------------------------------------------------------------------------------------

_ACPI, _NVS, _RESERVED = MemoryType.ACPI, MemoryType.NVS, MemoryType.RESERVED
MAPS = {
    "reserved": [(0x1000, 0x9000, _RESERVED)],
    "ACPI": [(0x1000, 0x9000, _ACPI)],
    "NVS": [(0x1000, 0x9000, _NVS)],
    "half ACPI, half NVS": [(0x1000, 0x4000, _ACPI), (0x4000, 0x9000, _NVS)],
    "a hole in the middle": [(0x1000, 0x4000, _RESERVED), (0x6000, 0x9000, _RESERVED)],
    "a hole at the end": [(0x1000, 0x8000, _RESERVED)],
    "RAM in the middle": [
        (0x1000, 0x4000, _RESERVED),
        (0x4000, 0x6000, MemoryType.RAM),
        (0x6000, 0x9000, _RESERVED),
    ],
}
WITHOUT_WARNING = {
    (4, 6, 1): {"reserved", "a hole in the middle", "RAM in the middle"},
    (4, 11, 3): {"reserved", "a hole in the middle", "RAM in the middle"},
    (4, 11, 4): {"reserved"},
    (4, 12, 2): {"reserved", "a hole in the middle", "RAM in the middle"},
    (4, 12, 3): {"reserved"},
    (4, 13, 0): {"reserved", "a hole in the middle", "RAM in the middle"},
    (4, 13, 1): {"reserved"},
    (4, 14, 0): {"reserved", "ACPI", "NVS"},
    (4, 18, 6): {"reserved", "ACPI", "NVS"},
    (4, 19, 0): {"reserved"},
    (4, 22, 0): {"reserved"},
}
"""vtd/dmar.c, ``acpi_parse_one_rmrr``; from 4.19.0 on x86/iommu.c, ``iommu_unity_region_ok``."""


@pytest.mark.parametrize("release", WITHOUT_WARNING, ids=str)
def test_which_memory_draws_no_warning(release: tuple[int, int, int]) -> None:
    quiet = set()
    for name, entries in MAPS.items():
        made = predicted(
            rmrr(0x1000, 0x8FFF, ENDPOINT), memory=memory_of(*entries), release=release
        )
        if not only_fate(made).notes and not made.iommu_disabled:
            quiet.add(name)

    assert quiet == WITHOUT_WARNING[release]


def test_without_the_point_a_warning_names_the_points_that_print_it() -> None:
    hole = memory_of(*MAPS["a hole in the middle"])
    fate = only_fate(predicted(rmrr(0x1000, 0x8FFF, ENDPOINT), memory=hole, release=(4, 13)))

    assert fate.fate is Acceptance.LISTED
    assert [note.split(":")[0] for note in fate.notes] == ["Xen 4.13.1 to 4.13.x"]


# Remapping units ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "most"),
    [
        ((4, 6, 0), 33),
        ((4, 13, 3), 33),
        ((4, 13, 4), 32),
        ((4, 14, 1), 33),
        ((4, 14, 2), 32),
        ((4, 15, 0), 32),
        ((4, 15, 7), 32),
    ],
)
def test_more_units_than_xen_drives_switch_vtd_off(
    release: Numbers, most: int, worded: Worded
) -> None:
    """vtd/iommu.c, ``iommu_alloc``: MAX_IOMMUS; the table has another unit besides."""
    units = [drhd(0xF0000000 + (number << 12), scope(1, 0, (2, 0))) for number in range(most)]

    assert not predicted(*units[:-1], release=release).iommu_disabled
    worded(predicted(*units, release=release).iommu_disabled, most)
    assert not predicted(*units, release=(4, 16, 0)).iommu_disabled


def test_without_the_point_a_unit_too_many_may_switch_vtd_off(worded: Worded) -> None:
    units = [drhd(0xF0000000 + (number << 12), scope(1, 0, (2, 0))) for number in range(32)]

    worded(predicted(*units, release=(4, 14)).doubt, "4.14.2")
    assert predicted(*units, release=(4, 15)).iommu_disabled


# Words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "rmrr_option",
        "looks_for_devices",
        "checks_ends_alone",
        "accepts_acpi_memory",
        "takes_33_units",
    ],
)
def test_releases_are_merged_into_spans(name: str, worded: Worded) -> None:
    worded(releases_words([step for step in STEPS if getattr(behaviour_of(step), name)]))


# Segments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "owned"),
    [((4, 11, 4), 0), ((4, 12, 0), 1), ((4, 17, 7), 0), ((4, 19, 4), 1), ((4, 22, 0), 1)],
)
def test_a_bridge_of_another_segment_is_read_only_with_mmcfg(release: Numbers, owned: int) -> None:
    """x86_64/pci.c, ``pci_conf_read8``: 0xff without; the region is listed all the same."""
    device = SBDF.parse("0001:01:00.0")
    topology = topology_of(str(device), **{"0001:00:1c.0": 1})
    behind = rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1C, 0), (0, 0)), segment=1)
    prediction = predicted(behind, topology=topology, release=release)

    assert len(prediction.entries) == 1
    assert len(prediction.by_device.get(device, ())) == owned
