"""Where one rule's cases differ: the release of Xen, who looks at a scope, what was registered."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmaragent.checks import check
from dmaragent.checks.model import Finding, Severity
from support.checked import (
    BASE,
    CASES,
    FUNCTIONS,
    GONE,
    LIMIT,
    OTHER_USB,
    USB,
    Made,
    Release,
    findings,
    host,
    named,
    region,
    taken,
)
from support.hosts import FakeHost, Function
from support.tables import atsr, drhd, rmrr, satc, scope, sidp


def drhd_of(entry: bytes) -> bytes:
    """Write a unit with one scope entry."""
    return drhd(0xFED90000, entry)


def rmrr_of(entry: bytes) -> bytes:
    """Write a region with one scope entry more."""
    return rmrr(BASE, LIMIT, USB, entry)


def _found(made: FakeHost, name: str, release: Release = None) -> list[Finding]:
    return [one for one in findings(made, release).findings if one.rule.id == name]


def _only(made: FakeHost, name: str, release: Release = None) -> Finding:
    (one,) = _found(made, name, release)
    return one


# What switches VT-d off ----------------------------------------------------------------


@pytest.mark.parametrize("release", [None, (4, 17), (4, 19), (4, 20), (4, 21), (4, 22)])
@pytest.mark.parametrize(
    "name", [name for name, _ in CASES.items() if name.startswith("rmrr-")], ids=str
)
def test_what_is_critical_and_what_is_predicted_agree(name: str, release: Release) -> None:
    inventory = taken(CASES[name][0](), release)
    critical = [one for one in check(inventory).findings if one.severity is Severity.CRITICAL]

    assert bool(critical) == bool(inventory.xen.list.vtd_disabled)


@pytest.mark.parametrize(
    ("release", "severity", "said"),
    [
        (None, Severity.CRITICAL, "From 4.19 on"),
        ((4, 18), Severity.WARNING, "Xen 4.18 only warns"),
        ((4, 19), Severity.CRITICAL, "Xen 4.19 switches VT-d off"),
    ],
    ids=str,
)
def test_a_region_in_ram_is_as_bad_as_the_release(
    release: Release, severity: Severity, said: str
) -> None:
    one = _only(CASES["rmrr-in-ram"][0](), "rmrr-in-ram", release)

    assert one.severity is severity
    assert said in one.xen


@pytest.mark.parametrize(
    ("release", "severity", "said"),
    [
        (None, Severity.CRITICAL, "from 4.21 on it ignores region 1"),
        ((4, 20), Severity.CRITICAL, "switches VT-d off"),
        ((4, 21), Severity.WARNING, "none of its devices answers; VT-d stays on"),
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
    made: Made, release: Release, severity: Severity, said: str
) -> None:
    one = findings(made(), release).findings[0]

    assert one.severity is severity
    assert said in one.xen


def test_a_region_that_xen_never_registers_overlaps_without_harm() -> None:
    empty = rmrr(BASE, LIMIT)
    one = _only(host(empty, rmrr(BASE, LIMIT, USB)), "rmrr-duplicate")

    assert one.severity is Severity.WARNING
    assert "no entry that it counts" in one.xen
    assert _only(host(rmrr(BASE, LIMIT, USB), empty), "rmrr-duplicate").severity is (
        Severity.CRITICAL  # the overlap is looked at before the scope
    )


def test_a_region_that_overlaps_two_is_told_against_the_one_that_matters() -> None:
    made = host(
        rmrr(BASE, LIMIT),  # never registered
        rmrr(LIMIT + 1, LIMIT + 0x10000, USB),
        rmrr(BASE, LIMIT + 0x10000, OTHER_USB),
    )
    one = _only(made, "rmrr-overlap")

    assert one.severity is Severity.CRITICAL
    assert "overlaps region 2" in one.hit.said


def test_overlaps_count_across_segments() -> None:
    other = rmrr(BASE, LIMIT, USB, segment=1)
    made = host(
        rmrr(BASE, LIMIT, USB), other, functions=(*FUNCTIONS, Function(sbdf="0001:00:1d.0"))
    )

    assert _only(made, "rmrr-duplicate").severity is Severity.CRITICAL


_SPAN = st.tuples(st.integers(0, 40), st.integers(0, 10), st.booleans())


@given(st.lists(_SPAN, max_size=12))
@settings(max_examples=200)
def test_the_regions_that_have_bytes_of_an_earlier_one_are_found_as_by_comparing_all(
    spans: list[tuple[int, int, bool]],
) -> None:
    made = host(*(rmrr(a, a + size, *([USB] if scoped else [])) for a, size, scoped in spans))
    found = {
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
    assert found == expected


# Scopes --------------------------------------------------------------------------------


def test_linux_does_not_look_at_some_scopes() -> None:
    wrong = scope(1, 0, (0x1C, 0))
    catch_all = _only(host(drhd(0xFED90000, wrong, flags=1)), "scope-type-mismatch")
    unread = _only(host(sidp(wrong)), "scope-type-mismatch")
    unit = _only(host(drhd(0xFED90000, wrong)), "scope-type-mismatch")

    assert catch_all.severity is unread.severity is Severity.WARNING
    assert unit.severity is Severity.CRITICAL
    assert "starts without VT-d" in unit.linux


def test_a_bridge_entry_may_name_what_has_a_bridges_class() -> None:
    ntb = Function(sbdf="0000:00:03.0", class_code=0x068000)
    made = host(rmrr(BASE, LIMIT, scope(2, 0, (3, 0))), functions=(*FUNCTIONS, ntb))

    assert _found(made, "scope-type-mismatch") == []


def test_a_bridge_with_nothing_behind_it_is_only_told() -> None:
    assert _only(named(scope(2, 0, (0x1E, 0)))(), "rmrr-bridge").severity is Severity.INFO
    one = _only(named(scope(2, 0, (0x1C, 0)))(), "rmrr-bridge")
    assert one.severity is Severity.WARNING
    assert "with 1 function below it" in one.hit.said


def test_00_00_0_behind_others_hides_what_follows() -> None:
    zero = scope(1, 0, (0, 0))

    assert _only(named(zero)(), "rmrr-scope-zero").severity is Severity.ERROR
    last = _only(named(USB, zero)(), "rmrr-scope-zero")
    assert (last.severity, "not concerned" in last.xen) == (Severity.WARNING, True)
    middle = _only(named(USB, zero, OTHER_USB)(), "rmrr-scope-zero")
    assert "nor the 1 behind it" in middle.xen


def test_an_absent_device_is_told_once_with_its_regions() -> None:
    made = host(rmrr(BASE, LIMIT, USB, GONE), rmrr(LIMIT + 1, LIMIT + 0x10000, OTHER_USB, GONE))
    one = _only(made, "rmrr-device-absent")

    assert one.hit.said == "0000:00:19.0, which regions 1, 2 name, does not answer."
    assert one.hit.region is None
    assert len(one.hit.evidence) == 2


def test_a_bridge_without_numbers_has_no_bus_behind_it() -> None:
    bare = Function(sbdf="0000:00:1f.0", class_code=0x060400, secondary_bus=0)
    made = host(rmrr(BASE, LIMIT, USB), functions=(*FUNCTIONS, bare))

    assert _found(made, "scope-start-bus") == []


@pytest.mark.parametrize("write", [drhd_of, atsr, satc, sidp, rmrr_of])
def test_a_start_bus_behind_a_bridge_is_found_in_every_structure(
    write: Callable[[bytes], bytes],
) -> None:
    one = _only(host(write(scope(1, 3, (0, 0)))), "scope-start-bus")

    assert "starts at bus 03, which is no root bus but behind the bridge 0000:00:1c.0" in (
        one.hit.said
    )
    assert (
        _found(host(write(scope(3, 3, (0, 0)))), "scope-start-bus") == []
    )  # an IOAPIC's is made up


def test_a_function_number_that_cannot_be_is_no_absent_bridge() -> None:
    ids = {one.rule.id for one in findings(named(USB, scope(1, 0, (0x1C, 9), (0, 0)))()).findings}

    assert "scope-impossible" in ids
    assert "scope-bridge-absent" not in ids


def test_what_is_no_bridge_is_told_once() -> None:
    ids = [one.rule.id for one in findings(named(scope(2, 0, (0x1D, 0)))()).findings]

    assert ids == ["scope-type-mismatch"]


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (None, "From 4.21 on it ignores it."),
        ((4, 17), "Xen lists the region: strategy=host reserves it"),
        ((4, 22), "Xen does not list the region: no device of its scope answers: no device"),
    ],
    ids=str,
)
def test_an_absent_devices_region_is_told_as_the_release_lists_it(
    release: Release, said: str
) -> None:
    assert said in _only(named(GONE)(), "rmrr-devices-absent", release).xen


def test_the_same_device_by_two_paths_is_named_twice() -> None:
    one = _only(named(scope(1, 2, (0, 0)), scope(1, 0, (0x1C, 0), (0, 0)))(), "rmrr-scope-twice")

    assert one.hit.said.endswith("names 0000:00:1c.0>00.0 again.")


# Ranges and guests ---------------------------------------------------------------------


def test_a_placeholder_is_one_mistake_and_told_once() -> None:
    for limit in (0, 0xFFF):
        ids = {one.rule.id for one in findings(region(0, limit)()).findings}
        assert ids == {"rmrr-placeholder", "rmrr-in-ram"}  # the map has page 0 as RAM


def test_a_region_of_nvs_memory_is_only_told() -> None:
    one = _only(region(0x7C000000, 0x7C00FFFF)(), "rmrr-not-reserved")

    assert one.severity is Severity.INFO
    assert "from 6.1 on" in one.linux


def test_a_region_that_no_guest_is_told_of_does_not_trouble_guests() -> None:
    ids = {one.rule.id for one in findings(host(rmrr(0xF0000, 0xFFFFF))).findings}

    assert ids == {"rmrr-scope-empty"}


def test_sharing_is_told_of_a_table_alone() -> None:
    one = _only(host(rmrr(BASE, LIMIT, USB, GONE), functions=None), "rmrr-shared")

    assert one.hit.said.endswith("is shared by 0000:00:1d.0, 0000:00:19.0.")
