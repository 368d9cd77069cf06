"""The regions of a comparison, and the devices at another address, a few lines each."""

from collections.abc import Iterator, Sequence

from dmaragent.comparison.model import (
    Changed,
    Comparison,
    OwnerChange,
    RegionFate,
    RegionMatch,
    Renumbered,
)
from dmaragent.inventory import Region
from dmaragent.present.text.device_card import class_name
from dmaragent.present.text.diff_words import alone_words, changed_text, owner_words, range_words
from dmaragent.present.text.tables import paragraph, render
from dmaragent.present.wording import region_size

_FEW = 4
"""Owners that are named each time."""


def regions_text(comparison: Comparison) -> Iterator[str]:
    """Give the regions that are not as they were, and the table's order where it changed."""
    said: dict[str, str] = {}
    for one in comparison.regions:
        if one.differs:
            yield from _region(one, said)
    if comparison.table_order is not None:
        old, new = comparison.table_order.old, comparison.table_order.new
        yield from changed_text(Changed("order in the table, in numbers of A", old, new), indent=2)


def _region(match: RegionMatch, said: dict[str, str]) -> Iterator[str]:
    head, one = _head(match), match.b or match.a
    if one is not None and match.fate is not RegionFate.OWNERS:
        head += f", of {_owners(one, said)}"
    yield from paragraph(head, indent=2, hang=2)
    if match.a is None and match.b is not None and match.b.xen.listed is False:
        yield from paragraph(f"Xen: not listed: {match.b.xen.reason}", indent=4, hang=2)
    for owner in match.owners:
        yield from _owner(owner)
    for change in match.changes:
        yield from changed_text(change, indent=4)


def _head(match: RegionMatch) -> str:
    a, b = match.a, match.b
    if a is None or b is None:
        one = a or b
        assert one is not None  # noqa: S101 - a match is of one side at least
        word = alone_words(in_a=b is None, certain=match.certain)
        return f"{word}: {range_words(one)}, {region_size(one)}"
    if match.fate in (RegionFate.MOVED, RegionFate.RESIZED):
        word = "moved" if match.fate is RegionFate.MOVED else "size"
        sizes = (
            f", {region_size(a)}"
            if match.fate is RegionFate.MOVED
            else f", {region_size(a)} -> {region_size(b)}"
        )
        return f"{word}: {range_words(a)} -> {range_words(b)}{sizes}"
    word = "owners" if match.fate is RegionFate.OWNERS else "changed"
    return f"{word}: {range_words(a)}, {region_size(a)}"


def _owners(region: Region, said: dict[str, str]) -> str:
    """Name the owners; a long list is said once."""
    names = "  ".join(owner_words(one) for one in region.owners)
    first = said.setdefault(names, range_words(region))
    if first != range_words(region) and len(region.owners) > _FEW:
        return f"the same {len(region.owners)} devices as {first}"
    return names or "no device"


def _owner(change: OwnerChange) -> Iterator[str]:
    if change.a is None or change.b is None:
        one = change.b or change.a
        assert one is not None  # noqa: S101 - a change is of one side at least
        word = "owner appeared" if change.a is None else "owner went"
        yield from paragraph(f"{word}: {owner_words(one)}", indent=4, hang=2)
        return
    for each in change.changes:
        name = each.what if each.what == "address" else f"{owner_words(change.b)} {each.what}"
        yield from changed_text(Changed(name, each.old, each.new), indent=4)


def renumbered_text(found: Sequence[Renumbered]) -> Iterator[str]:
    """Give the devices that answer elsewhere: pci= of guests may name the old address."""
    yield from render(
        [(f"{one.a.sbdf} -> {one.b.sbdf}", class_name(one.b, unknown="")) for one in found]
    )
