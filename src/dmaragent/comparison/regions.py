"""The regions of two hosts: which ones are the same, and how they differ.

Two regions are the same if they have, in this order of preference:

1. the same range and the same owners;
2. the same range;
3. the same owners and size; of several such regions of a device, the lowest with the lowest;
4. the same owners, likewise;
5. the same devices behind a root bus with another number, if only one region has them.

Owners are compared by their entries in the table.  A region without owners has only its range.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.comparison import words
from dmaragent.comparison.comparability import Comparable, hides_structures
from dmaragent.comparison.model import (
    Changed,
    NotCompared,
    OwnerChange,
    RegionFate,
    RegionMatch,
    Side,
)
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import (
    compared_owners,
    device_key,
    owner_changes,
    owner_key,
)
from dmaragent.host.memory_map import is_known
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import Owner
from dmaragent.linux.regions import Held


def match_regions(a: Inventory, b: Inventory, comparable: Comparable) -> tuple[RegionMatch, ...]:
    """Return the regions of both sides in matches; each region is in one."""
    pairing = Pairing.of(
        sorted(a.all_regions, key=_preference),
        sorted(b.all_regions, key=_preference),
    )
    pairing.by(lambda region: (_range(region), _owners(region)))
    pairing.by(_range)
    pairing.by(
        lambda region: (
            (region.segment, _owners(region), region.last - region.first)
            if _compared(region)
            else None
        )
    )
    pairing.by(lambda region: (region.segment, _owners(region)) if _compared(region) else None)
    pairing.by(_device_keys, unique=True)
    matches = [_match(old, new, comparable) for old, new in pairing.pairs]
    gone, new = not hides_structures(b), not hides_structures(a)
    matches += [
        RegionMatch(fate=RegionFate.GONE, a=region, b=None, certain=gone) for region in pairing.left
    ]
    matches += [
        RegionMatch(fate=RegionFate.APPEARED, a=None, b=region, certain=new)
        for region in pairing.right
    ]
    return tuple(sorted(matches, key=_sort_key))


def shows_bytes(match: RegionMatch) -> bool:
    """Return whether a difference of `match` is one of the table's bytes, not only of the host."""
    entries = any(
        owner.a is None or owner.b is None or owner_key(owner.a) != owner_key(owner.b)
        for owner in match.owners
    )
    flags = any(change.what in _OF_BYTES for change in match.changes)
    return match.fate is not RegionFate.SAME or entries or flags


_OF_BYTES = ("meaning", "access")


def _range(region: Region) -> tuple[int, int, int]:
    return region.segment, region.first, region.last


def _owners(region: Region) -> tuple[Hashable, ...]:
    return tuple(sorted(map(owner_key, _compared(region))))


def _compared(region: Region) -> tuple[Owner, ...]:
    return compared_owners(region.reserved.claims)


def _device_keys(region: Region) -> Hashable:
    keys = [device_key(owner) for owner in _compared(region)]
    return None if not keys or None in keys else (region.segment, tuple(sorted(keys, key=repr)))


def _preference(region: Region) -> tuple[Hashable, ...]:
    return _range(region), _owners(region), region.number


def _sort_key(match: RegionMatch) -> tuple[Hashable, ...]:
    """Sort by address: that of A, else of B."""
    region = match.a or match.b
    assert region is not None  # noqa: S101 - a match is of one side at least
    return region.segment, region.first, region.last, match.a is None, region.number


def _match(a: Region, b: Region, comparable: Comparable) -> RegionMatch:
    owners = tuple(owner_changes(_compared(a), _compared(b)))
    return RegionMatch(
        fate=_fate(a, b, owners),
        a=a,
        b=b,
        owners=owners,
        changes=tuple(_changes(a, b, owners, comparable)),
    )


def _fate(a: Region, b: Region, owners: tuple[OwnerChange, ...]) -> RegionFate:
    if a.last - a.first != b.last - b.first:
        return RegionFate.RESIZED
    if a.first != b.first:
        return RegionFate.MOVED
    others = any(owner.a is None or owner.b is None for owner in owners)
    return RegionFate.OWNERS if others else RegionFate.SAME


def _changes(
    a: Region, b: Region, owners: tuple[OwnerChange, ...], comparable: Comparable
) -> Iterator[Changed]:
    if a.reserved.meaning is not b.reserved.meaning:
        yield Changed("meaning", a.reserved.meaning.value, b.reserved.meaning.value)
    if a.reserved.access != b.reserved.access:
        yield Changed("access", words.access(a.reserved.access), words.access(b.reserved.access))
    if a.xen.shared is not b.xen.shared:
        yield Changed("shared", _sharing_words(a), _sharing_words(b))
    if comparable.xen_list:
        yield from _listing_change(a, b)
    if comparable.linux:
        yield from _hold_changes(a, b, owners)
    yield from _memory_change(a.memory, b.memory)


def _memory_change(a: str | None, b: str | None) -> Iterator[Changed]:
    """Yield a change of the memory's type, if both maps have all of it."""
    if a is not None and b is not None and a != b and is_known(a) and is_known(b):
        yield Changed("memory-map", a, b)


def memory_not_compared(matches: Sequence[RegionMatch]) -> Iterator[NotCompared]:
    """Yield the side whose map has not the whole type of a region, if the other side's has."""
    for side, lacking in _known_on_one_side(matches, _knows_memory):
        yield NotCompared("memory-map", side, words.memory_types_not_known(lacking))


def _knows_memory(region: Region) -> bool | None:
    """Return whether the memory's type is known; None: there is no map, which is reported apart."""
    return None if region.memory is None else is_known(region.memory)


def listings_not_compared(matches: Sequence[RegionMatch]) -> Iterator[NotCompared]:
    """Yield the side for which it is unknown whether Xen lists a region, if the other knows it."""
    for side, lacking in _known_on_one_side(matches, lambda it: it.xen.listed is not None):
        yield NotCompared("xen-list", side, words.listings_not_known(lacking))


def _known_on_one_side(
    matches: Sequence[RegionMatch], known: Callable[[Region], bool | None]
) -> Iterator[tuple[Side, list[int]]]:
    """Yield a side with the numbers of its regions of which only the other side knows a fact."""
    lacking: dict[Side, list[int]] = {Side.A: [], Side.B: []}
    for match in matches:
        if match.a is None or match.b is None:
            continue
        ours, theirs = known(match.a), known(match.b)
        if ours is False and theirs:
            lacking[Side.A].append(match.a.number)
        elif theirs is False and ours:
            lacking[Side.B].append(match.b.number)
    return ((side, sorted(numbers)) for side, numbers in lacking.items() if numbers)


def _sharing_words(region: Region) -> str:
    return words.sharing(region.xen.sharers, shared=bool(region.xen.shared))


def _listing_change(a: Region, b: Region) -> Iterator[Changed]:
    """Yield a change if Xen lists the region on one side only.

    Another reason for not listing it is not a change: the reason depends on the table's order.
    """
    if a.xen.listed is None or b.xen.listed is None:
        return
    if a.xen.listed is not b.xen.listed:
        yield Changed("xen", _listing_words(a), _listing_words(b))


def _listing_words(region: Region) -> str:
    return words.listing(listed=bool(region.xen.listed), reason=region.xen.reason)


def _hold_changes(a: Region, b: Region, owners: tuple[OwnerChange, ...]) -> Iterator[Changed]:
    """Yield the devices for which Linux applies it differently.

    What one side's kernel publishes and what is predicted for the other are not compared.
    """
    for sbdf, was, now in _different_holds(a, b, owners):
        if was is None or now is None or was.by_kernel is now.by_kernel:
            yield Changed("linux", _hold_words(was, sbdf), _hold_words(now, sbdf))


def holds_not_compared(matches: Sequence[RegionMatch]) -> Iterator[NotCompared]:
    """Yield the side for which it is predicted how Linux applies a region, if that differs."""
    predicted: dict[Side, set[SBDF]] = {Side.A: set(), Side.B: set()}
    for match in matches:
        if match.a is None or match.b is None:
            continue
        for _, was, now in _different_holds(match.a, match.b, match.owners):
            if was is not None and now is not None and was.by_kernel is not now.by_kernel:
                side, held = (Side.B, now) if was.by_kernel else (Side.A, was)
                predicted[side].add(held.sbdf)
    for side, devices in predicted.items():
        if devices:
            yield NotCompared("linux", side, words.holds_predicted(sorted(devices)))


def _different_holds(
    a: Region, b: Region, owners: tuple[OwnerChange, ...]
) -> Iterator[tuple[SBDF, Held | None, Held | None]]:
    """Yield the devices that Linux holds differently; a renumbered owner is the same."""
    moved = {
        owner.a.sbdf: owner.b.sbdf
        for owner in owners
        if owner.a is not None and owner.b is not None and owner.a.sbdf and owner.b.sbdf
    }
    old = {moved.get(held.sbdf, held.sbdf): held for held in a.linux}
    new = {held.sbdf: held for held in b.linux}
    for sbdf in sorted(old.keys() | new.keys()):
        was, now = old.get(sbdf), new.get(sbdf)
        if was is None or now is None or was.hold is not now.hold:
            yield sbdf, was, now


def _hold_words(held: Held | None, sbdf: SBDF) -> str:
    return words.hold(sbdf, None) if held is None else words.hold(held.sbdf, held.hold)
