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
    """What would be needed to say it is not known; the text says what."""
    NOT_APPLICABLE = "not-applicable"
    """This side does not decide on this host: Linux below Xen, Xen where it does not run."""


class Case(NamedTuple):
    """One case of a verdict: a policy, a release, a group."""

    title: str
    """The case, in a few words: ``strict``, ``relaxed``, ``hotplug``, ``Linux 6.6 and later``."""
    can: Can
    explanation: str
    """What happens and why, a sentence or two."""
    rule: SourceRule | None = None
    """The rule that gives it."""
    releases: str = ""
    """The releases it applies to, in words; empty: all that have passthrough."""
    message: str = ""
    """What the kernel, Xen or a tool prints then; empty where it prints nothing."""


class PlatformVerdict(NamedTuple):
    """The verdict of one side, Xen or Linux."""

    can: Can
    explanation: str
    """The verdict in one sentence, with its reason."""
    cases: tuple[Case, ...] = ()


class ToolstackPolicy(NamedTuple):
    """The policy that a device gets under one toolstack by default, and how to set it."""

    toolstack: str
    policy: str
    """strict or relaxed."""
    can: Can
    """What comes of it for this device."""
    explanation: str
    """How to set another one, and what else is to be known."""
