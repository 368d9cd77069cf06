"""The regions of two hosts: which are the same one, and what became of the others.

Two regions are one where they have, in this order of preference:

1. the same range and the same owners;
2. the same range;
3. the same owners and size, of a device with several such regions the lowest with the lowest;
4. the same owners, likewise;
5. the same devices behind a root bus that has another number, where only one region has them.

Owners are compared by what the table says of them.  A region without an owner has only its range.
"""

from collections.abc import Hashable, Iterator

from dmaragent.addresses import SBDF
from dmaragent.comparison.comparability import Comparable, hides_structures
from dmaragent.comparison.model import Changed, OwnerChange, RegionFate, RegionMatch
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import device_key, owner_changes, owner_key
from dmaragent.inventory import Inventory, Region
from dmaragent.linux.regions import Held


def match_regions(a: Inventory, b: Inventory, known: Comparable) -> tuple[RegionMatch, ...]:
    """Match the regions of both sides; each is in one match."""
    found = Pairing.of(
        sorted(a.all_regions, key=_order),
        sorted(b.all_regions, key=_order),
    )
    found.by(lambda one: (_range(one), _owners(one)))
    found.by(_range)
    found.by(lambda one: (one.segment, _owners(one), one.limit - one.base) if one.owners else None)
    found.by(lambda one: (one.segment, _owners(one)) if one.owners else None)
    found.by(_devices, unique=True)
    matches = [_match(one, other, known) for one, other in found.pairs]
    gone, new = not hides_structures(b), not hides_structures(a)
    matches += [
        RegionMatch(fate=RegionFate.GONE, a=one, b=None, certain=gone) for one in found.left
    ]
    matches += [
        RegionMatch(fate=RegionFate.APPEARED, a=None, b=one, certain=new) for one in found.right
    ]
    return tuple(sorted(matches, key=_place))


def _range(region: Region) -> tuple[int, int, int]:
    return region.segment, region.base, region.limit


def _owners(region: Region) -> tuple[Hashable, ...]:
    return tuple(sorted(map(owner_key, region.owners)))


def _devices(region: Region) -> Hashable:
    keys = [device_key(one) for one in region.owners]
    return None if not keys or None in keys else (region.segment, tuple(sorted(keys, key=repr)))


def _order(region: Region) -> tuple[Hashable, ...]:
    return _range(region), _owners(region), region.number


def _place(match: RegionMatch) -> tuple[Hashable, ...]:
    """Sort by address: that of A, else of B."""
    one = match.a or match.b
    assert one is not None  # noqa: S101 - a match is of one side at least
    return one.segment, one.base, one.limit, match.a is None, one.number


def _match(a: Region, b: Region, known: Comparable) -> RegionMatch:
    owners = tuple(owner_changes(a.owners, b.owners))
    return RegionMatch(
        fate=_fate(a, b, owners),
        a=a,
        b=b,
        owners=owners,
        changes=tuple(_changes(a, b, owners, known)),
    )


def _fate(a: Region, b: Region, owners: tuple[OwnerChange, ...]) -> RegionFate:
    if a.limit - a.base != b.limit - b.base:
        return RegionFate.RESIZED
    if a.base != b.base:
        return RegionFate.MOVED
    others = any(one.a is None or one.b is None for one in owners)
    return RegionFate.OWNERS if others else RegionFate.SAME


def _changes(
    a: Region, b: Region, owners: tuple[OwnerChange, ...], known: Comparable
) -> Iterator[Changed]:
    if a.shared is not b.shared:
        yield Changed("shared", _shared(a), _shared(b))
    if known.xen_list:
        yield from _xen(a, b)
    if known.linux:
        yield from _linux(a, b, owners)
    if a.memory is not None and b.memory is not None and a.memory != b.memory:
        yield Changed("memory-map", a.memory, b.memory)


def _shared(region: Region) -> str:
    return f"shared by {region.sharers}" if region.shared else "not shared"


def _xen(a: Region, b: Region) -> Iterator[Changed]:
    """Compare whether Xen lists it.

    Why it does not is told with a change, and is none: it depends on the table's order.
    """
    if a.xen.listed is None or b.xen.listed is None:
        return
    if a.xen.listed is not b.xen.listed:
        yield Changed("xen", _listed(a), _listed(b))


def _listed(region: Region) -> str:
    if region.xen.listed:
        return "listed"
    return "not listed" + (f": {region.xen.reason}" if region.xen.reason else "")


def _linux(a: Region, b: Region, owners: tuple[OwnerChange, ...]) -> Iterator[Changed]:
    """Compare the devices that Linux ties to it; a renumbered owner is the same device."""
    moved = {
        one.a.sbdf: one.b.sbdf
        for one in owners
        if one.a is not None and one.b is not None and one.a.sbdf and one.b.sbdf
    }
    old = {moved.get(held.sbdf, held.sbdf): held for held in a.linux}
    new = {held.sbdf: held for held in b.linux}
    for sbdf in sorted(old.keys() | new.keys()):
        was, now = old.get(sbdf), new.get(sbdf)
        if was is None or now is None or was.hold is not now.hold:
            yield Changed("linux", _held(was, sbdf), _held(now, sbdf))


def _held(held: Held | None, sbdf: SBDF) -> str:
    return f"{sbdf} not held" if held is None else f"{held.sbdf} {held.hold.word}"
