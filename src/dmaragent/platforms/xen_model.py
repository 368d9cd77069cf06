"""What is said of Xen's list of reserved device memory: behaviour by release, fates, prediction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF
from dmaragent.host.xen import RdmEntry
from dmaragent.platforms.xen_options import UserRange
from fwtables.constants import ScopeType

COUNTED_SCOPES = frozenset(ScopeType) - {ScopeType.ACPI_NAMESPACE_DEVICE}
"""The scope types that Xen counts as devices: vtd/dmar.c, ``scope_device_count``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XenBehaviour:
    """What matters for acceptance and changed between releases of the hypervisor."""

    name: str
    first: tuple[int, int]
    """The first release that behaves so."""
    rmrr_option: bool = False
    """Whether there is an ``rmrr=`` option: 431685e8de, 4.9."""
    ram_disables_vtd: bool = False
    """Whether an RMRR in RAM switches VT-d off and is not only warned of: a185f88e98, 4.19."""
    satc_parsed: bool = False
    """Whether SATC structures are parsed, so that a malformed one switches VT-d off: 4.19."""
    looks_for_devices: bool = False
    """Whether an RMRR none of whose devices answers is ignored.

    The code is as old as RMRRs, behind ``pci_known_segment``: it looks only where Xen has made
    its segments before it reads the table.  Sources of 4.8 read the table first
    (``acpi_boot_init``), 4.14's make the segments first (``acpi_mmcfg_init``); where in between
    that changed was not found: 4.13, which reads AMD's table there too, is taken.  3950f2485bbc,
    in 4.17, reads the table early again: seen on a running 4.17.7, which lists such a region.
    From 4.21 on ``__start_xen`` makes the segments before that: read in the patches, not seen.
    """


ERAS = (
    XenBehaviour(name="Xen 4.6 to 4.8", first=(4, 6)),
    XenBehaviour(name="Xen 4.9 to 4.12", first=(4, 9), rmrr_option=True),
    XenBehaviour(name="Xen 4.13 to 4.16", first=(4, 13), rmrr_option=True, looks_for_devices=True),
    XenBehaviour(name="Xen 4.17 and 4.18", first=(4, 17), rmrr_option=True),
    XenBehaviour(
        name="Xen 4.19 and 4.20",
        first=(4, 19),
        rmrr_option=True,
        ram_disables_vtd=True,
        satc_parsed=True,
    ),
    XenBehaviour(
        name="Xen 4.21 and 4.22",
        first=(4, 21),
        rmrr_option=True,
        ram_disables_vtd=True,
        satc_parsed=True,
        looks_for_devices=True,
    ),
)
"""The behaviours, oldest first."""
NEWEST_RELEASE = (4, 22)


class Fate(Enum):
    """What becomes of one RMRR."""

    LISTED = "listed"
    """It is on the hypervisor's list."""
    DISCARDED = "discarded"
    """It was accepted; then VT-d was switched off, and the list is empty."""
    DROPPED_NO_DEVICES = "dropped-no-devices"
    """No entry of its scope is one that Xen counts."""
    IGNORED_ABSENT = "ignored-absent"
    """No device of its scope answers."""
    STOPPED = "stopped"
    """The first device of its scope is 00:00.0, so it is never reported."""
    EMPTY_AFTER_ROUNDING = "empty-after-rounding"
    """Nothing is left of it in whole pages."""
    REFUSED = "refused"
    """This one switches VT-d off."""
    NOT_REACHED = "not-reached"
    """It comes after what switched VT-d off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionFate:
    """What becomes of the RMRR at `offset` of the table."""

    offset: int
    fate: Fate
    entry: RdmEntry | None
    """What Xen makes of it; None unless it is LISTED or DISCARDED."""
    reason: str
    """Why, in a sentence."""
    notes: tuple[str, ...] = ()
    """What else is to be known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XenPrediction:
    """The list that Xen has of a host's reserved device memory, and how it comes about."""

    behaviour: XenBehaviour
    vtd_disabled: str
    """Why VT-d is off, or empty."""
    entries: tuple[RdmEntry, ...]
    """In the hypervisor's order: the latest registered first; empty when VT-d is off."""
    fates: tuple[RegionFate, ...]
    """One for each RMRR, in table order; also for one too short to be read."""
    by_device: Mapping[SBDF, tuple[RdmEntry, ...]]
    """What Xen answers when asked for one device; devices of no entry are not in it."""
    options: tuple[UserRange, ...]
    """The ranges of the ``rmrr=`` option, in order of the command line."""
    notes: tuple[str, ...] = ()
    """What limits the prediction as a whole."""
    doubt: str = ""
    """Why it is unknown whether Xen switches VT-d off; or empty."""
    consulted: frozenset[str] = frozenset()
    """The fields of `behaviour` that decided about the regions of the table."""


def releases_words(eras: Iterable[XenBehaviour]) -> str:
    """Put the releases of `eras` into words: runs of eras that follow each other as one span."""
    runs: list[list[int]] = []
    for place in sorted(ERAS.index(era) for era in eras):
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    spans = []
    for first, last in runs:
        newer = ERAS[last + 1].first if last + 1 < len(ERAS) else None
        end = NEWEST_RELEASE if newer is None else (newer[0], newer[1] - 1)
        spans.append("{}.{} to {}.{}".format(*ERAS[first].first, *end))
    return "Xen " + " and ".join(spans)


def looking_releases() -> tuple[str, str]:
    """Give in words the releases that ignore a region without devices, and those that do not."""
    looking = [era for era in ERAS if era.looks_for_devices]
    return releases_words(looking), releases_words(era for era in ERAS if era not in looking)


def behaviour_of(release: tuple[int, int] | None) -> XenBehaviour:
    """Give the behaviour of `release`; of None the newest, of one not modelled the nearest."""
    if release is None:
        return ERAS[-1]
    return next((era for era in reversed(ERAS) if era.first <= release), ERAS[0])
