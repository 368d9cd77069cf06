"""A comparison for people: its verdict first, then sections only where something differs."""

from collections.abc import Iterator, Sequence

from dmaragent.comparison.model import Changed, Comparison, FindingFate, Side
from dmaragent.policy.resolver import Stack
from dmaragent.present.text.diff_findings import findings_text
from dmaragent.present.text.diff_guests import guests_text
from dmaragent.present.text.diff_regions import regions_text, renumbered_text
from dmaragent.present.text.diff_units import structures_text, units_text
from dmaragent.present.text.diff_words import changed_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.comparison import headline

_SIDES = {Side.A: "A", Side.B: "B", None: "both"}


def diff_text(
    comparison: Comparison, names: Sequence[str], stacks: Sequence[Stack]
) -> Iterator[str]:
    """Give the lines of a comparison; `names` and `stacks` are of A and of B."""
    yield from paragraph(headline(comparison), hang=2)
    for letter, name in zip("AB", names, strict=True):
        yield f"{letter}  {name}"
    if comparison.guests is not None:
        yield from guests_text(comparison.guests, comparison.renumbered, stacks)
    yield from _section("Regions", regions_text(comparison))
    yield from _section("Devices at another address", renumbered_text(comparison.renumbered))
    yield from _section("Remapping units (DRHD)", units_text(comparison.units))
    yield from _section("Other structures of the table", structures_text(comparison.structures))
    yield from _section("Findings", findings_text(comparison.findings))
    yield from _section("Xen's list", _facts(comparison.xen))
    yield from _section("Hosts", _facts(comparison.facts))
    yield from _section("Not compared", _not_compared(comparison))


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    """Give a section, or nothing where it has no lines."""
    for number, line in enumerate(lines):
        if not number:
            yield ""
            yield title
        yield line


def _facts(changes: Sequence[Changed]) -> Iterator[str]:
    for one in changes:
        yield from changed_text(one, indent=2)


def _not_compared(comparison: Comparison) -> Iterator[str]:
    for one in comparison.not_compared:
        yield from paragraph(f"{_SIDES[one.side]}: {one.why}", indent=2, hang=2)
    unknown: dict[tuple[str, str], list[str]] = {}
    for finding in comparison.findings:
        if finding.fate is FindingFate.NOT_KNOWN:
            found = finding.a or finding.b
            assert found is not None  # noqa: S101 - a change is of one side at least
            side = "B" if finding.b is None else "A"
            unknown.setdefault((side, finding.why), []).append(found.rule.id)
    for (side, why), ids in unknown.items():
        other = "A" if side == "B" else "B"
        said = f"{side}: {why}, so these findings of {other} may be there or not: "
        yield from paragraph(said + ", ".join(dict.fromkeys(ids)), indent=2, hang=2)
