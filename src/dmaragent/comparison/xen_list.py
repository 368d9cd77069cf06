"""Xen's lists of two hosts, beyond what stands with each region: options, order, VT-d off."""

from collections.abc import Hashable, Iterator, Mapping, Sequence

from dmaragent.addresses import span
from dmaragent.comparison.comparability import Comparable
from dmaragent.comparison.model import Changed, RegionMatch
from dmaragent.inventory import Inventory
from dmaragent.xen.reserved_list.model import ListEntry, Origin, XenList

_ORIGIN_WORDS = {
    Origin.TABLE: "",
    Origin.OPTION: " (by rmrr= on Xen's command line)",
    Origin.UNEXPLAINED: " (not explained by the table)",
    Origin.UNKNOWN: "",
}
_NOT_LISTED = "not listed"


def list_changes(
    a: Inventory, b: Inventory, regions: Sequence[RegionMatch], known: Comparable
) -> Iterator[Changed]:
    """Yield what changed of Xen's list as a whole, where both sides' lists can be compared."""
    if not known.xen_list:
        return
    ours, theirs = a.xen.list, b.xen.list
    if bool(ours.vtd_disabled) is not bool(theirs.vtd_disabled):
        yield Changed("vt-d", _vtd(ours), _vtd(theirs))
    there = {one.range for one in theirs.entries}
    yield from (
        Changed("entry", _entry(one), _NOT_LISTED)
        for one in ours.entries
        if one.range not in there and not (known.tables and one.region)
    )
    here = {one.range for one in ours.entries}
    yield from (
        Changed("entry", _NOT_LISTED, _entry(one))
        for one in theirs.entries
        if one.range not in here and not (known.tables and one.region)
    )
    yield from _order(ours, theirs, regions)


def _vtd(listed: XenList) -> str:
    return f"off for the whole host: {listed.vtd_disabled}" if listed.vtd_disabled else "in use"


def _entry(one: ListEntry) -> str:
    return f"{span(one.range)}{_ORIGIN_WORDS[one.origin]}"


def _order(a: XenList, b: XenList, regions: Sequence[RegionMatch]) -> Iterator[Changed]:
    """Compare the order of what both lists have; a region that moved is the same entry."""
    ours = _places(regions, of_a=True)
    theirs = _places(regions, of_a=False)
    old = [(_token(one, ours), one) for one in a.entries]
    new = [(_token(one, theirs), one) for one in b.entries]
    both = {token for token, _ in old} & {token for token, _ in new}
    before = [token for token, _ in old if token in both]
    after = [token for token, _ in new if token in both]
    if before != after and sorted(before, key=repr) == sorted(after, key=repr):
        words = [" ".join(f"{e.range.start:#x}" for t, e in one if t in both) for one in (old, new)]
        yield Changed("list-order", *words)


def _places(regions: Sequence[RegionMatch], *, of_a: bool) -> Mapping[int, int]:
    """Give the place of each region that both sides have, by its number on one side."""
    sides = ((place, one.a, one.b) for place, one in enumerate(regions))
    return {
        (a if of_a else b).number: place for place, a, b in sides if a is not None and b is not None
    }


def _token(one: ListEntry, places: Mapping[int, int]) -> Hashable:
    place = None if one.region is None else places.get(one.region)
    return one.range if place is None else place


def table_order(regions: Sequence[RegionMatch]) -> Changed | None:
    """Give the order of the regions that both tables have, in numbers of A's; None: the same."""
    pairs = [(one.a.number, one.b.number) for one in regions if one.a and one.b]
    old = [number for number, _ in sorted(pairs)]
    new = [number for number, _ in sorted(pairs, key=lambda pair: pair[1])]
    if old == new:
        return None
    return Changed("table-order", " ".join(map(str, old)), " ".join(map(str, new)))
