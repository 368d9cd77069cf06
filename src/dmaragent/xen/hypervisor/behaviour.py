"""How the Xen hypervisor treats reserved device memory, by release and point release.

Pure.  Fixes are backported, so a behaviour can appear and disappear several times in the order of
releases.  :data:`SPANS` lists the releases that have each one.  The source was read at every tag
from RELEASE-4.6.0 to RELEASE-4.22.0 and in master (c447b7308b).
"""

from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from dmaragent.releases import Release
from dmaragent.xen.hypervisor.release_spans import (
    END,
    FIRST_SERIES,
    NEWEST_RELEASE,
    ReleaseSpans,
    Spans,
    series_words,
)

__all__ = [
    "FIRST_SERIES",
    "NEWEST_RELEASE",
    "SPANS",
    "STEPS",
    "XenBehaviour",
    "behaviour_of",
    "behaviours_of",
    "looking_releases",
    "releases_words",
    "steps_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class XenBehaviour:
    """The behaviours for acceptance and assignment that differ between releases of Xen."""

    name: str = field(compare=False)
    rmrr_option: bool
    """Whether the ``rmrr=`` option exists: 431685e8de, 4.9.0."""
    looks_for_devices: bool
    """Whether an RMRR is ignored if none of its devices is present: ``register_one_rmrr``.

    Xen checks this only if ``pci_known_segment``, so only if ``acpi_mmcfg_init`` runs before the
    table is read.  dcf417903b (4.12.0) moved it there.  3950f2485bbc (4.17.0) reads the table
    earlier: a booted 4.17.7 lists such a region.  c292772b49 (4.21.0), 3f250a375f (4.19.4) and
    a98591e217 (4.20.2) run ``acpi_mmcfg_init`` first again: a booted 4.20.4 ignores the region.
    Before ``acpi_mmcfg_init``, Xen cannot read bridges in segments other than 0 either.
    """
    lists_empty_regions: bool
    """Whether a region without pages is listed, with 0 pages: common/memory.c,
    ``get_reserved_device_memory``, until 2209c36007 (4.16.0).  The copy of that function for a
    32-bit dom0, common/compat/memory.c, still lists it; this is not modelled."""
    checks_ends_alone: bool
    """Whether Xen checks only the first and the last page of a region before it warns.

    d6573bc6e6 (4.14.0) checks every page; so do f9e2a60b39 (4.11.4), 30acb65fad (4.12.3) and
    994ff5160d (4.13.1).
    """
    accepts_acpi_memory: bool
    """Whether Xen gives no warning for a region that is all in ACPI or all in NVS memory:
    5657d67657 (4.14.0) to 4.18."""
    ram_disables_vtd: bool
    """Whether an RMRR in RAM switches VT-d off; before, Xen only warns: a185f88e98, 4.19.0."""
    satc_parsed: bool
    """Whether SATC structures are parsed, so that a malformed one switches VT-d off:
    b5996ab284, 4.19.0."""
    limits_units: bool
    """Whether more than 32 remapping units switch VT-d off: vtd/iommu.c, ``iommu_alloc``, until
    27713fa2aa (4.16.0)."""
    takes_33_units: bool
    """Whether the limit is 33 instead: until 231237c12b (4.13.4), 0c4caea34a (4.14.2)."""
    lists_console: bool
    """Whether the pages of the XHCI debug console are listed: 2d9b369913, 4.17.0."""
    console_page_more: bool
    """Whether one page too many is listed for it: until aa07351362 (4.19.5), 1aaa2a0097 (4.20.3),
    615199f05b (4.21.1), d41501fcf6 (4.22.0)."""
    keeps_bridged: bool
    """Whether a conventional PCI device behind a bridge that has a region cannot change its owner.

    vtd/iommu.c, ``domain_context_mapping``, EOPNOTSUPP; XSA-400: 235aa158e0 (4.13.5),
    8a9a21b1ad (4.14.5), d67a72c655 (4.15.3), e579153bfe (4.16.1), 8f41e481b4 (4.17.0).
    """

    @property
    def for_guests(self) -> object:
        """The behaviours that can decide about a guest, by the list or by device assignment."""
        return (
            self.looks_for_devices,
            self.lists_empty_regions,
            self.ram_disables_vtd,
            self.satc_parsed,
            self.most_units,
            self.keeps_bridged,
        )

    @property
    def most_units(self) -> int | None:
        """The largest number of remapping units with which VT-d stays on; None: no limit."""
        if not self.limits_units:
            return None
        return 33 if self.takes_33_units else 32


SPANS: Spans = MappingProxyType(
    {
        "rmrr_option": (((4, 9, 0), END),),
        "looks_for_devices": (
            ((4, 12, 0), (4, 17, 0)),
            ((4, 19, 4), (4, 20, 0)),
            ((4, 20, 2), END),
        ),
        "lists_empty_regions": (((4, 6, 0), (4, 16, 0)),),
        "checks_ends_alone": (
            ((4, 6, 0), (4, 11, 4)),
            ((4, 12, 0), (4, 12, 3)),
            ((4, 13, 0), (4, 13, 1)),
        ),
        "accepts_acpi_memory": (((4, 14, 0), (4, 19, 0)),),
        "ram_disables_vtd": (((4, 19, 0), END),),
        "satc_parsed": (((4, 19, 0), END),),
        "limits_units": (((4, 6, 0), (4, 16, 0)),),
        "takes_33_units": (((4, 6, 0), (4, 13, 4)), ((4, 14, 0), (4, 14, 2))),
        "lists_console": (((4, 17, 0), END),),
        "console_page_more": (
            ((4, 17, 0), (4, 19, 5)),
            ((4, 20, 0), (4, 20, 3)),
            ((4, 21, 0), (4, 21, 1)),
        ),
        "keeps_bridged": (
            ((4, 13, 5), (4, 14, 0)),
            ((4, 14, 5), (4, 15, 0)),
            ((4, 15, 3), (4, 16, 0)),
            ((4, 16, 1), END),
        ),
    }
)
"""By field of :class:`XenBehaviour`: spans from the first release with it to the next without."""


_RELEASES = ReleaseSpans(SPANS)
STEPS = _RELEASES.steps
"""The first release of each run of releases that behave alike, oldest first, no run crossing a
series."""
steps_of = _RELEASES.steps_of
releases_words = _RELEASES.words


@lru_cache(maxsize=256)
def behaviour_of(release: Release | None) -> XenBehaviour:
    """Return the behaviour of `release`; without a point release, of the last one of its series."""
    step = steps_of(release)[-1]
    name = f"Xen {release or series_words(step)}"
    return XenBehaviour(name=name, **_RELEASES.behaviours_at(step))


@lru_cache(maxsize=256)
def behaviours_of(release: Release | None) -> tuple[XenBehaviour, ...]:
    """Return the different behaviours that `release` may have, oldest first."""
    return tuple(dict.fromkeys(behaviour_of(step) for step in steps_of(release)))


def looking_releases(release: Release | None = None) -> tuple[str, str]:
    """Return, as text, the releases that ignore a region without devices, and those that do not.

    The result covers the releases that `release` may be; without it, all.
    """
    steps = STEPS if release is None else steps_of(release)
    looking = [step for step in steps if behaviour_of(step).looks_for_devices]
    return releases_words(looking), releases_words([step for step in steps if step not in looking])
