"""A prediction of Xen's list of reserved device memory: the fate of each region, the list."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.model import DeviceKind, Source
from dmaragent.xen.hypervisor.behaviour import XenBehaviour
from dmaragent.xen.hypervisor.rmrr_option import UserRange

COUNTED_DEVICES = frozenset(DeviceKind) - {DeviceKind.ACPI_DEVICE, DeviceKind.UNKNOWN}
"""What Xen counts as the devices of a scope, present or not: vtd/dmar.c, ``scope_device_count``."""

_NONE: Mapping[Any, Any] = {}


class Acceptance(Enum):
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


class RegionAcceptance(NamedTuple):
    """What becomes of one RMRR."""

    source: Source
    fate: Acceptance
    entry: RdmEntry | None
    """What Xen makes of it; None unless it is LISTED or DISCARDED."""
    reason: str
    """Why, in a sentence."""
    notes: tuple[str, ...] = ()
    """What else is to be known of it."""


class ListAlternative(NamedTuple):
    """One of the lists that a release may have whose point is unknown."""

    releases: str
    """The point releases that have it, in words."""
    entries: tuple[RdmEntry, ...]


class XenPrediction(NamedTuple):
    """The list that Xen has of a host's reserved device memory, and how it comes about."""

    behaviour: XenBehaviour
    iommu_disabled: str
    """Why VT-d is off, or empty."""
    entries: tuple[RdmEntry, ...]
    """In the hypervisor's order: the latest registered first; empty when VT-d is off."""
    fates: tuple[RegionAcceptance, ...]
    """One for each RMRR, in table order; also for one too short to be read."""
    by_device: Mapping[SBDF, tuple[RdmEntry, ...]]
    """What Xen answers when asked for one device; devices of no entry are not in it."""
    options: tuple[UserRange, ...]
    """The ranges of the ``rmrr=`` option, in order of the command line."""
    notes: tuple[str, ...] = ()
    """What limits the prediction as a whole."""
    doubt: str = ""
    """Why it is unknown whether Xen switches VT-d off, or accepts a range of `options`; or empty."""
    undecided: Mapping[Source, str] = _NONE
    """By RMRR: why its fate is unknown, because point releases differ on it."""
    alternatives: tuple[ListAlternative, ...] = ()
    """The lists that the possible point releases have, if they differ."""
    open_devices: Mapping[SBDF, str] = _NONE
    """The devices on which the possible point releases differ, with the reason in words."""
