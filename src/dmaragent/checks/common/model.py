"""The model of a firmware finding: a rule, what it found, the evidence.

A rule is one plain function from :class:`~dmaragent.checks.common.facts.CheckFacts` to hits, made a
:class:`Rule` by the decorator ``rule`` of ``checks/common/rules.py``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.checks.common.facts import Need


class Severity(Enum):
    """How bad a finding is, the worst first."""

    CRITICAL = "critical"
    """It affects every passthrough of the host: a hypervisor switches its IOMMU off, or the table
    cannot be trusted."""
    ERROR = "error"
    """A region or a device does not work as the firmware intended."""
    WARNING = "warning"
    """The table is wrong or unwise; the effect depends on the release or the guest."""
    INFO = "info"
    """Correct or harmless; it explains what other programs show."""

    @property
    def rank(self) -> int:
        """The place in the order of severities: 0 for the worst."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Evidence(NamedTuple):
    """The bytes of the table that a finding is based on, and their meaning."""

    offset: int
    """Bytes from the start of the table."""
    data: bytes
    field: str
    """The specification's name of the field, with its structure: ``RMRR base_address``."""
    value: str
    """The value of the bytes, in the field's own terms."""


class Hit(NamedTuple):
    """One thing that a rule found."""

    message: str
    """What is wrong: a sentence with its addresses and numbers."""
    subject: str
    """What it is about, by its own facts and never by its place in the table.  Two tables with the
    same fault have the same subject: ``0x3c000000-0x3c0fffff``, ``DRHD 0xfed90000``."""
    evidence: tuple[Evidence, ...] = ()
    region: int | None = None
    """The region it is about, from 1 in table order."""
    device: SBDF | None = None
    """The device it is about."""
    xen: str = ""
    """The effect of this case on Xen, if it is not the rule's."""
    linux: str = ""
    """The effect of this case on Linux, if it is not the rule's."""
    severity: Severity | None = None
    """The severity of this case, if it is not the rule's: a release that only warns."""
    advice: str = ""
    """What to do in this case, if it is not the rule's advice."""
    brief: str = ""
    """The message without its lists and quotations; empty if the message is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its stable id and severity, what it means, and the function that finds it.

    The title, the effects and the advice are short: together with a hit they fill at most six lines
    of 80 columns.
    """

    id: str
    severity: Severity
    title: str
    """What is wrong, in a few words without values."""
    xen: str
    """The effect on Xen, with the releases if they differ."""
    linux: str
    """The effect on Linux."""
    advice: str
    """How to fix it, with what the fix costs."""
    source: str
    """The rule's origin: a section of the specification, a file and function of Xen or Linux."""
    needs: frozenset[Need]
    """What must be known of a host for the rule to run."""
    uses: frozenset[Need] = frozenset()
    """What else it uses if it is known: without it, the rule may find less or more."""
    details: str = ""
    """Further facts: reasons, exceptions, quotations, the limits of the fix."""
    advice_without_preboot: str = ""
    """The advice if the table shows that firmware did not use the IOMMU before boot; empty: `advice`."""
    find: Callable[[Any], Iterable[Hit]]


class Finding(NamedTuple):
    """One hit of one rule."""

    rule: Rule
    hit: Hit

    @property
    def severity(self) -> Severity:
        """The severity of this case."""
        return self.hit.severity or self.rule.severity

    @property
    def xen(self) -> str:
        """The effect on Xen."""
        return self.hit.xen or self.rule.xen

    @property
    def linux(self) -> str:
        """The effect on Linux."""
        return self.hit.linux or self.rule.linux

    @property
    def advice(self) -> str:
        """What to do."""
        return self.hit.advice or self.rule.advice

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the finding on another host or in another table."""
        return self.rule.id, self.hit.subject


class NotAsked(NamedTuple):
    """Rules that did not run, and what is unknown."""

    need: Need
    rules: tuple[str, ...]
    """Their ids."""


class Checked(NamedTuple):
    """All findings on a host, the worst first, and the rules that did not run."""

    findings: tuple[Finding, ...]
    decoded: bool
    """Whether any of the table could be decoded; if not, most rules find nothing."""
    asked: int
    """How many rules ran."""
    not_asked: tuple[NotAsked, ...]

    @property
    def skipped(self) -> int:
        """How many rules did not run."""
        return len({name for skipped in self.not_asked for name in skipped.rules})

    def count(self, severity: Severity) -> int:
        """Return the number of findings of `severity`."""
        return sum(finding.severity is severity for finding in self.findings)
