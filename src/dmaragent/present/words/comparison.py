"""A comparison in words: its first line, and a line for each difference."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dmaragent.checks.common.model import Finding
from dmaragent.comparison.model import (
    Comparison,
    FindingFate,
    GuestChange,
    GuestChanges,
    GuestFate,
    OwnerChange,
    RegionFate,
    RegionMatch,
    Side,
    StructureChange,
    UnitChange,
)
from dmaragent.comparison.scopes import compared_owners
from dmaragent.comparison.words import fact_name
from dmaragent.inventory import Region
from dmaragent.iommu.claims import DeviceKind, Owner
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.resolution import Stack
from dmaragent.present.words.findings import severity_name
from dmaragent.present.words.guest import VERDICT_WORDS, reason_words, stack_words
from dmaragent.present.words.numbers import count
from dmaragent.present.words.region import region_size
from dmaragent.present.words.table import device_words, structure_words


def alone_words(*, in_a: bool, certain: bool) -> str:
    """Return whether something that only one table has is new or gone."""
    if not certain:
        return f"not found in {'B' if in_a else 'A'} (its table is damaged)"
    return "gone" if in_a else "new"


def range_words(region: Region) -> str:
    """Return the addresses of a region as its name on both sides: its number may differ."""
    segment = f"segment {region.segment:04x} " if region.segment else ""
    return f"{segment}{region.place}"


def scoped_owner_words(owner: Owner) -> str:
    """Return the address of an owner, or its path if that leads to no device, and its kind."""
    where = owner.as_written if owner.sbdf is None else str(owner.sbdf)
    if owner.device is DeviceKind.FUNCTION:
        return where
    path = owner.claim.path
    named = f" {path.number}" if path and owner.device is not DeviceKind.BRIDGE else ""
    return f"{where} ({device_words(owner.claim)}{named})".replace(" ", "\N{NO-BREAK SPACE}")


_REGION_COUNTS = (
    (RegionFate.APPEARED, True, "is new", "are new"),
    (RegionFate.GONE, True, "is gone", "are gone"),
    (RegionFate.APPEARED, False, "found only in B", "found only in B"),
    (RegionFate.GONE, False, "not found in B", "not found in B"),
    (RegionFate.MOVED, True, "moved", "moved"),
    (RegionFate.RESIZED, True, "has another size", "have another size"),
    (RegionFate.OWNERS, True, "has other devices", "have other devices"),
)
_FINDING_COUNTS = (
    (FindingFate.APPEARED, "is new", "are new"),
    (FindingFate.GONE, "is gone", "are gone"),
    (FindingFate.CHANGED, "changed", "changed"),
)
_FINDING_FATES = {
    FindingFate.APPEARED: "new",
    FindingFate.GONE: "gone",
    FindingFate.CHANGED: "changed",
}
_GUEST_COUNTS = (
    (GuestFate.STOPS, "no longer starts", "no longer start"),
    (GuestFate.UNSURE, "is now unknown", "are now unknown"),
    (GuestFate.STARTS, "now starts", "now start"),
    (GuestFate.SURE, "is no longer unknown", "are no longer unknown"),
    (GuestFate.DEVICES, "has another device at an address", "have another device at an address"),
    (GuestFate.REASONS, "does not start for other reasons", "do not start for other reasons"),
    (GuestFate.WARNINGS, "starts with other warnings", "start with other warnings"),
    (GuestFate.LAYOUT, "gets another memory layout", "get another memory layout"),
)
_XEN_CHANGES = (
    ("vt-d", "Xen switches VT-d off on one side"),
    ("amd-vi", "Xen switches AMD-Vi off on one side"),
    ("entry", "Xen's list has other entries"),
    ("list-order", "Xen's list has another order"),
)


def headline(comparison: Comparison) -> str:
    """Return a sentence with what differs, verdicts first; host facts only if nothing else does."""
    differences = [
        *_guest_counts(comparison),
        *_xen_changes(comparison),
        *_finding_counts(comparison),
        *_table_changes(comparison),
        *_region_counts(comparison),
        *_other_counts(comparison),
    ]
    if differences:
        line = "; ".join(differences)
        return f"{line[0].upper()}{line[1:]}"
    if comparison.facts:
        names = ", ".join(fact_name(fact.what) for fact in comparison.facts)
        if not _compares_tables(comparison):
            return f"The hosts differ in {names}; not everything could be compared"
        return f"Regions, units and findings do not differ; the hosts differ in {names}"
    if comparison.not_compared:
        return "No differences found, but not everything could be compared"
    return "No differences"


def _compares_tables(comparison: Comparison) -> bool:
    """Return whether regions, units and findings of both sides were compared."""
    lacking = {part.what for part in comparison.not_compared}
    unknown = any(change.fate is FindingFate.NOT_KNOWN for change in comparison.findings)
    return not unknown and lacking.isdisjoint({"table", "damaged-table"})


def _counted(noun: str, counts: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    """Yield one list of counts, the noun only at the first; nothing if all are 0."""
    words: list[str] = []
    for number, single, several in counts:
        if number:
            subject = f"{number}" if words else count(number, noun)
            words.append(f"{subject} {single if number == 1 else several}")
    if words:
        yield ", ".join(words)


def _guest_counts(comparison: Comparison) -> Iterator[str]:
    if comparison.guests is not None:
        fates = Counter(change.fate for change in comparison.guests.changed)
        counts = [(fates[fate], single, several) for fate, single, several in _GUEST_COUNTS]
        yield from _counted("guest", counts)


def _table_changes(comparison: Comparison) -> Iterator[str]:
    for fact in comparison.facts:
        if fact.what == "table":
            yield f"the table: {fact.old} -> {fact.new}"
        if fact.what == "damage":
            yield "the damage of the table differs"


def _region_counts(comparison: Comparison) -> Iterator[str]:
    fates = Counter((match.fate, match.certain) for match in comparison.regions)
    counts = [
        (fates[fate, certain], single, several) for fate, certain, single, several in _REGION_COUNTS
    ]
    changed = sum(match.fate is RegionFate.SAME and match.differs for match in comparison.regions)
    yield from _counted("region", [*counts, (changed, "changed otherwise", "changed otherwise")])


def _other_counts(comparison: Comparison) -> Iterator[str]:
    if comparison.renumbered:
        yield f"{count(len(comparison.renumbered), 'device')} at another address"
    if comparison.units:
        number = len(comparison.units)
        yield count(number, "remapping unit differs", "remapping units differ")
    if comparison.structures:
        number = len(comparison.structures)
        yield count(number, "other structure differs", "other structures differ")
    if comparison.table_order is not None and not comparison.xen:
        yield "the regions are in another order"


def _finding_counts(comparison: Comparison) -> Iterator[str]:
    fates = Counter(change.fate for change in comparison.findings)
    counts = [(fates[fate], single, several) for fate, single, several in _FINDING_COUNTS]
    yield from _counted("finding", counts)


def _xen_changes(comparison: Comparison) -> Iterator[str]:
    changed = {change.what for change in comparison.xen}
    yield from (words for what, words in _XEN_CHANGES if what in changed)


_SAME_VERDICT = {
    GuestFate.DEVICES: "with another device",
    GuestFate.REASONS: "other reasons",
    GuestFate.WARNINGS: "other warnings",
    GuestFate.LAYOUT: "another memory layout",
}


def guests_heading(guests: GuestChanges, stacks: Sequence[Stack]) -> str:
    """Return the heading of the guests, with the releases for A and B."""
    if not guests.xen:
        return "Guests (KVM)"
    releases_a, releases_b = (stack_words(stack) for stack in stacks)
    if releases_a == releases_b:
        return f"Guests ({releases_a})"
    return f"Guests (A: {releases_a}; B: {releases_b})"


def guests_origins(stacks: Sequence[Stack]) -> Iterator[str]:
    """Yield how the releases are known, once if it is the same for both sides."""
    origin_a, origin_b = (stack.origin for stack in stacks)
    if origin_a == origin_b:
        if origin_a:
            yield f"Both: {origin_a}"
        return
    for side, origin in (("A", origin_a), ("B", origin_b)):
        if origin:
            yield f"{side}: {origin}"


def guest_verdicts(change: GuestChange) -> str:
    """Return a guest and its two verdicts, or one verdict and what else differs."""
    guest = change.b.guest
    name = f"{guest.name} ({guest.source})" if guest.name else guest.source
    verdict_a, verdict_b = VERDICT_WORDS[change.a.verdict], VERDICT_WORDS[change.b.verdict]
    if verdict_a != verdict_b:
        return f"{name}: {verdict_a} -> {verdict_b}"
    return f"{name}: {verdict_b} on both, {_SAME_VERDICT[change.fate]}"


def guest_reason(decision: Decision, source: str) -> str:
    """Return a reason; a place in the guest's file is only a line, as the file is named above."""
    line = decision.place.removeprefix(f"{source}:")
    if line != decision.place:
        decision = decision._replace(place=f"line {line}")
    return reason_words(decision)


def guests_unchanged(verdict: Verdict, number: int) -> str:
    """Return how many guests have the same verdict for the same reasons on both sides."""
    return f"{count(number, 'guest')} unchanged: {VERDICT_WORDS[verdict]}"


def region_words(match: RegionMatch, owners: str) -> str:
    """Return how a region differs, with its addresses, its size and `owners`."""
    a, b = match.a, match.b
    if a is None or b is None:
        region = a or b
        assert region is not None  # noqa: S101 - a match is of one side at least
        fate = alone_words(in_a=b is None, certain=match.certain)
        return f"{fate}: {range_words(region)}, {region_size(region)}, {owners}"
    if match.fate is RegionFate.MOVED:
        return f"moved: {range_words(a)} -> {range_words(b)}, {region_size(a)}, {owners}"
    if match.fate is RegionFate.RESIZED:
        sizes = f"{region_size(a)} -> {region_size(b)}"
        return f"size: {range_words(a)} -> {range_words(b)}, {sizes}, {owners}"
    if match.fate is RegionFate.OWNERS:  # they follow, each on a line of its own
        return f"devices: {range_words(a)}, {region_size(a)}"
    return f"changed: {range_words(a)}, {region_size(a)}, {owners}"


def owner_fate(change: OwnerChange) -> str:
    """Return that an owner is new or gone; it must be on one side only."""
    owner = change.b or change.a
    assert owner is not None  # noqa: S101 - a change is of one side at least
    return f"{'new' if change.a is None else 'gone'}: {scoped_owner_words(owner)}"


def unit_words(change: UnitChange) -> str:
    """Return how a remapping unit differs."""
    unit = change.a or change.b
    assert unit is not None  # noqa: S101 - a change is of one side at least
    segment = f"segment {unit.segment:04x}, " if unit.segment else ""
    name = f"{segment}registers at {unit.registers:#x}"
    if change.a is not None and change.b is not None:
        return f"changed: {name}"
    fate = alone_words(in_a=change.b is None, certain=change.certain)
    entries = [scoped_owner_words(owner) for owner in compared_owners(unit.claims)]
    rest = ["all devices that no other unit names"] if unit.serves_rest else []
    return f"{fate}: {name}: {'  '.join([*entries, *rest]) or 'no device'}"


def unit_scopes(change: UnitChange) -> Iterator[str]:
    """Yield the scope entries that a unit on both sides lost and gained."""
    for words, entries in (
        ("no longer named", change.scopes_gone),
        ("now named", change.scopes_added),
    ):
        if entries:
            yield f"{words}: {'  '.join(scoped_owner_words(owner) for owner in entries)}"


def structure_fate(change: StructureChange) -> str:
    """Return how a structure that is neither region nor unit differs."""
    fate = alone_words(in_a=change.side is Side.A, certain=change.certain)
    return f"{fate}: {structure_words(change.structure)}".replace("\N{NO-BREAK SPACE}", " ")


def finding_fate(fate: FindingFate, finding: Finding) -> str:
    """Return how the findings of one rule differ, with its severity and id."""
    return f"{_FINDING_FATES[fate]}: {severity_name(finding.severity)} {finding.rule.id}"


def findings_unknown(side: str, why: str, ids: Iterable[str]) -> str:
    """Return why it is unknown whether findings of the other side are on `side` too."""
    other = "A" if side == "B" else "B"
    listed = ", ".join(dict.fromkeys(ids))
    return f"{side}: {why}, so it is unknown whether it has these findings of {other}: {listed}"


_MOST_RANGES = 8
"""Ranges of regions with the same devices that are listed."""


def alike_regions_words(matches: Sequence[RegionMatch], owners: str) -> str:
    """Return regions of one side that are new, or gone, and have the same `owners`."""
    regions = [region for match in matches for region in (match.a or match.b,) if region]
    fate = alone_words(in_a=matches[0].b is None, certain=matches[0].certain)
    ranges = [f"{range_words(region)} ({region_size(region)})" for region in regions]
    more = len(ranges) - _MOST_RANGES
    listed = ", ".join(ranges[:_MOST_RANGES]) + (f" and {more} more" if more > 0 else "")
    return f"{fate}: {count(len(regions), 'region')}, {owners}: {listed}"


def units_summary(changes: Sequence[UnitChange]) -> str:
    """Return how many remapping units differ."""
    return _summary(
        len([change for change in changes if change.a is None]),
        len([change for change in changes if change.b is None]),
        len([change for change in changes if change.a is not None and change.b is not None]),
    )


def structures_summary(changes: Sequence[StructureChange]) -> Iterator[str]:
    """Yield how many structures of each kind differ."""
    for name in dict.fromkeys(change.structure.name for change in changes):
        sides = Counter(change.side for change in changes if change.structure.name == name)
        yield f"{name}: {_summary(sides[Side.B], sides[Side.A], 0)}"


def _summary(new: int, gone: int, changed: int) -> str:
    parts = ((new, "new"), (gone, "gone"), (changed, "changed"))
    return ", ".join(f"{number} {words}" for number, words in parts if number)


DETAILS_HEADING = "Every finding, region, remapping unit and structure:"
