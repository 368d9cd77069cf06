"""The remapping units of two hosts, and the table's other structures."""

from collections import Counter
from collections.abc import Hashable, Iterator

from dmaragent.comparison.comparability import hides_structures
from dmaragent.comparison.model import Changed, Side, StructureChange, UnitChange
from dmaragent.comparison.pairing import Pairing
from dmaragent.comparison.scopes import located_key
from dmaragent.host.topology import Located
from dmaragent.inventory import Inventory
from dmaragent.iommu.vtd import RemappingUnit
from fwtables import DRHD, RHSA, RMRR, Decoded, Structure
from fwtables.dmar.constants import DrhdFlag, flag_names


def unit_changes(a: Inventory, b: Inventory) -> tuple[UnitChange, ...]:
    """Return the units that are not as they were: paired by their registers, else by their scopes."""
    pairing = Pairing.of(a.units, b.units)
    pairing.by(lambda unit: (_registers(unit), _scopes(unit), unit.drhd.flags, unit.drhd.size))
    pairing.by(_registers)
    pairing.by(lambda unit: (unit.drhd.segment_number, unit.drhd.flags, _scopes(unit)), unique=True)
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
    drhd = unit.drhd
    return drhd.segment_number, drhd.register_base_address, change.a is None, unit.offset


def _registers(unit: RemappingUnit) -> tuple[int, int]:
    return unit.drhd.segment_number, unit.drhd.register_base_address


def _scopes(unit: RemappingUnit) -> tuple[Hashable, ...]:
    return tuple(sorted(map(located_key, unit.scopes)))


def _change(a: RemappingUnit, b: RemappingUnit) -> UnitChange:
    scopes: Pairing[Located] = Pairing.of(a.scopes, b.scopes)
    scopes.by(located_key)
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
    drhd = unit.drhd
    domain = unit.proximity_domain
    return (
        f"{drhd.register_base_address:#x}",
        f"{drhd.register_set_size:#x} bytes",
        "yes" if drhd.include_pci_all else "no",
        " ".join(flag_names("DRHD", drhd.flags & ~DrhdFlag.INCLUDE_PCI_ALL)) or "none",
        "none" if domain is None else str(domain),
    )


def structure_changes(a: Inventory, b: Inventory) -> Iterator[StructureChange]:
    """Yield the structures that are neither RMRR nor DRHD and that one side alone has.

    An RHSA structure that names a unit is told with the unit.
    """
    ours, theirs = _other_structures(a), _other_structures(b)
    for side, own, others, certain in (
        (Side.A, ours, theirs, not hides_structures(b)),
        (Side.B, theirs, ours, not hides_structures(a)),
    ):
        for structure in (own - others).elements():
            yield StructureChange(side=side, structure=structure, certain=certain)


def _other_structures(inventory: Inventory) -> Counter[Structure]:
    decoded = inventory.table
    table = decoded.table if isinstance(decoded, Decoded) else None
    units = {unit.drhd.register_base_address for unit in inventory.units}
    return Counter(
        structure
        for structure in (table.structures if table is not None else ())
        if not isinstance(structure, DRHD | RMRR)
        and not (isinstance(structure, RHSA) and structure.register_base_address in units)
    )
