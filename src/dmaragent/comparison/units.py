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
    """Give the units that are not as they were: paired by their registers, else by their scopes."""
    found = Pairing.of(a.units, b.units)
    found.by(lambda one: (_registers(one), _scopes(one), one.drhd.flags, one.drhd.size))
    found.by(_registers)
    found.by(lambda one: (one.drhd.segment_number, one.drhd.flags, _scopes(one)), unique=True)
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
    drhd = one.drhd
    return drhd.segment_number, drhd.register_base_address, change.a is None, one.offset


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
    ours, theirs = _others(a), _others(b)
    for side, own, others, certain in (
        (Side.A, ours, theirs, not hides_structures(b)),
        (Side.B, theirs, ours, not hides_structures(a)),
    ):
        for structure in (own - others).elements():
            yield StructureChange(side=side, structure=structure, certain=certain)


def _others(inventory: Inventory) -> Counter[Structure]:
    decoded = inventory.table
    table = decoded.table if isinstance(decoded, Decoded) else None
    units = {one.drhd.register_base_address for one in inventory.units}
    return Counter(
        one
        for one in (table.structures if table is not None else ())
        if not isinstance(one, DRHD | RMRR)
        and not (isinstance(one, RHSA) and one.register_base_address in units)
    )
