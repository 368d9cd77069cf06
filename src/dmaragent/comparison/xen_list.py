"""Differences of Xen's lists that no region shows: options, order, the IOMMU off."""

from collections.abc import Hashable, Iterator, Mapping, Sequence

from dmaragent.comparison import words
from dmaragent.comparison.comparability import Comparable
from dmaragent.comparison.model import Changed, RegionMatch
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import iommu_vendor
from dmaragent.xen.reserved_list.model import ListEntry, XenList


def list_changes(
    a: Inventory, b: Inventory, regions: Sequence[RegionMatch], comparable: Comparable
) -> Iterator[Changed]:
    """Yield how Xen's list as a whole changed, if both sides' lists can be compared."""
    if not comparable.xen_list:
        return
    ours, theirs = a.xen.list, b.xen.list
    if bool(ours.iommu_disabled) is not bool(theirs.iommu_disabled):
        yield Changed(
            iommu_vendor(a.host).technology.lower(),
            words.iommu_state(ours.iommu_disabled, ours.doubt or ours.unread),
            words.iommu_state(theirs.iommu_disabled, theirs.doubt or theirs.unread),
        )
    there = {entry.range for entry in theirs.entries}
    yield from (
        Changed("entry", _entry_words(entry), words.NOT_LISTED)
        for entry in ours.entries
        if entry.range not in there and not (comparable.tables and entry.region)
    )
    here = {entry.range for entry in ours.entries}
    yield from (
        Changed("entry", words.NOT_LISTED, _entry_words(entry))
        for entry in theirs.entries
        if entry.range not in here and not (comparable.tables and entry.region)
    )
    yield from _order_change(ours, theirs, regions)


def _entry_words(entry: ListEntry) -> str:
    return words.list_entry(entry.range, entry.origin)


def _order_change(a: XenList, b: XenList, regions: Sequence[RegionMatch]) -> Iterator[Changed]:
    """Yield a change if the order of the common entries differs; a moved region is the same."""
    ours = _places(regions, of_a=True)
    theirs = _places(regions, of_a=False)
    old = [(_token(entry, ours), entry) for entry in a.entries]
    new = [(_token(entry, theirs), entry) for entry in b.entries]
    both = {token for token, _ in old} & {token for token, _ in new}
    before = [token for token, _ in old if token in both]
    after = [token for token, _ in new if token in both]
    if before != after and sorted(before, key=repr) == sorted(after, key=repr):
        starts = (
            " ".join(f"{entry.range.start:#x}" for token, entry in entries if token in both)
            for entries in (old, new)
        )
        yield Changed("list-order", *starts)


def _places(regions: Sequence[RegionMatch], *, of_a: bool) -> Mapping[int, int]:
    """Return the place of each region that both sides have, by its number on one side."""
    sides = ((place, match.a, match.b) for place, match in enumerate(regions))
    return {
        (a if of_a else b).number: place for place, a, b in sides if a is not None and b is not None
    }


def _token(entry: ListEntry, places: Mapping[int, int]) -> Hashable:
    place = None if entry.region is None else places.get(entry.region)
    return entry.range if place is None else place


def table_order(regions: Sequence[RegionMatch]) -> Changed | None:
    """Return the order of the regions that both tables have, in numbers of A's; None: the same."""
    pairs = [(match.a.number, match.b.number) for match in regions if match.a and match.b]
    old = [number for number, _ in sorted(pairs)]
    new = [number for number, _ in sorted(pairs, key=lambda pair: pair[1])]
    if old == new:
        return None
    return Changed("table-order", " ".join(map(str, old)), " ".join(map(str, new)))
