"""Every rule finds what it is there for, and is quiet without it."""

from collections.abc import Callable

import pytest

from dmaragent.checks import check
from dmaragent.checks.all_rules import RULES
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Severity
from dmaragent.checks.vtd.rules import RULES as VTD_RULES
from dmaragent.host.topology import PciTopology
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.text.check import check_details_text, check_text, rules_text
from dmaragent.readings import Missing, MissingKind
from support import checked_ivrs, checked_units
from support.checked import CASES, Made, findings, host, host_of, taken
from support.tables import EVERY_STRUCTURE, rmrr

Taken = Callable[[], Inventory]


def _of(made: Made) -> Taken:
    return lambda: taken(made())


ALL: dict[str, tuple[Taken, Taken]] = {
    **{name: (_of(trips), _of(quiet)) for name, (trips, quiet) in CASES.items()},
    **{name: (case.trips, case.quiet) for name, case in checked_units.CASES.items()},
}
BOTH = ALL | {name: (case.trips, case.quiet) for name, case in checked_ivrs.CASES.items()}
"""Hosts of both vendors."""


def _ids(of: Taken) -> list[str]:
    return [one.rule.id for one in check(of()).findings]


@pytest.mark.parametrize("name", ALL)
def test_a_rule_finds_its_fault_and_is_quiet_without_it(name: str) -> None:
    trips, quiet = ALL[name]

    assert name in _ids(trips)
    assert name not in _ids(quiet)


def test_every_rule_has_a_host_that_trips_it_and_one_that_does_not() -> None:
    assert sorted(rule.id for rule in RULES) == sorted(BOTH)


def test_a_sound_host_has_no_findings_and_every_rule_was_asked() -> None:
    made = CASES["rmrr-limit-below-base"][1]()
    made.calls["boot-log"] = made.calls.get("boot-log", b"")
    checked = findings(made)

    assert checked.findings == ()
    assert {each.need for each in checked.not_asked} <= {Need.BOOT_LOG}


@pytest.mark.parametrize("name", ALL)
def test_a_finding_has_a_subject_and_bytes_and_nothing_is_wider_than_80_columns(name: str) -> None:
    checked = check(ALL[name][0]())

    for one in checked.findings:
        assert one.hit.message.endswith(".")
        assert one.hit.subject
        for each in one.hit.evidence:
            assert each.data
    for lines in (check_text(checked, "Table", "check"), check_details_text(checked, "Table")):
        assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_comes_of_it_what_to_do_and_where_it_is_from(rule: object) -> None:
    texts = [getattr(rule, field) for field in ("xen", "linux", "advice")]

    assert all(text.endswith(".") for text in texts)
    assert not any("  " in text for text in texts)
    assert getattr(rule, "source", "")
    assert not getattr(rule, "title", ".").endswith(".")


def test_ids_are_unique_and_listed() -> None:
    ids = [rule.id for rule in RULES]

    assert len(set(ids)) == len(ids)
    listed = "\n".join(rules_text(RULES))
    assert all(f"\n{name}  " in listed for name in ids)
    assert max(map(len, listed.splitlines())) <= 80


def test_findings_come_worst_first_and_in_table_order() -> None:
    made = host(
        rmrr(0x7B800000, 0x7B80FFFF),
        rmrr(0x7B810000, 0x7B820000),
        rmrr(0x7B830000, 0x7B82F000),
        rmrr(0x7B840000, 0x7B84FFFF),
    )
    found = findings(made).findings

    ranks = [one.severity.rank for one in found]
    assert ranks == sorted(ranks)
    empty = [one.hit.region for one in found if one.rule.id == "rmrr-scope-empty"]
    assert empty == [1, 2, 3, 4]


def test_what_is_not_known_is_named_and_not_asked() -> None:
    made = host_of(EVERY_STRUCTURE, None)
    made.directories.pop("/sys/firmware/memmap")
    checked = findings(made)

    not_asked = {each.need: set(each.rules) for each in checked.not_asked}
    for need in (Need.PCI, Need.MEMORY_MAP):
        assert not_asked[need] == {rule.id for rule in VTD_RULES if need in rule.needs}
    unasked = {name for names in not_asked.values() for name in names}
    assert checked.asked == len(VTD_RULES) - len(unasked)


def test_counts_are_of_the_cases_and_not_of_the_rules() -> None:
    checked = findings(CASES["rmrr-in-ram"][0](), (4, 18))

    assert checked.count(Severity.CRITICAL) == 0
    assert checked.count(Severity.WARNING) == 1


def _without(inventory: Inventory, need: Need) -> Inventory:
    unknown = Missing(MissingKind.NOT_COLLECTED)
    host = inventory.host
    if need is Need.PCI:
        return take_inventory(host._replace(topology=PciTopology(unknown)))
    return take_inventory(host._replace(memory_map=unknown))


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("need", [Need.PCI, Need.MEMORY_MAP])
def test_a_rule_finds_the_same_without_what_it_does_not_use(name: str, need: Need) -> None:
    inventory = BOTH[name][0]()
    free = {rule.id for rule in RULES if need not in rule.needs | rule.uses}

    found = [check(one).findings for one in (inventory, _without(inventory, need))]

    one, other = ({each.key for each in side if each.rule.id in free} for side in found)
    assert one == other
