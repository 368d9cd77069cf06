"""Firmware findings in words: how many of each severity, which cases, the evidence."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from dmaragent.checks.common.model import Checked, Evidence, Finding, NotAsked, Severity
from dmaragent.checks.common.rules import numbers
from dmaragent.present.words.numbers import count

_NO_BREAK = "\N{NO-BREAK SPACE}"
_MOST_BYTES = 16
_MOST_DEVICES = 3
"""Devices of further cases that are listed."""
_MOST_WORDS = 30
"""Characters of a list of regions; a longer one is only counted."""
_NAMES = {Severity.INFO: "note"}
_UNCOUNTED = frozenset({Severity.CRITICAL})
"""Severities whose name is an adjective, without a plural."""


def severity_name(severity: Severity) -> str:
    """Return the name of a severity for people."""
    return _NAMES.get(severity, severity.value)


def by_rule(checked: Checked) -> Iterator[list[Finding]]:
    """Yield the findings that share a rule and a severity."""
    for _, findings in groupby(
        checked.findings, key=lambda finding: (finding.severity, finding.rule.id)
    ):
        yield list(findings)


def by_effect(checked: Checked) -> Iterator[list[Finding]]:
    """Yield the findings that share a rule, a severity, the effects and the fix."""
    for findings in by_rule(checked):
        groups: dict[tuple[str, str, str], list[Finding]] = {}
        for finding in findings:
            key = (finding.xen, finding.linux, finding.advice)
            groups.setdefault(key, []).append(finding)
        yield from groups.values()


def counts_words(checked: Checked) -> str:
    """Return how many findings of each severity there are, or that there are none."""
    if not checked.findings:
        return "no problems found" if checked.decoded else "unknown: the table cannot be decoded"
    counts = [(severity, checked.count(severity)) for severity in Severity]
    return ", ".join(severity_words(severity, number) for severity, number in counts if number)


def ran_words(checked: Checked) -> str:
    """Return how many checks ran."""
    return f"{checked.asked} of {count(checked.asked + checked.skipped, 'check')} ran"


def summary_words(checked: Checked) -> str:
    """Return a line with the number of findings and of checks that ran."""
    return f"{counts_words(checked)} ({ran_words(checked)})"


def severity_words(severity: Severity, number: int) -> str:
    """Return the number of findings of one severity."""
    name = severity_name(severity)
    return f"{number} {name}" if severity in _UNCOUNTED else count(number, name)


def common(texts: list[str]) -> str:
    """Return the text that all have; empty if they differ."""
    return texts[0] if len(set(texts)) == 1 else ""


def case_words(findings: Sequence[Finding]) -> str:
    """Return the first of some findings in a short sentence, and which others there are."""
    hit = findings[0].hit
    more = _more_words([finding.hit.region for finding in findings[1:]], findings[1:])
    return f"{hit.brief or hit.message}{more}"


def _more_words(regions: Sequence[int | None], findings: Sequence[Finding]) -> str:
    """Return how many other findings there are, with their regions or devices."""
    if not findings:
        return ""
    known = sorted({region for region in regions if region is not None})
    devices = list(dict.fromkeys(str(one.hit.device) for one in findings if one.hit.device))
    listed = ""
    if len(known) == len(findings):
        listed = f"{'region' if len(known) == 1 else 'regions'} {numbers(known)}"
    elif len(devices) == len(findings) <= _MOST_DEVICES:
        listed = ", ".join(devices)
    if not listed or len(listed) > _MOST_WORDS:
        return f" {len(findings)} more."
    return f" {len(findings)} more: {listed}."


def evidence_words(evidence: Evidence) -> str:
    """Return bytes in hexadecimal with their field and value; of many only the first."""
    shown = evidence.data[:_MOST_BYTES].hex(" ").replace(" ", _NO_BREAK)
    more = _NO_BREAK + "…" if len(evidence.data) > _MOST_BYTES else ""
    return f"0x{evidence.offset:x}: {shown}{more}  {evidence.field}: {evidence.value}"


NOTHING_DECODED = (
    "Nothing of the table could be decoded, so the checks of its contents found nothing."
)
SETTLED_BY = "A bundle that dmaragent dump makes as root usually has what they need."


def skipped_words(checked: Checked) -> str:
    """Return how many checks did not run, by what they need; empty if all ran."""
    parts: list[str] = []
    for skipped in checked.not_asked:
        number = len(skipped.rules)
        subject = f"{number}"
        if not parts:
            subject = f"{count(number, 'check')} {'needs' if number == 1 else 'need'}"
        parts.append(f"{subject} {skipped.need.value}")
    return f"Skipped: {', '.join(parts)}." if parts else ""


def rules_not_asked(skipped: NotAsked) -> str:
    """Return which rules did not run, because what they need is unknown."""
    need = skipped.need.value
    rules = f"{count(len(skipped.rules), 'check')} ({', '.join(skipped.rules)})"
    verb = "are" if need.endswith("s") else "is"
    return f"Skipped because {need} {verb} unknown: {rules}"
