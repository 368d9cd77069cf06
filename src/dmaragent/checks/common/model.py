"""What a firmware finding is: a rule, what it found, the evidence.

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
    """How bad a finding is; the worst first."""

    CRITICAL = "critical"
    """All passthrough of the host is concerned: a hypervisor switches its IOMMU off, or the
    table cannot be trusted."""
    ERROR = "error"
    """A region or a device does not get what the firmware meant for it."""
    WARNING = "warning"
    """The table is wrong or unwise, and what comes of it depends on release or guest."""
    INFO = "info"
    """Not wrong, or harmless; it explains what is seen elsewhere."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Evidence(NamedTuple):
    """Where in the table a finding stands: bytes as they are there, and what they say."""

    offset: int
    """In bytes from the start of the table."""
    data: bytes
    field: str
    """The specification's name of what stands there, with its structure: ``RMRR base_address``."""
    value: str
    """What the bytes say, in the field's own terms."""


class Hit(NamedTuple):
    """One thing that a rule found."""

    message: str
    """What is wrong, a sentence with the addresses and numbers in it."""
    subject: str
    """What it is about, by its own facts, never by its place in the table: the same in two
    tables that have the same fault.  ``0x3c000000-0x3c0fffff``, ``DRHD 0xfed90000``."""
    evidence: tuple[Evidence, ...] = ()
    region: int | None = None
    """The region it is about, from 1 in table order."""
    device: SBDF | None = None
    """The device it is about."""
    xen: str = ""
    """What comes of this case on Xen, where that is not what the rule says."""
    linux: str = ""
    """Likewise on Linux."""
    severity: Severity | None = None
    """How bad this case is, where that is not what the rule says: a release that only warns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: stable id and severity, what it means, how it is found."""

    id: str
    severity: Severity
    title: str
    """What is wrong, in a few words without values."""
    xen: str
    """What comes of it on Xen, with the releases where they differ."""
    linux: str
    """What comes of it on Linux."""
    advice: str
    """What to do about it."""
    source: str
    """Where the rule comes from: specification section, Xen or Linux file and function."""
    needs: frozenset[Need]
    """What of a host must be known for the rule to be asked."""
    uses: frozenset[Need] = frozenset()
    """What else it looks at where it is known, so that it may find less or more without."""
    find: Callable[[Any], Iterable[Hit]]


class Finding(NamedTuple):
    """One hit of one rule."""

    rule: Rule
    hit: Hit

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.hit.severity or self.rule.severity

    @property
    def xen(self) -> str:
        """What comes of it on Xen."""
        return self.hit.xen or self.rule.xen

    @property
    def linux(self) -> str:
        """What comes of it on Linux."""
        return self.hit.linux or self.rule.linux

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same finding on another host or in another table."""
        return self.rule.id, self.hit.subject


class NotAsked(NamedTuple):
    """Rules that could not be asked, and what is not known."""

    need: Need
    rules: tuple[str, ...]
    """Their ids."""


class Checked(NamedTuple):
    """All findings on a host, worst first, and what could not be looked at."""

    findings: tuple[Finding, ...]
    decoded: bool
    """Whether anything of the table could be decoded; where not, most rules see nothing."""
    asked: int
    """How many rules were asked."""
    not_asked: tuple[NotAsked, ...]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of `severity`."""
        return sum(finding.severity is severity for finding in self.findings)
