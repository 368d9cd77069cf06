"""The resolution of a KVM guest: the value that ``passthrough/kvm.py`` returns."""

from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.guests.kvm_guest import GuestFormat, KvmDevice, KvmGuest
from dmaragent.guests.qemu_memory import GuestRam
from dmaragent.policy.decisions import Decision, Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Resolution


class AssignedFunction(NamedTuple):
    """One function of the host that a guest is given, and whether it can be."""

    device: KvmDevice
    """The setting that assigns it."""
    sbdf: SBDF
    verdict: Verdict


class KvmResolution(NamedTuple):
    """Whether a KVM guest starts, and why."""

    guest: KvmGuest
    """As written."""
    host: HostFacts
    """The PCI functions of the host."""
    kernel: str | None
    """The host's kernel release."""
    by_kernel: bool
    """Whether Linux itself names the reserved regions that decided."""
    verdict: Verdict
    """Whether it starts."""
    reasons: tuple[Decision, ...]
    """Why, the first before the others; of a guest that starts, its warnings."""
    functions: tuple[AssignedFunction, ...]
    """The functions that it is given, each with its own verdict."""
    ram: tuple[GuestRam, ...]
    """Where the guest's RAM may be; empty: unknown."""
    prerequisites: tuple[str, ...]
    """What must be done before it can start."""

    @property
    def devices(self) -> tuple[SBDF, ...]:
        """The functions that it is given."""
        return tuple(function.sbdf for function in self.functions)


def format_words(guest: KvmGuest) -> str:
    """Return who starts the guest: libvirt or Proxmox."""
    return "libvirt" if guest.format is GuestFormat.LIBVIRT else "Proxmox"


AnyResolution = Resolution | KvmResolution
"""What becomes of a guest: of a Xen guest, or of a KVM guest."""
