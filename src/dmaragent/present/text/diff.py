"""A comparison for people: what changes verdicts first; sections only for what differs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dmaragent.addresses import SBDF
from dmaragent.checks.common.model import Finding
from dmaragent.comparison.guests import named_devices
from dmaragent.comparison.model import (
    Changed,
    Comparison,
    FindingChange,
    FindingFate,
    GuestChange,
    GuestChanges,
    OwnerChange,
    RegionFate,
    RegionMatch,
    Renumbered,
    Side,
    UnitChange,
)
from dmaragent.comparison.words import fact_name
from dmaragent.inventory import Region
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Stack
from dmaragent.present.escaping import visible
from dmaragent.present.screen import current_screen
from dmaragent.present.text.tables import paragraph, render
from dmaragent.present.words.comparison import (
    DETAILS_HEADING,
    alike_regions_words,
    finding_fate,
    findings_unknown,
    guest_reason,
    guest_verdicts,
    guests_heading,
    guests_origins,
    guests_unchanged,
    headline,
    owner_fate,
    range_words,
    region_words,
    scoped_owner_words,
    structure_fate,
    structures_summary,
    unit_scopes,
    unit_words,
    units_summary,
)
from dmaragent.present.words.device import class_name
from dmaragent.present.words.findings import case_words
from dmaragent.present.words.guest import uncapitalized
from dmaragent.present.words.numbers import count

_SIDES = {Side.A: "A", Side.B: "B", None: "both"}
_FEW = 4
"""Owners that are listed for each region; a longer list is printed once."""
_MOST_REASONS = 3
"""Reasons of a guest that are shown for each side."""


def diff_text(
    comparison: Comparison, names: Sequence[str], stacks: Sequence[Stack], details: str
) -> Iterator[str]:
    """Yield the short answer; `names` and `stacks` are of A and of B.

    `details` is the command that prints everything.
    """
    units, structures = comparison.units, comparison.structures
    yield from _head(comparison, names, stacks)
    for title, lines in (
        ("Xen's list", _changes(comparison.xen, indent=2)),
        ("Findings", _findings(comparison.findings)),
        ("Regions", _short_regions(comparison)),
        ("Devices at another address", _renumbered(comparison.renumbered)),
        ("Remapping units", _items([units_summary(units)] if units else [])),
        ("Other structures of the table", _items(structures_summary(structures))),
        ("Hosts", _changes(comparison.facts, indent=2)),
        ("Not compared", _items(_not_compared(comparison))),
    ):
        yield from _section(title, lines)
    if comparison.differs:
        yield ""
        yield DETAILS_HEADING
        yield f"  {visible(details)}"  # whole, however long: it can be copied


def diff_details_text(
    comparison: Comparison, names: Sequence[str], stacks: Sequence[Stack]
) -> Iterator[str]:
    """Yield the whole answer; `names` and `stacks` are of A and of B."""
    yield from _head(comparison, names, stacks)
    for title, lines in (
        ("Xen's list", _changes(comparison.xen, indent=2)),
        ("Findings", _all_findings(comparison.findings)),
        ("Regions", _regions(comparison)),
        ("Devices at another address", _renumbered(comparison.renumbered)),
        ("Remapping units", _units(comparison.units)),
        ("Other structures of the table", _items(map(structure_fate, comparison.structures))),
        ("Hosts", _changes(comparison.facts, indent=2)),
        ("Not compared", _items(_not_compared(comparison))),
    ):
        yield from _section(title, lines)


def _head(comparison: Comparison, names: Sequence[str], stacks: Sequence[Stack]) -> Iterator[str]:
    """Yield what differs in a sentence, the two sides, and the guests."""
    yield from paragraph(headline(comparison), hang=2)
    for letter, name in zip("AB", names, strict=True):
        yield f"{letter}  {name}"
    if comparison.guests is not None:
        yield from _guests(comparison.guests, comparison.renumbered, stacks)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section, or nothing if it has no lines."""
    for number, line in enumerate(lines):
        if not number:
            yield ""
            yield title
        yield line


def _items(sentences: Iterable[str], indent: int = 2) -> Iterator[str]:
    for sentence in sentences:
        yield from paragraph(sentence, indent=indent, hang=2)


def _changes(changes: Iterable[Changed], *, indent: int) -> Iterator[str]:
    """Yield ``name: old -> new`` for each, or A and B below the name if that is too long."""
    for change in changes:
        name = fact_name(change.what)
        line = f"{'':{indent}}{name}: {visible(change.old)} -> {visible(change.new)}"
        if len(line) <= current_screen().width:
            yield line
            continue
        yield f"{'':{indent}}{name}"
        for side, value in (("A", change.old), ("B", change.new)):
            yield from paragraph(f"{side}  {value}", indent=indent + 2, hang=3)


def _guests(
    guests: GuestChanges, renumbered: Sequence[Renumbered], stacks: Sequence[Stack]
) -> Iterator[str]:
    """Yield the guests whose answers differ, and how many do not."""
    yield ""
    yield from paragraph(guests_heading(guests, stacks), hang=2)
    if guests.xen:
        yield from _items(guests_origins(stacks))
    moved = {change.a.sbdf: change.b.sbdf for change in renumbered}
    for change in guests.changed:
        yield from _guest(change, moved)
    unchanged = sorted(guests.same.items(), key=lambda item: item[0].value)
    yield from _items(guests_unchanged(verdict, number) for verdict, number in unchanged)
    for path, why in guests.passed_over:
        yield f"  not read: {visible(path)}"  # whole, however long: it can be copied
        yield from paragraph(why, indent=4)


def _guest(change: GuestChange, moved: Mapping[SBDF, SBDF]) -> Iterator[str]:
    yield from paragraph(guest_verdicts(change), indent=2, hang=2)
    same_verdict = change.a.verdict is change.b.verdict
    for side, own, other in (("A", change.a, change.b), ("B", change.b, change.a)):
        if not same_verdict and own.verdict is Verdict.STARTS:
            continue  # its warnings are not why the verdict changed
        reasons = [reason for reason in own.reasons if reason not in other.reasons]
        for reason in reasons[:_MOST_REASONS]:
            words = guest_reason(reason, change.b.guest.source)
            yield from paragraph(f"{side}  {words}", indent=4, hang=3)
        if len(reasons) > _MOST_REASONS:
            more = len(reasons) - _MOST_REASONS
            yield f"    {side}  {more} more: see dmaragent resolve"
    for device in change.devices:
        sentence = f"{device.what} has another device: {device.old} -> {device.new}"
        yield from paragraph(sentence, indent=4, hang=2)
    for sbdf in named_devices(change.b):
        if sbdf in moved:
            yield f"    The device {sbdf} is {moved[sbdf]} on B"
    if change.helps is not None and change.helps.ranked:
        remedy = change.helps.ranked[0]
        sentence = f"Fix on B: {remedy.brief} ({uncapitalized(remedy.effect)})"
        yield from paragraph(sentence, indent=4, hang=3)


def _regions(comparison: Comparison) -> Iterator[str]:
    """Yield the regions that differ, and the table's order if it changed."""
    named: dict[str, str] = {}
    for match in comparison.regions:
        if match.differs:
            yield from _region(match, named)
    yield from _order(comparison)


def _short_regions(comparison: Comparison) -> Iterator[str]:
    """Yield the regions that differ; those that are new or gone are grouped by their devices."""
    alone: dict[tuple[bool, bool, str], list[RegionMatch]] = {}
    others: list[RegionMatch] = []
    for match in comparison.regions:
        region = match.b or match.a
        if match.differs and region is not None and (match.a is None or match.b is None):
            key = match.b is None, match.certain, _few_owners(region)
            alone.setdefault(key, []).append(match)
        elif match.differs:
            others.append(match)
    for (_, _, owners), matches in alone.items():
        words = region_words(matches[0], owners)
        if len(matches) > 1:
            words = alike_regions_words(matches, owners)
        yield from paragraph(words, indent=2, hang=2)
        yield from _unlisted(matches)
    for match in others:
        yield from _region(match, {})
    yield from _order(comparison)


def _unlisted(matches: Sequence[RegionMatch]) -> Iterator[str]:
    """Yield why Xen does not list new regions, each reason once."""
    new = [match.b for match in matches if match.a is None and match.b is not None]
    reasons = dict.fromkeys(region.xen.reason for region in new if region.xen.listed is False)
    for reason in reasons:
        yield from paragraph(f"Xen: not listed: {reason}", indent=4, hang=2)


def _order(comparison: Comparison) -> Iterator[str]:
    order = comparison.table_order
    if order is not None:
        change = Changed("order in the table, by numbers of A", order.old, order.new)
        yield from _changes([change], indent=2)


def _few_owners(region: Region) -> str:
    """Return the owners of a region, of many only the first and how many there are."""
    owners = [scoped_owner_words(owner) for owner in region.owners]
    if len(owners) > _FEW:
        return f"{len(owners)} devices ({', '.join(owners[: _FEW - 1])} and {len(owners) - _FEW + 1} more)"
    return ", ".join(owners) or "no device"


def _region(match: RegionMatch, named: dict[str, str]) -> Iterator[str]:
    region = match.b or match.a
    owners = "" if region is None or match.fate is RegionFate.OWNERS else _owners(region, named)
    yield from paragraph(region_words(match, owners), indent=2, hang=2)
    yield from _unlisted([match])
    for change in match.owners:
        yield from _owner(change)
    yield from _changes(match.changes, indent=4)


def _owners(region: Region, named: dict[str, str]) -> str:
    """Return the owners; a long list is printed once, and `named` has the region with it."""
    owners = "  ".join(map(scoped_owner_words, region.owners))
    first = named.setdefault(owners, range_words(region))
    if first != range_words(region) and len(region.owners) > _FEW:
        return f"the same {len(region.owners)} devices as {first}"
    return owners or "no device"


def _owner(change: OwnerChange) -> Iterator[str]:
    if change.a is None or change.b is None:
        yield from paragraph(owner_fate(change), indent=4, hang=2)
        return
    owner = scoped_owner_words(change.b)
    for fact in change.changes:
        name = fact.what if fact.what == "address" else f"{owner} {fact.what}"
        yield from _changes([Changed(name, fact.old, fact.new)], indent=4)


def _renumbered(renumbered: Sequence[Renumbered]) -> Iterator[str]:
    """Yield the devices at another address: pci= of a guest may have the old one."""
    yield from render(
        [
            (f"{change.a.sbdf} -> {change.b.sbdf}", class_name(change.b, unknown=""))
            for change in renumbered
        ]
    )


def _units(changes: Sequence[UnitChange]) -> Iterator[str]:
    for change in changes:
        yield from paragraph(unit_words(change), indent=2, hang=2)
        if change.a is not None and change.b is not None:
            yield from _items(unit_scopes(change), indent=4)
            yield from _changes(change.changes, indent=4)


def _findings(changes: Sequence[FindingChange]) -> Iterator[str]:
    """Yield the findings that differ, worst first; those of one rule in one line."""
    for (head, facts), findings in _by_change(changes).items():
        yield from paragraph(f"{head}: {case_words(findings)}", indent=2, hang=2)
        yield from _changes(facts, indent=4)


def _all_findings(changes: Sequence[FindingChange]) -> Iterator[str]:
    """Yield every finding that differs, worst first; those that changed alike together."""
    for (head, facts), findings in _by_change(changes).items():
        if len(findings) == 1:
            yield from paragraph(f"{head}: {findings[0].hit.message}", indent=2, hang=2)
        else:
            yield f"  {head}, {count(len(findings), 'finding')}"
            yield from _items((finding.hit.message for finding in findings), indent=4)
        yield from _changes(facts, indent=4)


def _by_change(
    changes: Sequence[FindingChange],
) -> dict[tuple[str, tuple[Changed, ...]], list[Finding]]:
    """Return the findings of one rule that changed alike, by what changed."""
    groups: dict[tuple[str, tuple[Changed, ...]], list[Finding]] = {}
    for change in changes:
        if change.fate is not FindingFate.NOT_KNOWN:
            finding = _of_one_side(change)
            groups.setdefault((finding_fate(change.fate, finding), change.changes), []).append(
                finding
            )
    return groups


def _of_one_side(change: FindingChange) -> Finding:
    finding = change.b or change.a
    assert finding is not None  # noqa: S101 - a change is of one side at least
    return finding


def _not_compared(comparison: Comparison) -> Iterator[str]:
    for part in comparison.not_compared:
        yield f"{_SIDES[part.side]}: {part.why}"
    unknown: dict[tuple[str, str], list[str]] = {}
    for change in comparison.findings:
        if change.fate is FindingFate.NOT_KNOWN:
            side = "B" if change.b is None else "A"
            unknown.setdefault((side, change.why), []).append(_of_one_side(change).rule.id)
    for (side, why), ids in unknown.items():
        yield findings_unknown(side, why, ids)
