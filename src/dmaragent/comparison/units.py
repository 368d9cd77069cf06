"""The remapping units of two hosts, and the table's other structures."""

from collections import Counter
from collections.abc import Hashable, Iterator

from dmaragent.comparison.comparability import hides_structures
from dmaragent.comparison.model import Changed, Side, StructureChange, UnitChange
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import owner_key
from dmaragent.inventory import Inventory
from dmaragent.iommu.model import OtherStructure, Owner, RemappingUnit
from dmaragent.readings import Missing


def unit_changes(a: Inventory, b: Inventory) -> tuple[UnitChange, ...]:
    """Give the units that are not as they were: paired by their registers, else by their scopes."""
    found = Pairing.of(a.units, b.units)
    found.by(
        lambda one: (_registers(one), _scopes(one), one.serves_rest, one.flags, one.register_size)
    )
    found.by(_registers)
    found.by(lambda one: (one.segment, one.serves_rest, one.flags, _scopes(one)), unique=True)
    changes = [_change(one, other) for one, other in found.pairs]
    gone, new = not hides_structures(b), not hides_structures(a)
    changes += [UnitChange(a=one, b=None, certain=gone) for one in found.left]
    changes += [UnitChange(a=None, b=one, certain=new) for one in found.right]
    differing = (one for one in changes if one.a is None or one.b is None or _differs(one))
    return tuple(sorted(differing, key=_place))


def _differs(change: UnitChange) -> bool:
    return bool(change.changes or change.scopes_added or change.scopes_gone)


def _place(change: UnitChange) -> tuple[int, int, bool, int]:
    one = change.a or change.b
    assert one is not None  # noqa: S101 - a change is of one side at least
    return one.segment, one.registers, change.a is None, one.source.offset


def _registers(unit: RemappingUnit) -> tuple[int, int]:
    return unit.segment, unit.registers


def _scopes(unit: RemappingUnit) -> tuple[Hashable, ...]:
    return tuple(sorted(map(owner_key, unit.owners)))


def _change(a: RemappingUnit, b: RemappingUnit) -> UnitChange:
    scopes: Pairing[Owner] = Pairing.of(a.owners, b.owners)
    scopes.by(owner_key)
    return UnitChange(
        a=a,
        b=b,
        changes=tuple(_changes(a, b)),
        scopes_added=tuple(scopes.right),
        scopes_gone=tuple(scopes.left),
    )


def _changes(a: RemappingUnit, b: RemappingUnit) -> Iterator[Changed]:
    for what, old, new in zip(
        ("registers", "register-size", "include-pci-all", "other-flags", "proximity-domain"),
        _facts(a),
        _facts(b),
        strict=True,
    ):
        if old != new:
            yield Changed(what, old, new)


def _facts(unit: RemappingUnit) -> tuple[str, ...]:
    domain = unit.proximity_domain
    return (
        f"{unit.registers:#x}",
        f"{unit.register_size:#x} bytes",
        "yes" if unit.serves_rest else "no",
        " ".join(unit.flags) or "none",
        "none" if domain is None else str(domain),
    )


def structure_changes(a: Inventory, b: Inventory) -> Iterator[StructureChange]:
    """Yield the structures that are neither RMRR nor DRHD and that one side alone has.

    An RHSA structure that names a unit is told with the unit.
    """
    ours, theirs = _others(a), _others(b)
    for side, own, others, certain in (
        (Side.A, ours, theirs, not hides_structures(b)),
        (Side.B, theirs, ours, not hides_structures(a)),
    ):
        for structure in (own - others).elements():
            yield StructureChange(side=side, structure=structure, certain=certain)


def _others(inventory: Inventory) -> Counter[OtherStructure]:
    return Counter(() if isinstance(inventory.iommu, Missing) else inventory.iommu.others)
