"""The words of the guest's configuration, and what is reserved by them."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange

MIB = 1 << 20
GIB = 1 << 30
FOUR_GIB = 4 * GIB


class Strategy(Enum):
    """Which of the host's regions are reserved: libxl_types.idl, ``rdm_reserve_strategy``."""

    IGNORE = "ignore"
    """Those of the guest's devices."""
    HOST = "host"
    """All."""


class Policy(Enum):
    """What happens on conflict: libxl_types.idl, ``rdm_reserve_policy``.

    Who builds a request has applied the defaults (guest: relaxed; device: strict), as far
    as the release does so by then.
    """

    STRICT = "strict"
    """The guest does not start."""
    RELAXED = "relaxed"
    """The region is not reserved, with a warning."""
    INVALID = "invalid"
    """Not set, and no default applied yet: the guest is never told of the region."""
    NEITHER = "neither"
    """A number that is no policy, from memory that was never written.

    libxl takes it for relaxed when it builds the guest, and refuses to add a device with it.
    """


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device of the guest's ``pci=`` list, and what the hypervisor lists for it.

    `regions` are in the hypervisor's order.  libxl asks before it knows what ``name=``
    stands for and asks for function 0 alone where ``*`` was given; `sbdf` is what it asks.
    """

    sbdf: SBDF
    regions: tuple[AddressRange, ...]
    policy: Policy


class Reservation(NamedTuple):
    """A region that the guest is to keep free of RAM, and whose policy it is under."""

    region: AddressRange
    policy: Policy
    decided_by: SBDF | None
    """The device whose policy it is; None for the guest's own."""
    from_host: bool
    """Whether strategy=host brought it in, not a device."""
