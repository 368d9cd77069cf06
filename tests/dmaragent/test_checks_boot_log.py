"""What the boot log says: refused DMA and the kernel's complaints, in all their wordings."""

import pytest

from dmaragent.checks import check
from dmaragent.checks.common.facts import Need
from dmaragent.checks.vtd import dma_faults as logged
from dmaragent.checks.vtd import references
from dmaragent.checks.vtd.firmware_bugs import firmware_bug
from dmaragent.checks.vtd.rules import RULES
from support.checked_units import CASES, FAULT, GOOD, NIC, UNIT, host, told
from support.hosts import Function
from support.tables import rhsa, rmrr, scope
from support.tables import table as table_of
from support.wording import Worded


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(
            "[ 1.0] dmar: DMAR:[DMA Read] Request device [00:1d.0] fault addr dceff000 \n"
            "DMAR:[fault reason 06] PTE Read access is not set\n",
            id="two lines",
        ),
        pytest.param(
            "[ 1.0] DMAR: [DMA Read] Request device [00:1d.0] PASID ffffffff fault addr dceff000 "
            "[fault reason 06] PTE Read access is not set\n",
            id="PASID after the device",
        ),
        pytest.param(
            "[ 1.0] DMAR: [DMA Write NO_PASID] Request device [0x00:0x1d.0] fault addr "
            "0xdceff000 [fault reason 0x05] PTE Write access is not set\n",
            id="0x before bus and device",
        ),
        pytest.param(
            "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr dceff000\n",
            id="Xen",
        ),
    ],
)
def test_refused_dma_is_found_in_every_wording(log: str, worded: Worded) -> None:
    (found,) = told(host(GOOD, NIC, log=log), logged.dma_fault)

    worded(found.hit.message)
    assert str(found.hit.device) == "0000:00:1d.0"


def _fault(log: str, *functions: Function) -> str:
    (found,) = told(host(GOOD, *functions, log=log), logged.dma_fault)
    return found.hit.message


@pytest.mark.parametrize(("page", "number"), [("0x7dffd000", 1), ("0x7dffc000", None)])
def test_only_the_page_of_an_address_is_logged_and_a_region_may_begin_within_it(
    page: str, number: int | None
) -> None:
    region = rmrr(0x7DFFD800, 0x7DFFFFFF, scope(1, 0, (0x1D, 0)))
    log = FAULT.replace("0x7dffe000", page)
    (found,) = told(host(table_of(UNIT, region), NIC, log=log), logged.dma_fault)

    assert found.hit.region == number


def test_refused_dma_is_placed_among_the_regions(worded: Worded) -> None:
    inside = FAULT
    before = FAULT.replace("0x7dffe000", "0x7dffc000")
    after = FAULT.replace("0x7dffe000", "0x7e000000")
    far = FAULT.replace("0x7dffe000", "0x1000")
    other = FAULT.replace("00:1d.0", "00:1d.1")

    worded(_fault(inside, NIC), "region 1")
    worded(_fault(before, NIC), "0x1000", "region 1")
    worded(_fault(after, NIC), "0x1", "region 1")
    worded(_fault(far, NIC))
    worded(_fault(other, NIC))


def test_of_two_regions_beside_a_fault_the_nearer_one_is_named(worded: Worded) -> None:
    regions = [
        rmrr(base, base + 0xFFFF, scope(1, 0, (0x1D, 0))) for base in (0x7DF00000, 0x7E010000)
    ]
    log = FAULT.replace("0x7dffe000", "0x7e000000")
    (found,) = told(host(table_of(UNIT, *regions), NIC, log=log), logged.dma_fault)

    worded(found.hit.message, "0x10000", "region 2")


def test_a_fault_has_the_segment_where_its_device_is() -> None:
    (found,) = told(host(GOOD, Function(sbdf="0001:00:1d.0"), log=FAULT), logged.dma_fault)

    assert str(found.hit.device) == "0001:00:1d.0"
    assert found.hit.region is None


@pytest.mark.parametrize(
    ("others", "device"),
    [
        (("0001:00:1d.0", "0002:00:1d.0"), "0000:00:1d.0"),
        (("0001:00:1d.0", "0001:00:1d.1"), "0001:00:1d.0"),
    ],
    ids=["two-have-it", "one-has-it"],
)
def test_the_segment_is_told_only_where_one_function_has_the_address(
    others: tuple[str, ...], device: str
) -> None:
    functions = [Function(sbdf=one) for one in others]

    (found,) = told(host(GOOD, *functions, log=FAULT), logged.dma_fault)

    assert str(found.hit.device) == device


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("0x7e0fffff", "0x100000 bytes after the last byte of region 1."),
        ("0x7e100000", ""),
    ],
    ids=["at-1-mib", "beyond"],
)
def test_a_region_is_near_up_to_1_mib(address: str, near: str, worded: Worded) -> None:
    said = _fault(FAULT.replace("0x7dffe000", address), NIC)

    worded(said, near)
    assert ("region 1" in said) is bool(near)


def test_a_region_of_another_segment_is_not_near(worded: Worded) -> None:
    fault = FAULT.replace("0x7dffe000", "0x7e000000")

    said = _fault(fault, Function(sbdf="0001:00:1d.0"))

    worded(said)


def test_many_faults_of_one_device_are_one_finding(worded: Worded) -> None:
    log = "".join(FAULT.replace("0x7dffe000", f"{at << 12:#x}") for at in range(9))

    said = _fault(log, NIC)

    worded(said, "0x0", "0x1000", "0x2000")


@pytest.mark.parametrize(
    ("unit", "also"),
    [(0xFED90000, " This agrees with rhsa-without-unit."), (0xFED91000, "")],
    ids=["agrees", "does not"],
)
def test_the_kernels_word_agrees_with_our_own_only_where_it_does(
    unit: int, also: str, worded: Worded
) -> None:
    words = "Your BIOS is broken; RHSA refers to non-existent DMAR unit at fed90000"
    line = f"[ 0.1] DMAR: [Firmware Bug]: {words}\n"
    inventory = host(table_of(UNIT, rhsa(unit, 0)), log=line * 2)

    (found,) = told(inventory, firmware_bug)

    worded(found.hit.message, f'{words}".{also}')
    assert any(True for _ in told(inventory, references.rhsa_without_unit)) is bool(also)


def test_a_bad_region_has_its_number_and_what_agrees() -> None:
    words = "Your BIOS is broken; bad RMRR [0x0000000010001000-0x0000000010000fff]"
    backwards = rmrr(0x10001000, 0x10000FFF, scope(1, 0, (0x1D, 0)))
    log = f"[ 0.1] DMAR: [Firmware Bug]: {words}\n"

    (found,) = told(host(table_of(UNIT, backwards), NIC, log=log), firmware_bug)

    assert found.hit.region == 1
    assert "This agrees with rmrr-" in found.hit.message
    assert "This is region 1." in found.hit.message


def test_without_a_boot_log_what_it_says_is_not_asked() -> None:
    (missing,) = [
        one for one in check(CASES["checksum-wrong"].quiet()).not_asked if one.need is Need.BOOT_LOG
    ]

    assert {one.id for one in (*logged.RULES, firmware_bug)} <= set(missing.rules)
    assert set(missing.rules) == {one.id for one in RULES if Need.BOOT_LOG in one.needs}
