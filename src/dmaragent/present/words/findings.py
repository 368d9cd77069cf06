"""Findings of the firmware in words: how many of which severity, and their evidence."""

from collections.abc import Iterator
from itertools import groupby

from dmaragent.checks.common.model import Checked, Evidence, Finding, NotAsked, Severity
from dmaragent.present.words.numbers import count

_NO_BREAK = "\N{NO-BREAK SPACE}"

_MOST_BYTES = 16


def by_rule(checked: Checked) -> Iterator[list[Finding]]:
    """Give the findings that are told together: of one rule, and as bad as each other."""
    for _, findings in groupby(
        checked.findings, key=lambda finding: (finding.severity, finding.rule.id)
    ):
        yield list(findings)


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


def common(texts: list[str]) -> str:
    """Give the one text that all have; empty where they differ."""
    return texts[0] if len(set(texts)) == 1 else ""


def evidence_words(evidence: Evidence) -> str:
    """Show bytes, with what they are; of many only the first."""
    shown = evidence.data[:_MOST_BYTES].hex(" ").replace(" ", _NO_BREAK)
    more = _NO_BREAK + "…" if len(evidence.data) > _MOST_BYTES else ""
    return f"0x{evidence.offset:x}: {shown}{more}  {evidence.field}: {evidence.value}"


NOTHING_DECODED = (
    "Nothing of the table could be decoded: the rules about what it holds saw nothing."
)


def rules_not_asked(skipped: NotAsked) -> str:
    """Return which rules were not asked, because what they need is unknown."""
    need = skipped.need.value
    verb = "are" if need.endswith("functions") else "is"
    rules = f"{count(len(skipped.rules), 'rule')} ({', '.join(skipped.rules)})"
    return f"Not looked at, because {need} {verb} not known: {rules}"
