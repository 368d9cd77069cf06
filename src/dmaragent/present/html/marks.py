"""Verdicts and severities in a report: words in a frame of their colour."""

from dmaragent.answers.guest import Answer
from dmaragent.checks.common.model import Severity
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Harm, Verdict, residual_risk
from dmaragent.present.html.markup import Markup, element
from dmaragent.present.words.findings import severity_name
from dmaragent.present.words.guest import verdict_with_harm
from dmaragent.present.words.passthrough import verdict_word


def guest_mark(answer: Answer | KvmResolution) -> Markup:
    """Return the verdict on a guest with its warnings, in a frame of their colour.

    The words alone have all that the colour shows. A guest that starts with warnings has another
    colour than one without; a guest whose RAM can be overwritten has that of a refusal.
    """
    resolution = answer if isinstance(answer, KvmResolution) else answer.resolution
    verdict, kind = resolution.verdict, f"is-{resolution.verdict.value}"
    if verdict is Verdict.STARTS and resolution.reasons:
        worst, _ = residual_risk(resolution.reasons)
        kind = "is-corrupting" if worst >= Harm.CORRUPTION else "is-warned"
    return element("span", verdict_with_harm(resolution), class_=f"badge {kind}")


def severity_mark(severity: Severity) -> Markup:
    """Return a severity in a frame of its colour."""
    return element("span", severity_name(severity), class_=f"badge {severity.value}")


def can_mark(can: Can, *, risk: bool = False) -> Markup:
    """Return the verdict on a device in a frame of its colour."""
    return element("span", verdict_word(can, risk=risk), class_=f"badge can-{can.value}")
