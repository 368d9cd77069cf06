"""Findings and rules for people: short by default, with evidence and reasons on request."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.checks.common.model import Checked, Evidence, Finding, Rule, Severity
from dmaragent.present.escaping import visible
from dmaragent.present.screen import toned
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.text.tones import SEVERITY_TONES
from dmaragent.present.words.findings import (
    NOTHING_DECODED,
    SETTLED_BY,
    by_effect,
    by_rule,
    case_words,
    common,
    counts_words,
    evidence_words,
    rules_not_asked,
    severity_name,
    skipped_words,
    summary_words,
)

_LABEL = 7


def check_text(checked: Checked, title: str, details: str) -> Iterator[str]:
    """Yield the short answer: each finding with its effects and its fix, at the end the counts.

    `details` is the command that prints everything.
    """
    counts, skipped = summary_words(checked), skipped_words(checked)
    end = f"{counts}. {skipped}" if skipped else f"{counts}."
    if checked.findings:
        yield from _head(checked, f"{title}: {counts_words(checked)}")
        for findings in by_effect(checked):
            yield ""
            yield from short_finding(findings)
        yield ""
        yield from paragraph(end)
        yield "Evidence, every case, reasons and sources:"
    else:
        yield from _head(checked, f"{title}: {end}")
        if not skipped:
            return
        yield "The skipped checks by name:"
    yield f"  {visible(details)}"  # whole, however long: it can be copied


def short_finding(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the short form of findings that share a rule and its effects: at most six lines."""
    first = findings[0]
    yield from paragraph(
        f"{_severity(first.severity)}  {first.rule.id}  {case_words(findings)}", hang=2
    )
    yield from _labelled("Xen", first.xen)
    yield from _labelled("Linux", first.linux)
    yield from _labelled("Fix", first.advice)


def check_details_text(checked: Checked, title: str) -> Iterator[str]:
    """Yield the whole answer: each finding with its evidence, and the checks that did not run."""
    yield from _head(checked, f"{title}: {summary_words(checked)}")
    for skipped in checked.not_asked:
        yield from paragraph(rules_not_asked(skipped), hang=2)
    if checked.not_asked:
        yield from paragraph(SETTLED_BY)
    for findings in by_rule(checked):
        yield ""
        yield from _group(findings[0].severity, findings)


def _head(checked: Checked, line: str) -> Iterator[str]:
    yield from paragraph(line, hang=2)
    if not checked.decoded:
        yield from paragraph(NOTHING_DECODED)


def rules_text(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield the list of rules: id, severity, what each finds."""
    yield from render(
        [("check", "severity", "what it finds")]
        + [(rule.id, severity_name(rule.severity), rule.title) for rule in rules],
        indent=0,
    )


def _severity(severity: Severity) -> str:
    return toned(severity_name(severity), SEVERITY_TONES.get(severity))


def _group(severity: Severity, findings: list[Finding]) -> Iterator[str]:
    """Yield the hits of one rule, then its effects and its fix; what all have in common once."""
    rule = findings[0].rule
    yield from paragraph(f"{_severity(severity)}  {rule.id}  {rule.title}", hang=2)
    xen = common([finding.xen for finding in findings])
    linux = common([finding.linux for finding in findings])
    advice = common([finding.advice for finding in findings])
    for finding in findings:
        yield from paragraph(finding.hit.message, indent=2, hang=2)
        yield from _shown(finding.hit.evidence)
        if finding.hit.xen and not xen:
            yield from _labelled("Xen", finding.hit.xen, indent=4)
        if finding.hit.linux and not linux:
            yield from _labelled("Linux", finding.hit.linux, indent=4)
        if not advice:
            yield from _labelled("Fix", finding.advice, indent=4)
    if xen or not all(finding.hit.xen for finding in findings):
        yield from _labelled("Xen", xen or rule.xen)
    if linux or not all(finding.hit.linux for finding in findings):
        yield from _labelled("Linux", linux or rule.linux)
    if advice:
        yield from _labelled("Fix", advice)
    if rule.details:
        yield from _labelled("More", rule.details)
    yield from _labelled("Source", rule.source)


def _shown(evidence: Sequence[Evidence]) -> Iterator[str]:
    for piece in evidence:
        yield from paragraph(evidence_words(piece), indent=4, hang=2)


def _labelled(label: str, text: str, indent: int = 2) -> list[str]:
    return labelled(label, text, indent=indent, column=_LABEL)
