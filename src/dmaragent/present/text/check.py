"""Findings and rules for people: the worst first, each rule's consequences told once."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.checks.common.model import Checked, Evidence, Finding, Rule, Severity
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.words.findings import by_rule, common, evidence_words, summary_words
from dmaragent.present.words.numbers import count

_LABEL = 7
_MOST_PIECES = 4
"""Of one piece of evidence, and of one hit; the document has all."""


def check_text(checked: Checked, title: str) -> Iterator[str]:
    """Give the lines of the answer: how much was found, what was not looked at, each finding."""
    yield from paragraph(f"{title}: {summary_words(checked)}", hang=2)
    if not checked.decoded:
        said = "Nothing of the table could be decoded: the rules about what it holds saw nothing."
        yield from paragraph(said)
    for each in checked.not_asked:
        ids = ", ".join(each.rules)
        said = f"Not looked at, because {each.need.value} {_verb(each.need.value)} not known:"
        yield from paragraph(f"{said} {count(len(each.rules), 'rule')} ({ids})", hang=2)
    for found in by_rule(checked):
        yield ""
        yield from _group(found[0].severity, found)


def rules_text(rules: Iterable[Rule]) -> Iterator[str]:
    """Give the lines of the list of rules: id, severity, what each looks for."""
    yield from render(
        [("rule", "severity", "what it finds")]
        + [(rule.id, rule.severity.value, rule.title) for rule in rules],
        indent=0,
    )


def _verb(words: str) -> str:
    return "are" if words.endswith("functions") else "is"


def _group(severity: Severity, found: list[Finding]) -> Iterator[str]:
    """Tell the hits of one rule, then what comes of it; what all have in common once."""
    rule = found[0].rule
    yield from paragraph(f"{severity.value}  {rule.id}  {rule.title}", hang=2)
    xen = common([each.xen for each in found])
    linux = common([each.linux for each in found])
    for each in found:
        yield from paragraph(each.hit.said, indent=2, hang=2)
        yield from _shown(each.hit.evidence)
        if each.hit.xen and not xen:
            yield from _labelled("Xen", each.hit.xen, indent=4)
        if each.hit.linux and not linux:
            yield from _labelled("Linux", each.hit.linux, indent=4)
    if xen or not all(each.hit.xen for each in found):
        yield from _labelled("Xen", xen or rule.xen)
    if linux or not all(each.hit.linux for each in found):
        yield from _labelled("Linux", linux or rule.linux)
    yield from _labelled("Do", rule.advice)


def _shown(evidence: Sequence[Evidence]) -> Iterator[str]:
    for each in evidence[:_MOST_PIECES]:
        yield from paragraph(evidence_words(each), indent=4, hang=2)
    if len(evidence) > _MOST_PIECES:
        yield f"    and {len(evidence) - _MOST_PIECES} more, which --json shows"


def _labelled(label: str, text: str, indent: int = 2) -> list[str]:
    return labelled(label, text, indent=indent, column=_LABEL)
