"""The findings of two hosts, by rule and subject; what is unknown never counts as fixed."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Checked, Finding
from dmaragent.comparison import words
from dmaragent.comparison.model import Changed, FindingChange, FindingFate, RegionMatch
from dmaragent.comparison.pairing import Pairing


def finding_changes(
    a: Checked, b: Checked, regions: Sequence[RegionMatch], *, hidden_a: bool, hidden_b: bool
) -> tuple[tuple[FindingChange, ...], int]:
    """Return the findings that differ, worst first, and the number of those that do not.

    Two findings are the same if their rule and subject are.  The subject of a region contains its
    addresses, so they are also the same if the rule is and the region moved.  `hidden_a` and
    `hidden_b`: structures of that side's table could not be read.
    """
    pairing = Pairing.of(a.findings, b.findings)
    pairing.by(lambda finding: finding.key)
    places = _places_by_number(regions)
    lefts = {id(finding) for finding in pairing.left}

    def by_region(finding: Finding) -> Hashable:
        place = places.get((id(finding) in lefts, finding.hit.region))
        return None if place is None else (finding.rule.id, place)

    pairing.by(by_region)
    apart = _unknown_needs(a) ^ _unknown_needs(b)
    both = [_change_of(old, new, alike=not apart) for old, new in pairing.pairs]
    changes = [change for change in both if change.changes]
    same = len(both) - len(changes)
    unasked_a, unasked_b = _unasked_rules(a, hidden=hidden_a), _unasked_rules(b, hidden=hidden_b)
    changes += _one_sided(pairing.left, unasked_b, apart, of_a=True)
    changes += _one_sided(pairing.right, unasked_a, apart, of_a=False)
    return tuple(sorted(changes, key=_sort_key)), same


def _places_by_number(regions: Iterable[RegionMatch]) -> Mapping[tuple[bool, int | None], int]:
    """Return the place of each region that both sides have, by side (A is true) and number."""
    places: dict[tuple[bool, int | None], int] = {}
    for place, match in enumerate(regions):
        if match.a is not None and match.b is not None:
            places[True, match.a.number] = place
            places[False, match.b.number] = place
    return places


def _sort_key(change: FindingChange) -> tuple[int, str, str]:
    finding = change.a or change.b
    assert finding is not None  # noqa: S101 - a change is of one side at least
    return finding.severity.rank, *finding.key


def _unknown_needs(checked: Checked) -> frozenset[Need]:
    """Return what is unknown on a side: the effect of a finding may depend on it."""
    return frozenset(lacking.need for lacking in checked.not_asked)


def _change_of(a: Finding, b: Finding, *, alike: bool) -> FindingChange:
    """Return how a finding changed; unchanged if the two sides do not know the same."""
    pairs = (
        ("severity", a.severity.value, b.severity.value),
        ("xen", a.xen, b.xen),
        ("linux", a.linux, b.linux),
    )
    changes = tuple(Changed(what, old, new) for what, old, new in pairs if alike and old != new)
    return FindingChange(fate=FindingFate.CHANGED, a=a, b=b, changes=changes)


def _unasked_rules(checked: Checked, *, hidden: bool) -> Mapping[str, str]:
    """Return by rule why a side may have more findings than it shows; "" means every rule."""
    reasons: dict[str, list[str]] = {}
    for lacking in checked.not_asked:
        for name in lacking.rules:
            reasons.setdefault(name, []).append(lacking.need.value)
    unasked = {name: words.needs_not_known(needs) for name, needs in reasons.items()}
    return unasked | ({"": words.other_table_damaged()} if hidden else {})


def _one_sided(
    findings: Iterable[Finding],
    unasked: Mapping[str, str],
    apart: frozenset[Need],
    *,
    of_a: bool,
) -> Iterator[FindingChange]:
    """Yield the findings that only one side has; `unasked` is about the other side.

    `apart` is what only one side knows: a rule that uses it may find something only because of
    that.
    """
    for finding in findings:
        why = unasked.get(finding.rule.id, unasked.get("", ""))
        used = [need.value for need in Need if need in apart & finding.rule.uses]
        why = why or (words.needs_known_on_one_side(used) if used else "")
        fate = FindingFate.GONE if of_a else FindingFate.APPEARED
        yield FindingChange(
            fate=FindingFate.NOT_KNOWN if why else fate,
            a=finding if of_a else None,
            b=None if of_a else finding,
            why=why,
        )
