"""Where device scopes lead, and what is told of it: once, by the rule that it is about."""

from collections.abc import Callable

import pytest

from dmaragent.checks.common.model import Severity
from support.checked import (
    BASE,
    FUNCTIONS,
    GONE,
    LIMIT,
    OTHER_USB,
    USB,
    findings,
    found,
    host,
    named,
    only,
    region,
)
from support.hosts import Function
from support.releases import Numbers
from support.tables import atsr, drhd, rmrr, satc, scope, sidp
from support.wording import Worded


def drhd_of(entry: bytes) -> bytes:
    """Write a unit with one scope entry."""
    return drhd(0xFED90000, entry)


def rmrr_of(entry: bytes) -> bytes:
    """Write a region with one scope entry more."""
    return rmrr(BASE, LIMIT, USB, entry)


def test_linux_does_not_look_at_some_scopes() -> None:
    wrong = scope(1, 0, (0x1C, 0))
    catch_all = only(host(drhd(0xFED90000, wrong, flags=1)), "scope-type-mismatch")
    unread = only(host(sidp(wrong)), "scope-type-mismatch")
    unit = only(host(drhd(0xFED90000, wrong)), "scope-type-mismatch")

    assert catch_all.severity is unread.severity is Severity.WARNING
    assert unit.severity is Severity.CRITICAL
    assert "starts without VT-d" in unit.linux


def test_a_bridge_entry_may_name_what_has_a_bridges_class() -> None:
    ntb = Function(sbdf="0000:00:03.0", class_code=0x068000)
    made = host(rmrr(BASE, LIMIT, scope(2, 0, (3, 0))), functions=(*FUNCTIONS, ntb))

    assert found(made, "scope-type-mismatch") == []


def test_a_bridge_with_nothing_behind_it_is_only_told(worded: Worded) -> None:
    assert only(named(scope(2, 0, (0x1E, 0)))(), "rmrr-bridge").severity is Severity.INFO
    one = only(named(scope(2, 0, (0x1C, 0)))(), "rmrr-bridge")
    assert one.severity is Severity.WARNING
    worded(one.hit.message)


def test_00_00_0_behind_others_hides_what_follows(worded: Worded) -> None:
    zero = scope(1, 0, (0, 0))

    assert only(named(zero)(), "rmrr-scope-zero").severity is Severity.ERROR
    last = only(named(USB, zero)(), "rmrr-scope-zero")
    assert last.severity is Severity.WARNING
    middle = only(named(USB, zero, OTHER_USB)(), "rmrr-scope-zero")
    worded(middle.xen)


def test_00_00_0_is_the_first_if_only_what_xen_does_not_count_is_before_it() -> None:
    acpi, zero = scope(5, 0, (0x15, 0)), scope(1, 0, (0, 0))

    assert only(host(rmrr(BASE, LIMIT, acpi, zero)), "rmrr-scope-zero").severity is Severity.ERROR
    assert len(found(host(rmrr(BASE, LIMIT, zero, USB, zero)), "rmrr-scope-zero")) == 1


@pytest.mark.parametrize(("base", "number"), [(0xFF000, 1), (0x100000, 0)])
def test_a_region_at_1_mib_is_not_below_it(base: int, number: int) -> None:
    assert len(found(host(rmrr(base, base + 0xFFF, USB)), "rmrr-below-1mib")) == number


def test_an_absent_device_is_told_once_with_its_regions(worded: Worded) -> None:
    made = host(rmrr(BASE, LIMIT, USB, GONE), rmrr(LIMIT + 1, LIMIT + 0x10000, OTHER_USB, GONE))
    one = only(made, "rmrr-device-absent")

    worded(one.hit.message, "0000:00:19.0", "1-2")
    assert one.hit.region is None
    assert len(one.hit.evidence) == 2


def test_a_table_says_of_a_bus_which_bridge_is_nearest(worded: Worded) -> None:
    inner = Function(sbdf="0000:02:01.0", class_code=0x060400, secondary_bus=3)
    made = host(rmrr(BASE, LIMIT, scope(1, 3, (0, 0))), functions=(*FUNCTIONS, inner))

    worded(only(made, "scope-start-bus").hit.message, "0000:02:01.0")


def test_evidence_of_an_entry_is_that_entry() -> None:
    long, bad = scope(1, 0, (0x1C, 0), (0, 0)), scope(6, 0, (0x1A, 0), enumeration_id=7)
    one = only(named(USB, long, bad)(), "scope-unknown-type")

    assert [each.data for each in one.hit.evidence] == [bad]


def test_what_is_no_pci_function_is_neither_absent_nor_twice() -> None:
    hpet, acpi = scope(4, 0, (0x1F, 0)), scope(5, 0, (0x15, 0))
    ids = {one.rule.id for one in findings(named(USB, hpet, acpi, acpi)()).findings}

    assert ids == {
        "rmrr-scope-not-pci",
        "rmrr-absent-shares",
        "namespace-scope-without-andd",
    }


def test_a_segment_without_functions_is_told_once() -> None:
    ids = [one.rule.id for one in findings(region(BASE, LIMIT, USB, segment=1)()).findings]

    assert ids == ["rmrr-unknown-segment"]


def test_a_bridge_with_a_bus_number_below_its_own_is_not_believed() -> None:
    odd = Function(sbdf="0000:05:01.0", class_code=0x060400, secondary_bus=4)
    made = host(rmrr(BASE, LIMIT, USB, scope(1, 4, (0, 0))), functions=(*FUNCTIONS, odd))

    assert found(made, "scope-start-bus") == []


@pytest.mark.parametrize("write", [drhd_of, atsr, satc, sidp, rmrr_of])
def test_a_start_bus_behind_a_bridge_is_found_in_every_structure(
    write: Callable[[bytes], bytes], worded: Worded
) -> None:
    one = only(host(write(scope(1, 3, (0, 0)))), "scope-start-bus")

    worded(one.hit.message, "03", "0000:00:1c.0")
    assert (
        found(host(write(scope(3, 3, (0, 0)))), "scope-start-bus") == []
    )  # an IOAPIC's is made up


def test_a_function_number_that_cannot_be_is_no_absent_bridge() -> None:
    ids = {one.rule.id for one in findings(named(USB, scope(1, 0, (0x1C, 9), (0, 0)))()).findings}

    assert "scope-impossible" in ids
    assert "scope-bridge-absent" not in ids


def test_what_is_no_bridge_is_told_once() -> None:
    ids = [one.rule.id for one in findings(named(scope(2, 0, (0x1D, 0)))()).findings]

    assert ids == ["scope-type-mismatch"]


@pytest.mark.parametrize(
    "release",
    [
        None,
        (4, 19),
        (4, 17),
        (4, 22),
    ],
    ids=str,
)
def test_an_absent_devices_region_is_told_as_the_release_lists_it(
    release: Numbers, worded: Worded
) -> None:
    worded(only(named(GONE)(), "rmrr-devices-absent", release).xen)


def test_the_same_device_by_two_paths_is_named_twice() -> None:
    one = only(named(scope(1, 2, (0, 0)), scope(1, 0, (0x1C, 0), (0, 0)))(), "rmrr-scope-twice")

    assert one.hit.message.endswith("names 0000:00:1c.0>00.0 more than once.")
