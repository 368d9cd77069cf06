"""The remapping units and other structures of a comparison."""

from collections.abc import Iterator, Sequence

from dmaragent.comparison.model import Side, StructureChange, UnitChange
from dmaragent.iommu.model import RemappingUnit
from dmaragent.present.text.diff_structures import structure_words
from dmaragent.present.text.diff_words import alone_words, changed_text, owner_words
from dmaragent.present.text.tables import paragraph


def units_text(changes: Sequence[UnitChange]) -> Iterator[str]:
    """Give the units that are not as they were."""
    for one in changes:
        unit = one.b or one.a
        assert unit is not None  # noqa: S101 - a change is of one side at least
        if one.a is None or one.b is None:
            word = alone_words(in_a=one.b is None, certain=one.certain)
            yield from paragraph(f"{word}: {_name(unit)}: {_serves(unit)}", indent=2, hang=2)
            continue
        yield from paragraph(f"changed: {_name(one.a)}", indent=2, hang=2)
        for word, scopes in (("no longer named", one.scopes_gone), ("now named", one.scopes_added)):
            if scopes:
                names = "  ".join(owner_words(each) for each in scopes)
                yield from paragraph(f"{word}: {names}", indent=4, hang=2)
        for change in one.changes:
            yield from changed_text(change, indent=4)


def _name(unit: RemappingUnit) -> str:
    segment = f"segment {unit.segment:04x}, " if unit.segment else ""
    return f"{segment}registers at {unit.registers:#x}"


def _serves(unit: RemappingUnit) -> str:
    names = [owner_words(each) for each in unit.owners]
    rest = ["all devices that no other unit names"] if unit.serves_rest else []
    return "  ".join([*names, *rest]) or "no device"


def structures_text(changes: Sequence[StructureChange]) -> Iterator[str]:
    """Give the structures that one table alone has."""
    for one in changes:
        word = alone_words(in_a=one.side is Side.A, certain=one.certain)
        yield from paragraph(f"{word}: {structure_words(one.structure)}", indent=2, hang=2)
