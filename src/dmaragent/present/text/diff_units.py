"""The remapping units and other structures of a comparison."""

from collections.abc import Iterator, Sequence

from dmaragent.comparison.model import Side, StructureChange, UnitChange
from dmaragent.iommu.vtd import RemappingUnit
from dmaragent.present.text.diff_words import changed_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.comparison import alone_words, located_words
from dmaragent.present.words.table import structure_words


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
                names = "  ".join(located_words(each) for each in scopes)
                yield from paragraph(f"{word}: {names}", indent=4, hang=2)
        for change in one.changes:
            yield from changed_text(change, indent=4)


def _name(unit: RemappingUnit) -> str:
    segment = f"segment {unit.drhd.segment_number:04x}, " if unit.drhd.segment_number else ""
    return f"{segment}registers at {unit.drhd.register_base_address:#x}"


def _serves(unit: RemappingUnit) -> str:
    names = [located_words(each) for each in unit.scopes]
    rest = ["all devices that no other unit names"] if unit.drhd.include_pci_all else []
    return "  ".join([*names, *rest]) or "no device"


def structures_text(changes: Sequence[StructureChange]) -> Iterator[str]:
    """Give the structures that one table alone has."""
    for one in changes:
        word = alone_words(in_a=one.side is Side.A, certain=one.certain)
        yield from paragraph(f"{word}: {structure_words(one.structure)}", indent=2, hang=2)
