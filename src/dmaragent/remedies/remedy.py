"""A remedy for a guest, a device or a hotplug, and the one order in which remedies are offered.

A remedy is ranked by what it leaves behind (:class:`~dmaragent.policy.decisions.Harm`), then by what
it costs (:class:`Cost`), then by the number of warnings that are left.  So a remedy that leaves
DMA in guest RAM never comes before one that does not, whatever either costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple, TypeVar

from dmaragent.policy.decisions import Harm, ResidualRisk, Verdict
from dmaragent.remedies import words

_BRIEF = 72


class Cost(IntEnum):
    """What a remedy takes away; a higher value is dearer."""

    NEEDED = 0
    """No choice: it must be done before anything else helps."""
    NOTHING = 1
    """A spelling, a setting that stands in the way, guest RAM at another address."""
    MEMORY = 2
    """The guest has less memory, or takes all of it from the start."""
    RESTART = 3
    """The guest is created anew."""
    DEVICE = 4
    """The guest gets another device than the one that was asked for."""
    RESERVATION = 5
    """Regions of devices that the guest does not have are no longer reserved."""
    FIRMWARE = 6
    """The device loses what the firmware's region was for."""
    POLICY = 7
    """A check of Xen, libxl or Linux no longer stops the device."""


class Rank(NamedTuple):
    """A remedy's place among others: smaller comes first."""

    harm: Harm
    cost: Cost
    warnings: int = 0
    """How many warnings are left with it."""

    @property
    def left(self) -> ResidualRisk:
        """What is left with it, whatever it costs."""
        return ResidualRisk(self.harm, self.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that helps; the classes below add what a guest's or a device's has besides."""

    lines: tuple[str, ...] = ()
    """What to write or to run, ready for pasting and quoted for its target."""

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        raise NotImplementedError


AnyRemedy = TypeVar("AnyRemedy", bound=Remedy)


def ranked(remedies: Iterable[AnyRemedy]) -> tuple[AnyRemedy, ...]:
    """Return `remedies` with the best first; those of one rank stay in their order."""
    return tuple(sorted(remedies, key=lambda remedy: remedy.rank))


# Guests ---------------------------------------------------------------------------------


class RemedyKind(Enum):
    """The kinds of change to a guest's configuration."""

    SPELLING = "spelling"
    SETTING = "setting"
    BOUNDARY = "boundary"
    MEMORY = "memory"
    VIRTUAL_FUNCTION = "virtual-function"
    STRATEGY = "strategy"
    POLICY = "policy"


_COSTS = {
    RemedyKind.SPELLING: Cost.NOTHING,
    RemedyKind.SETTING: Cost.NOTHING,
    RemedyKind.BOUNDARY: Cost.NOTHING,
    RemedyKind.MEMORY: Cost.MEMORY,
    RemedyKind.VIRTUAL_FUNCTION: Cost.DEVICE,
    RemedyKind.STRATEGY: Cost.RESERVATION,
    RemedyKind.POLICY: Cost.POLICY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRemedy(Remedy):
    """A change to a guest's configuration, tried by resolving the guest with it.

    Its `lines` are those of the configuration as they should be; none: ``rdm=`` is to be left out.
    """

    kind: RemedyKind
    effect: str
    """What to do and what it does, in the imperative."""
    verdict: Verdict
    """What was found when it was tried.  Not STARTS: it ends the first refusal alone."""
    warnings: int = 0
    """How many warnings are left with it."""
    harm: Harm = Harm.NONE
    """The worst that those warnings expose the guest or the host to."""
    cost: str = ""
    """What is lost by it; empty: nothing."""
    undo: str = ""
    """How to take it back."""

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return Rank(self.harm, _COSTS[self.kind], self.warnings)

    @property
    def brief(self) -> str:
        """The change in a line; what would be too long is named alone."""
        if not self.lines:
            return words.LEAVE_OUT_RDM_IN_SHORT
        settings = []
        for line in self.lines:
            name, equals, _ = line.partition("=")
            if len(line) <= _BRIEF and not line.endswith(","):
                settings.append(line.strip())
            elif equals and not line.startswith(" "):
                settings.append(f"{name.strip()} as below")
        return "; ".join(setting for setting in settings if not setting.startswith('"'))


# Devices --------------------------------------------------------------------------------


class Safety(Enum):
    """How far a remedy for a device can be trusted: what is needed first, then the safest."""

    NEEDED = "needed"
    """No remedy: what must be done before any other."""
    SAFE = "safe"
    """Nothing is lost by it."""
    FIRMWARE = "firmware"
    """It changes what the firmware asks for: the device loses what the region was for."""
    RISK = "risk"
    """It lets a guest and the firmware use the same memory; the text says what can happen."""


_RANKS = {
    Safety.NEEDED: Rank(Harm.NONE, Cost.NEEDED),
    Safety.SAFE: Rank(Harm.NONE, Cost.NOTHING),
    Safety.FIRMWARE: Rank(Harm.NONE, Cost.FIRMWARE),
    Safety.RISK: Rank(Harm.CORRUPTION, Cost.POLICY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemedy(Remedy):
    """What to do about one device: a step that is needed, or a remedy.

    Those that change a guest's settings were tried with a sample guest; the others cannot be.
    """

    safety: Safety
    side: str
    """Whom it is for: ``Xen``, ``Linux``, or empty for both."""
    title: str
    explanation: str
    """What it does, what it does not cover, and its risk."""
    where: str = ""
    """Where the lines go: ``xl.cfg``, ``a root shell``, ``exclude.dat``."""
    takes_device: bool = False
    """Whether it takes the device from the host, so that no driver of the host's has it."""
    preparation: bool = False
    """Whether it only prepares the device, as for any other: no fix of what blocks it."""
    brief: str = ""
    """What to do, for a list of one line each; empty: the title says it."""
    cost: str = ""
    """What is lost or risked by it, for that list."""
    warning: str = ""
    """What must be read first: data or access that the host loses; empty: nothing of the kind."""

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return _RANKS[self.safety]


# Hotplug --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HotplugRemedy(Remedy):
    """A way to attach a device that is refused, tried as the guest is or with it created anew."""

    effect: str
    """What to do, with its risk."""
    left: ResidualRisk
    """What is left with it: the worst harm, and how many warnings."""
    cost: Cost

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return Rank(self.left.harm, self.cost, self.left.warnings)
