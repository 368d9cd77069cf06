"""What holds of the comparison of any two tables, however odd."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dmaragent.comparison.model import FindingChange, FindingFate, RegionFate
from dmaragent.inventory import Inventory, Region
from support.comparisons import compared, digest, inventory_of
from support.hosts import Function
from support.tables import atsr, drhd, rhsa, rmrr, scope, table

SCOPES = st.sampled_from(
    [
        scope(1, 0, (0x1D, 0)),
        scope(1, 0, (0x1A, 0)),
        scope(1, 0, (0x1C, 0), (0, 0)),
        scope(2, 0, (0x1C, 0)),
        scope(1, 2, (0, 0)),
        scope(4, 0, (0x1F, 6), enumeration_id=1),
    ]
)
BASES = st.sampled_from([0x7A000000, 0x7A008000, 0x7B000000, 0xE8000])
RMRRS = st.builds(
    lambda base, size, scopes, segment: rmrr(base, base + size - 1, *scopes, segment=segment),
    BASES,
    st.sampled_from([0x1000, 0x1000, 0x10000, 0x800, 0]),
    st.lists(SCOPES, max_size=3),
    st.sampled_from([0, 0, 0, 1]),
)
UNITS = st.builds(
    lambda base, scopes, flags: drhd(base, *scopes, flags=flags),
    st.sampled_from([0xFED90000, 0xFED91000]),
    st.lists(SCOPES, max_size=2),
    st.sampled_from([0, 1]),
)
OTHERS = st.sampled_from([atsr(scope(2, 0, (0x1C, 0))), atsr(flags=1), rhsa(0xFED90000, 1)])
TABLES = st.builds(
    lambda units, regions, others: table(*units, *regions, *others),
    st.lists(UNITS, max_size=2),
    st.lists(RMRRS, max_size=4),
    st.lists(OTHERS, max_size=2),
)
FUNCTIONS = st.sampled_from(
    [
        None,
        [],
        [Function(sbdf="0000:00:1d.0", class_code=0x0C0320)],
        [
            Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=3),
            Function(sbdf="0000:03:00.0"),
            Function(sbdf="0000:00:1a.0", ids=(0x8086, 0x1C2D)),
        ],
        [
            Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=4),
            Function(sbdf="0000:04:00.0"),
            Function(sbdf="0000:00:1a.0", ids=(0x8086, 0x1C26)),
        ],
    ]
)
HOSTS = st.builds(inventory_of, TABLES, FUNCTIONS)


@given(HOSTS)
def test_nothing_differs_from_itself(host: Inventory) -> None:
    found = compared(host, host)

    assert not found.differs
    assert all(one.fate is RegionFate.SAME and not one.differs for one in found.regions)


@given(HOSTS, HOSTS)
def test_swapped_sides_give_the_mirror_image(a: Inventory, b: Inventory) -> None:
    there, back = digest(compared(a, b), swapped=True), digest(compared(b, a))

    for part, said in there.items():
        assert said == back[part], part


@given(HOSTS, HOSTS)
def test_every_region_of_both_sides_is_told_once(a: Inventory, b: Inventory) -> None:
    matches = compared(a, b).regions

    def numbers(regions: list[Region | None]) -> Counter[int]:
        return Counter(one.number for one in regions if one is not None)

    assert numbers([one.a for one in matches]) == Counter(one.number for one in a.all_regions)
    assert numbers([one.b for one in matches]) == Counter(one.number for one in b.all_regions)
    assert all((one.a is None) == (one.fate is RegionFate.APPEARED) for one in matches)
    assert all((one.b is None) == (one.fate is RegionFate.GONE) for one in matches)


@given(st.data(), st.lists(RMRRS, max_size=5), FUNCTIONS)
def test_another_order_of_regions_changes_no_region(
    data: st.DataObject, regions: list[bytes], functions: list[Function] | None
) -> None:
    others = data.draw(st.permutations(regions))

    found = compared(*(inventory_of(table(*one), functions) for one in (regions, others)))

    # Which of two regions that overlap Xen takes depends on the order.
    assert all(one.fate is RegionFate.SAME and not one.owners for one in found.regions)
    assert {change.what for one in found.regions for change in one.changes} <= {"xen"}
    assert (found.facts, found.units) == ((), ())
    apart = [one for one in found.findings if _rule(one) not in ("rmrr-overlap", "rmrr-duplicate")]
    assert {one.fate for one in apart} <= {FindingFate.CHANGED}
    assert {change.what for one in apart for change in one.changes} <= {"severity", "xen"}


def _rule(change: FindingChange) -> str:
    one = change.a or change.b
    assert one is not None
    return one.rule.id


@given(st.data(), st.dictionaries(BASES, st.lists(SCOPES, max_size=3)), FUNCTIONS)
def test_another_order_of_regions_apart_changes_the_order_alone(
    data: st.DataObject, regions: dict[int, list[bytes]], functions: list[Function] | None
) -> None:
    one = [rmrr(base, base + 0xFFF, *scopes) for base, scopes in regions.items()]
    other = data.draw(st.permutations(one))

    found = compared(*(inventory_of(table(*each), functions) for each in (one, other)))

    assert not any(each.differs for each in found.regions)
    assert {each.what for each in found.xen} <= {"list-order"}
    assert (found.table_order is not None) is (one != other)


@given(TABLES, FUNCTIONS)
def test_a_host_compared_with_its_bare_table_lacks_nothing(
    data: bytes, functions: list[Function] | None
) -> None:
    found = compared(inventory_of(data, functions), inventory_of(data, None))

    assert not found.differs
    assert found.not_compared
