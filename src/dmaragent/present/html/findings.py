"""The findings of a report: each rule with its hits, the bytes, what comes of it, what to do."""

from collections.abc import Sequence

from dmaragent.checks.common.model import Checked, Evidence, Finding
from dmaragent.present.html.markup import NOTHING, Markup, element
from dmaragent.present.html.parts import Section, facts, folded, section
from dmaragent.present.html.words import severity_mark
from dmaragent.present.text.check import by_rule, common, evidence_words, summary_words
from dmaragent.present.wording import count

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
        [_rule(found) for found in by_rule(checked)],
    )


def _rule(found: Sequence[Finding]) -> Markup:
    """Tell the hits of one rule, and what comes of it; what all have in common once."""
    rule, severity = found[0].rule, found[0].severity
    xen, linux = common([one.xen for one in found]), common([one.linux for one in found])
    shown = [_hit(one, not xen, not linux) for one in found[:_MOST_HITS]]
    left = len(found) - len(shown)
    more = element("p", f"{left} more: dmaragent check lists all.") if left else None
    consequences = [("Xen", xen), ("Linux", linux), ("Do", rule.advice)]
    return element(
        "article",
        element("h3", severity_mark(severity), " ", rule.title),
        element("p", element("code", rule.id), f", {count(len(found), 'case')}", class_="rule-id"),
        element("ul", shown, class_="hits"),
        more,
        facts([(name, said) for name, said in consequences if said]),
        id=f"rule-{severity.value}-{rule.id}",
        class_="finding",
    )


def _hit(one: Finding, with_xen: bool, with_linux: bool) -> Markup:  # noqa: FBT001 - private
    own = [("Xen", one.xen if with_xen else ""), ("Linux", one.linux if with_linux else "")]
    return element(
        "li",
        one.hit.message,
        facts([(name, said) for name, said in own if said]),
        _evidence(one.hit.evidence),
    )


def _evidence(evidence: Sequence[Evidence]) -> Markup:
    if not evidence:
        return NOTHING
    words = [evidence_words(one).replace("\N{NO-BREAK SPACE}", " ") for one in evidence]
    rows = [element("li", element("code", one)) for one in words[:_MOST_PIECES]]
    if len(words) > _MOST_PIECES:
        rows.append(element("li", f"and {len(words) - _MOST_PIECES} more"))
    return folded(f"Evidence: {count(len(words), 'place')} in the table", element("ul", rows))
