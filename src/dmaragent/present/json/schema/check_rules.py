"""The types of docs/schema/check-rules.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.checks.common.model import Severity
from dmaragent.present.json.schema.check import NeedName, RuleId
from dmaragent.present.json.schema.common import ToolOrigin


class Rule(TypedDict):
    """A rule."""

    id: RuleId
    severity: Annotated[str, Severity]
    """Of its findings, unless a case is otherwise."""
    title: str
    xen: str
    linux: str
    advice: str
    source: str
    needs: list[NeedName]
    """What of a host must be known for the rule to be checked."""


class Answer(TypedDict):
    """The rules, in the order in which they are checked."""

    rules: list[Rule]


class CheckRulesDocument(TypedDict):
    """dmaragent check --list --json, version 1.

    Every rule that dmaragent check has.
    """

    format: Literal["dmaragent.check-rules"]
    version: Literal[1]
    origin: ToolOrigin
    answer: Answer
