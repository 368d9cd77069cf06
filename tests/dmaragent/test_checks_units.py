"""Each rule about the table and its units trips on its host, and not on the near miss."""

import re

import pytest

from dmaragent.checks import check
from dmaragent.checks.all_rules import RULES
from dmaragent.checks.common.model import Finding
from dmaragent.inventory import Inventory
from support import tables
from support.checked_tables import shown_bytes
from support.checked_units import CASES, host
from support.damaged import CASES as DAMAGED
from support.hosts import Function
from support.wording import Worded

OURS = {rule.id: rule for rule in RULES if rule.id in CASES}


def _found(inventory: Inventory, name: str) -> list[Finding]:
    checked = check(inventory)
    assert name not in {each for one in checked.not_asked for each in one.rules}
    return [one for one in checked.findings if one.rule.id == name]


@pytest.mark.parametrize("name", CASES)
def test_a_rule_says_what_it_found_and_shows_the_bytes(name: str, worded: Worded) -> None:
    findings = _found(CASES[name].trips(), name)

    assert shown_bytes(findings) == CASES[name].hits
    worded(finding.hit.message for finding in findings)


@pytest.mark.parametrize("name", CASES)
def test_a_near_miss_trips_nothing(name: str) -> None:
    assert _found(CASES[name].quiet(), name) == []


def test_of_a_table_without_structures_no_number_of_them_is_told(worded: Worded) -> None:
    (one,) = _found(host(tables.table()), "no-unit")

    worded(one.hit.message)


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
    findings = check(inventory).findings
    said = (one.xen for one in findings if not one.rule.id.startswith("rmrr-"))
    off = ("Xen switches VT-d off", "Xen 4.19 and later switches VT-d off")
    return any(text.startswith(off) for text in said)


@pytest.mark.parametrize("name", CASES)
def test_what_switches_vtd_off_on_xen_is_what_the_inventory_predicts(name: str) -> None:
    inventory = CASES[name].trips()

    assert _says_off(inventory) == bool(inventory.xen.list.iommu_disabled)


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_switches_vtd_off_on_xen_where_the_inventory_predicts_it(name: str) -> None:
    inventory = host(DAMAGED[name].data, Function(sbdf="0000:00:1d.0"))
    why = inventory.xen.list.iommu_disabled

    off = bool(why) and "it overlaps the region" not in why  # that has a rule of its own

    assert _says_off(inventory) == off
