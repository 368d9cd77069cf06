"""The values of a predicted list of Xen's reserved device memory."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.claims import DeviceKind
from dmaragent.iommu.model import Source
from dmaragent.xen.hypervisor.behaviour import XenBehaviour
from dmaragent.xen.hypervisor.rmrr_option import UserRange

COUNTED_DEVICES = frozenset(DeviceKind) - {DeviceKind.ACPI_DEVICE, DeviceKind.UNKNOWN}
"""The kinds that Xen counts in a scope, present or not: vtd/dmar.c, ``scope_device_count``."""

_NONE: Mapping[Any, Any] = {}


class Acceptance(Enum):
    """The fate of one RMRR."""

    LISTED = "listed"
    """It is on the hypervisor's list."""
    DISCARDED = "discarded"
    """Xen accepted it, but switched VT-d off later, so the list is empty."""
    DROPPED_NO_DEVICES = "dropped-no-devices"
    """Its scope has no entry that Xen counts as a device."""
    IGNORED_ABSENT = "ignored-absent"
    """No device of its scope is present."""
    STOPPED = "stopped"
    """The first device of its scope is 00:00.0, so Xen never reports it."""
    EMPTY_AFTER_ROUNDING = "empty-after-rounding"
    """Rounded to whole pages, it is empty."""
    REFUSED = "refused"
    """It makes Xen switch VT-d off."""
    NOT_REACHED = "not-reached"
    """An earlier structure made Xen switch VT-d off."""


class RegionAcceptance(NamedTuple):
    """The fate of one RMRR, with the reason."""

    source: Source
    fate: Acceptance
    entry: RdmEntry | None
    """Its entry in Xen's list; None unless it is LISTED or DISCARDED."""
    reason: str
    """The reason, as a sentence."""
    notes: tuple[str, ...] = ()
    """Other remarks on it."""


class ListAlternative(NamedTuple):
    """One of several possible lists, if the point release is unknown."""

    releases: str
    """The point releases that have this list, as text."""
    entries: tuple[RdmEntry, ...]


class XenPrediction(NamedTuple):
    """A predicted list of Xen's reserved device memory, with the reasons."""

    behaviour: XenBehaviour
    iommu_disabled: str
    """Why VT-d is off, or empty."""
    entries: tuple[RdmEntry, ...]
    """In the hypervisor's order: the last registered first; empty if VT-d is off."""
    fates: tuple[RegionAcceptance, ...]
    """One for each RMRR, in table order; also for one that is too short to decode."""
    by_device: Mapping[SBDF, tuple[RdmEntry, ...]]
    """The entries that Xen reports for each device; devices without entries are left out."""
    options: tuple[UserRange, ...]
    """The ranges of the ``rmrr=`` option, in order of the command line."""
    notes: tuple[str, ...] = ()
    """Assumptions and limits of the whole prediction."""
    doubt: str = ""
    """Why it is unknown whether Xen switches VT-d off, or accepts a range of `options`; or empty."""
    doubt_by_point: bool = False
    """Whether `doubt` is only that point releases differ."""
    undecided: Mapping[Source, str] = _NONE
    """By RMRR: why its fate is unknown, because point releases differ."""
    alternatives: tuple[ListAlternative, ...] = ()
    """The lists of the possible point releases, if they differ."""
    open_devices: Mapping[SBDF, str] = _NONE
    """The devices for which the possible point releases differ, with the reason."""
