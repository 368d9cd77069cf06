"""Every damage is told once, with what comes of it; the boot log in all its wordings."""

import pytest

from dmaragent.checks import check, coverage, damage, logged, references, table, units
from dmaragent.checks.facts import Need
from dmaragent.checks.model import Finding, Rule
from dmaragent.inventory import Inventory
from fwtables import Decoded
from support.checked_units import CASES, FAULT, GOOD, NIC, REGION, UNIT, host, of
from support.damaged import CASES as DAMAGED
from support.hosts import Function
from support.tables import (
    ENDPOINT,
    atsr,
    drhd,
    patched,
    resummed,
    rhsa,
    satc,
    scope,
    sidp,
    structure,
)
from support.tables import table as table_of

SHORT = damage.structure_too_short
SCOPE = damage.scope_too_short


def _of_rule(inventory: Inventory, rule: Rule) -> list[Finding]:
    return [one for one in check(inventory).findings if one.rule is rule]


@pytest.mark.parametrize("name", [name for name in DAMAGED if name != "empty"])
def test_every_damage_is_told_exactly_once(name: str) -> None:
    inventory = host(DAMAGED[name].data)

    told = [one for one in check(inventory).findings if one.rule in damage.RULES]

    assert isinstance(inventory.table, Decoded)
    assert len(told) == len(inventory.table.damage) == len(DAMAGED[name].kinds)
    for each in inventory.table.damage:
        assert any(f"(offset {each.offset:#x})" in one.hit.said for one in told)


def test_a_file_without_bytes_is_no_table_and_nothing_is_asked() -> None:
    checked = check(host(b""))

    assert checked.findings == ()
    assert next(one.need for one in checked.not_asked) is Need.TABLE


@pytest.mark.parametrize(
    ("data", "xen", "linux"),
    [
        pytest.param(
            DAMAGED["structure length zero"].data, "switches VT-d off", "without a word", id="zero"
        ),
        pytest.param(
            DAMAGED["structure length below 4"].data, "switches VT-d off", "goes on", id="three"
        ),
        pytest.param(
            DAMAGED["structure length below its type's minimum"].data,
            "switches VT-d off",
            "out of what follows",
            id="RMRR",
        ),
        pytest.param(
            table_of(UNIT, structure(5, b"")), "From 4.19 on", "out of what follows", id="SATC"
        ),
        pytest.param(table_of(UNIT, structure(4, b"")), "None: ", "out of what follows", id="ANDD"),
    ],
)
def test_what_comes_of_a_short_structure_is_by_its_type_and_length(
    data: bytes, xen: str, linux: str
) -> None:
    (found,) = _of_rule(host(data), SHORT)

    assert xen in found.xen
    assert linux in found.linux


@pytest.mark.parametrize(
    ("last", "xen", "linux"),
    [
        pytest.param(REGION, "switches VT-d off", "hangs at boot", id="RMRR"),
        pytest.param(satc(ENDPOINT), "From 4.19 on", "hangs at boot", id="SATC"),
        pytest.param(sidp(ENDPOINT), "None: ", "None: ", id="SIDP"),
        pytest.param(atsr(ENDPOINT), "switches VT-d off", "hangs at boot", id="ATSR"),
        pytest.param(atsr(ENDPOINT, flags=1), "None: ", "None: ", id="ATSR with ALL_PORTS"),
    ],
)
def test_what_comes_of_a_scope_entry_of_length_0_is_by_its_structure(
    last: bytes, xen: str, linux: str
) -> None:
    data = table_of(UNIT, last)
    (found,) = _of_rule(host(resummed(patched(data, [(len(data) - 7, b"\0")]))), SCOPE)

    assert xen in found.xen
    assert linux in found.linux


def test_an_rhsa_before_its_unit_is_one_that_linux_does_not_match() -> None:
    found = _of_rule(of(rhsa(0xFED91000, 0), UNIT), table.structure_order)

    assert [one.hit.subject for one in found] == ["DRHD 0xfed91000", "RHSA 0xfed91000"]
    assert "refers to non-existent" in found[1].linux


def test_an_ioapic_in_two_units_is_told_by_its_number() -> None:
    (found,) = _of_rule(
        of(
            drhd(0xFED90000, scope(3, 0xF0, (0x1F, 0), enumeration_id=2)),
            drhd(0xFED91000, scope(3, 0xF1, (0x1F, 0), enumeration_id=2), flags=1),
        ),
        coverage.in_two_units,
    )

    assert found.hit.said == "IOAPIC 2 is in the scopes of DRHD 0xfed90000 and DRHD 0xfed91000."
    assert [one.data for one in found.hit.evidence] == [b"\x02", b"\x02"]


@pytest.mark.parametrize(
    ("address", "segment", "linux"),
    [
        pytest.param(0xFED91000, 0, "leaves the second out", id="same segment"),
        pytest.param(0xFED91000, 1, "uses no IOMMU", id="another segment"),
    ],
)
def test_a_repeated_unit_is_left_out_or_stops_linux(address: int, segment: int, linux: str) -> None:
    (found,) = _of_rule(of(UNIT, drhd(address, ENDPOINT, segment=segment)), units.repeated)

    assert linux in found.linux


def test_a_unit_of_all_ones_is_one_without_an_address() -> None:
    (found,) = _of_rule(of(drhd(2**64 - 1, flags=1)), units.without_address)

    assert found.hit.subject == "DRHD 0xffffffffffffffff"


# The boot log ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "said"),
    [
        pytest.param(
            "[ 1.0] dmar: DMAR:[DMA Read] Request device [00:1d.0] fault addr dceff000 \n"
            "DMAR:[fault reason 06] PTE Read access is not set\n",
            "(read) at 0xdceff000 (reason 06: PTE Read access is not set)",
            id="two lines",
        ),
        pytest.param(
            "[ 1.0] DMAR: [DMA Read] Request device [00:1d.0] PASID ffffffff fault addr dceff000 "
            "[fault reason 06] PTE Read access is not set\n",
            "(read) at 0xdceff000 (reason 06: PTE Read access is not set)",
            id="PASID after the device",
        ),
        pytest.param(
            "[ 1.0] DMAR: [DMA Write NO_PASID] Request device [0x00:0x1d.0] fault addr "
            "0xdceff000 [fault reason 0x05] PTE Write access is not set\n",
            "(write) at 0xdceff000 (reason 0x05: PTE Write access is not set)",
            id="0x before bus and device",
        ),
        pytest.param(
            "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr dceff000\n",
            "(write) at 0xdceff000.",
            id="Xen",
        ),
    ],
)
def test_refused_dma_is_found_in_every_wording(log: str, said: str) -> None:
    (found,) = _of_rule(host(GOOD, NIC, log=log), logged.dma_fault)

    assert said in found.hit.said
    assert str(found.hit.device) == "0000:00:1d.0"


def _fault(log: str, *functions: Function) -> str:
    (found,) = _of_rule(host(GOOD, *functions, log=log), logged.dma_fault)
    return found.hit.said


def test_refused_dma_is_placed_among_the_regions() -> None:
    inside = FAULT
    before = FAULT.replace("0x7dffe000", "0x7dffc000")
    after = FAULT.replace("0x7dffe000", "0x7e000000")
    far = FAULT.replace("0x7dffe000", "0x1000")
    other = FAULT.replace("00:1d.0", "00:1d.1")

    assert _fault(inside, NIC).endswith("That is in region 1, which names the device.")
    assert "0x1000 bytes before the first byte of region 1" in _fault(before, NIC)
    assert "0x1 bytes after the last byte of region 1" in _fault(after, NIC)
    assert _fault(far, NIC).endswith("That is in no region.")
    assert "which does not name the device. No device answers there" in _fault(other, NIC)


def test_a_fault_has_the_segment_where_its_device_is() -> None:
    (found,) = _of_rule(host(GOOD, Function(sbdf="0001:00:1d.0"), log=FAULT), logged.dma_fault)

    assert str(found.hit.device) == "0001:00:1d.0"
    assert found.hit.region is None


def test_many_faults_of_one_device_are_one_finding() -> None:
    log = "".join(FAULT.replace("0x7dffe000", f"{at << 12:#x}") for at in range(9))

    said = _fault(log, NIC)

    assert "refused 9 times (write) at 0x0, 0x1000, 0x2000 and 6 more" in said


@pytest.mark.parametrize(
    ("unit", "also"),
    [(0xFED90000, " That agrees with rhsa-without-unit."), (0xFED91000, "")],
    ids=["agrees", "does not"],
)
def test_the_kernels_word_agrees_with_our_own_only_where_it_does(unit: int, also: str) -> None:
    words = "Your BIOS is broken; RHSA refers to non-existent DMAR unit at fed90000"
    line = f"[ 0.1] DMAR: [Firmware Bug]: {words}\n"
    inventory = host(table_of(UNIT, rhsa(unit, 0)), log=line * 2)

    (found,) = _of_rule(inventory, logged.firmware_bug)

    assert found.hit.said == f'The kernel says: "{words}".{also}'
    assert any(True for _ in _of_rule(inventory, references.rhsa_without_unit)) is bool(also)


def test_without_a_boot_log_what_it_says_is_not_asked() -> None:
    (missing,) = [
        one for one in check(CASES["checksum-wrong"][1]()).not_asked if one.need is Need.BOOT_LOG
    ]

    assert set(missing.rules) == {one.id for one in logged.RULES}
