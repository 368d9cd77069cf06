"""A comparison in words: its first line, and a line for each thing that differs."""

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
from dmaragent.inventory import Region
from dmaragent.iommu.model import DeviceKind, Owner
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.resolution import Stack
from dmaragent.present.escaping import shorten
from dmaragent.present.words.guest import VERDICT_WORDS, reason_words, stack_words
from dmaragent.present.words.numbers import count
from dmaragent.present.words.region import region_size
from dmaragent.present.words.table import device_words, structure_words

_NAMES = {
    "xen": "Xen",
    "xen-options": "Xen's options",
    "xen-dom0": "kind of dom0",
    "xen-iommu": "Xen's IOMMU",
    "linux": "Linux",
    "linux-iommu": "Linux's IOMMU",
    "vt-d": "VT-d",
    "list-order": "order",
    "table-bytes": "bytes of the table that are compared no further",
    "table-oem": "table OEM",
    "table-oem-revision": "table OEM revision",
    "include-pci-all": "INCLUDE_PCI_ALL",
    "proximity-domain": "NUMA node",
}


def name_words(what: str) -> str:
    """Return a fact's name for people; its id is for programs."""
    return _NAMES.get(what, what.replace("-", " "))


def alone_words(*, in_a: bool, certain: bool) -> str:
    """Return what became of something that one table alone has."""
    if not certain:
        return f"not found in {'B' if in_a else 'A'}, whose table is damaged"
    return "went" if in_a else "appeared"


def range_words(region: Region) -> str:
    """Return the addresses of a region, which name it on both sides: its number may differ."""
    segment = f"segment {region.segment:04x} " if region.segment else ""
    return f"{segment}{region.place}"


def scoped_owner_words(owner: Owner) -> str:
    """Return the address of an owner, or its path if that leads nowhere, and its kind."""
    where = owner.as_written if owner.sbdf is None else str(owner.sbdf)
    if owner.device is DeviceKind.FUNCTION:
        return where
    path = owner.claim.path
    named = f" {path.number}" if path and owner.device is not DeviceKind.BRIDGE else ""
    return f"{where} ({device_words(owner.claim)}{named})".replace(" ", "\N{NO-BREAK SPACE}")


_REGION_COUNTS = (
    (RegionFate.APPEARED, True, "appeared"),
    (RegionFate.GONE, True, "went"),
    (RegionFate.APPEARED, False, "found in B alone"),
    (RegionFate.GONE, False, "not found in B"),
    (RegionFate.MOVED, True, "moved"),
    (RegionFate.RESIZED, True, "of another size"),
    (RegionFate.OWNERS, True, "with other owners"),
)
_FINDING_FATES = {
    FindingFate.APPEARED: "appeared",
    FindingFate.GONE: "went",
    FindingFate.CHANGED: "changed",
}
_GUEST_COUNTS = (
    (GuestFate.STOPS, "no longer starts", "no longer start"),
    (GuestFate.UNSURE, "can no longer be decided", "can no longer be decided"),
    (GuestFate.STARTS, "starts now", "start now"),
    (GuestFate.SURE, "can be decided now", "can be decided now"),
    (
        GuestFate.DEVICES,
        "names an address of another device now",
        "name an address of another device now",
    ),
    (GuestFate.REASONS, "is refused for other reasons", "are refused for other reasons"),
    (GuestFate.WARNINGS, "starts with other warnings", "start with other warnings"),
    (GuestFate.LAYOUT, "gets another memory layout", "get another memory layout"),
)
_XEN_CHANGES = (
    ("vt-d", "Xen switches VT-d off on one"),
    ("entry", "Xen's list has other entries"),
    ("list-order", "Xen's list has another order"),
)


def headline(comparison: Comparison) -> str:
    """Return in a sentence what differs; facts of the hosts are named if nothing else does."""
    differences = [
        *_guest_counts(comparison),
        *_table_changes(comparison),
        *_region_counts(comparison),
        *_other_counts(comparison),
        *_xen_changes(comparison),
    ]
    if differences:
        return "; ".join(differences)
    if comparison.facts:
        names = ", ".join(name_words(fact.what) for fact in comparison.facts)
        return f"Regions, units and findings are alike; the hosts differ in {names}"
    if comparison.not_compared:
        return "Nothing that could be compared differs; see what was not compared"
    return "Nothing differs"


def _counted(noun: str, counts: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    """Yield one list of how many did what, the noun at its first number; nothing if all are 0."""
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
    counts = [(fates[fate, certain], words, words) for fate, certain, words in _REGION_COUNTS]
    changed = sum(match.fate is RegionFate.SAME and match.differs for match in comparison.regions)
    yield from _counted("region", [*counts, (changed, "seen otherwise", "seen otherwise")])


def _other_counts(comparison: Comparison) -> Iterator[str]:
    if comparison.renumbered:
        yield f"{count(len(comparison.renumbered), 'device')} at another address"
    if comparison.units:
        number = len(comparison.units)
        yield count(number, "remapping unit differs", "remapping units differ")
    if comparison.structures:
        number = len(comparison.structures)
        yield count(number, "other structure differs", "other structures differ")
    fates = Counter(change.fate for change in comparison.findings)
    counts = [(fates[fate], words, words) for fate, words in _FINDING_FATES.items()]
    yield from _counted("finding", counts)


def _xen_changes(comparison: Comparison) -> Iterator[str]:
    changed = {change.what for change in comparison.xen}
    yield from (words for what, words in _XEN_CHANGES if what in changed)
    if comparison.table_order is not None and not comparison.xen:
        yield "the regions stand in another order"


_SAME_VERDICT = {
    GuestFate.DEVICES: "with another device",
    GuestFate.REASONS: "other reasons",
    GuestFate.WARNINGS: "other warnings",
    GuestFate.LAYOUT: "another memory layout",
}


def guests_heading(guests: GuestChanges, stacks: Sequence[Stack]) -> str:
    """Return by which releases the guests of A and B were resolved, as their heading."""
    if not guests.xen:
        return "Guests (KVM)"
    releases_a, releases_b = (stack_words(stack) for stack in stacks)
    if releases_a == releases_b:
        return f"Guests ({releases_a})"
    return f"Guests (A: {releases_a}; B: {releases_b})"


def guests_origins(stacks: Sequence[Stack]) -> Iterator[str]:
    """Yield how the releases are known, of both sides at once if it is the same."""
    origin_a, origin_b = (stack.origin for stack in stacks)
    if origin_a == origin_b:
        if origin_a:
            yield f"both rest on: {origin_a}"
        return
    for side, origin in (("A", origin_a), ("B", origin_b)):
        if origin:
            yield f"{side} rests on: {origin}"


def guest_verdicts(change: GuestChange) -> str:
    """Return a guest and its two verdicts, or its one verdict and what else differs."""
    guest = change.b.guest
    name = f"{guest.name} ({guest.source})" if guest.name else guest.source
    verdict_a, verdict_b = VERDICT_WORDS[change.a.verdict], VERDICT_WORDS[change.b.verdict]
    if verdict_a != verdict_b:
        return f"{name}: {verdict_a} -> {verdict_b}"
    return f"{name}: {verdict_b} on both, {_SAME_VERDICT[change.fate]}"


def guest_reason(decision: Decision, source: str) -> str:
    """Return a reason, a place in the guest's own file without the file: the line above has it."""
    line = decision.place.removeprefix(f"{source}:")
    if line != decision.place:
        decision = decision._replace(place=f"line {line}")
    return shorten(reason_words(decision))


def guests_unchanged(verdict: Verdict, number: int) -> str:
    """Return how many guests have the same verdict for the same reasons on both sides."""
    return f"unchanged: {count(number, 'guest')}: {VERDICT_WORDS[verdict]}"


def region_words(match: RegionMatch, owners: str) -> str:
    """Return what became of a region, its addresses, size and `owners`."""
    a, b = match.a, match.b
    if a is None or b is None:
        region = a or b
        assert region is not None  # noqa: S101 - a match is of one side at least
        fate = alone_words(in_a=b is None, certain=match.certain)
        return f"{fate}: {range_words(region)}, {region_size(region)}, of {owners}"
    if match.fate is RegionFate.MOVED:
        return f"moved: {range_words(a)} -> {range_words(b)}, {region_size(a)}, of {owners}"
    if match.fate is RegionFate.RESIZED:
        sizes = f"{region_size(a)} -> {region_size(b)}"
        return f"size: {range_words(a)} -> {range_words(b)}, {sizes}, of {owners}"
    if match.fate is RegionFate.OWNERS:  # they follow, each on a line of its own
        return f"owners: {range_words(a)}, {region_size(a)}"
    return f"changed: {range_words(a)}, {region_size(a)}, of {owners}"


def owner_fate(change: OwnerChange) -> str:
    """Return which owner appeared or went; of an owner on both sides there is no such sentence."""
    owner = change.b or change.a
    assert owner is not None  # noqa: S101 - a change is of one side at least
    return f"{'owner appeared' if change.a is None else 'owner went'}: {scoped_owner_words(owner)}"


def unit_words(change: UnitChange) -> str:
    """Return what became of a remapping unit."""
    unit = change.a or change.b
    assert unit is not None  # noqa: S101 - a change is of one side at least
    segment = f"segment {unit.segment:04x}, " if unit.segment else ""
    name = f"{segment}registers at {unit.registers:#x}"
    if change.a is not None and change.b is not None:
        return f"changed: {name}"
    fate = alone_words(in_a=change.b is None, certain=change.certain)
    entries = [scoped_owner_words(owner) for owner in unit.owners]
    rest = ["all devices that no other unit names"] if unit.serves_rest else []
    return f"{fate}: {name}: {'  '.join([*entries, *rest]) or 'no device'}"


def unit_scopes(change: UnitChange) -> Iterator[str]:
    """Yield which scope entries a unit on both sides lost and gained."""
    for words, entries in (
        ("no longer named", change.scopes_gone),
        ("now named", change.scopes_added),
    ):
        if entries:
            yield f"{words}: {'  '.join(scoped_owner_words(owner) for owner in entries)}"


def structure_fate(change: StructureChange) -> str:
    """Return what became of a structure that is neither RMRR nor DRHD."""
    fate = alone_words(in_a=change.side is Side.A, certain=change.certain)
    return f"{fate}: {structure_words(change.structure)}"


def finding_fate(fate: FindingFate, finding: Finding) -> str:
    """Return what became of the findings of one rule, with its severity and id."""
    return f"{_FINDING_FATES[fate]}: {finding.severity.value} {finding.rule.id}"


def findings_unknown(side: str, why: str, ids: Iterable[str]) -> str:
    """Return why it is unknown whether findings of the other side are on `side` too."""
    other = "A" if side == "B" else "B"
    listed = ", ".join(dict.fromkeys(ids))
    return f"{side}: {why}, so these findings of {other} may be there or not: {listed}"
