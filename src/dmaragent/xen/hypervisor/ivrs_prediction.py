"""A prediction of what Xen makes of an IVRS: the effect of each IVMD, and the list."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.claims import requester_id
from dmaragent.iommu.model import Source
from dmaragent.xen.hypervisor.ivmd_ranges import IvmdRange
from dmaragent.xen.hypervisor.ivrs_behaviour import IvrsBehaviour
from dmaragent.xen.hypervisor.ivrs_ids import DeviceRanges, ListedRange, ListRun

_NONE: Mapping[Any, Any] = {}


class IvmdFate(Enum):
    """The effect of one IVMD, or of one range of ``ivmd=``."""

    ACCEPTED = "accepted"
    """Xen registers it for a device or more, and lists it."""
    EMPTY = "empty"
    """Xen registers it and lists nothing: it has no page."""
    NO_IOMMU = "no-iommu"
    """None of its devices has an IOMMU, so Xen ignores it."""
    IGNORED = "ignored"
    """Devices cannot address it, so Xen ignores it."""
    NOT_LISTED = "not-listed"
    """Xen before 4.16 lists nothing on AMD; what it does with an IVMD is not modelled."""
    DISCARDED = "discarded"
    """It was accepted; then AMD-Vi was switched off, and the list is empty."""
    REFUSED = "refused"
    """This one switches AMD-Vi off."""
    NOT_REACHED = "not-reached"
    """It comes after what switches AMD-Vi off."""
    UNKNOWN = "unknown"


class IvmdAcceptance(NamedTuple):
    """The effect of one IVMD, or of one range of ``ivmd=``."""

    source: Source
    fate: IvmdFate
    reason: str
    """Why, or what Xen does with it."""
    pages: AddressRange | None = None
    """Its whole pages, as Xen has them; None unless it is ACCEPTED or DISCARDED."""
    in_registers: bool = False
    """Whether it is in the exclusion registers of an IOMMU: DMA there reaches host memory."""
    mapped: bool = False
    """Whether it is a unity map for a device, which ``rdm_policy`` is about."""
    without_iommu: int = 0
    """How many of its device IDs have no IOMMU, present or not."""
    notes: tuple[str, ...] = ()


class IvrsAlternative(NamedTuple):
    """One of the lists that a release may have whose point is unknown."""

    releases: str
    """The point releases that have it, in words."""
    runs: tuple[ListRun, ...]


class IvrsPrediction(NamedTuple):
    """What Xen makes of an IVRS on this host, and its list of reserved device memory."""

    behaviour: IvrsBehaviour
    iommu_disabled: str
    """Why AMD-Vi is off, or empty."""
    runs: tuple[ListRun, ...]
    """The list in the hypervisor's order; empty when AMD-Vi is off."""
    fates: tuple[IvmdAcceptance, ...]
    """One for each IVMD, in table order."""
    options: tuple[IvmdAcceptance, ...]
    """One for each range of ``ivmd=`` that Xen reads, in order of the command line."""
    unread_options: tuple[IvmdRange, ...]
    """What of ``ivmd=`` Xen does not read."""
    devices: tuple[DeviceRanges, ...]
    """The devices of segment 0 that have an IOMMU, and what Xen reports for each, by ID."""
    stops: bool = False
    """Whether Xen stops with a BUG on the table, so that it does not boot."""
    notes: tuple[str, ...] = ()
    doubt: str = ""
    """Why it is unknown whether AMD-Vi is on, or what is listed; or empty."""
    doubt_by_point: bool = False
    """Whether `doubt` is only that point releases differ."""
    undecided: Mapping[Source, str] = _NONE
    """By IVMD: why its effect is unknown, because point releases differ on it."""
    alternatives: tuple[IvrsAlternative, ...] = ()
    """The lists that the possible point releases have, if they differ."""
    behaviours: tuple[IvrsBehaviour, ...] = ()
    """The behaviours that the release may have, if its point is unknown; else its own."""

    @property
    def entries(self) -> int:
        """The number of entries in the list."""
        return sum(run.entries for run in self.runs)

    def listed(self) -> Iterator[RdmEntry]:
        """Yield the entries in the hypervisor's order, repetitions included."""
        for run in self.runs:
            for _ in range(run.devices):
                for listed in run.ranges:
                    yield listed.entry

    def ranges_of(self, sbdf: SBDF) -> tuple[ListedRange, ...]:
        """Return what Xen reports for `sbdf`: nothing for a segment other than 0."""
        device = self.device(sbdf)
        return () if device is None else device.ranges

    def device(self, sbdf: SBDF) -> DeviceRanges | None:
        """Return what is known of `sbdf`; None if it has no IOMMU, or is not in segment 0."""
        if sbdf.segment:
            return None
        number = requester_id(sbdf)
        place = bisect_right(self.devices, number, key=lambda run: run.first) - 1
        if place < 0 or self.devices[place].last < number:
            return None
        return self.devices[place]
