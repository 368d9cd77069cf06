"""What is said of passing one device through: two sides, each with its cases, and what helps."""

from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of a verdict: a policy, a release, a group."""

    title: str
    """The case, in a few words: ``strict``, ``relaxed``, ``hotplug``, ``Linux 6.6 and later``."""
    can: Can
    said: str
    """What happens and why, a sentence or two."""
    rule: SourceRule | None = None
    """The rule that gives it."""
    releases: str = ""
    """The releases it applies to, in words; empty: all that have passthrough."""
    message: str = ""
    """What the kernel, Xen or a tool prints then; empty where it prints nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformVerdict:
    """The verdict of one side, Xen or Linux."""

    can: Can
    said: str
    """The verdict in one sentence, with its reason."""
    cases: tuple[Case, ...] = ()


class Safety(Enum):
    """How far a step can be trusted: what is needed first, then the safest."""

    NEEDED = "needed"
    """No remedy: what must be done before any other; the text says what the host loses."""
    SAFE = "safe"
    """Nothing is lost by it."""
    FIRMWARE = "firmware"
    """It changes what the firmware asks for: the device loses what the region was for."""
    RISK = "risk"
    """It lets a guest and the firmware use the same memory; the text says what can happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One remedy: what to do, and ready lines to do it with."""

    safety: Safety
    side: str
    """Whom it is for: ``Xen``, ``Linux``, or empty for both."""
    title: str
    said: str
    """What it does, what it does not cover, and its risk."""
    lines: tuple[str, ...] = ()
    """Ready for pasting, quoted for their target."""
    where: str = ""
    """Where the lines go: ``xl.cfg``, ``a root shell``, ``exclude.dat``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolstackPolicy:
    """The policy a device gets under one toolstack, where nothing is said, and how to say it."""

    toolstack: str
    policy: str
    """strict or relaxed."""
    can: Can
    """What comes of it for this device."""
    said: str
    """How to say another one, and what else is to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One device's whole story, beyond the facts that the inventory has of it."""

    sbdf: SBDF
    xen: PlatformVerdict
    linux: PlatformVerdict
    decides: tuple[str, ...]
    """Who decides on this host: ``xen``, ``linux``, or both where it is not known."""
    steps: tuple[Step, ...]
    """What helps, the safest first."""
    toolstacks: tuple[ToolstackPolicy, ...]
    notes: tuple[str, ...] = ()
    """What else is to be known: options of this host that do nothing, devices that go with it."""

    @property
    def deciding(self) -> tuple[PlatformVerdict, ...]:
        """The verdicts of whoever decides on this host."""
        sides = {"xen": self.xen, "linux": self.linux}
        return tuple(sides[one] for one in self.decides)
