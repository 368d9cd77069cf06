"""The verdicts on one device: of Xen and of Linux, with their cases, and by toolstack."""

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
    """The subject of a case, for code; the title of the case is for people."""

    STRICT = "strict"
    """A guest whose policy is strict."""
    RELAXED = "relaxed"
    """A guest whose policy is relaxed."""
    UNCHECKED = "unchecked"
    """A kernel that passes the device through without checking its regions: firmware DMA can then
    overwrite guest RAM."""
    OPTION = "option"
    """The kernel option ``relax_rmrr``."""
    GROUP = "group"
    """The rest of the IOMMU group."""
    INTERRUPTS = "interrupts"
    """A kernel that does not remap interrupts."""
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
    """The reason in a few words, for a table; for CONDITIONS the condition, beginning with "if"."""
    risk: bool = False
    """Whether a device, firmware or a guest can then read or overwrite the memory of others."""
    rule: SourceRule | None = None
    """The rule that decides."""
    releases: str = ""
    """The releases it applies to, as text; empty: all releases with passthrough."""
    message: str = ""
    """The message that the kernel, Xen or a tool prints in this case; or empty."""


class PlatformVerdict(NamedTuple):
    """The verdict of one side, Xen or Linux."""

    can: Can
    explanation: str
    """The reason; for CONDITIONS without a risk the condition, beginning with "if"."""
    risk: bool = False
    """Whether the device is allowed only with a risk."""
    cases: tuple[Case, ...] = ()


class ToolstackPolicy(NamedTuple):
    """The default policy of a device with one toolstack, and how to set it."""

    toolstack: str
    policy: str
    """strict or relaxed."""
    can: Can
    """The verdict on this device with that policy."""
    explanation: str
    """How to set another policy, and what else applies."""
    summary: str = ""
    """For CONDITIONS the condition, beginning with "if"."""
    risk: bool = False
    """Whether the device is allowed only with a risk."""
