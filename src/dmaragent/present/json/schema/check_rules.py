"""The types of docs/schema/check-rules.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.checks.common.model import Severity
from dmaragent.present.json.schema.check import NeedName, RuleId
from dmaragent.present.json.schema.common import Prose, ToolOrigin


class Rule(TypedDict):
    """A rule."""

    id: RuleId
    severity: Annotated[str, Severity]
    """Of its findings; a case may have another one."""
    title: Prose
    xen: Prose
    """Effect on Xen."""
    linux: Prose
    """Effect on Linux."""
    advice: Prose
    """How to fix it."""
    details: Prose
    """Reasons, exceptions and the limits of the fix; or empty."""
    source: str
    needs: list[NeedName]
    """What must be known of a host for the rule to run."""


class Answer(TypedDict):
    """The rules, in the order in which they run."""

    rules: list[Rule]


class CheckRulesDocument(TypedDict):
    """dmaragent check --list --json, version 1.

    Every rule that dmaragent check has.
    """

    format: Literal["dmaragent.check-rules"]
    version: Literal[1]
    origin: ToolOrigin
    answer: Answer
