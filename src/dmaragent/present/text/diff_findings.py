"""The findings of a comparison: those of one rule that changed alike are told together."""

from collections.abc import Iterator, Sequence

from dmaragent.checks.common.model import Finding
from dmaragent.comparison.model import Changed, FindingChange, FindingFate
from dmaragent.present.text.diff_words import changed_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.wording import count

_WORDS = {
    FindingFate.APPEARED: "appeared",
    FindingFate.GONE: "went",
    FindingFate.CHANGED: "changed",
}
_Group = tuple[str, tuple[Changed, ...]]


def findings_text(findings: Sequence[FindingChange]) -> Iterator[str]:
    """Give the findings that are not as they were, worst first."""
    groups: dict[_Group, list[Finding]] = {}
    for one in findings:
        if one.fate is not FindingFate.NOT_KNOWN:
            found = one.b or one.a
            assert found is not None  # noqa: S101 - a change is of one side at least
            head = f"{_WORDS[one.fate]}: {found.severity.value} {found.rule.id}"
            groups.setdefault((head, one.changes), []).append(found)
    for (head, changes), alike in groups.items():
        yield from _group(head, changes, alike)


def _group(head: str, changes: Sequence[Changed], alike: Sequence[Finding]) -> Iterator[str]:
    """Give one head, what it is about, and what changed of all of it."""
    if len(alike) == 1:
        yield from paragraph(f"{head}: {alike[0].hit.message}", indent=2, hang=2)
    else:
        yield f"  {head}, {count(len(alike), 'finding')}"
        for one in alike:
            yield from paragraph(one.hit.message, indent=4, hang=2)
    for change in changes:
        yield from changed_text(change, indent=4)
