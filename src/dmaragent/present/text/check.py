"""Findings and rules for people: the worst first, each rule's consequences told once."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from dmaragent.checks.common.model import Checked, Evidence, Finding, Rule, Severity
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.wording import count

_LABEL = 7
_NO_BREAK = "\N{NO-BREAK SPACE}"
_MOST_BYTES = 16
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


def by_rule(checked: Checked) -> Iterator[list[Finding]]:
    """Give the findings that are told together: of one rule, and as bad as each other."""
    for _, found in groupby(checked.findings, key=lambda one: (one.severity, one.rule.id)):
        yield list(found)


def rules_text(rules: Iterable[Rule]) -> Iterator[str]:
    """Give the lines of the list of rules: id, severity, what each looks for."""
    yield from render(
        [("rule", "severity", "what it finds")]
        + [(rule.id, rule.severity.value, rule.title) for rule in rules],
        indent=0,
    )


def summary_words(checked: Checked) -> str:
    """Say in a line how much was found."""
    asked = f"{count(checked.asked, 'rule')} asked"
    if not checked.findings:
        return f"nothing wrong was found ({asked})" if checked.decoded else f"undecodable ({asked})"
    numbers = [(severity, checked.count(severity)) for severity in Severity]
    words = [severity_words(severity, number) for severity, number in numbers if number]
    return f"{', '.join(words)} ({asked})"


def severity_words(severity: Severity, number: int) -> str:
    """Count the findings of one severity."""
    if severity in (Severity.ERROR, Severity.WARNING):
        return count(number, severity.value)
    return f"{number} {severity.value}"


def _verb(words: str) -> str:
    return "are" if words.endswith("functions") else "is"


def _group(severity: Severity, found: list[Finding]) -> Iterator[str]:
    """Tell the hits of one rule, then what comes of it; what all have in common once."""
    rule = found[0].rule
    yield from paragraph(f"{severity.value}  {rule.id}  {rule.title}", hang=2)
    xen = common([each.xen for each in found])
    linux = common([each.linux for each in found])
    for each in found:
        yield from paragraph(each.hit.message, indent=2, hang=2)
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


def common(texts: list[str]) -> str:
    """Give the one text that all have; empty where they differ."""
    return texts[0] if len(set(texts)) == 1 else ""


def _shown(evidence: Sequence[Evidence]) -> Iterator[str]:
    for each in evidence[:_MOST_PIECES]:
        yield from paragraph(evidence_words(each), indent=4, hang=2)
    if len(evidence) > _MOST_PIECES:
        yield f"    and {len(evidence) - _MOST_PIECES} more, which --json shows"


def _labelled(label: str, text: str, indent: int = 2) -> list[str]:
    return labelled(label, text, indent=indent, column=_LABEL)


def evidence_words(evidence: Evidence) -> str:
    """Show bytes, with what they are; of many only the first."""
    shown = evidence.data[:_MOST_BYTES].hex(" ").replace(" ", _NO_BREAK)
    more = _NO_BREAK + "…" if len(evidence.data) > _MOST_BYTES else ""
    return f"0x{evidence.offset:x}: {shown}{more}  {evidence.field}: {evidence.value}"
