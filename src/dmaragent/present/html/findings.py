"""The findings of a report: each check with its cases, their bytes, the effect and the fix."""

from collections.abc import Sequence
from typing import NamedTuple

from dmaragent.checks.common.model import Checked, Evidence, Finding
from dmaragent.present.html import words
from dmaragent.present.html.marks import severity_mark
from dmaragent.present.html.markup import NOTHING, Markup, element
from dmaragent.present.html.parts import Section, facts, folded, section
from dmaragent.present.html.words import findings as findings_words
from dmaragent.present.words.findings import by_rule, common, evidence_words, summary_words

_MOST_CASES = 50
"""Cases of a finding that are listed; ``dmaragent check`` lists all."""
_CASES_IN_VIEW = 3
"""More cases than these are folded away."""
_MOST_PIECES = 8


class _Shared(NamedTuple):
    """Which sentences all cases of a finding have, so that they are shown once."""

    xen: bool
    linux: bool
    advice: bool


def findings_section(checked: Checked | None) -> Section | None:
    """Return all findings, worst first."""
    if checked is None:
        return None
    return section(
        "findings",
        findings_words.FINDINGS,
        element("p", words.sentence(summary_words(checked))),
        [_finding(findings) for findings in by_rule(checked)],
    )


def _finding(findings: Sequence[Finding]) -> Markup:
    """Return the cases of one check and severity; what all have in common once."""
    rule, severity = findings[0].rule, findings[0].severity
    xen = common([finding.xen for finding in findings])
    linux = common([finding.linux for finding in findings])
    advice = common([finding.advice for finding in findings])
    effects = [
        (findings_words.EFFECT_ON["xen"], xen),
        (findings_words.EFFECT_ON["linux"], linux),
        (words.FIX, advice),
    ]
    shared = _Shared(bool(xen), bool(linux), bool(advice))
    return element(
        "article",
        element("h3", severity_mark(severity), " ", rule.title),
        element("p", element("code", rule.id), f", {words.cases(len(findings))}", class_="rule-id"),
        facts([(name, text) for name, text in effects if text]),
        _cases(findings, shared),
        id=f"rule-{severity.value}-{rule.id}",
        class_="finding",
    )


def _cases(findings: Sequence[Finding], shared: _Shared) -> Markup:
    shown = [_case(finding, shared) for finding in findings[:_MOST_CASES]]
    listed = element("ul", shown, class_="hits")
    left = len(findings) - len(shown)
    more = element("p", findings_words.more_cases(left)) if left else None
    if len(findings) <= _CASES_IN_VIEW:
        return listed
    return folded(words.cases(len(findings)), listed, more)


def _case(finding: Finding, shared: _Shared) -> Markup:
    own = [
        (findings_words.EFFECT_ON["xen"], "" if shared.xen else finding.xen),
        (findings_words.EFFECT_ON["linux"], "" if shared.linux else finding.linux),
        (words.FIX, "" if shared.advice else finding.advice),
    ]
    return element(
        "li",
        finding.hit.message,
        facts([(name, text) for name, text in own if text]),
        _evidence(finding.hit.evidence),
    )


def _evidence(evidence: Sequence[Evidence]) -> Markup:
    if not evidence:
        return NOTHING
    lines = [evidence_words(piece).replace("\N{NO-BREAK SPACE}", " ") for piece in evidence]
    rows = [element("li", element("code", line)) for line in lines[:_MOST_PIECES]]
    if len(lines) > _MOST_PIECES:
        rows.append(element("li", findings_words.more_pieces(len(lines) - _MOST_PIECES)))
    return folded(findings_words.evidence(len(lines)), element("ul", rows))
