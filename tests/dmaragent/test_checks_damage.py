"""Every damage is told once; what comes of a finding, case by case."""

import pytest

from dmaragent.checks import check
from dmaragent.checks.common.facts import Need
from dmaragent.checks.vtd import damage, table, unit_coverage, units
from dmaragent.iommu.model import IommuTable
from support.checked_units import GOOD, REGION, UNIT, host, of, told
from support.damaged import CASES as DAMAGED
from support.hosts import Function
from support.tables import (
    ENDPOINT,
    atsr,
    drhd,
    patched,
    resummed,
    rhsa,
    rmrr,
    satc,
    scope,
    sidp,
    structure,
)
from support.tables import table as table_of
from support.wording import Worded

RULES = {rule.id: rule for rule in damage.RULES}
SHORT = RULES["structure-too-short"]
SCOPE = RULES["scope-too-short"]


@pytest.mark.parametrize("name", [name for name in DAMAGED if name != "empty"])
def test_every_damage_is_told_exactly_once(name: str) -> None:
    inventory = host(DAMAGED[name].data)

    told = [one for one in check(inventory).findings if one.rule in damage.RULES]

    assert isinstance(inventory.iommu, IommuTable)
    assert len(told) == len(inventory.iommu.damage) == len(DAMAGED[name].kinds)
    for each in inventory.iommu.damage:
        assert any(f"(offset {each.offset:#x})" in one.hit.message for one in told)


def test_a_file_without_bytes_is_no_table_and_nothing_is_asked() -> None:
    checked = check(host(b""))

    assert checked.findings == ()
    assert next(one.need for one in checked.not_asked) is Need.TABLE


@pytest.mark.parametrize(
    ("data", "xen"),
    [
        pytest.param(DAMAGED["structure length zero"].data, "switches VT-d off", id="zero"),
        pytest.param(DAMAGED["structure length below 4"].data, "switches VT-d off", id="three"),
        pytest.param(
            DAMAGED["structure length below its type's minimum"].data,
            "switches VT-d off",
            id="RMRR",
        ),
        pytest.param(table_of(UNIT, structure(5, b"")), "Xen 4.19 and later", id="SATC"),
        pytest.param(table_of(UNIT, structure(4, b"")), "No effect", id="ANDD"),
    ],
)
def test_what_comes_of_a_short_structure_is_by_its_type_and_length(
    data: bytes, xen: str, worded: Worded
) -> None:
    (found,) = told(host(data), SHORT)

    assert xen in found.xen
    worded(found.linux)


@pytest.mark.parametrize(
    ("last", "xen"),
    [
        pytest.param(REGION, "switches VT-d off", id="RMRR"),
        pytest.param(satc(ENDPOINT), "Xen 4.19 and later", id="SATC"),
        pytest.param(sidp(ENDPOINT), "No effect", id="SIDP"),
        pytest.param(atsr(ENDPOINT), "switches VT-d off", id="ATSR"),
        pytest.param(atsr(ENDPOINT, flags=1), "No effect", id="ATSR with ALL_PORTS"),
    ],
)
def test_what_comes_of_a_scope_entry_of_length_0_is_by_its_structure(
    last: bytes, xen: str, worded: Worded
) -> None:
    data = table_of(UNIT, last)
    (found,) = told(host(resummed(patched(data, [(len(data) - 7, b"\0")]))), SCOPE)

    assert xen in found.xen
    worded(found.linux)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(b"\x01\x06\0\0\0\0\x1d\0", id="the function"),
        pytest.param(b"\x01\x04\0\0\0\0\x1d\0", id="the bus"),
        pytest.param(b"\x01\x06\0\0\0\0\x1d\x02", id="to the end"),
        pytest.param(b"\x01\x07\0\0\0\0\x1d\x02", id="the DRHD's type"),
    ],
)
def test_linux_hangs_where_the_bytes_after_a_short_entry_read_as_a_length_of_0(
    entry: bytes, worded: Worded
) -> None:
    (found,) = told(host(table_of(rmrr(0x1000, 0x1FFF, entry), UNIT)), SCOPE)

    worded(found.linux)


def test_what_linux_reads_beyond_the_table_is_not_guessed() -> None:
    entry = b"\x01\x07\0\0\0\0\x1d\x02"
    (found,) = told(host(table_of(UNIT, rmrr(0x1000, 0x1FFF, entry))), SCOPE)

    assert "hangs" not in found.linux


def test_an_rhsa_before_its_unit_is_one_that_linux_does_not_match() -> None:
    found = told(of(rhsa(0xFED91000, 0), UNIT), table.structure_order)

    assert [one.hit.subject for one in found] == ["DRHD 0xfed91000", "RHSA 0xfed91000"]
    assert "refers to non-existent" in found[1].linux


def test_an_ioapic_in_two_units_is_told_by_its_number(worded: Worded) -> None:
    (found,) = told(
        of(
            drhd(0xFED90000, scope(3, 0xF0, (0x1F, 0), enumeration_id=2)),
            drhd(0xFED91000, scope(3, 0xF1, (0x1F, 0), enumeration_id=2), flags=1),
        ),
        unit_coverage.in_two_units,
    )

    worded(found.hit.message, "0xfed90000", "0xfed91000")
    assert [one.data for one in found.hit.evidence] == [b"\x02", b"\x02"]


@pytest.mark.parametrize(
    ("address", "segment"),
    [
        pytest.param(0xFED91000, 0, id="same segment"),
        pytest.param(0xFED91000, 1, id="another segment"),
    ],
)
def test_a_repeated_unit_is_left_out_or_stops_linux(
    address: int, segment: int, worded: Worded
) -> None:
    (found,) = told(of(UNIT, drhd(address, ENDPOINT, segment=segment)), units.repeated)

    worded(found.linux)


def test_a_unit_of_all_ones_is_one_without_an_address() -> None:
    (found,) = told(of(drhd(2**64 - 1, flags=1)), units.without_address)

    assert found.hit.subject == "DRHD 0xffffffffffffffff"


@pytest.mark.parametrize(
    "field",
    [
        b"\0",
        b"\x01",
    ],
)
def test_xen_refuses_no_address_width_but_0(field: bytes, worded: Worded) -> None:
    data = resummed(patched(GOOD, [(36, field)]))

    (found,) = told(host(data), table.width_too_small)

    worded(found.xen)
    assert "Invalid DMAR haw" in found.linux


@pytest.mark.parametrize(
    ("last", "xen"),
    [
        pytest.param(rmrr(0x1000, 0x1FFF, ENDPOINT, b"\x01"), "below 8 switches", id="RMRR"),
        pytest.param(sidp(ENDPOINT, b"\x01"), "No effect", id="SIDP"),
        pytest.param(atsr(ENDPOINT, b"\x01", flags=1), "No effect", id="ATSR with ALL_PORTS"),
    ],
)
def test_one_byte_too_many_is_read_on_where_there_is_a_scope(last: bytes, xen: str) -> None:
    (found,) = told(of(UNIT, last, sidp()), RULES["structure-extra-bytes"])

    assert xen in found.xen
    assert [one.data for one in found.hit.evidence] == [b"\x01"]


@pytest.mark.parametrize(
    ("after", "hangs"),
    [
        pytest.param((drhd(0xFED91000),), True, id="a DRHD, whose type is 0"),
        pytest.param((sidp(),), False, id="another type"),
        pytest.param((), False, id="the table's end: what follows it is not guessed"),
    ],
)
def test_linux_hangs_where_the_byte_too_many_is_followed_by_a_drhd(
    after: tuple[bytes, ...], worded: Worded, *, hangs: bool
) -> None:
    data = table_of(UNIT, rmrr(0x1000, 0x1FFF, ENDPOINT, b"\x01"), *after)
    (found,) = told(host(data), RULES["structure-extra-bytes"])

    (harmless,) = told(
        host(table_of(UNIT, rmrr(0x1000, 0x1FFF, ENDPOINT, b"\x01"))),
        RULES["structure-extra-bytes"],
    )
    assert (found.linux != harmless.linux) is hangs
    worded(found.linux)


@pytest.mark.parametrize(("kind", "name"), [(6, "SIDP"), (7, "type 7")])
def test_a_structure_past_the_end_is_named_by_its_type(kind: int, name: str) -> None:
    (found,) = told(of(UNIT, structure(kind, bytes(4), 9)), RULES["structure-past-end"])

    assert found.hit.message.startswith(f"{name}: the structure's 9 bytes")
    assert [(one.field, one.value) for one in found.hit.evidence] == [("length", "9")]


def test_a_wrong_checksum_is_shown_as_a_byte() -> None:
    (found,) = told(host(patched(GOOD, [(9, b"\x0f")])), RULES["checksum-wrong"])

    assert [(one.field, one.value) for one in found.hit.evidence] == [("checksum", "0f")]
    assert found.key == ("checksum-wrong", "checksum")


def test_units_overlap_with_the_farthest_before_them() -> None:
    found = told(
        of(
            drhd(0xFED90000, ENDPOINT, size=2),
            drhd(0xFED91000, ENDPOINT),
            drhd(0xFED93000, flags=1),
            drhd(0xFED94000, ENDPOINT),
        ),
        units.overlap,
    )

    assert [one.hit.subject for one in found] == [
        "DRHD 0xfed90000, DRHD 0xfed91000",
        "DRHD 0xfed90000, DRHD 0xfed93000",
    ]


def test_a_table_of_very_many_units_is_checked_whole_and_named_in_part() -> None:
    inventory = of(*(drhd(0xFED90000 + at % 2 * 0x1000, flags=1) for at in range(3000)))

    (found,) = told(inventory, unit_coverage.several_include_all)

    assert "3000 units" in found.hit.message
    assert found.hit.message.endswith("and 2992 more.")
    assert len(told(inventory, units.repeated)) == 2998


def test_units_without_include_all_are_in_order_among_themselves() -> None:
    inventory = of(drhd(0xFED90000, ENDPOINT), drhd(0xFED92000, ENDPOINT), UNIT)

    assert told(inventory, unit_coverage.include_all_not_last) == []


def test_several_units_without_include_all_are_counted(worded: Worded) -> None:
    (found,) = told(of(drhd(0xFED90000), drhd(0xFED91000)), unit_coverage.no_include_all)

    worded(found.hit.message, "0x0")


def test_devices_have_no_unit_up_to_the_last_segment_a_table_can_name() -> None:
    last, beyond = Function(sbdf="ffff:00:1d.0"), Function(sbdf="10000:00:1d.0")

    with_unit = told(of(UNIT, functions=[last, beyond]), unit_coverage.device_without_unit)
    without = told(of(REGION, functions=[last]), unit_coverage.device_without_unit)

    assert [one.hit.subject for one in with_unit] == ["ffff:00:1d.0"]
    assert without == []  # no-unit says it


@pytest.mark.parametrize("kept", [48, 60, 100, 110])
def test_of_a_cut_copy_nothing_is_told_about_what_it_lacks(kept: int) -> None:
    whole = table_of(rmrr(0x80000000, 0x80000FFF, *[ENDPOINT] * 4), drhd(0xFED90000, flags=1))

    findings = check(host(whole[:kept])).findings

    assert "no-unit" not in {one.rule.id for one in findings}
    assert "table-length" in {one.rule.id for one in findings}
    for one in findings:
        if one.rule.id == "structure-past-end":
            assert one.xen.startswith("Unknown")
            assert one.linux.startswith("Unknown")


def test_a_structure_past_the_end_of_a_whole_table_has_its_known_effect() -> None:
    whole = table_of(drhd(0xFED90000, flags=1), structure(1, bytes(20))[:2] + b"\x60\0" + bytes(20))

    (one,) = (one for one in check(host(whole)).findings if one.rule.id == "structure-past-end")

    assert not one.linux.startswith("Unknown")


def test_a_structure_past_the_headers_own_length_has_its_known_effect_in_a_cut_copy() -> None:
    long = structure(1, bytes(20), length=300)
    whole = table_of(drhd(0xFED90000, flags=1), long, bytes(40))

    (one,) = (
        one for one in check(host(whole[:-16])).findings if one.rule.id == "structure-past-end"
    )

    assert not one.linux.startswith("Unknown")


@pytest.mark.parametrize("length", [0, 3])
def test_a_unit_may_follow_a_structure_whose_length_ends_the_walk(length: int) -> None:
    data = table_of(structure(1, bytes(20), length=length), drhd(0xFED90000, flags=1))

    assert "no-unit" not in {one.rule.id for one in check(host(data)).findings}
