"""What a guest says of reserved device memory: strategy, policy, and libxl's bounds of its settings."""

from enum import Enum

MIB = 1 << 20
GIB = 1 << 30
FOUR_GIB = 4 * GIB
DEFAULT_BOUNDARY = 2048 * MIB
"""``rdm_mem_boundary`` where it is not set: libxl.h, LIBXL_RDM_MEM_BOUNDARY_MEMKB_DEFAULT."""
SMALLEST_HOLE = 256 * MIB
"""The least MMIO hole below 4 GiB of an HVM guest: HVM_BELOW_4G_MMIO_LENGTH."""


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
