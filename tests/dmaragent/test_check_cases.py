"""Where one rule's cases differ: the release of Xen, who looks at a scope, what was registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import AddressRange
from dmaragent.checks import check
from dmaragent.checks.common.model import Severity
from dmaragent.xen.reserved_list.model import ListEntry, ListSource, Origin
from support.checked import (
    BASE,
    CASES,
    FUNCTIONS,
    GONE,
    LIMIT,
    OTHER_USB,
    USB,
    Made,
    findings,
    host,
    named,
    only,
    region,
    taken,
)
from support.hosts import Function
from support.releases import Numbers
from support.tables import rmrr
from support.wording import Worded

# What switches VT-d off ----------------------------------------------------------------


@pytest.mark.parametrize("release", [None, (4, 17), (4, 19), (4, 20), (4, 21), (4, 22)])
@pytest.mark.parametrize(
    "name", [name for name, _ in CASES.items() if name.startswith("rmrr-")], ids=str
)
def test_what_is_critical_and_what_is_predicted_agree(name: str, release: Numbers) -> None:
    inventory = taken(CASES[name][0](), release)
    critical = [one for one in check(inventory).findings if one.severity is Severity.CRITICAL]

    assert bool(critical) == bool(inventory.xen.list.iommu_disabled)


@pytest.mark.parametrize(
    ("release", "severity"),
    [
        (None, Severity.CRITICAL),
        ((4, 18), Severity.WARNING),
        ((4, 19), Severity.CRITICAL),
    ],
    ids=str,
)
def test_a_region_in_ram_is_as_bad_as_the_release(
    release: Numbers, severity: Severity, worded: Worded
) -> None:
    one = only(CASES["rmrr-in-ram"][0](), "rmrr-in-ram", release)

    assert one.severity is severity
    worded(one.xen)


@pytest.mark.parametrize(
    ("release", "severity"),
    [
        (None, Severity.CRITICAL),
        ((4, 20), Severity.CRITICAL),
        ((4, 20, 1), Severity.CRITICAL),
        ((4, 21), Severity.WARNING),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "made",
    [
        lambda: host(rmrr(BASE, LIMIT, GONE), rmrr(BASE + 0x8000, LIMIT + 0x8000, USB)),
        lambda: host(rmrr(BASE, BASE - 1, GONE)),
    ],
    ids=["overlap", "limit below base"],
)
def test_a_region_without_devices_harms_only_the_releases_that_register_it(
    made: Made, release: Numbers, severity: Severity, worded: Worded
) -> None:
    one = findings(made(), release).findings[0]

    assert one.severity is severity
    worded(one.xen)


def test_a_region_that_xen_never_registers_overlaps_without_harm(worded: Worded) -> None:
    empty = rmrr(BASE, LIMIT)
    one = only(host(empty, rmrr(BASE, LIMIT, USB)), "rmrr-duplicate")

    assert one.severity is Severity.WARNING
    worded(one.xen)
    assert only(host(rmrr(BASE, LIMIT, USB), empty), "rmrr-duplicate").severity is (
        Severity.CRITICAL  # the overlap is looked at before the scope
    )


def test_a_region_that_overlaps_two_is_told_against_the_one_that_matters() -> None:
    made = host(
        rmrr(BASE, LIMIT),  # never registered
        rmrr(LIMIT + 1, LIMIT + 0x10000, USB),
        rmrr(BASE, LIMIT + 0x10000, OTHER_USB),
    )
    one = only(made, "rmrr-overlap")

    assert one.severity is Severity.CRITICAL
    assert "overlaps region 2" in one.hit.message


def test_overlaps_count_across_segments() -> None:
    other = rmrr(BASE, LIMIT, USB, segment=1)
    made = host(
        rmrr(BASE, LIMIT, USB), other, functions=(*FUNCTIONS, Function(sbdf="0001:00:1d.0"))
    )

    assert only(made, "rmrr-duplicate").severity is Severity.CRITICAL


_SPAN = st.tuples(st.integers(0, 40), st.integers(0, 10), st.booleans())


@given(st.lists(_SPAN, max_size=12))
def test_the_regions_that_have_bytes_of_an_earlier_one_are_found_as_by_comparing_all(
    spans: list[tuple[int, int, bool]],
) -> None:
    made = host(*(rmrr(a, a + size, *([USB] if scoped else [])) for a, size, scoped in spans))
    told = {
        one.hit.region: one.severity
        for one in findings(made, (4, 22)).findings
        if one.rule.id in ("rmrr-overlap", "rmrr-duplicate")
    }

    expected = {}
    for number, (start, size, _) in enumerate(spans, 1):
        met = [
            scoped
            for a, length, scoped in spans[: number - 1]
            if a <= start + size and start <= a + length
        ]
        if met:
            expected[number] = Severity.CRITICAL if any(met) else Severity.WARNING
    assert told == expected


# Ranges and guests ---------------------------------------------------------------------


def test_a_placeholder_is_one_mistake_and_told_once() -> None:
    for limit in (0, 0xFFF):
        ids = {one.rule.id for one in findings(region(0, limit)()).findings}
        assert ids == {"rmrr-placeholder", "rmrr-in-ram"}  # the map has page 0 as RAM


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (None, ""),
        ((4, 13, 5), ""),
        ((4, 14), "Xen 4.14 does not warn and keeps the region."),
        ((4, 18, 6), "Xen 4.18.6 does not warn and keeps the region."),
        ((4, 19), ""),
    ],
    ids=str,
)
def test_some_releases_do_not_warn_of_acpi_memory(release: Numbers, said: str) -> None:
    """A region wholly in NVS memory: the rule's own words are for those that do."""
    one = only(region(0x7C000000, 0x7C00FFFF)(), "rmrr-not-reserved", release)

    assert one.xen == (said or one.rule.xen)


@pytest.mark.parametrize(
    "release",
    [
        (4, 11, 3),
        (4, 11, 4),
        (4, 11),
    ],
    ids=str,
)
def test_some_releases_look_at_the_ends_of_a_region_alone(release: Numbers, worded: Worded) -> None:
    one = only(region(0xFF000, 0x7B000FFF)(), "rmrr-in-ram", release)

    worded(one.xen)


def test_a_region_of_nvs_memory_is_only_told() -> None:
    one = only(region(0x7C000000, 0x7C00FFFF)(), "rmrr-not-reserved")

    assert one.severity is Severity.INFO
    assert "6.1" in one.linux


def test_a_region_that_no_guest_is_told_of_does_not_trouble_guests() -> None:
    ids = {one.rule.id for one in findings(host(rmrr(0xF0000, 0xFFFFF))).findings}

    assert ids == {"rmrr-scope-empty"}


def test_sharing_is_told_of_a_table_alone(worded: Worded) -> None:
    one = only(host(rmrr(BASE, LIMIT, USB, GONE), functions=None), "rmrr-shared")

    worded(one.hit.message, "0000:00:1d.0", "0000:00:19.0")


def test_xen_knows_segment_0_without_a_function_in_it_and_no_other() -> None:
    functions = (Function(sbdf="0002:00:1d.0"),)
    for segment, severity in ((0, Severity.WARNING), (1, Severity.CRITICAL)):
        made = host(rmrr(BASE, BASE - 1, USB, segment=segment), functions=functions)
        assert only(made, "rmrr-limit-below-base", (4, 22)).severity is severity


def test_xens_own_list_is_what_a_memory_map_must_hold() -> None:
    inventory = taken(named(USB)())
    entry = ListEntry(range=AddressRange(0, 4096), origin=Origin.UNEXPLAINED, region=None)
    told = inventory.xen.list._replace(source=ListSource.HYPERVISOR, entries=tuple([entry] * 127))
    inventory = inventory._replace(xen=inventory.xen._replace(list=told))

    assert [one.rule.id for one in check(inventory).findings] == ["rmrr-too-many"]
