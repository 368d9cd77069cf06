"""Verdicts on passing one device through: of each side, with its cases, and by toolstack."""

from enum import Enum
from typing import NamedTuple

from dmaragent.policy.decisions import SourceRule


class Can(Enum):
    """Whether a device can be passed through."""

    YES = "yes"
    CONDITIONS = "on-conditions"
    """It depends: on the policy, the guest's memory, the kernel, the group."""
    NO = "no"
    UNKNOWN = "unknown"
    """Something that decides is unknown; the explanation names it."""
    NOT_APPLICABLE = "not-applicable"
    """This side does not decide on this host: Linux below Xen, Xen if it does not run."""


class CaseKind(Enum):
    """What a case of a verdict is about, for whoever decides by it; its title is for people."""

    STRICT = "strict"
    """A guest whose policy is strict."""
    RELAXED = "relaxed"
    """A guest whose policy is relaxed."""
    UNCHECKED = "unchecked"
    """A kernel that gives the device away without a look at its regions: DMA of the firmware can
    then overwrite guest RAM."""
    OPTION = "option"
    """The kernel option ``relax_rmrr``."""
    GROUP = "group"
    """The rest of the IOMMU group."""
    VIRTUAL_FUNCTIONS = "virtual-functions"
    """Virtual functions of the device that exist."""
    OTHER = "other"


class Case(NamedTuple):
    """One case of a verdict: a policy, a release, a group."""

    title: str
    """The case, in a few words: ``strict``, ``relaxed``, ``hotplug``, ``Linux 6.6 and later``."""
    can: Can
    explanation: str
    """What happens and why, a sentence or two."""
    kind: CaseKind = CaseKind.OTHER
    summary: str = ""
    """The reason in a few words, for a table; of CONDITIONS the condition, which begins with "if"."""
    risk: bool = False
    """Whether a device, firmware or a guest can overwrite or read memory of others then."""
    rule: SourceRule | None = None
    """The rule that decides."""
    releases: str = ""
    """The releases it applies to, in words; empty: all that have passthrough."""
    message: str = ""
    """What the kernel, Xen or a tool prints then; empty if it prints nothing."""


class PlatformVerdict(NamedTuple):
    """The verdict of one side, Xen or Linux."""

    can: Can
    explanation: str
    """The reason; of CONDITIONS without a risk the condition, which begins with "if"."""
    risk: bool = False
    """Whether the device is allowed with a risk only."""
    cases: tuple[Case, ...] = ()


class ToolstackPolicy(NamedTuple):
    """The policy that a device gets under one toolstack by default, and how to set it."""

    toolstack: str
    policy: str
    """strict or relaxed."""
    can: Can
    """The verdict on this device with that policy."""
    explanation: str
    """How to set another policy, and what else applies."""
    summary: str = ""
    """Of CONDITIONS the condition, which begins with "if"."""
    risk: bool = False
    """Whether the device is allowed with a risk only."""
