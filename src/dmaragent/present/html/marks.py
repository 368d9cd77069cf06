"""Verdicts and severities in a report: a word in a frame of its colour."""

from dmaragent.checks.common.model import Severity
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Harm, Verdict, residual_risk
from dmaragent.policy.resolution import Resolution
from dmaragent.present.html.markup import Markup, element
from dmaragent.present.words.guest import verdict_with_harm
from dmaragent.present.words.passthrough import verdict_word


def guest_mark(resolution: Resolution | KvmResolution) -> Markup:
    """Write what becomes of a guest and with how many warnings, in a frame of their colour.

    The colour says nothing that the words do not: a guest that starts with warnings is not
    shown as one that starts, and one whose RAM can be overwritten is shown as a refusal is.
    """
    verdict, kind = resolution.verdict, f"is-{resolution.verdict.value}"
    if verdict is Verdict.STARTS and resolution.reasons:
        worst, _ = residual_risk(resolution.reasons)
        kind = "is-corrupting" if worst is Harm.CORRUPTION else "is-warned"
    return element("span", verdict_with_harm(resolution), class_=f"badge {kind}")


def severity_mark(severity: Severity) -> Markup:
    """Write a severity: a word, in a frame of its colour."""
    return element("span", severity.value, class_=f"badge {severity.value}")


def can_mark(can: Can, *, risk: bool = False) -> Markup:
    """Write whether a device can be passed through: a word, in a frame of its colour."""
    return element("span", verdict_word(can, risk=risk), class_=f"badge can-{can.value}")
