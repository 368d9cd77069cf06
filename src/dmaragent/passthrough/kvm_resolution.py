"""The resolution of a KVM guest, as ``passthrough/kvm.py`` returns it."""

from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.guests.kvm_guest import GuestFormat, KvmDevice, KvmGuest
from dmaragent.guests.qemu_memory import GuestRam
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Resolution


class AssignedFunction(NamedTuple):
    """One function of the host that is assigned to a guest, with its verdict."""

    device: KvmDevice
    """The setting that assigns it."""
    sbdf: SBDF
    """Its address."""
    verdict: Verdict
    """Whether the guest starts with it."""
    prerequisite: str = ""
    """The step that must be done before the guest can start; or empty."""


class RegionsSource(Enum):
    """Where the reserved regions of a host come from."""

    KERNEL = "kernel"
    """Linux publishes those of the devices' IOMMU groups."""
    PREDICTED = "predicted"
    """They are predicted from the firmware's table."""
    NONE = "none"
    """None is known, neither from a table nor from Linux."""


class KvmResolution(NamedTuple):
    """Whether a KVM guest starts, and why."""

    guest: KvmGuest
    """As written."""
    host: HostFacts
    """The PCI functions of the host."""
    kernel: str | None
    """The host's kernel release."""
    regions_source: RegionsSource
    """Where the reserved regions that decide come from."""
    verdict: Verdict
    """Whether it starts."""
    reasons: tuple[Decision, ...]
    """The reasons, the most important first; if the guest starts, the warnings."""
    functions: tuple[AssignedFunction, ...]
    """The assigned functions, each with its own verdict."""
    ram: tuple[GuestRam, ...]
    """The possible layouts of guest RAM; empty: unknown."""

    @property
    def prerequisites(self) -> tuple[str, ...]:
        """The steps that must be done before it can start."""
        steps = (function.prerequisite for function in self.functions)
        return tuple(dict.fromkeys(filter(None, steps)))

    @property
    def devices(self) -> tuple[SBDF, ...]:
        """The assigned functions."""
        return tuple(function.sbdf for function in self.functions)


def format_words(guest: KvmGuest) -> str:
    """Return the program that starts the guest: libvirt or Proxmox."""
    return "libvirt" if guest.format is GuestFormat.LIBVIRT else "Proxmox"


AnyResolution = Resolution | KvmResolution
"""The resolution of a Xen guest or of a KVM guest."""
