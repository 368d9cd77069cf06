"""The remapping units of two hosts, and the table's other structures."""

from collections import Counter
from collections.abc import Hashable, Iterator

from dmaragent.comparison.comparability import hides_structures
from dmaragent.comparison.model import Changed, Side, StructureChange, UnitChange
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import compared_owners, owner_key
from dmaragent.inventory import Inventory
from dmaragent.iommu.claims import Owner
from dmaragent.iommu.model import OtherStructure, RemappingUnit
from dmaragent.readings import Missing


def unit_changes(a: Inventory, b: Inventory) -> tuple[UnitChange, ...]:
    """Return the units that differ, paired by their registers, else by their scopes."""
    pairing = Pairing.of(a.units, b.units)
    pairing.by(
        lambda unit: (
            _registers(unit),
            _scopes(unit),
            unit.serves_rest,
            unit.flags,
            unit.register_size,
        )
    )
    pairing.by(_registers)
    pairing.by(
        lambda unit: (unit.segment, unit.serves_rest, unit.flags, _scopes(unit)), unique=True
    )
    changes = [_change(old, new) for old, new in pairing.pairs]
    gone, new = not hides_structures(b), not hides_structures(a)
    changes += [UnitChange(a=unit, b=None, certain=gone) for unit in pairing.left]
    changes += [UnitChange(a=None, b=unit, certain=new) for unit in pairing.right]
    differing = (
        change for change in changes if change.a is None or change.b is None or _differs(change)
    )
    return tuple(sorted(differing, key=_sort_key))


def _differs(change: UnitChange) -> bool:
    return bool(change.changes or change.scopes_added or change.scopes_gone)


def _sort_key(change: UnitChange) -> tuple[int, int, bool, int]:
    unit = change.a or change.b
    assert unit is not None  # noqa: S101 - a change is of one side at least
    return unit.segment, unit.registers, change.a is None, unit.source.offset


def _registers(unit: RemappingUnit) -> tuple[int, int]:
    return unit.segment, unit.registers


def _scopes(unit: RemappingUnit) -> tuple[Hashable, ...]:
    return tuple(sorted(map(owner_key, compared_owners(unit.claims))))


def _change(a: RemappingUnit, b: RemappingUnit) -> UnitChange:
    scopes: Pairing[Owner] = Pairing.of(compared_owners(a.claims), compared_owners(b.claims))
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
    """Yield the structures, neither region nor unit, that only one side has.

    An RHSA structure that names a unit is a fact of the unit.
    """
    ours, theirs = _other_structures(a), _other_structures(b)
    for side, own, others, certain in (
        (Side.A, ours, theirs, not hides_structures(b)),
        (Side.B, theirs, ours, not hides_structures(a)),
    ):
        for structure in (own - others).elements():
            yield StructureChange(side=side, structure=structure, certain=certain)


def _other_structures(inventory: Inventory) -> Counter[OtherStructure]:
    return Counter(() if isinstance(inventory.iommu, Missing) else inventory.iommu.others)
