"""The values of Xen's view: its list, the regions, the devices."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.iommu.model import Difference, Source
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.prediction import ListAlternative

TYPE_CHECKING = False
if TYPE_CHECKING:  # 20 ms of imports that only AMD hosts need
    from dmaragent.xen.hypervisor.ivrs_prediction import IvrsPrediction

_NONE: Mapping[Any, Any] = {}


class ListSource(Enum):
    """The source of Xen's list."""

    HYPERVISOR = "hypervisor"
    """The hypercall whose list strategy=host uses."""
    PREDICTED = "predicted"
    """The table, by Xen's acceptance rules."""
    UNKNOWN = "unknown"
    """None: neither the hypercall nor the table is available."""


class Origin(Enum):
    """The reason why an entry is in Xen's list."""

    TABLE = "table"
    OPTION = "rmrr-option"
    IVMD_OPTION = "ivmd-option"
    UNEXPLAINED = "unexplained"
    """Neither the table nor an option: the XHCI debug console, or a rule that is not modelled."""
    UNKNOWN = "unknown"
    """Without a table, the origin is unknown."""


class ListEntry(NamedTuple):
    """One entry of Xen's list."""

    range: AddressRange
    origin: Origin
    region: int | None
    """The number of the region that it comes from, in table order from 1."""
    devices: int = 1
    """How often the list has it: on AMD, a region is there once for each device."""


class XenList(NamedTuple):
    """The list of reserved device memory that strategy=host uses, in the hypervisor's order."""

    source: ListSource
    entries: tuple[ListEntry, ...]
    release: Release | None
    iommu_disabled: str
    """Why Xen switches VT-d off for the whole host, as predicted; or empty."""
    why_empty: tuple[str, ...]
    """If there are no entries: the reasons why strategy=host reserves nothing."""
    notes: tuple[str, ...] = ()
    """Assumptions and limits of the whole prediction: the assumed release, missing readings."""
    doubt: str = ""
    """Why the predicted list is unknown (VT-d may be off, `rmrr=` may be refused); or empty."""
    alternatives: tuple[ListAlternative, ...] = ()
    """The predicted lists of the possible point releases, if they differ."""
    doubt_by_point: bool = False
    """Whether `doubt` is only that point releases differ: the point release settles it."""
    unread: str = ""
    """Why the predicted list may be another: the options of the Xen that runs are unknown; or empty.

    Then strategy=host is unknown, and so is a device that would be allowed.  A device that Xen
    refuses for its regions is refused with more regions too, and without an IOMMU.
    """


class XenView(NamedTuple):
    """How Xen treats one region."""

    listed: bool | None
    """Whether Xen lists it; None: unknown."""
    range: AddressRange | None
    """The whole pages that Xen reserves."""
    reason: str
    """Why it is not listed, or why that is unknown; or empty."""
    notes: tuple[str, ...]
    sharers: int = 0
    """How many devices Xen counts in its scope, present or not: ``scope_device_count``."""
    by_release: bool = False
    """Whether `listed` is unknown because releases of Xen differ."""

    @property
    def shared(self) -> bool:
        """Whether Xen treats the region as shared: vtd/iommu.c, ``intel_iommu_assign_device``."""
        return self.sharers > 1


class XenViews(NamedTuple):
    """Xen's view of the host: the list, each region, each device, the differences."""

    list: XenList
    regions: Mapping[Source, XenView]
    """By the source of the region."""
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None]
    """The ranges that a guest with the device reserves; None: unknown.  Others reserve nothing."""
    devices_source: ListSource
    differences: tuple[Difference, ...]
    open_devices: Mapping[SBDF, str] = _NONE
    """The devices whose regions differ between the possible point releases, with these as text."""
    served: Collection[SBDF] = frozenset()
    """The functions and owners that a remapping unit serves in Xen."""
    unlisted: frozenset[Source] = frozenset()
    """The regions that Xen's rules would list, but Xen does not list, without a known reason."""
    unlisted_options: Mapping[AddressRange, tuple[SBDF, ...]] = _NONE
    """Likewise the ranges of `rmrr=` or `ivmd=` that Xen certainly accepts, with their devices."""
    contradicted: Mapping[SBDF, str] = _NONE
    """The devices whose list from Xen contradicts the table or Xen's whole list, with the reason."""
    ivrs: "IvrsPrediction | None" = None
    """What Xen's rules make of the table, if it is an IVRS: what AMD-Vi does with each device."""
