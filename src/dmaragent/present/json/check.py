"""Findings and rules as JSON: docs/schema/check.v1.json and check-rules.v1.json."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Checked, Finding, Rule, Severity
from dmaragent.present.json.common import TOOL

if TYPE_CHECKING:
    from dmaragent.present.json.schema import check as schema
    from dmaragent.present.json.schema.check_rules import CheckRulesDocument
    from dmaragent.present.json.schema.check_rules import Rule as RuleObject


def check_document(checked: Checked, kind: str, path: str) -> schema.CheckDocument:
    """Return the document of ``dmaragent check``; `kind` and `path` identify the host."""
    answer: schema.Answer = {
        "counts": {
            "critical": checked.count(Severity.CRITICAL),
            "error": checked.count(Severity.ERROR),
            "warning": checked.count(Severity.WARNING),
            "info": checked.count(Severity.INFO),
        },
        "decoded": checked.decoded,
        "rules_asked": checked.asked,
        "not_asked": [
            {"need": _need(skipped.need), "rules": list(skipped.rules)}
            for skipped in checked.not_asked
        ],
        "findings": [_finding(finding) for finding in checked.findings],
    }
    return {
        "format": "dmaragent.check",
        "version": 1,
        "origin": {"tool": TOOL, "host": {"kind": kind, "path": path}},
        "answer": answer,
    }


def rules_document(rules: Iterable[Rule]) -> CheckRulesDocument:
    """Return the document of ``dmaragent check --list``."""
    return {
        "format": "dmaragent.check-rules",
        "version": 1,
        "origin": {"tool": TOOL},
        "answer": {"rules": [_rule(rule) for rule in rules]},
    }


def _finding(finding: Finding) -> schema.Finding:
    hit = finding.hit
    return {
        "id": finding.rule.id,
        "severity": finding.severity.value,
        "title": finding.rule.title,
        "said": hit.message,
        "subject": hit.subject,
        "region": hit.region,
        "device": None if hit.device is None else str(hit.device),
        "evidence": [
            {
                "offset": piece.offset,
                "bytes": piece.data.hex(),
                "field": piece.field,
                "value": piece.value,
            }
            for piece in hit.evidence
        ],
        "xen": finding.xen,
        "linux": finding.linux,
        "advice": finding.advice,
        "details": finding.rule.details,
        "source": finding.rule.source,
    }


def _rule(rule: Rule) -> RuleObject:
    return {
        "id": rule.id,
        "severity": rule.severity.value,
        "title": rule.title,
        "xen": rule.xen,
        "linux": rule.linux,
        "advice": rule.advice,
        "details": rule.details,
        "source": rule.source,
        "needs": [_need(need) for need in Need if need in rule.needs],
    }


def _need(need: Need) -> str:
    """Return the name of a need in documents."""
    return need.name.lower().replace("_", "-")
