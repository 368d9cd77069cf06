"""Device scope entries of two tables: when two mean the same device, and how they differ."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.comparison.model import Changed, OwnerChange
from dmaragent.comparison.pairing import Pairing
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.iommu.claims import BY_NUMBER, Claim, Claimant, ClaimKind, DeviceKind, Owner

_OF_MANY = frozenset({ClaimKind.RANGE, ClaimKind.IOMMU, ClaimKind.ALL})
Key = tuple[int, int, int, tuple[str, ...]]


def compared_owners(claims: Iterable[Claim]) -> tuple[Owner, ...]:
    """Return the owners of `claims` by which they are compared.

    A claim on several IDs is one owner without an address: the devices that are present in it are
    facts of the host, and unknown of a table alone.
    """
    owners: list[Owner] = []
    for claim in claims:
        if claim.kind in _OF_MANY:
            nobody = Claimant(None, "", Presence.UNKNOWN, "", None)
            owners.append(Owner(claim, nobody))
        else:
            owners += (Owner(claim, claimant) for claimant in claim.claimants)
    return tuple(owners)


def owner_key(owner: Owner) -> Key:
    """Return the type, number, start bus and path of `owner` in the table.

    The key needs no PCI functions, so a table alone can be compared with a whole host.
    """
    path, steps = owner.claim.path, tuple(hop.step for hop in owner.hops)
    if path is None:
        return 0, 0, 0, (owner.as_written,)
    numbered = owner.device in BY_NUMBER or owner.device is DeviceKind.UNKNOWN
    return path.type, path.number if numbered else 0, path.start_bus, steps


def _type(owner: Owner) -> int:
    return 0 if owner.claim.path is None else owner.claim.path.type


def device_key(owner: Owner) -> tuple[object, ...] | None:
    """Return a key for an owner that does not depend on its root bus's number; None: unknown."""
    ids = ids_of(owner.function)
    return None if ids is None else (_type(owner), tuple(hop.step for hop in owner.hops), ids)


def owner_changes(a: Sequence[Owner], b: Sequence[Owner]) -> Iterator[OwnerChange]:
    """Yield the owners of one region that differ, paired by their entries, else by the device."""
    pairing = Pairing.of(a, b)
    pairing.by(owner_key)
    pairing.by(device_key, unique=True)
    for old, new in sorted(pairing.pairs, key=lambda pair: owner_key(pair[0])):
        changes = tuple(_changes(old, new))
        if changes:
            yield OwnerChange(a=old, b=new, changes=changes)
    yield from (OwnerChange(a=owner, b=None) for owner in pairing.left)
    yield from (OwnerChange(a=None, b=owner) for owner in pairing.right)


def _changes(a: Owner, b: Owner) -> Iterator[Changed]:
    if a.sbdf is not None and b.sbdf is not None and a.sbdf != b.sbdf:
        yield Changed("address", str(a.sbdf), str(b.sbdf))
    if Presence.UNKNOWN not in (a.presence, b.presence) and a.presence is not b.presence:
        yield Changed("presence", a.presence.value, b.presence.value)
    old, new = ids_of(a.function), ids_of(b.function)
    if old is not None and new is not None and old != new:
        yield Changed("device", id_words(old), id_words(new))


def ids_of(function: PciFunction | None) -> tuple[int, int] | None:
    """Return the vendor and device IDs of `function`; None: unknown."""
    if function is None or function.vendor_id is None or function.device_id is None:
        return None
    return function.vendor_id, function.device_id


def id_words(ids: tuple[int, int]) -> str:
    """Return them as ``8086:10d3``."""
    return "{:04x}:{:04x}".format(*ids)
