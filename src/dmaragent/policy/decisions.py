"""A decision about a guest: what, by which program, why, by which rule."""

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange


class Verdict(Enum):
    """Whether a guest starts."""

    STARTS = "starts"
    REFUSED = "refused"
    """It does not start, or it stops before it runs."""
    UNDECIDED = "undecided"
    """Unknown; the reasons state why."""


class Effect(Enum):
    """The effect of one decision alone."""

    REFUSED = "refused"
    UNDECIDED = "undecided"
    WARNING = "warning"
    """The guest starts in spite of it."""


class Decider(Enum):
    """The program that decides."""

    XL = "xl"
    LIBXL = "libxl"
    XEN = "Xen"
    HVMLOADER = "hvmloader"
    LINUX = "Linux"
    """Its VFIO and IOMMU drivers, for a KVM guest."""
    LIBVIRT = "libvirt"
    PROXMOX = "Proxmox"
    QEMU = "QEMU"
    MANUAL = "the manual pages"
    """With ``--xen documented``."""
    DMARAGENT = "dmaragent"
    """No program: the decision is unknown."""


class Harm(IntEnum):
    """What a guest or its host is exposed to; a higher value is worse."""

    NONE = 0
    SHARED = 1
    """Devices of different owners can use the same memory by DMA."""
    HOST_MEMORY = 2
    """The guest reaches host memory at addresses of an emulated device."""
    CORRUPTION = 3
    """DMA of a device or of firmware can overwrite RAM of a guest or the host."""
    ALL_HOST_MEMORY = 4
    """DMA of a device is not restricted: it can overwrite all memory of the host."""


class ResidualRisk(NamedTuple):
    """The risk that remains for a guest or a device; a smaller value is better."""

    harm: Harm
    warnings: int


class SourceRule(NamedTuple):
    """A rule of Xen or its tools."""

    source: str
    """The file and function that contain it."""
    error: str = ""
    """The name of the error that it returns; or empty."""
    of_regions: bool = True
    """Whether it depends on regions, so that an unknown region could change its result."""


class Decision(NamedTuple):
    """One decision or warning with its reason; a guest can have thousands of them."""

    decider: Decider
    """The program that decides."""
    effect: Effect
    """Its effect on the guest."""
    reason: str
    """The reason in words."""
    rule: SourceRule | None = None
    """The rule in the program's source; None if there is none."""
    shown: str = ""
    """What Xen or a tool prints: the name of an error, or a message."""
    region: AddressRange | None = None
    """The reserved region that it is about."""
    device: SBDF | None = None
    """The device that it is about."""
    place: str = ""
    """The place in the configuration that causes it: ``FILE:LINE``, a path in JSON, or an option.
    """
    harm: Harm = Harm.NONE
    """What a warning exposes the guest or the host to."""


def residual_risk(warnings: tuple[Decision, ...]) -> ResidualRisk:
    """Return the risk of `warnings`: the worst harm among them, and their number."""
    return ResidualRisk(
        max((warning.harm for warning in warnings), default=Harm.NONE), len(warnings)
    )


def exposed_regions(warnings: Sequence[Decision]) -> tuple[AddressRange, ...]:
    """Return the regions that have the worst harm of `warnings`, each once."""
    worst = max((warning.harm for warning in warnings), default=Harm.NONE)
    if worst is Harm.NONE:
        return ()
    regions = (warning.region for warning in warnings if warning.harm is worst)
    return tuple(dict.fromkeys(region for region in regions if region is not None))


def stops_of(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the refusals, then the decisions that are unknown."""
    order = (Effect.REFUSED, Effect.UNDECIDED)
    return tuple(
        decision for effect in order for decision in decisions if decision.effect is effect
    )


def warnings_of(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the warnings."""
    return tuple(decision for decision in decisions if decision.effect is Effect.WARNING)


def verdict_of(decisions: tuple[Decision, ...]) -> Verdict:
    """Return the verdict of several decisions together."""
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
    """Return the decision that something is unknown, with the reason."""
    return Decision(
        decider=Decider.DMARAGENT,
        effect=Effect.UNDECIDED,
        reason=reason,
        **fields,  # type: ignore[arg-type]  # the fields of Decision
    )
