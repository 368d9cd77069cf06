"""A decision about a guest: what, by whom, why, by which rule."""

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange


class Verdict(Enum):
    """What becomes of a guest."""

    STARTS = "starts"
    REFUSED = "refused"
    """It does not start, or not to the point where it runs."""
    UNDECIDED = "undecided"
    """It cannot be said; the reason says why."""


class Effect(Enum):
    """What comes of one decision alone."""

    REFUSED = "refused"
    UNDECIDED = "undecided"
    WARNING = "warning"
    """It stops nothing."""


class Decider(Enum):
    """Who decides."""

    XL = "xl"
    LIBXL = "libxl"
    XEN = "Xen"
    HVMLOADER = "hvmloader"
    LINUX = "Linux"
    """Its VFIO and IOMMU drivers, for a KVM guest."""
    PROXMOX = "Proxmox"
    QEMU = "QEMU"
    MANUAL = "the manual pages"
    """Asked for with --xen documented."""
    DMARAGENT = "dmaragent"
    """Nobody: what would be needed to say it is not known."""


class Harm(IntEnum):
    """What a guest or its host is left exposed to; a higher value is worse."""

    NONE = 0
    SHARED = 1
    """Devices of different owners can use the same memory by DMA."""
    HOST_MEMORY = 2
    """The guest reaches memory of the host where it expects an emulated device."""
    CORRUPTION = 3
    """DMA of a device or of firmware can overwrite RAM that a guest or the host uses."""


class ResidualRisk(NamedTuple):
    """What is still held against a guest or a device: smaller is better."""

    harm: Harm
    warnings: int


class SourceRule(NamedTuple):
    """A rule of Xen or its tools."""

    source: str
    """The file and function that it stands in."""
    error: str = ""
    """The error that it gives, by name; or empty."""
    of_regions: bool = True
    """Whether it is about regions, so that one that is not known could change its answer."""


class Decision(NamedTuple):
    """One decision or warning, with its reason; thousands of them are made for one guest."""

    decider: Decider
    effect: Effect
    reason: str
    rule: SourceRule | None = None
    shown: str = ""
    """What Xen or a tool says of it: an error's name, a message."""
    region: AddressRange | None = None
    device: SBDF | None = None
    place: str = ""
    """Where in the configuration it comes from, if it does."""
    harm: Harm = Harm.NONE
    """What a warning exposes the guest or the host to."""


def residual_risk(warnings: tuple[Decision, ...]) -> ResidualRisk:
    """Return what `warnings` leave behind: the worst harm among them, and their number."""
    return ResidualRisk(
        max((warning.harm for warning in warnings), default=Harm.NONE), len(warnings)
    )


def stops_of(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return what refuses a guest or leaves it undecided, refusals first."""
    order = (Effect.REFUSED, Effect.UNDECIDED)
    return tuple(
        decision for effect in order for decision in decisions if decision.effect is effect
    )


def warnings_of(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the decisions that stop nothing."""
    return tuple(decision for decision in decisions if decision.effect is Effect.WARNING)


def verdict_of(decisions: tuple[Decision, ...]) -> Verdict:
    """Return what several decisions come to together."""
    effects = {decision.effect for decision in decisions}
    if Effect.REFUSED in effects:
        return Verdict.REFUSED
    return Verdict.UNDECIDED if Effect.UNDECIDED in effects else Verdict.STARTS


def refused(decider: Decider, reason: str, rule: SourceRule) -> Decision:
    """Return the decision that `rule` refuses, with its error."""
    return Decision(
        decider=decider, effect=Effect.REFUSED, reason=reason, rule=rule, shown=rule.error
    )


def undecided(reason: str, **fields: object) -> Decision:
    """Return the decision that something is unknown, and why."""
    return Decision(
        decider=Decider.DMARAGENT,
        effect=Effect.UNDECIDED,
        reason=reason,
        **fields,  # type: ignore[arg-type]  # the fields of Decision
    )
