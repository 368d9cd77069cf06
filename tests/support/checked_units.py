"""Hosts for the rules about the table and about all that is no RMRR: CASES by rule id."""

from dmaragent.checks import check
from dmaragent.checks.common.model import Finding, Rule
from dmaragent.inventory import Inventory
from support.checked_tables import (
    AFTER_UNIT,
    GOOD,
    NIC,
    REGION,
    TABLE_CASES,
    UNIT,
    Case,
    host,
    of,
)
from support.hosts import Function
from support.tables import ENDPOINT, andd, atsr, drhd, rhsa, rmrr, scope, table

PORT = Function(sbdf="0000:00:01.0", class_code=0x060400, secondary_bus=1, subordinate_bus=2)
SWITCH = Function(sbdf="0000:01:00.0", class_code=0x060400, secondary_bus=2)
RAM = "0x100000 0xfed8ffff System RAM"
NAMED = scope(5, 0xF0, (0x15, 0), enumeration_id=1)
FAULT = (
    "[ 9.1] DMAR: [DMA Write NO_PASID] Request device [00:1d.0] fault addr 0x7dffe000 "
    "[fault reason 0x05] PTE Write access is not set\n"
)
BUG = (
    "[ 0.1] DMAR: [Firmware Bug]: Your BIOS is broken; bad RMRR "
    "[0x000000007dffd000-0x000000007dffffff]\n"
)


def _andd_at(number: int, name: bytes = b"\\_SB.I2C0\0") -> bytes:
    return andd(number, name)


UNIT_CASES: dict[str, Case] = {
    "unit-without-address": (
        lambda: of(drhd(0, flags=1)),
        lambda: of(drhd(0x1000, flags=1)),
    ),
    "unit-unaligned": (
        lambda: of(drhd(0xFED91800, flags=1)),
        lambda: of(drhd(0xFED91000, flags=1)),
    ),
    "unit-not-at-its-size": (
        lambda: of(drhd(0xFED91000, flags=1, size=1)),
        lambda: of(drhd(0xFED92000, flags=1, size=1)),
    ),
    "unit-repeated": (
        lambda: of(drhd(0xFED91000, ENDPOINT), UNIT),
        lambda: of(drhd(0xFED90000, ENDPOINT), UNIT),
    ),
    "units-overlap": (
        lambda: of(drhd(0xFED90000, ENDPOINT, size=1), UNIT),
        lambda: of(drhd(0xFED90000, ENDPOINT, size=0), UNIT),
    ),
    "unit-in-ram": (
        lambda: host(table(drhd(0xFED8F000, flags=1)), memory=[RAM]),
        lambda: host(table(drhd(0xFED90000, flags=1)), memory=[RAM]),
    ),
    "unit-beyond-width": (
        lambda: of(drhd(1 << 46, flags=1)),
        lambda: of(drhd((1 << 46) - 0x1000, flags=1)),
    ),
    "several-include-all": (
        lambda: of(drhd(0xFED90000, flags=1), UNIT),
        lambda: of(drhd(0xFED90000, flags=1, segment=1), UNIT),
    ),
    "several-include-all-elsewhere": (
        lambda: of(drhd(0xFED90000, flags=1, segment=1), drhd(0xFED91000, flags=1, segment=1)),
        lambda: of(drhd(0xFED90000, flags=1), drhd(0xFED91000, flags=1)),
    ),
    "include-all-not-last": (
        lambda: of(UNIT, drhd(0xFED90000, ENDPOINT)),
        lambda: of(UNIT, drhd(0xFED90000, ENDPOINT, segment=1)),
    ),
    "no-include-all": (
        lambda: of(drhd(0xFED91000, ENDPOINT)),
        lambda: of(drhd(0xFED91000, ENDPOINT, flags=1)),
    ),
    "device-without-unit": (
        lambda: of(drhd(0xFED91000, scope(1, 0, (0x1D, 1))), functions=[NIC]),
        lambda: of(
            drhd(0xFED91000, ENDPOINT),
            functions=[
                NIC,
                Function(sbdf="0000:00:00.0", class_code=0x060000),
                Function(sbdf="10000:00:1d.1"),
            ],
        ),
    ),
    "unit-serves-nothing": (
        lambda: of(drhd(0xFED91000)),
        lambda: of(drhd(0xFED91000, flags=1)),
    ),
    "device-in-two-units": (
        lambda: of(drhd(0xFED90000, ENDPOINT), drhd(0xFED91000, scope(2, 0, (0x1D, 0)), flags=1)),
        lambda: of(drhd(0xFED90000, ENDPOINT), drhd(0xFED91000, scope(1, 0, (0x1D, 1)), flags=1)),
    ),
    "several-all-ports": (
        lambda: of(UNIT, atsr(flags=1), atsr(ENDPOINT, flags=1)),
        lambda: of(UNIT, atsr(flags=1), atsr(flags=1, segment=1), atsr(ENDPOINT)),
    ),
    "atsr-not-root-port": (
        lambda: of(
            UNIT,
            atsr(ENDPOINT, scope(2, 0, (1, 0), (0, 0))),
            functions=[NIC, PORT, SWITCH],
        ),
        lambda: of(
            UNIT,
            atsr(scope(2, 0, (1, 0)), scope(2, 0, (0x1D, 1))),
            atsr(ENDPOINT, flags=1),
            functions=[NIC, PORT, SWITCH],
        ),
    ),
    "rhsa-without-unit": (
        lambda: of(UNIT, rhsa(0xFED90000, 0)),
        lambda: of(UNIT, rhsa(0xFED91000, 0)),
    ),
    "rhsa-contradicts": (
        lambda: of(UNIT, rhsa(0xFED91000, 0), rhsa(0xFED91000, 1)),
        lambda: of(UNIT, rhsa(0xFED91000, 1), rhsa(0xFED91000, 1)),
    ),
    "namespace-scope-without-andd": (
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(2)),
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1)),
    ),
    "andd-unused": (
        lambda: of(
            UNIT,
            rmrr(0x7DFFD000, 0x7DFFFFFF, NAMED),
            _andd_at(1),
        ),
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1)),
    ),
    "andd-name-unterminated": (
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1, b"\\A\x01")),
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1, b"\\A\x00")),
    ),
    "andd-repeated": (
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1), _andd_at(1, b"\\B\0")),
        lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1), _andd_at(2, b"\\B\0")),
    ),
    "dma-fault-logged": (
        lambda: host(GOOD, NIC, log=FAULT),
        lambda: host(GOOD, NIC, log=FAULT.replace("DMA Write NO_PASID", "INTR-REMAP")),
    ),
    "firmware-bug-logged": (
        lambda: host(GOOD, NIC, log=BUG),
        lambda: host(GOOD, NIC, log=BUG.replace("DMAR: ", "").replace("RMRR", "MCFG")),
    ),
}

CASES: dict[str, Case] = {**TABLE_CASES, **UNIT_CASES}
"""By rule id: a host that trips it, and a near miss that does not."""

__all__ = ["AFTER_UNIT", "CASES", "FAULT", "GOOD", "NIC", "REGION", "UNIT", "host", "of", "told"]


def told(inventory: Inventory, rule: Rule) -> list[Finding]:
    """Check `inventory`, and give what `rule` found."""
    return [one for one in check(inventory).findings if one.rule is rule]
