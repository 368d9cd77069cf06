"""The findings of two hosts: by rule and subject, never mended by what is not known."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Checked, Finding
from dmaragent.comparison.model import Changed, FindingChange, FindingFate, RegionMatch
from dmaragent.comparison.pairing import Pairing


def finding_changes(
    a: Checked, b: Checked, regions: Sequence[RegionMatch], *, hidden_a: bool, hidden_b: bool
) -> tuple[tuple[FindingChange, ...], int]:
    """Give the findings that are not as they were, worst first, and how many are.

    A finding is the same where rule and subject are; or where the rule is, and its region is
    one that moved: its subject holds the region's addresses.  `hidden_a` and `hidden_b` say
    that structures of that side's table could not be read.
    """
    found = Pairing.of(a.findings, b.findings)
    found.by(lambda one: one.key)
    numbers = _numbers(regions)
    lefts = {id(one) for one in found.left}

    def by_region(one: Finding) -> Hashable:
        place = numbers.get((id(one) in lefts, one.hit.region))
        return None if place is None else (one.rule.id, place)

    found.by(by_region)
    apart = _needs(a) ^ _needs(b)
    changes = [_both(one, other, alike=not apart) for one, other in found.pairs]
    kept = [one for one in changes if one.changes]
    unasked_a, unasked_b = _unasked(a, hidden=hidden_a), _unasked(b, hidden=hidden_b)
    kept += _alone(found.left, unasked_b, apart, of_a=True)
    kept += _alone(found.right, unasked_a, apart, of_a=False)
    return tuple(sorted(kept, key=_place)), len(changes) - sum(bool(c.changes) for c in changes)


def _numbers(regions: Iterable[RegionMatch]) -> Mapping[tuple[bool, int | None], int]:
    """Give the place of each region that both sides have, by side (A is true) and number."""
    found: dict[tuple[bool, int | None], int] = {}
    for place, match in enumerate(regions):
        if match.a is not None and match.b is not None:
            found[True, match.a.number] = place
            found[False, match.b.number] = place
    return found


def _place(change: FindingChange) -> tuple[int, str, str]:
    one = change.a or change.b
    assert one is not None  # noqa: S101 - a change is of one side at least
    return one.severity.rank, *one.key


def _needs(checked: Checked) -> frozenset[Need]:
    """Give what is not known of a side: what comes of a finding may be told by it."""
    return frozenset(one.need for one in checked.not_asked)


def _both(a: Finding, b: Finding, *, alike: bool) -> FindingChange:
    """Tell what changed of a finding; nothing where the two sides do not know the same."""
    pairs = (
        ("severity", a.severity.value, b.severity.value),
        ("xen", a.xen, b.xen),
        ("linux", a.linux, b.linux),
    )
    changes = tuple(Changed(what, old, new) for what, old, new in pairs if alike and old != new)
    return FindingChange(fate=FindingFate.CHANGED, a=a, b=b, changes=changes)


def _unasked(checked: Checked, *, hidden: bool) -> Mapping[str, str]:
    """Say by rule why a side may have more findings than it shows; "" stands for every rule."""
    reasons: dict[str, list[str]] = {}
    for one in checked.not_asked:
        for name in one.rules:
            reasons.setdefault(name, []).append(one.need.value)
    found = {name: f"{' and '.join(needs)} not known" for name, needs in reasons.items()}
    return found | ({"": "the table damaged"} if hidden else {})


def _alone(
    findings: Iterable[Finding],
    unasked: Mapping[str, str],
    apart: frozenset[Need],
    *,
    of_a: bool,
) -> Iterator[FindingChange]:
    """Tell the findings of one side alone; `unasked` is of the other.

    `apart` is what one side knows and the other does not: a rule that uses it may find what
    it finds for that reason alone.
    """
    for one in findings:
        why = unasked.get(one.rule.id, unasked.get("", ""))
        used = [need.value for need in Need if need in apart & one.rule.uses]
        why = why or (f"{' and '.join(used)} known on one side alone" if used else "")
        fate = FindingFate.GONE if of_a else FindingFate.APPEARED
        yield FindingChange(
            fate=FindingFate.NOT_KNOWN if why else fate,
            a=one if of_a else None,
            b=None if of_a else one,
            why=why,
        )
