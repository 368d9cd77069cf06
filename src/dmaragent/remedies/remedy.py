"""A fix (remedy) for a guest, a device or a hotplug, and the order in which fixes are offered.

A fix is ranked by the harm that remains (:class:`~dmaragent.policy.decisions.Harm`), then by its
cost (:class:`Cost`), then by the number of remaining warnings. So a fix with which DMA can
overwrite guest RAM never comes before one without that risk, whatever either costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple, TypeVar

from dmaragent.addresses import AddressRange
from dmaragent.policy.decisions import Harm, ResidualRisk, Verdict
from dmaragent.remedies import words

_BRIEF = 72


class Cost(IntEnum):
    """The cost of a fix; a higher value is worse."""

    NEEDED = 0
    """A prerequisite: it must be done before any other fix works."""
    NOTHING = 1
    """A spelling, a setting that causes a refusal, guest RAM at another address."""
    MEMORY = 2
    """The guest has less memory, or uses all of it from the start."""
    RESTART = 3
    """The guest must be created again."""
    DEVICE = 4
    """The guest gets another device than the requested one."""
    RESERVATION = 5
    """Regions of devices that the guest does not have are no longer reserved."""
    FIRMWARE = 6
    """The device loses what the firmware's region was for."""
    POLICY = 7
    """A check of Xen, libxl or Linux no longer stops the device."""


class Rank(NamedTuple):
    """The place of a fix among others: smaller comes first."""

    harm: Harm
    cost: Cost
    warnings: int = 0
    """The number of warnings that remain."""

    @property
    def left(self) -> ResidualRisk:
        """The risk that remains, whatever the cost is."""
        return ResidualRisk(self.harm, self.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change that works; the classes below add details for guests and devices."""

    lines: tuple[str, ...] = ()
    """Lines to write or commands to run, ready for pasting and quoted for their target."""

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        raise NotImplementedError


AnyRemedy = TypeVar("AnyRemedy", bound=Remedy)


def ranked(remedies: Iterable[AnyRemedy]) -> tuple[AnyRemedy, ...]:
    """Return `remedies` with the best first; those with one rank keep their order."""
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

    Its `lines` are the new lines of the configuration; if there are none, ``rdm=`` is to be
    removed.
    """

    kind: RemedyKind
    """The kind of change."""
    action: str
    """What to do and its effect, in the imperative."""
    verdict: Verdict
    """The verdict when it was tried.  Not STARTS: it ends only the first refusal."""
    warnings: int = 0
    """The number of warnings that remain with it."""
    harm: Harm = Harm.NONE
    """The worst harm of those warnings."""
    exposed: tuple[AddressRange, ...] = ()
    """The regions that have that harm."""
    lost: str = ""
    """What the guest or the host loses; empty: nothing."""
    undo: str = ""
    """How to undo it."""

    @property
    def cost(self) -> str:
        """All of its cost: what is lost, and the check of Xen that a relaxed policy ends."""
        if self.kind is not RemedyKind.POLICY:
            return self.lost
        return words.joined(words.UNCHECKED, self.lost) if self.lost else words.UNCHECKED

    @property
    def risk(self) -> str:
        """What the guest or the host is exposed to with it; empty: nothing."""
        return words.risk_in(self.harm, self.exposed)

    @property
    def effect(self) -> str:
        """What to do and its effect, with its risk."""
        return words.with_risk(self.action, self.risk)

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return Rank(self.harm, _COSTS[self.kind], self.warnings)

    @property
    def brief(self) -> str:
        """The change in one line; a setting that is too long is only named."""
        if not self.lines:
            return words.REMOVE_RDM_IN_SHORT
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
    """The risk of a fix for a device: prerequisites first, then the safest."""

    NEEDED = "needed"
    """Not a fix: it must be done before any other."""
    SAFE = "safe"
    """Nothing is lost by it."""
    FIRMWARE = "firmware"
    """It changes what the firmware requires: the device loses the purpose of the region."""
    RISK = "risk"
    """The guest and the firmware then use the same memory; the text has the possible effects."""


_RANKS = {
    Safety.NEEDED: Rank(Harm.NONE, Cost.NEEDED),
    Safety.SAFE: Rank(Harm.NONE, Cost.NOTHING),
    Safety.FIRMWARE: Rank(Harm.NONE, Cost.FIRMWARE),
    Safety.RISK: Rank(Harm.CORRUPTION, Cost.POLICY),
}
_LAST = Rank(Harm.CORRUPTION, Cost.POLICY, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRemedy(Remedy):
    """A step for one device: a prerequisite or a fix.

    Those that change a guest's settings were tried with a sample guest; the others cannot be tried.
    """

    safety: Safety
    side: str
    """The side that it is for: ``Xen``, ``Linux``, or empty for both."""
    title: str
    explanation: str
    """Its effect, its limits and its risk."""
    where: str = ""
    """The target of the lines: ``xl.cfg``, ``a root shell``, ``exclude.dat``."""
    takes_device: bool = False
    """Whether the host loses the device, so that no host driver has it."""
    preparation: bool = False
    """Whether it only prepares the device, as for any device: not a fix of what blocks it."""
    brief: str = ""
    """What to do, for a list with one line each; empty: use the title."""
    cost: str = ""
    """Its cost or risk, for that list."""
    known_missing: bool = False
    """Whether it is a setting that a firmware of this board is known not to have: it comes last."""
    warning: str = ""
    """A warning to read first: data or access that the host loses; empty: none."""

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return _LAST if self.known_missing else _RANKS[self.safety]


# Hotplug --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HotplugRemedy(Remedy):
    """A way to attach a refused device, tried with the guest as it is or created again."""

    effect: str
    """What to do, with its risk."""
    left: ResidualRisk
    """The risk that remains: the worst harm, and the number of warnings."""
    cost: Cost

    @property
    def rank(self) -> Rank:
        """Its place among other remedies."""
        return Rank(self.left.harm, self.cost, self.left.warnings)
