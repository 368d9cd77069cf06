"""What is said of Xen's view: the list, a region, a device, a difference."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.iommu.model import Difference, RemappingUnit, Source
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.prediction import ListAlternative

_NONE: Mapping[Any, Any] = {}


class ListSource(Enum):
    """Where Xen's list comes from."""

    HYPERVISOR = "hypervisor"
    """By hypercall: what strategy=host uses."""
    PREDICTED = "predicted"
    """From the table, by Xen's acceptance rules."""
    UNKNOWN = "unknown"
    """There is neither a hypervisor that answers nor a table."""


class Origin(Enum):
    """Why an entry is in Xen's list."""

    TABLE = "table"
    OPTION = "rmrr-option"
    UNEXPLAINED = "unexplained"
    """Neither the table nor `rmrr=`: the XHCI debug console, or a rule not modelled."""
    UNKNOWN = "unknown"
    """There is no table to explain it by."""


class ListEntry(NamedTuple):
    """One entry of Xen's list."""

    range: AddressRange
    origin: Origin
    region: int | None
    """The region it comes from, from 1 in table order."""
    devices: int = 1
    """How often the list has it: AMD's has a region once for each device."""


class XenList(NamedTuple):
    """The list of reserved device memory that strategy=host uses, in the hypervisor's order."""

    source: ListSource
    entries: tuple[ListEntry, ...]
    release: Release | None
    iommu_disabled: str
    """Why Xen switches VT-d off for the whole host, as predicted; or empty."""
    why_empty: tuple[str, ...]
    """Where there are no entries: why strategy=host reserves nothing."""
    notes: tuple[str, ...] = ()
    """What limits a prediction as a whole: the release taken, what was not known."""
    doubt: str = ""
    """Why the list is unknown, by a prediction: VT-d may be off, or an `rmrr=` refused; or empty."""
    alternatives: tuple[ListAlternative, ...] = ()
    """The lists that the possible point releases have by a prediction, if they differ."""


class XenView(NamedTuple):
    """What Xen makes of one region.  `listed` is None where it cannot be said."""

    listed: bool | None
    range: AddressRange | None
    """What Xen reserves, in whole pages."""
    reason: str
    """Why it is not listed, or why that cannot be said; or empty."""
    notes: tuple[str, ...]
    sharers: int = 0
    """How many devices Xen counts in its scope, present or not: ``scope_device_count``."""

    @property
    def shared(self) -> bool:
        """Whether Xen treats it as shared: vtd/iommu.c, ``intel_iommu_assign_device``."""
        return self.sharers > 1


class XenViews(NamedTuple):
    """Xen's view of the host: the list, each region, each device, the differences."""

    list: XenList
    regions: Mapping[Source, XenView]
    """By where the region is written."""
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None]
    """What a guest with that device reserves; None: Xen cannot be asked.  Others: nothing."""
    devices_source: ListSource
    differences: tuple[Difference, ...]
    open_devices: Mapping[SBDF, str] = _NONE
    """The devices on whose regions the possible point releases differ, with these in words."""
    unit_of: Mapping[SBDF, RemappingUnit] = _NONE
    """The unit that Xen has for each function and owner, if the table has one for it."""
    unlisted: frozenset[Source] = frozenset()
    """The regions that Xen lists by its rules, and does not, and nothing says why."""
    unlisted_options: Mapping[AddressRange, tuple[SBDF, ...]] = _NONE
    """The same of the ranges of `rmrr=` that Xen accepts, with the devices that they name."""
    contradicted: Mapping[SBDF, str] = _NONE
    """The devices whose own list of Xen's contradicts the table or the whole list, and how."""
