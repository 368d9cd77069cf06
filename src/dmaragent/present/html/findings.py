"""The findings of a report: each rule with its hits, the bytes, what comes of it, what to do."""

from collections.abc import Sequence

from dmaragent.checks.common.model import Checked, Evidence, Finding
from dmaragent.present.html.marks import severity_mark
from dmaragent.present.html.markup import NOTHING, Markup, element
from dmaragent.present.html.parts import Section, facts, folded, section
from dmaragent.present.words.findings import by_rule, common, evidence_words, summary_words
from dmaragent.present.words.numbers import count

_MOST_HITS = 50
"""Hits of one rule that are listed; ``dmaragent check`` lists all."""
_MOST_PIECES = 8


def findings_section(checked: Checked | None) -> Section | None:
    """Tell all findings, the worst first."""
    if checked is None:
        return None
    whole = summary_words(checked)
    return section(
        "findings",
        "Findings",
        element("p", whole[:1].upper() + whole[1:] + "."),
        [_rule(findings) for findings in by_rule(checked)],
    )


def _rule(findings: Sequence[Finding]) -> Markup:
    """Tell the hits of one rule, and what comes of it; what all have in common once."""
    rule, severity = findings[0].rule, findings[0].severity
    xen, linux = (
        common([finding.xen for finding in findings]),
        common([finding.linux for finding in findings]),
    )
    shown = [_hit(finding, not xen, not linux) for finding in findings[:_MOST_HITS]]
    left = len(findings) - len(shown)
    more = element("p", f"{left} more: dmaragent check lists all.") if left else None
    consequences = [("Xen", xen), ("Linux", linux), ("Do", rule.advice)]
    return element(
        "article",
        element("h3", severity_mark(severity), " ", rule.title),
        element(
            "p", element("code", rule.id), f", {count(len(findings), 'case')}", class_="rule-id"
        ),
        element("ul", shown, class_="hits"),
        more,
        facts([(name, text) for name, text in consequences if text]),
        id=f"rule-{severity.value}-{rule.id}",
        class_="finding",
    )


def _hit(finding: Finding, with_xen: bool, with_linux: bool) -> Markup:  # noqa: FBT001 - private
    own = [("Xen", finding.xen if with_xen else ""), ("Linux", finding.linux if with_linux else "")]
    return element(
        "li",
        finding.hit.message,
        facts([(name, text) for name, text in own if text]),
        _evidence(finding.hit.evidence),
    )


def _evidence(evidence: Sequence[Evidence]) -> Markup:
    if not evidence:
        return NOTHING
    words = [evidence_words(piece).replace("\N{NO-BREAK SPACE}", " ") for piece in evidence]
    rows = [element("li", element("code", line)) for line in words[:_MOST_PIECES]]
    if len(words) > _MOST_PIECES:
        rows.append(element("li", f"and {len(words) - _MOST_PIECES} more"))
    return folded(f"Evidence: {count(len(words), 'place')} in the table", element("ul", rows))
