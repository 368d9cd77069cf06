"""Each rule about the table and its units trips on its host, and not on the near miss."""

import re

import pytest

from dmaragent.checks import check
from dmaragent.checks.common import boot_log as logged
from dmaragent.checks.common.model import Finding, Rule
from dmaragent.checks.vtd import coverage, damage, references, reserved, table, units
from dmaragent.inventory import Inventory
from support import tables
from support.checked_units import CASES, host
from support.damaged import CASES as DAMAGED
from support.hosts import Function
from support.wording import Worded

MODULES = (table, damage, reserved, units, coverage, references, logged)
OURS: dict[str, Rule] = {each.id: each for module in MODULES for each in module.RULES}

EXPECTED: dict[str, tuple[str, ...]] = {
    "address-width-too-small": ("0x24=0a",),
    "address-width-too-large": ("0x24=34",),
    "no-interrupt-remapping": ("0x25=04",),
    "x2apic-opt-out-alone": ("0x25=02",),
    "several-tables": ("0x0=444d415260000000",),
    "renamed-by-xen": ("0x0=524d4144",),
    "no-unit": ("0x4=50000000",),
    "unknown-structure": ("0x40=0700",),
    "structure-order": ("0x50=0100",),
    "table-unreadable": ("0x0=444d415260000000",),
    "table-length": ("0x4=41000000",),
    "structure-too-short": ("0x62=0000",),
    "structure-past-end": ("0x62=1100",),
    "scope-too-short": ("0x59=07",),
    "scope-past-structure": ("0x59=0a",),
    "scope-length-odd": ("0x59=09",),
    "structure-extra-bytes": ("0x54=aa",),
    "bytes-after-structures": ("0x40=010020",),
    "bytes-after-table": ("0x60=ff",),
    "checksum-wrong": ("0x9=30",),
    "reserved-in-header": ("0x25=09", "0x26=00000000000000000001"),
    "reserved-in-structure": ("0x34=03", "0x44=0001", "0x64=04", "0x74=00000002", "0x93=03"),
    "reserved-in-scope": ("0x5a=10", "0x5b=02"),
    "reserved-in-unit-size": ("0x35=10",),
    "unit-without-address": ("0x38=0000000000000000",),
    "unit-unaligned": ("0x38=0018d9fe00000000",),
    "unit-not-at-its-size": ("0x38=0010d9fe00000000 0x35=01",),
    "unit-repeated": ("0x38=0010d9fe00000000 0x50=0010d9fe00000000",),
    "units-overlap": ("0x38=0000d9fe00000000 0x50=0010d9fe00000000",),
    "unit-in-ram": ("0x38=00f0d8fe00000000",),
    "unit-beyond-width": ("0x38=0000000000400000",),
    "several-include-all": ("0x34=01 0x44=01",),
    "several-include-all-elsewhere": ("0x34=01 0x44=01",),
    "include-all-not-last": ("0x34=01",),
    "no-include-all": ("0x34=00",),
    "device-without-unit": ("0x34=00",),
    "unit-serves-nothing": ("0x34=00",),
    "device-in-two-units": ("0x45=00 0x5d=00",),
    "several-all-ports": ("0x44=01 0x4c=01",),
    "atsr-not-root-port": ("0x4d=00", "0x55=00"),
    "rhsa-without-unit": ("0x48=0000d9fe00000000",),
    "rhsa-contradicts": ("0x50=00000000 0x64=01000000",),
    "namespace-scope-without-andd": ("0x44=01",),
    "andd-unused": ("0x67=01",),
    "andd-name-unterminated": ("0x50=5c4101",),
    "andd-repeated": ("0x4f=01 0x61=01",),
    "dma-fault-logged": ("0x48=00d0ff7d00000000 0x50=ffffff7d00000000",),
    "firmware-bug-logged": ("0x48=00d0ff7d00000000 0x50=ffffff7d00000000",),
}
"""By rule: what is said, and the evidence as offset=bytes."""


def _found(inventory: Inventory, name: str) -> list[Finding]:
    checked = check(inventory)
    assert name not in {each for one in checked.not_asked for each in one.rules}
    return [one for one in checked.findings if one.rule.id == name]


def test_every_rule_has_a_host_that_trips_it_and_one_that_does_not() -> None:
    assert set(CASES) == set(OURS) == set(EXPECTED)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_says_what_it_found_and_shows_the_bytes(name: str, worded: Worded) -> None:
    found = _found(CASES[name][0](), name)
    shown = [" ".join(f"{e.offset:#x}={e.data.hex()}" for e in one.hit.evidence) for one in found]

    assert tuple(shown) == EXPECTED[name]
    worded(one.hit.said for one in found)


@pytest.mark.parametrize("name", CASES)
def test_a_near_miss_trips_nothing(name: str) -> None:
    assert _found(CASES[name][1](), name) == []


def test_of_a_table_without_structures_no_number_of_them_is_told(worded: Worded) -> None:
    (one,) = _found(host(tables.table()), "no-unit")

    worded(one.hit.said)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_told_whole(name: str) -> None:
    rule = OURS[name]

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    for text in (rule.xen, rule.linux, rule.advice):
        assert text.endswith(".")
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.source


def _says_off(inventory: Inventory) -> bool:
    said = (one.xen for one in check(inventory).findings)
    off = ("Xen switches VT-d off", "From 4.19 on Xen switches VT-d off")
    return any(text.startswith(off) for text in said)


@pytest.mark.parametrize("name", CASES)
def test_what_switches_vtd_off_on_xen_is_what_the_inventory_predicts(name: str) -> None:
    inventory = CASES[name][0]()

    assert _says_off(inventory) == bool(inventory.xen.list.vtd_disabled)


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_switches_vtd_off_on_xen_where_the_inventory_predicts_it(name: str) -> None:
    inventory = host(DAMAGED[name].data, Function(sbdf="0000:00:1d.0"))
    why = inventory.xen.list.vtd_disabled

    off = bool(why) and "it overlaps the region" not in why  # that has a rule of its own

    assert _says_off(inventory) == off
