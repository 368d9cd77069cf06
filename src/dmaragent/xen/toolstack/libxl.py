"""The behaviour of xl and its libraries for a guest's reserved device memory, by release.

libxlutil reads the configuration, xl assembles the settings, libxl builds the guest. The
toolstack's release decides the layout. The hypervisor's release, which may differ, decides
acceptance and assignment (``xen/hypervisor/behaviour.py``).
"""

from typing import NamedTuple

from dmaragent.releases import Release


class LibxlBehaviour(NamedTuple):
    """Differences between releases of libxl that matter for a guest's layout."""

    name: str
    first: tuple[int, int]
    """The first release with this behaviour."""
    reserves_every_region: bool = False
    """Whether all regions of a listed device are reserved, not its first alone: 3bdb073643, 4.14."""
    rounds_with_hap: bool = False
    """Whether low RAM ends at a multiple of 2 MiB if the guest has HAP: 5f29f34981, 4.14."""
    leaves_unused_high: bool = False
    """Whether a guest without RAM above 4 GiB keeps an end of high RAM of 0: 3840e98f3e, 4.14.

    Older releases set it to 4 GiB once they looked for regions. The empty range creates no entry of
    the memory map (libxl_x86.c, ``libxl__arch_domain_construct_memmap``), but conflicts with a
    region across 4 GiB.
    """
    settles_device_policy: bool = False
    """Whether an unset policy of a device becomes strict before libxl checks its regions.

    Older releases (libxl_dm.c, ``libxl__domain_device_construct_rdm``, seen in 4.6 and in 4.13's)
    call ``libxl__device_pci_setdefault`` only when the device is added. Until then the policy is
    "invalid", which hides the region from the guest and is not strict.
    """


LIBXL_ERAS = (
    LibxlBehaviour(name="libxl 4.6 to 4.13", first=(4, 6)),
    LibxlBehaviour(
        name="libxl 4.14 and later",
        first=(4, 14),
        reserves_every_region=True,
        rounds_with_hap=True,
        leaves_unused_high=True,
        settles_device_policy=True,
    ),
)
"""The behaviours, oldest first."""


class LibxluBehaviour(NamedTuple):
    """Differences between releases of libxlutil's parsers: libxlu_pci.c, ``xlu_rdm_parse``."""

    name: str
    first: tuple[int, int]
    """The first release with this behaviour."""
    rdm_in_fixed_order: bool = False
    """Whether ``rdm=`` needs strategy and then policy, each once; up to 4.13."""
    rdm_takes_policy_wrongly: bool = False
    """Whether a known policy makes ``rdm=`` fail and an unknown one is ignored: bdc0799fe2, 4.15.
    ``libxl_rdm_reserve_policy_from_string`` returns 0 on success, which counts as a failure."""
    pci_strictly: bool = False
    """Whether an unknown key of ``pci=`` is an error and ``name=`` is known: bdc0799fe2, 4.15."""
    star_aborts: bool | None = None
    """For older ones: whether function ``*`` fails an assertion; None: by the point release.
    Otherwise the function stays uninitialized.  See :data:`_STAR_ABORTS`."""


LIBXLU_ERAS = (
    LibxluBehaviour(name="libxlutil 4.6 to 4.13", first=(4, 6), rdm_in_fixed_order=True),
    LibxluBehaviour(name="libxlutil 4.14", first=(4, 14)),
    LibxluBehaviour(
        name="libxlutil 4.15 and later",
        first=(4, 15),
        rdm_takes_policy_wrongly=True,
        pci_strictly=True,
    ),
)
"""The behaviours, oldest first."""


class XlcfgBehaviour(NamedTuple):
    """Differences between releases of libxlutil in reading a whole file: libxlu_cfg.c.

    Compared at the tag of every point release from 4.6.0 to 4.22.0: no other change in the lexer,
    the grammar or libxlu_cfg.c makes a difference.
    """

    first: tuple[int, int]
    """The first release with this behaviour."""
    drops_unknown_escapes: bool = False
    """Whether a backslash before any other character is dropped with it: until cf1416a6e8, 4.7."""
    adds: bool = True
    """Whether ``+=`` is read: a30910bfd7, 4.13.  Older xl refuses the file."""


XLCFG_ERAS = (
    XlcfgBehaviour(first=(4, 6), drops_unknown_escapes=True, adds=False),
    XlcfgBehaviour(first=(4, 7), adds=False),
    XlcfgBehaviour(first=(4, 13)),
)
"""The behaviours, oldest first."""


class ToolstackBehaviour(NamedTuple):
    """The behaviour of one release of xl, libxlutil and libxl together."""

    parser: LibxluBehaviour
    layout: LibxlBehaviour
    devices_inherit: bool
    """Whether a device begins with the policy of ``rdm=`` and the ``pci_*`` settings.

    Not if xl reads ``pci=`` first: xl_parse.c, ``parse_config_data``, from 4.13.0 (babde47a3f)
    until e45ad0b1b0 in 4.17.0, 4.16.1, 4.15.3 and 4.14.5; never fixed in 4.13.
    """
    name: str = ""
    """Its difference from the others of its series, or empty."""


FIRST_RELEASE = (4, 6)
"""The first release with reserved device memory in the guest's configuration."""
_MENDED = {13: None, 14: 5, 15: 3, 16: 1}
"""By minor release of 4.x: the point release in which devices inherit again."""
_STAR_ABORTS = {13: 3, 14: 1}
"""By minor release of 4.x: the point release with the assertion of d25cc3ec93 (libxlu_pci.c)."""


def toolstack_behaviours(release: Release) -> tuple[ToolstackBehaviour, ...]:
    """Return the possible behaviours of `release`: two if its point release decides.

    A release that is not modelled behaves as the nearest modelled one.
    """
    parser = next((e for e in reversed(LIBXLU_ERAS) if e.first <= release.series), LIBXLU_ERAS[0])
    parser = parser._replace(star_aborts=_star_aborts(release))
    layout = next((e for e in reversed(LIBXL_ERAS) if e.first <= release.series), LIBXL_ERAS[0])
    if release.major != 4 or release.minor not in _MENDED:
        return (ToolstackBehaviour(parser=parser, layout=layout, devices_inherit=True),)
    first = _MENDED[release.minor]
    before = ToolstackBehaviour(
        parser=parser,
        layout=layout,
        devices_inherit=False,
        name="" if first is None else f"before {release.major}.{release.minor}.{first}",
    )
    if first is None:
        return (before,)
    after = ToolstackBehaviour(
        parser=parser,
        layout=layout,
        devices_inherit=True,
        name=f"{release.major}.{release.minor}.{first} and later",
    )
    if release.least >= first:
        return (after,)
    return (before, after) if release.point is None else (before,)


def _star_aborts(release: Release) -> bool | None:
    """Return whether function ``*`` makes libxlutil of `release` abort; None: its point decides."""
    first = _STAR_ABORTS.get(release.minor) if release.major == 4 else None
    if first is None or release.least >= first:
        return first is not None
    return None if release.point is None else False
