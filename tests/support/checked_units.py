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
    "unit-without-address": Case(
        trips=lambda: of(drhd(0, flags=1)),
        quiet=lambda: of(drhd(0x1000, flags=1)),
        hits=("0x38=0000000000000000",),
    ),
    "unit-unaligned": Case(
        trips=lambda: of(drhd(0xFED91800, flags=1)),
        quiet=lambda: of(drhd(0xFED91000, flags=1)),
        hits=("0x38=0018d9fe00000000",),
    ),
    "unit-not-at-its-size": Case(
        trips=lambda: of(drhd(0xFED91000, flags=1, size=1)),
        quiet=lambda: of(drhd(0xFED92000, flags=1, size=1)),
        hits=("0x38=0010d9fe00000000 0x35=01",),
    ),
    "unit-repeated": Case(
        trips=lambda: of(drhd(0xFED91000, ENDPOINT), UNIT),
        quiet=lambda: of(drhd(0xFED90000, ENDPOINT), UNIT),
        hits=("0x38=0010d9fe00000000 0x50=0010d9fe00000000",),
    ),
    "units-overlap": Case(
        trips=lambda: of(drhd(0xFED90000, ENDPOINT, size=1), UNIT),
        quiet=lambda: of(drhd(0xFED90000, ENDPOINT, size=0), UNIT),
        hits=("0x38=0000d9fe00000000 0x50=0010d9fe00000000",),
    ),
    "unit-in-ram": Case(
        trips=lambda: host(table(drhd(0xFED8F000, flags=1)), memory=[RAM]),
        quiet=lambda: host(table(drhd(0xFED90000, flags=1)), memory=[RAM]),
        hits=("0x38=00f0d8fe00000000",),
    ),
    "unit-beyond-width": Case(
        trips=lambda: of(drhd(1 << 46, flags=1)),
        quiet=lambda: of(drhd((1 << 46) - 0x1000, flags=1)),
        hits=("0x38=0000000000400000",),
    ),
    "several-include-all": Case(
        trips=lambda: of(drhd(0xFED90000, flags=1), UNIT),
        quiet=lambda: of(drhd(0xFED90000, flags=1, segment=1), UNIT),
        hits=("0x34=01 0x44=01",),
    ),
    "several-include-all-elsewhere": Case(
        trips=lambda: of(
            drhd(0xFED90000, flags=1, segment=1), drhd(0xFED91000, flags=1, segment=1)
        ),
        quiet=lambda: of(drhd(0xFED90000, flags=1), drhd(0xFED91000, flags=1)),
        hits=("0x34=01 0x44=01",),
    ),
    "include-all-not-last": Case(
        trips=lambda: of(UNIT, drhd(0xFED90000, ENDPOINT)),
        quiet=lambda: of(UNIT, drhd(0xFED90000, ENDPOINT, segment=1)),
        hits=("0x34=01",),
    ),
    "no-include-all": Case(
        trips=lambda: of(drhd(0xFED91000, ENDPOINT)),
        quiet=lambda: of(drhd(0xFED91000, ENDPOINT, flags=1)),
        hits=("0x34=00",),
    ),
    "device-without-unit": Case(
        trips=lambda: of(drhd(0xFED91000, scope(1, 0, (0x1D, 1))), functions=[NIC]),
        quiet=lambda: of(
            drhd(0xFED91000, ENDPOINT),
            functions=[
                NIC,
                Function(sbdf="0000:00:00.0", class_code=0x060000),
                Function(sbdf="10000:00:1d.1"),
            ],
        ),
        hits=("0x34=00",),
    ),
    "unit-serves-nothing": Case(
        trips=lambda: of(drhd(0xFED91000)),
        quiet=lambda: of(drhd(0xFED91000, flags=1)),
        hits=("0x34=00",),
    ),
    "device-in-two-units": Case(
        trips=lambda: of(
            drhd(0xFED90000, ENDPOINT), drhd(0xFED91000, scope(2, 0, (0x1D, 0)), flags=1)
        ),
        quiet=lambda: of(
            drhd(0xFED90000, ENDPOINT), drhd(0xFED91000, scope(1, 0, (0x1D, 1)), flags=1)
        ),
        hits=("0x45=00 0x5d=00",),
    ),
    "several-all-ports": Case(
        trips=lambda: of(UNIT, atsr(flags=1), atsr(ENDPOINT, flags=1)),
        quiet=lambda: of(UNIT, atsr(flags=1), atsr(flags=1, segment=1), atsr(ENDPOINT)),
        hits=("0x44=01 0x4c=01",),
    ),
    "atsr-not-root-port": Case(
        trips=lambda: of(
            UNIT,
            atsr(ENDPOINT, scope(2, 0, (1, 0), (0, 0))),
            functions=[NIC, PORT, SWITCH],
        ),
        quiet=lambda: of(
            UNIT,
            atsr(scope(2, 0, (1, 0)), scope(2, 0, (0x1D, 1))),
            atsr(ENDPOINT, flags=1),
            functions=[NIC, PORT, SWITCH],
        ),
        hits=(
            "0x4d=00",
            "0x55=00",
        ),
    ),
    "rhsa-without-unit": Case(
        trips=lambda: of(UNIT, rhsa(0xFED90000, 0)),
        quiet=lambda: of(UNIT, rhsa(0xFED91000, 0)),
        hits=("0x48=0000d9fe00000000",),
    ),
    "rhsa-contradicts": Case(
        trips=lambda: of(UNIT, rhsa(0xFED91000, 0), rhsa(0xFED91000, 1)),
        quiet=lambda: of(UNIT, rhsa(0xFED91000, 1), rhsa(0xFED91000, 1)),
        hits=("0x50=00000000 0x64=01000000",),
    ),
    "namespace-scope-without-andd": Case(
        trips=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(2)),
        quiet=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1)),
        hits=("0x44=01",),
    ),
    "andd-unused": Case(
        trips=lambda: of(
            UNIT,
            rmrr(0x7DFFD000, 0x7DFFFFFF, NAMED),
            _andd_at(1),
        ),
        quiet=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1)),
        hits=("0x67=01",),
    ),
    "andd-name-unterminated": Case(
        trips=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1, b"\\A\x01")),
        quiet=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1, b"\\A\x00")),
        hits=("0x50=5c4101",),
    ),
    "andd-repeated": Case(
        trips=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1), _andd_at(1, b"\\B\0")),
        quiet=lambda: of(drhd(0xFED91000, NAMED, flags=1), _andd_at(1), _andd_at(2, b"\\B\0")),
        hits=("0x4f=01 0x61=01",),
    ),
    "dma-fault-logged": Case(
        trips=lambda: host(GOOD, NIC, log=FAULT),
        quiet=lambda: host(GOOD, NIC, log=FAULT.replace("DMA Write NO_PASID", "INTR-REMAP")),
        hits=("0x48=00d0ff7d00000000 0x50=ffffff7d00000000",),
    ),
    "firmware-bug-logged": Case(
        trips=lambda: host(GOOD, NIC, log=BUG),
        quiet=lambda: host(GOOD, NIC, log=BUG.replace("DMAR: ", "").replace("RMRR", "MCFG")),
        hits=("0x48=00d0ff7d00000000 0x50=ffffff7d00000000",),
    ),
}

CASES: dict[str, Case] = {**TABLE_CASES, **UNIT_CASES}
"""By rule id."""

__all__ = ["AFTER_UNIT", "CASES", "FAULT", "GOOD", "NIC", "REGION", "UNIT", "host", "of", "told"]


def told(inventory: Inventory, rule: Rule) -> list[Finding]:
    """Check `inventory`, and give what `rule` found."""
    return [one for one in check(inventory).findings if one.rule is rule]
