"""Two tables before and after, by their bytes: what is said of each change, and what is not."""

from dataclasses import replace

import pytest

from dmaragent.checks import check
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Checked, NotAsked
from dmaragent.comparison import compare, words
from dmaragent.comparison.findings import finding_changes
from dmaragent.comparison.model import (
    Changed,
    Comparison,
    FindingFate,
    RegionFate,
    RegionMatch,
    Side,
)
from dmaragent.comparison.regions import listings_not_compared, memory_not_compared
from support.comparisons import compared, inventory_of
from support.hosts import Function
from support.tables import drhd, patched, resummed, rhsa, rmrr, scope, table
from support.wording import Worded

USB, OTHER = scope(1, 0, (0x1D, 0)), scope(1, 0, (0x1A, 0))
BEHIND = scope(1, 0, (0x1C, 0), (0, 0))
LOW, HIGH = rmrr(0x7A000000, 0x7A00FFFF, USB), rmrr(0x7B000000, 0x7B00FFFF, OTHER)
UNIT = drhd(0xFED90000, USB)
EVERY = drhd(0xFED90000, flags=1)
BEFORE, TURNED = table(UNIT, LOW, HIGH), table(UNIT, HIGH, LOW)
FUNCTIONS = [
    Function(sbdf="0000:00:1d.0", class_code=0x0C0320),
    Function(sbdf="0000:00:1a.0", class_code=0x0C0320, ids=(0x8086, 0x1C2D)),
]


def _compared(after: bytes, before: bytes = BEFORE) -> Comparison:
    return compared(inventory_of(before, FUNCTIONS), inventory_of(after, FUNCTIONS))


def _fates(found: Comparison) -> list[tuple[RegionFate, int | None, int | None]]:
    """Give the regions that differ: fate, base before, base after."""
    return [
        (one.fate, one.a.first if one.a else None, one.b.first if one.b else None)
        for one in found.regions
        if one.differs
    ]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        pytest.param(
            table(UNIT, rmrr(0x7C000000, 0x7C00FFFF, USB), HIGH),
            [(RegionFate.MOVED, 0x7A000000, 0x7C000000)],
            id="moved",
        ),
        pytest.param(
            table(UNIT, rmrr(0x7A000000, 0x7A01FFFF, USB), HIGH),
            [(RegionFate.RESIZED, 0x7A000000, 0x7A000000)],
            id="grown",
        ),
        pytest.param(
            table(UNIT, rmrr(0x7C000000, 0x7C000FFF, USB), HIGH),
            [(RegionFate.RESIZED, 0x7A000000, 0x7C000000)],
            id="moved and shrunk",
        ),
        pytest.param(
            table(UNIT, rmrr(0x7A000000, 0x7A00FFFF, USB, OTHER), HIGH),
            [(RegionFate.OWNERS, 0x7A000000, 0x7A000000)],
            id="a device more",
        ),
        pytest.param(
            table(UNIT, rmrr(0x7A000000, 0x7A00FFFF, OTHER), rmrr(0x7B000000, 0x7B00FFFF, USB)),
            [
                (RegionFate.OWNERS, 0x7A000000, 0x7A000000),
                (RegionFate.OWNERS, 0x7B000000, 0x7B000000),
            ],
            id="owners swapped: the range comes before the owners",
        ),
        pytest.param(table(UNIT, HIGH), [(RegionFate.GONE, 0x7A000000, None)], id="gone"),
        pytest.param(
            table(UNIT, LOW, HIGH, rmrr(0x7D000000, 0x7D000FFF, USB)),
            [(RegionFate.APPEARED, None, 0x7D000000)],
            id="a second region of a device appeared",
        ),
        pytest.param(
            table(UNIT, rmrr(0x7A000000, 0x7A00FFFF, USB, segment=1), HIGH),
            [(RegionFate.GONE, 0x7A000000, None), (RegionFate.APPEARED, None, 0x7A000000)],
            id="in another segment it is another",
        ),
    ],
)
def test_what_became_of_a_region(
    after: bytes, said: list[tuple[RegionFate, int | None, int | None]]
) -> None:
    found = _compared(after)

    assert _fates(found) == said
    assert found.differs
    assert found.units == ()


def test_of_several_regions_of_a_device_the_same_size_comes_first_then_the_lowest() -> None:
    before = table(
        rmrr(0x10000000, 0x10000FFF, USB),
        rmrr(0x20000000, 0x2000FFFF, USB),
        rmrr(0x30000000, 0x3000FFFF, USB),
    )
    after = table(
        rmrr(0x60000000, 0x6001FFFF, USB),
        rmrr(0x50000000, 0x5000FFFF, USB),
        rmrr(0x40000000, 0x4000FFFF, USB),
    )

    assert _fates(_compared(after, before)) == [
        (RegionFate.RESIZED, 0x10000000, 0x60000000),
        (RegionFate.MOVED, 0x20000000, 0x40000000),
        (RegionFate.MOVED, 0x30000000, 0x50000000),
    ]


def test_a_region_said_twice_is_one_more_and_xen_takes_none_for_it() -> None:
    found = _compared(table(UNIT, LOW, HIGH, LOW))

    assert [one.fate for one in found.regions] == [
        RegionFate.SAME,
        RegionFate.APPEARED,
        RegionFate.SAME,
    ]
    assert [change.what for one in found.regions for change in one.changes] == ["xen", "xen"]
    assert [(one.what, one.old) for one in found.xen] == [("vt-d", "in use, not certain")]


def test_regions_without_an_owner_are_the_same_by_their_range_alone() -> None:
    found = _compared(table(rmrr(0x20000000, 0x20000FFF)), table(rmrr(0x10000000, 0x10000FFF)))

    assert _fates(found) == [
        (RegionFate.GONE, 0x10000000, None),
        (RegionFate.APPEARED, None, 0x20000000),
    ]


def test_a_device_more_in_a_scope_is_told_with_what_comes_of_it() -> None:
    (match,) = (
        one
        for one in _compared(table(UNIT, rmrr(0x7A000000, 0x7A00FFFF, USB, OTHER), HIGH)).regions
        if one.differs
    )

    (owner,) = match.owners
    assert owner.a is None
    assert owner.b is not None
    assert str(owner.b.sbdf) == "0000:00:1a.0"
    assert match.changes == (
        Changed("shared", "not shared", "shared by 2"),
        Changed("linux", "0000:00:1a.0 not applied", "0000:00:1a.0 relaxable"),
    )


def test_the_order_of_entries_in_a_scope_makes_no_other_region() -> None:
    one, other = (
        table(rmrr(0x7A000000, 0x7A00FFFF, *scopes)) for scopes in ((USB, OTHER), (OTHER, USB))
    )

    found = _compared(other, one)

    assert _fates(found) == []
    assert [one.what for one in found.facts] == ["table-bytes"]


def test_a_region_that_another_order_moves_in_the_table_stays_and_the_order_is_told() -> None:
    found = _compared(TURNED)

    assert _fates(found) == []
    assert found.table_order == Changed("table-order", "1 2", "2 1")
    assert found.xen == (Changed("list-order", "0x7b000000 0x7a000000", "0x7a000000 0x7b000000"),)


@pytest.mark.parametrize("lacking", [Side.A, Side.B])
def test_what_one_side_lacks_of_a_region_is_told_by_the_number_on_that_side(lacking: Side) -> None:
    """LOW is region 1 of the side that knows it, and region 2 of the other."""
    known, unknown = inventory_of(BEFORE).all_regions[0], inventory_of(TURNED).all_regions[1]
    known = known._replace(memory="Reserved", xen=known.xen._replace(listed=True))
    unknown = unknown._replace(memory="unknown", xen=unknown.xen._replace(listed=None))
    a, b = (known, unknown) if lacking is Side.B else (unknown, known)
    match = RegionMatch(fate=RegionFate.SAME, a=a, b=b)

    (memory,), (listing,) = memory_not_compared([match]), listings_not_compared([match])

    assert (known.number, unknown.number) == (1, 2)
    assert (memory.side, memory.why) == (lacking, words.memory_types_not_known([2]))
    assert (listing.side, listing.why) == (lacking, words.listings_not_known([2]))


def test_a_device_behind_a_bridge_with_another_bus_is_the_same_device() -> None:
    data = table(rmrr(0x7A000000, 0x7A00FFFF, BEHIND))
    sides = [
        [
            Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=bus),
            Function(sbdf=f"0000:{bus:02x}:00.0", ids=(0x8086, 0x1521)),
        ]
        for bus in (3, 4)
    ]

    found = compared(*(inventory_of(data, one) for one in sides))

    assert [(str(one.a.sbdf), str(one.b.sbdf)) for one in found.renumbered] == [
        ("0000:03:00.0", "0000:04:00.0")
    ]
    (match,) = found.regions
    assert match.fate is RegionFate.SAME
    assert match.owners[0].changes == (Changed("address", "0000:03:00.0", "0000:04:00.0"),)
    assert match.changes == ()


@pytest.mark.parametrize(
    ("function", "changed"),
    [
        (None, Changed("presence", "present", "absent")),
        (
            Function(sbdf="0000:00:1d.0", class_code=0x0C0320, ids=(0x8086, 0x1D26)),
            Changed("device", "8086:10d3", "8086:1d26"),
        ),
    ],
    ids=["absent", "another device"],
)
def test_what_answers_for_an_owner_is_compared(function: Function | None, changed: Changed) -> None:
    others = [FUNCTIONS[1], *([] if function is None else [function])]

    found = compared(inventory_of(BEFORE, FUNCTIONS), inventory_of(BEFORE, others))

    assert [one.changes for match in found.regions for one in match.owners] == [(changed,)]
    assert found.renumbered == ()


def test_linux_hold_changes_with_the_class_of_the_device() -> None:
    nic = Function(sbdf="0000:00:1d.0", class_code=0x020000)

    found = compared(inventory_of(BEFORE, FUNCTIONS), inventory_of(BEFORE, [nic, FUNCTIONS[1]]))

    assert found.regions[0].changes == (
        Changed("linux", "0000:00:1d.0 relaxable", "0000:00:1d.0 locked"),
    )


@pytest.mark.parametrize(
    ("unit", "changes", "gone", "added"),
    [
        (drhd(0xFED90000, USB, flags=1), [Changed("include-pci-all", "no", "yes")], 0, 0),
        (drhd(0xFED91000, USB), [Changed("registers", "0xfed90000", "0xfed91000")], 0, 0),
        (drhd(0xFED90000, USB, size=1), [Changed("register-size", "0x1000 bytes", "0x2000 bytes")], 0, 0),
        (drhd(0xFED90000, OTHER), [], 1, 1),
        (drhd(0xFED90000, USB) + rhsa(0xFED90000, 1), [Changed("proximity-domain", "none", "1")], 0, 0),
    ],
    ids=["flag", "registers", "size", "scope", "node"],
)  # fmt: skip
def test_what_changed_of_a_unit(unit: bytes, changes: list[Changed], gone: int, added: int) -> None:
    (found,) = _compared(table(unit, LOW, HIGH)).units

    assert found.a is not None
    assert found.b is not None
    assert list(found.changes) == changes
    assert (len(found.scopes_gone), len(found.scopes_added)) == (gone, added)


def test_a_broken_checksum_is_told_and_hides_no_region() -> None:
    found = _compared(patched(BEFORE, [(9, bytes([BEFORE[9] ^ 1]))]))

    assert [one.what for one in found.facts] == ["damage"]
    assert found.facts[0].old == "none"
    assert _fates(found) == []
    assert all(one.what != "damaged-table" for one in found.not_compared)


def test_a_region_that_damage_may_hide_is_not_told_as_gone() -> None:
    cut = resummed(patched(BEFORE[:-10], [(4, (len(BEFORE) - 10).to_bytes(4, "little"))]))

    found = _compared(cut)

    (match,) = (one for one in found.regions if one.differs)
    assert (match.fate, match.certain) == (RegionFate.GONE, False)
    assert [(one.what, one.side) for one in found.not_compared if one.side] == [
        ("damaged-table", Side.B)
    ]


def test_a_unit_that_damage_may_hide_is_not_certainly_gone_or_new() -> None:
    whole = table(UNIT, LOW, HIGH, drhd(0xFED91000, OTHER))
    cut = resummed(patched(whole[:-10], [(4, (len(whole) - 10).to_bytes(4, "little"))]))

    for before, after, sure in ((whole, cut, False), (cut, whole, False), (whole, BEFORE, True)):
        (found,) = _compared(after, before).units
        assert (found.a is None or found.b is None, found.certain) == (True, sure)


def test_a_finding_appears_moves_with_its_region_and_goes() -> None:
    wrong, moved = rmrr(0x7A000000, 0x79FFFFFF, USB), rmrr(0x7C000000, 0x7BFFFFFF, USB)
    a, b, sound = (inventory_of(table(EVERY, one), FUNCTIONS) for one in (wrong, moved, LOW))

    assert [one.fate for one in compared(sound, a).findings] == [FindingFate.APPEARED]
    assert [one.fate for one in compared(a, sound).findings] == [FindingFate.GONE]
    found = compared(a, b)
    assert (found.findings, found.findings_same) == ((), 1)


def test_a_finding_moves_with_its_region_to_another_place_in_the_table() -> None:
    unaligned = rmrr(0x7A000800, 0x7A00FFFF, USB)
    moved = rmrr(0x7C000800, 0x7C00FFFF, USB)
    before, after = table(UNIT, unaligned, HIGH), table(UNIT, HIGH, moved)

    found = _compared(after, before)

    assert [one.fate for one in found.findings] == []
    assert found.findings_same > 0


def test_a_finding_of_a_rule_that_cannot_be_asked_is_not_told_as_mended(worded: Worded) -> None:
    a = inventory_of(table(EVERY, rmrr(0x7A000000, 0x79FFFFFF, USB)), FUNCTIONS)
    b = inventory_of(table(EVERY), FUNCTIONS)
    unasked = NotAsked(need=Need.PCI, rules=("rmrr-limit-below-base",))

    found = compare(a, b, check(a), check(b)._replace(not_asked=(unasked,)))

    (finding,) = found.findings
    assert finding.fate == FindingFate.NOT_KNOWN
    worded(finding.why)
    assert finding.b is None


def test_a_finding_with_another_consequence_is_told_as_changed() -> None:
    a = inventory_of(table(EVERY, rmrr(0x7A000000, 0x79FFFFFF, USB)), FUNCTIONS)
    (finding,) = check(a).findings
    other = finding._replace(hit=finding.hit._replace(xen="Xen ignores it."))

    found = compare(a, a, check(a), check(a)._replace(findings=(other,)))

    assert [one.fate for one in found.findings] == [FindingFate.CHANGED]
    assert found.findings[0].changes == (Changed("xen", finding.xen, "Xen ignores it."),)


# Findings, from made-up answers of the rules -----------------------------------------------


def _found() -> Checked:
    """Return the one finding of a region that ends before it starts, as if all rules had run."""
    wrong = inventory_of(table(EVERY, rmrr(0x7A000000, 0x79FFFFFF, USB)), FUNCTIONS)
    return check(wrong)._replace(not_asked=())


def _changes(a: Checked, b: Checked, *, hidden_b: bool = False) -> list[tuple[FindingFate, int]]:
    """Return the fates of the findings that differ, each with how many do not."""
    changes, same = finding_changes(a, b, (), hidden_a=False, hidden_b=hidden_b)
    mirrored, _ = finding_changes(b, a, (), hidden_a=hidden_b, hidden_b=False)
    swapped = {FindingFate.GONE: FindingFate.APPEARED}
    assert [one.fate for one in mirrored] == [swapped.get(one.fate, one.fate) for one in changes]
    return [(one.fate, same) for one in changes]


def test_a_finding_that_damage_of_the_other_table_may_hide_is_not_known_as_gone() -> None:
    found = _found()
    none = found._replace(findings=())

    assert _changes(found, none) == [(FindingFate.GONE, 0)]
    assert _changes(found, none, hidden_b=True) == [(FindingFate.NOT_KNOWN, 0)]


@pytest.mark.parametrize("uses", [True, False])
def test_only_a_rule_that_uses_what_one_side_lacks_leaves_its_finding_open(*, uses: bool) -> None:
    found = _found()
    (finding,) = found.findings
    rule = replace(finding.rule, uses=frozenset({Need.PCI} if uses else ()))
    found = found._replace(findings=(finding._replace(rule=rule),))
    none = found._replace(findings=(), not_asked=(NotAsked(need=Need.PCI, rules=()),))

    assert _changes(found, none) == [(FindingFate.NOT_KNOWN if uses else FindingFate.GONE, 0)]


def test_an_effect_is_compared_only_if_both_sides_know_the_same() -> None:
    found = _found()
    (finding,) = found.findings
    other = finding._replace(hit=finding.hit._replace(xen="another effect"))
    changed = found._replace(findings=(other,))
    unasked = changed._replace(not_asked=(NotAsked(need=Need.PCI, rules=()),))

    assert _changes(found, changed) == [(FindingFate.CHANGED, 0)]
    assert _changes(found, unasked) == []
    both = found._replace(not_asked=unasked.not_asked)
    assert _changes(both, unasked) == [(FindingFate.CHANGED, 0)]
