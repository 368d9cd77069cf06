"""What a toolstack makes of a guest's configuration: strategy, policies, devices.

Where xl goes on with memory it never wrote, several values are possible, and all are given.
"""

from dataclasses import dataclass, field
from enum import Enum

from dmaragent.addresses import SBDF
from dmaragent.guests.config import Complaint, GuestConfig, GuestType
from dmaragent.guests.pci_model import PciText, PolicyWord
from dmaragent.guests.rdm import Policy, Strategy


class Toolstack(Enum):
    """Who reads the configuration and builds the guest."""

    XL = "xl"
    LIBVIRT = "libvirt"
    """Its libxl driver builds with libxl and sets no policy at all."""
    QUBES = "qubes"
    """libvirt with a patch: no-strict-reset makes a device relaxed."""
    XAPI = "xapi"
    """Builds guests without libxl, by rules of its own (xenopsd, xenguest)."""


ANY_POLICY = (Policy.STRICT, Policy.RELAXED, Policy.INVALID, Policy.NEITHER)
"""What memory that was never written may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSetting:
    """A device of the guest; a policy of None is the guest's own, whatever that becomes."""

    number: int = 0
    """Its place in the guest's list, from 0."""
    place: str
    text: str
    pci: PciText
    policy: Policy | None
    explicit: bool
    """Whether the configuration says so; else it is inherited or a default."""

    @property
    def asked(self) -> SBDF:
        """What libxl asks Xen about before it knows what a name stands for."""
        return self.pci.sbdf or SBDF(0, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a toolstack makes of a configuration.  Several values: any of them is possible."""

    strategies: tuple[Strategy, ...] = (Strategy.IGNORE,)
    policies: tuple[Policy, ...] = (Policy.INVALID,)
    """The guest's own, as read; INVALID is unset, before the default."""
    devices: tuple[DeviceSetting, ...] = ()
    refusals: tuple[Complaint, ...] = ()
    """For what the toolstack refuses the configuration."""
    undefined: tuple[Complaint, ...] = ()
    """Where what it does cannot be said at all."""
    messages: tuple[Complaint, ...] = ()
    """What it reads otherwise than it stands there."""
    rdm_taken: bool = False
    """Whether it took ``rdm=``."""
    inherits: bool = True
    """Whether devices begin with what ``rdm=`` and the ``pci_*`` settings say."""
    ignored_settings: tuple[str, ...] = ()
    """What of the configuration is lost on the way, each in a few words."""


POLICY_OF = {
    PolicyWord.STRICT: Policy.STRICT,
    PolicyWord.RELAXED: Policy.RELAXED,
    PolicyWord.INVALID: Policy.INVALID,
}
"""The policy that each word of ``rdm_policy=`` stands for."""


@dataclass(slots=True)
class Gathered:
    """What is found while a configuration is read."""

    ignored_settings: list[str] = field(default_factory=list)
    refusals: list[Complaint] = field(default_factory=list)
    undefined: list[Complaint] = field(default_factory=list)
    messages: list[Complaint] = field(default_factory=list)


def refusals_of(guest: GuestConfig) -> list[Complaint]:
    """Give for what the configuration is refused, given the type that the guest has."""
    of_type = guest.hvm_refusals if guest.type is GuestType.HVM else ()
    return [*guest.type_refusals, *guest.refusals, *of_type]
