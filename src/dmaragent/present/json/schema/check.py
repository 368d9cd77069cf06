"""The types of docs/schema/check.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Severity
from dmaragent.present.json.schema.common import (
    PUBLISHED,
    Count,
    Ordinal,
    Prose,
    PublishedHostOrigin,
    Sbdf,
)
from fwtables.fields import Hex

RuleId = Annotated[str, ("pattern", "^[a-z0-9-]+$")]
"""The rule's id, stable; docs/findings.md has an anchor for it."""
NeedName = Annotated[str, ("enum", tuple(need.name.lower().replace("_", "-") for need in Need))]


class Counts(TypedDict):
    """How many findings of each severity."""

    critical: Count
    error: Count
    warning: Count
    info: Count


class NotAsked(TypedDict):
    """Rules that were not checked because something is unknown."""

    need: NeedName
    rules: list[RuleId]


class Evidence(TypedDict):
    """Bytes of the table."""

    offset: Count
    bytes: Hex
    """The bytes of the table at the offset."""
    field: str
    value: str


class Finding(TypedDict):
    """One finding."""

    id: RuleId
    severity: Annotated[str, Severity]
    """Of this case: it may differ from the rule's."""
    title: Prose
    said: Prose
    """What was found, in a sentence."""
    subject: str
    """What it is about: the same in two tables that have the same fault."""
    region: Ordinal | None
    """The region's number in table order."""
    device: Sbdf | None
    evidence: list[Evidence]
    xen: Prose
    """Effect on Xen."""
    linux: Prose
    """Effect on Linux."""
    advice: Prose
    """How to fix it."""
    details: Prose
    """Reasons, exceptions and the limits of the fix; or empty."""
    source: str
    """The rule's origin: a section of the specification, a file and function of Xen or Linux."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    counts: Counts
    """How many findings of each severity."""
    decoded: bool
    """Whether anything of the table could be decoded; if not, most rules find nothing."""
    rules_asked: Count
    not_asked: list[NotAsked]
    """Rules that could not be checked, by what is unknown; a rule may be under several."""
    findings: list[Finding]
    """The worst first, then in the order of the rules and of the table."""


class CheckDocument(TypedDict):
    """dmaragent check --json, version 1.

    What is wrong with a host's DMAR or IVRS table. 'answer' is equal on a host and on its recording;
    'origin' shows which one was read.
    """

    format: Literal["dmaragent.check"]
    version: Literal[1]
    origin: Annotated[PublishedHostOrigin, ("dependentRequired", PUBLISHED)]
    answer: Answer
