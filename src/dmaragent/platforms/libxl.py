"""How xl's libraries treat a guest's reserved device memory, by release of the toolstack.

libxlutil reads the configuration, libxl builds the guest.  Their release decides its layout; the hypervisor's, which may differ,
decides acceptance and assignment (xen_model.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LibxlBehaviour:
    """What matters for a guest's layout and changed between releases of libxl."""

    name: str
    first: tuple[int, int]
    """The first release that behaves so."""
    reserves_every_region: bool = False
    """Whether all regions of a listed device are reserved, not its first alone: 3bdb073643, 4.14."""
    rounds_with_hap: bool = False
    """Whether low RAM is cut at a multiple of 2 MiB where the guest has HAP: 5f29f34981, 4.14."""
    leaves_unused_high: bool = False
    """Whether a guest without RAM above 4 GiB keeps an end of high RAM of 0: 3840e98f3e, 4.14.

    Older ones set it to 4 GiB, an empty range, once they looked for regions at all.
    """


LIBXL_ERAS = (
    LibxlBehaviour(name="libxl 4.6 to 4.13", first=(4, 6)),
    LibxlBehaviour(
        name="libxl 4.14 and later",
        first=(4, 14),
        reserves_every_region=True,
        rounds_with_hap=True,
        leaves_unused_high=True,
    ),
)
"""The behaviours, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibxluBehaviour:
    """How libxlutil's parsers differ between releases: libxlu_pci.c, ``xlu_rdm_parse``."""

    name: str
    first: tuple[int, int]
    """The first release that behaves so."""
    rdm_in_fixed_order: bool = False
    """Whether ``rdm=`` needs strategy and then policy, each once; up to 4.13."""
    rdm_takes_policy_wrongly: bool = False
    """Whether a known policy makes ``rdm=`` fail and an unknown one is left out: bdc0799fe2, 4.15.

    ``libxl_rdm_reserve_policy_from_string`` gives 0 on success, which is taken for failure.
    """


LIBXLU_ERAS = (
    LibxluBehaviour(name="libxlutil 4.6 to 4.13", first=(4, 6), rdm_in_fixed_order=True),
    LibxluBehaviour(name="libxlutil 4.14", first=(4, 14)),
    LibxluBehaviour(name="libxlutil 4.15 and later", first=(4, 15), rdm_takes_policy_wrongly=True),
)
"""The behaviours, oldest first."""
