"""A comparison for people: what is grouped, what is named, and for which side."""

import pytest

from dmaragent.checks import check
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Finding, NotAsked, Severity
from dmaragent.comparison import compare
from dmaragent.comparison.model import Comparison
from dmaragent.inventory import Inventory
from dmaragent.present.text.diff import diff_details_text, diff_text
from dmaragent.present.words.comparison import headline
from support.comparisons import compared, inventory_of
from support.hosts import Function
from support.tables import drhd, patched, resummed, rmrr, scope, table
from support.wording import Worded

USB = scope(1, 0, (0x1D, 0))
EVERY = drhd(0xFED90000, flags=1)
WRONG = (rmrr(0x7A000000, 0x79FFFFFF, USB), rmrr(0x7C000000, 0x7BFFFFFF, USB))


def _text(found: Comparison) -> list[str]:
    return list(diff_details_text(found, ["Table a", "Table b"], []))


def _section(found: Comparison, title: str) -> list[str]:
    lines = _text(found)
    start = lines.index(title) + 1
    return lines[start : [*lines[start:], ""].index("") + start]


def _with(inventory: Inventory, *xen: str) -> Comparison:
    """Compare a host with itself, where its findings say `xen` on B instead."""
    checked = check(inventory)
    told = [_saying(one, said) for one, said in zip(checked.findings, xen, strict=True)]
    return compare(inventory, inventory, checked, checked._replace(findings=tuple(told)))


def _saying(one: Finding, xen: str) -> Finding:
    return one._replace(hit=one.hit._replace(xen=xen, severity=Severity.INFO))


def test_what_changed_alike_of_findings_of_one_rule_is_told_once(worded: Worded) -> None:
    inventory = inventory_of(table(EVERY, *WRONG))
    severity = check(inventory).findings[0].severity.value

    lines = _section(_with(inventory, "It is ignored.", "It is ignored."), "Findings")

    worded(lines[0])
    places = ("0x7a000000-0x79ffffff", "0x7c000000-0x7bffffff")
    assert [sum(place in line for line in lines) for place in places] == [1, 1]
    assert lines.count(f"    severity: {severity} -> info") == 1
    assert sum("It is ignored." in line for line in lines) == 1


def test_what_changed_otherwise_is_told_apart() -> None:
    inventory = inventory_of(table(EVERY, *WRONG))

    lines = _section(_with(inventory, "It is ignored.", "It is taken."), "Findings")

    heads = [line for line in lines if line.startswith("  changed: note rmrr-limit-below-base: ")]
    assert len(heads) == 2


def test_findings_that_appeared_are_told_by_their_rule() -> None:
    lines = _section(
        compared(inventory_of(table(EVERY)), inventory_of(table(EVERY, *WRONG))), "Findings"
    )

    assert sum("rmrr-limit-below-base" in line for line in lines) == 1


@pytest.mark.parametrize(("of_a", "sides"), [(True, "BA"), (False, "AB")])
def test_a_finding_that_is_not_known_is_told_of_the_side_that_does_not_know(
    sides: str, worded: Worded, *, of_a: bool
) -> None:
    wrong, sound = inventory_of(table(EVERY, WRONG[0])), inventory_of(table(EVERY))
    unasked = NotAsked(need=Need.PCI, rules=("rmrr-limit-below-base",))
    unsure = check(sound)._replace(not_asked=(unasked,))
    found = (
        compare(wrong, sound, check(wrong), unsure)
        if of_a
        else compare(sound, wrong, unsure, check(wrong))
    )

    text = " ".join(" ".join(_section(found, "Not compared")).split())

    worded(text, sides[0], sides[1])


def test_a_region_that_damage_may_hide_is_counted_as_not_found(worded: Worded) -> None:
    before = table(EVERY, rmrr(0x7A000000, 0x7A00FFFF, USB))
    cut = resummed(patched(before[:-10], [(4, (len(before) - 10).to_bytes(4, "little"))]))

    told = headline(compared(inventory_of(before), inventory_of(cut)))

    worded(told)
    assert "went" not in told.partition("finding")[0]


@pytest.mark.parametrize(("devices", "again"), [(4, False), (5, True)])
def test_a_list_of_more_than_four_owners_is_said_once(devices: int, again: bool) -> None:  # noqa: FBT001 - a case
    scopes = [scope(1, 0, (number, 0)) for number in range(1, devices + 1)]
    after = table(EVERY, *(rmrr(base, base + 0xFFF, *scopes) for base in (0x7A000000, 0x7B000000)))

    found = compared(inventory_of(table(EVERY)), inventory_of(after))
    text = " ".join(" ".join(_section(found, "Regions")).split())

    assert (f"the same {devices} devices as 0x7a000000-0x7a000fff" in text) is again


def _short(found: Comparison) -> list[str]:
    return list(diff_text(found, ["Table a", "Table b"], [], "dmaragent diff a b --details"))


def test_the_short_form_groups_regions_of_the_same_devices() -> None:
    scopes = [scope(1, 0, (number, 0)) for number in range(1, 7)]
    bases = [0x7A000000 + number * 0x1000 for number in range(10)]
    after = table(EVERY, *(rmrr(base, base + 0xFFF, *scopes) for base in bases))

    lines = _short(compared(inventory_of(table(EVERY)), inventory_of(after)))

    text = " ".join(" ".join(lines).split())
    assert (
        "new: 10 regions, 6 devices (0000:00:01.0, 0000:00:02.0, 0000:00:03.0 and 3 more)" in text
    )
    assert "and 2 more" in text.partition("0x7a000000-0x7a000fff")[2]
    assert lines[-1] == "  dmaragent diff a b --details"


def test_the_short_form_counts_units_and_structures() -> None:
    before = table(drhd(0xFED90000), drhd(0xFED91000, flags=1))
    after = table(drhd(0xFED90000, USB), drhd(0xFED92000, USB, flags=1))

    lines = _short(compared(inventory_of(before), inventory_of(after)))

    assert lines[lines.index("Remapping units") + 1] == "  1 new, 1 gone, 1 changed"


def test_what_changes_a_verdict_is_before_what_does_not() -> None:
    lines = _short(compared(inventory_of(table(EVERY)), inventory_of(table(EVERY, *WRONG))))

    sections = ["Findings", "Regions", "Hosts"]
    places = [lines.index(title) for title in sections]
    assert places == sorted(places)


def test_without_differences_no_further_command_is_named() -> None:
    inventory = inventory_of(table(EVERY))

    assert not any("--details" in line for line in _short(compared(inventory, inventory)))


@pytest.mark.parametrize("gone", [True, False])
def test_a_new_region_is_unlisted_only_if_that_is_certain(*, gone: bool) -> None:
    """Releases of Xen differ on a region whose device is absent; all refuse a reversed one."""
    region = WRONG[0] if not gone else rmrr(0x7A000000, 0x7A00FFFF, scope(1, 0, (9, 0)))
    before, after = (
        inventory_of(table(EVERY, *more), [Function(sbdf="0000:00:1d.0")])
        for more in ((), (region,))
    )
    listed = after.regions[0].xen.listed

    assert listed is (None if gone else False)
    assert any("not listed" in line for line in _text(compared(before, after))) is (not gone)
