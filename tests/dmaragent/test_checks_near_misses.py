"""The corner of a rule that one word of it decides: two things alike, and not the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF
from dmaragent.checks import check
from dmaragent.checks.common.model import Severity
from dmaragent.checks.vtd import references, unit_coverage, units
from dmaragent.checks.vtd import table as table_rules
from dmaragent.inventory import Inventory
from dmaragent.linux.view import LinuxState
from support.checked import BASE, FUNCTIONS, LIMIT, OTHER_USB, USB, findings, found, host_of, only
from support.checked import host as whole_host
from support.checked_units import PORT, host, of, told
from support.hosts import Function
from support.inventories import in_linux_state
from support.tables import ENDPOINT, atsr, drhd, patched, resummed, rhsa, rmrr, scope, table
from support.wording import Worded

ONE, TWO = 0xFED90000, 0xFED91000
NIC = Function(sbdf="0000:01:00.0")
TO_PORT = scope(2, 0, (1, 0))
TO_NIC = scope(1, 0, (1, 0), (0, 0))

# Units -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(drhd(TWO, ENDPOINT, segment=1), id="the same path in another segment"),
        pytest.param(drhd(TWO, scope(4, 0xF0, (0x1F, 0))), id="the HPET of an IOAPIC's number"),
    ],
)
def test_what_is_alike_in_two_units_and_not_the_same_is_quiet(second: bytes) -> None:
    first = drhd(ONE, ENDPOINT, scope(3, 0xF0, (0x1F, 0)))

    assert told(of(first, second), unit_coverage.in_two_units) == []


def test_a_device_below_a_bridge_of_another_unit_is_in_two(worded: Worded) -> None:
    inventory = of(drhd(ONE, TO_PORT), drhd(TWO, TO_NIC), functions=(PORT, NIC))
    (one,) = told(inventory, unit_coverage.in_two_units)

    worded(one.hit.message, "0000:00:01.0", "00.0", "0xfed90000", "0xfed91000")
    assert [each.offset for each in one.hit.evidence] == [0x45, 0x5D]
    assert inventory.linux.unit_of[SBDF(0, 1, 0, 0)].source.offset == 0x48


@pytest.mark.parametrize(
    "structures",
    [
        pytest.param((drhd(ONE, TO_PORT, TO_NIC), drhd(TWO, ENDPOINT)), id="of one unit"),
        pytest.param((drhd(ONE, TO_NIC), drhd(TWO, TO_PORT, flags=1)), id="bridge of a catch-all"),
        pytest.param((drhd(ONE, TO_PORT), drhd(TWO, TO_NIC, flags=1)), id="device of a catch-all"),
        pytest.param((drhd(ONE, scope(1, 0, (1, 0))), drhd(TWO, TO_NIC)), id="not as a bridge"),
        pytest.param(
            (drhd(ONE, TO_PORT), drhd(TWO, scope(1, 1, (0, 0)), segment=1)), id="another segment"
        ),
    ],
)
def test_a_device_and_its_bridge_are_not_in_two_units(structures: tuple[bytes, ...]) -> None:
    assert told(of(*structures, functions=(PORT, NIC)), unit_coverage.in_two_units) == []


def test_the_same_device_by_two_paths_is_in_two_units() -> None:
    inventory = of(drhd(ONE, scope(1, 1, (0, 0))), drhd(TWO, TO_NIC), functions=(PORT, NIC))

    assert len(told(inventory, unit_coverage.in_two_units)) == 1


def test_two_catch_alls_stand_in_no_order_to_each_other() -> None:
    inventory = of(drhd(ONE, flags=1), drhd(TWO, flags=1))

    assert told(inventory, unit_coverage.include_all_not_last) == []


def test_a_unit_within_a_page_is_told_as_that_alone() -> None:
    ids = {one.rule.id for one in check(of(drhd(0xFED91800, flags=1, size=1))).findings}

    assert ids & {rule.id for rule in units.RULES} == {"unit-unaligned"}


def test_two_structures_of_one_unit_do_not_overlap() -> None:
    inventory = of(drhd(ONE, ENDPOINT), drhd(ONE, flags=1))

    assert told(inventory, units.overlap) == []
    assert len(told(inventory, units.repeated)) == 1


@pytest.mark.parametrize(("base", "number"), [(-0x1000, 1), (-0x2000, 0), (0, 1)])
def test_all_registers_of_a_unit_are_below_the_width(base: int, number: int) -> None:
    """The table has a width of 46 bits, and the unit 8 KiB."""
    inventory = of(drhd((1 << 46) + base, flags=1, size=1))

    assert len(told(inventory, units.beyond_width)) == number


def test_a_unit_whose_scope_is_damaged_may_serve_something() -> None:
    assert told(of(drhd(ONE, bytes((1, 4, 0, 0)))), unit_coverage.serves_nothing) == []
    assert len(told(of(drhd(ONE)), unit_coverage.serves_nothing)) == 1


def test_a_short_structure_of_a_known_type_is_damage_and_not_unknown() -> None:
    short, unknown = (bytes((kind, 0, 8, 0, 0, 0, 0, 0)) for kind in (0, 99))

    assert told(of(drhd(ONE, flags=1), short), table_rules.unknown_structure) == []
    assert len(told(of(drhd(ONE, flags=1), unknown), table_rules.unknown_structure)) == 1


def test_an_rhsa_of_no_unit_is_not_before_its_unit() -> None:
    assert told(of(drhd(ONE, flags=1), rhsa(TWO, 0)), table_rules.structure_order) == []


def test_a_unit_in_two_entries_of_ram_is_told_once() -> None:
    memory = [f"{ONE:#x} {ONE + 0xFFF:#x} System RAM", f"{TWO:#x} {TWO + 0xFFF:#x} System RAM"]
    inventory = host(table(drhd(ONE, flags=1, size=1)), memory=memory)

    assert len(told(inventory, units.in_ram)) == 1


def test_a_bridge_whose_bus_behind_is_its_own_is_behind_no_other() -> None:
    odd = Function(sbdf="0000:01:00.0", class_code=0x060400, secondary_bus=1, subordinate_bus=2)
    inventory = of(drhd(ONE, flags=1), atsr(scope(2, 1, (0, 0))), functions=(odd,))

    assert told(inventory, references.atsr_not_root_port) == []


def test_what_is_shown_of_very_many_units_is_bounded() -> None:
    inventory = of(*(drhd(ONE + n * 0x1000) for n in range(300)), functions=(NIC,))

    assert max(len(one.hit.evidence) for one in check(inventory).findings) == 8


# Regions and what their scopes name --------------------------------------------------------


def test_a_region_that_is_backwards_and_begins_too_high_is_above_the_width() -> None:
    content = table(drhd(ONE, flags=1), rmrr(0x80000000, 0x1000, USB))
    narrow = host_of(resummed(patched(content, [(36, b"\x1d")])))

    assert len(found(narrow, "rmrr-above-address-width")) == 1


@pytest.mark.parametrize(("limit", "number"), [(0x3FFFFFFF, 0), (0x40000FFF, 1)])
def test_a_region_that_begins_below_the_width_may_end_above_it(limit: int, number: int) -> None:
    content = table(drhd(ONE, flags=1), rmrr(0x3FFFF000, limit, USB))
    narrow = host_of(resummed(patched(content, [(36, b"\x1d")])))  # 30 bits

    assert len(found(narrow, "rmrr-above-address-width")) == number


def test_a_virtual_function_has_no_header_that_an_entry_could_mistake() -> None:
    virtual = Function(sbdf="0000:00:04.1", physical_function="0000:00:04.0")
    made = whole_host(
        rmrr(BASE, LIMIT, scope(2, 0, (4, 1))),
        functions=(*FUNCTIONS, Function(sbdf="0000:00:04.0", total_vfs=8), virtual),
    )

    assert found(made, "scope-type-mismatch") == []


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        (LinuxState.GROUPS, Severity.WARNING),
        (LinuxState.UNDER_XEN, Severity.WARNING),
        (LinuxState.NO_GROUPS, Severity.CRITICAL),
        (LinuxState.UNKNOWN, Severity.CRITICAL),
    ],
    ids=str,
)
def test_a_type_that_does_not_fit_is_as_bad_as_what_linux_made_of_it(
    state: LinuxState, severity: Severity, worded: Worded
) -> None:
    inventory: Inventory = of(drhd(ONE, scope(1, 0, (1, 0))), functions=(PORT,))
    inventory = in_linux_state(inventory, state)
    (one,) = [one for one in check(inventory).findings if one.rule.id == "scope-type-mismatch"]

    assert one.severity is severity
    worded(one.linux)


# Overlaps ----------------------------------------------------------------------------------


def test_a_third_of_one_range_is_told_against_the_one_that_xen_registers(worded: Worded) -> None:
    empty, second, third = (rmrr(BASE, LIMIT, *scopes) for scopes in ((), (USB,), (OTHER_USB,)))
    told_of = found(whole_host(empty, second, third), "rmrr-duplicate")

    critical, warning = told_of  # the worst first
    assert (critical.severity, critical.hit.region) == (Severity.CRITICAL, 3)
    worded(critical.hit.message, "region 2")
    assert (warning.severity, warning.hit.region) == (Severity.WARNING, 2)


def test_a_region_over_very_many_is_told_once_with_their_number(worded: Worded) -> None:
    small = [rmrr(BASE + n * 0x1000, BASE + n * 0x1000 + 0xFFF, USB) for n in range(40)]
    one = only(whole_host(*small, rmrr(BASE, BASE + 0xFFFFF, USB)), "rmrr-overlap")

    worded(one.hit.message, "region 1", "39", f"{BASE:#x}-{BASE + 4095:#x}")
    assert len(one.hit.evidence) == 4


_SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10), st.booleans()), max_size=12)


@given(_SPANS)
def test_a_region_is_told_against_the_first_that_xen_registers_as_by_comparing_all(
    spans: list[tuple[int, int, bool]],
) -> None:
    made = whole_host(*(rmrr(a, a + size, *([USB] if known else [])) for a, size, known in spans))
    said = {
        one.hit.region: one.hit.message
        for one in findings(made, (4, 22)).findings
        if one.rule.id in ("rmrr-overlap", "rmrr-duplicate")
    }

    expected = {}
    for number, (start, size, _) in enumerate(spans, 1):
        met = [
            (not known, earlier)
            for earlier, (a, length, known) in enumerate(spans[: number - 1], 1)
            if a <= start + size and start <= a + length
        ]
        if met:
            expected[number] = (min(met)[1], len(met) - 1)
    assert said.keys() == expected.keys()
    for number, (first, more) in expected.items():
        assert f" region {first} (" in said[number]
        assert (f" and {more} more before it" in said[number]) == bool(more)
