"""Findings and rules for people: the worst first, each rule's consequences told once."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.checks.common.model import Checked, Evidence, Finding, Rule, Severity
from dmaragent.present.screen import toned
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.text.tones import SEVERITY_TONES
from dmaragent.present.words.findings import (
    NOTHING_DECODED,
    by_rule,
    common,
    evidence_words,
    rules_not_asked,
    summary_words,
)

_LABEL = 7
_MOST_PIECES = 4
"""Of one piece of evidence, and of one hit; the document has all."""


def check_text(checked: Checked, title: str) -> Iterator[str]:
    """Give the lines of the answer: how much was found, what was not looked at, each finding."""
    yield from paragraph(f"{title}: {summary_words(checked)}", hang=2)
    if not checked.decoded:
        yield from paragraph(NOTHING_DECODED)
    for skipped in checked.not_asked:
        yield from paragraph(rules_not_asked(skipped), hang=2)
    for findings in by_rule(checked):
        yield ""
        yield from _group(findings[0].severity, findings)


def rules_text(rules: Iterable[Rule]) -> Iterator[str]:
    """Give the lines of the list of rules: id, severity, what each looks for."""
    yield from render(
        [("rule", "severity", "what it finds")]
        + [(rule.id, rule.severity.value, rule.title) for rule in rules],
        indent=0,
    )


def _group(severity: Severity, findings: list[Finding]) -> Iterator[str]:
    """Tell the hits of one rule, then what comes of it; what all have in common once."""
    rule = findings[0].rule
    word = toned(severity.value, SEVERITY_TONES.get(severity))
    yield from paragraph(f"{word}  {rule.id}  {rule.title}", hang=2)
    xen = common([finding.xen for finding in findings])
    linux = common([finding.linux for finding in findings])
    for finding in findings:
        yield from paragraph(finding.hit.message, indent=2, hang=2)
        yield from _shown(finding.hit.evidence)
        if finding.hit.xen and not xen:
            yield from _labelled("Xen", finding.hit.xen, indent=4)
        if finding.hit.linux and not linux:
            yield from _labelled("Linux", finding.hit.linux, indent=4)
    if xen or not all(finding.hit.xen for finding in findings):
        yield from _labelled("Xen", xen or rule.xen)
    if linux or not all(finding.hit.linux for finding in findings):
        yield from _labelled("Linux", linux or rule.linux)
    yield from _labelled("Do", rule.advice)


def _shown(evidence: Sequence[Evidence]) -> Iterator[str]:
    for piece in evidence[:_MOST_PIECES]:
        yield from paragraph(evidence_words(piece), indent=4, hang=2)
    if len(evidence) > _MOST_PIECES:
        yield f"    and {len(evidence) - _MOST_PIECES} more, which --json shows"


def _labelled(label: str, text: str, indent: int = 2) -> list[str]:
    return labelled(label, text, indent=indent, column=_LABEL)
