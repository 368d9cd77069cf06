"""What a resolution uses of a host, taken from its inventory once for all guests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Gap, Inventory
from dmaragent.inventory.by_device import ByDevice, by_device
from dmaragent.iommu.kinds import IOMMU_OFF
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.policy.capabilities import may_lack_paging, paging, runs_hvm, runs_pv
from dmaragent.policy.listed_regions import (
    SharedRegion,
    amd_owners,
    listed_ranges,
    owners_and_shared,
    unexplained_regions,
)
from dmaragent.policy.units import UnitCover, unit_cover, untranslated
from dmaragent.policy.words import assignment as words
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.own_devices import OwnDevice, own_devices
from dmaragent.xen.reserved_list.model import ListSource

TYPE_CHECKING = False
if TYPE_CHECKING:  # 20 ms of imports that only AMD hosts need
    from dmaragent.xen.hypervisor.ivrs_prediction import IvrsPrediction


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """The parts of a host that decide about guests."""

    listed: tuple[AddressRange, ...]
    """Xen's list of reserved device memory, in its order: what strategy=host reserves."""
    source: ListSource
    """The source of that list."""
    by_device: ByDevice
    """The regions of the firmware's table and the IOMMU groups, by device."""
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None] = field(default_factory=dict)
    """The regions that Xen reports for one device; None: Xen cannot report them. Other devices have
    none."""
    shared: Mapping[SBDF, tuple[SharedRegion, ...]] | None = field(default_factory=dict)
    """By device, its shared regions; None if no table lists the devices of each region."""
    alternatives: tuple[tuple[str, tuple[AddressRange, ...]], ...] = ()
    """The list of each possible point release, with these releases; empty if all lists agree."""
    owners: Mapping[AddressRange, tuple[SBDF, ...]] = field(default_factory=dict)
    """The owners of each listed region, as far as a table or ``rmrr=`` names them."""
    functions: Mapping[SBDF, PciFunction] | None = None
    """The functions that are present; None if they were not collected."""
    perhaps_virtual: tuple[PciFunction, ...] = ()
    """The functions that are present and may be virtual, because that was not read."""
    assignable: frozenset[SBDF] | None = None
    """The functions bound to pciback; None if unknown."""
    iommu_off: str = ""
    """Why Xen has no working IOMMU for guests; or empty."""
    own_devices: tuple[OwnDevice, ...] = ()
    """The options with which Xen uses devices itself."""
    untranslated: Mapping[SBDF, str] = field(default_factory=dict)
    """The graphics whose unit Xen leaves off, with the option on its command line."""
    hvm: bool | None = True
    """Whether this Xen can run HVM and PVH guests; None: unknown."""
    pv: bool | None = True
    """Whether this Xen can run PV guests; None: unknown."""
    hap: bool | None = None
    """Whether the host supports hardware-assisted paging; None: unknown."""
    shadow: bool | None = None
    """Whether this Xen supports shadow paging instead; None: unknown."""
    may_lack_paging: bool = False
    """Whether it may have neither: it lists none, and its release, which may list them, is unknown."""
    share_pt: bool | None = None
    """Whether guests can share the IOMMU's page tables with HAP; None: unknown."""
    release: Release | None = None
    """The hypervisor's release; None if unknown."""
    incomplete: str = ""
    """Why regions may be missing from these facts; or empty."""
    point_matters: bool = False
    """Whether `incomplete` is only that the point release is unknown, and it matters."""
    next_step: str = ""
    """What to do about missing regions."""
    unlisted: str = ""
    """Why Xen's list may be another, or empty: strategy=host depends on all of it."""
    undetermined: tuple[str, ...] = ()
    """Paths of the table that could lead to devices on other buses than the one they begin on."""
    gaps: tuple[Gap, ...] = ()
    """What is unknown about the host and could change the answer for a device."""
    unexplained: frozenset[AddressRange] = frozenset()
    """Regions of devices that no structure of the table explains: whether they are shared is
    unknown."""
    xen_runs: bool = False
    """Whether the host runs Xen, so that its capabilities are the running hypervisor's."""
    notes: tuple[str, ...] = ()
    """The limits of the list of regions."""
    units: UnitCover | None = None
    """Which devices Intel's table has a unit for; None without such a table, or if it has no unit."""
    vendor: IommuVendor = IommuVendor.UNKNOWN
    """The vendor of the host's IOMMU."""
    ivrs: "IvrsPrediction | None" = None
    """What Xen makes of AMD's table, if the host has one: how it assigns each device."""
    names: Mapping[str, SBDF] = field(default_factory=dict)
    """Device names, as given to ``xl pci-assignable-add -n``; only xenstore has them."""

    @property
    def without_paging(self) -> bool:
        """Whether Xen has neither HAP nor shadow paging, so that only PV guests can run."""
        return self.hap is False and self.shadow is False

    @property
    def may_run_hvm(self) -> bool:
        """Whether HVM and PVH guests can or may run."""
        return self.hvm is not False and not self.without_paging

    @property
    def possibly_listed(self) -> frozenset[AddressRange]:
        """The regions that are in a list which Xen may have: its own, or that of a point release."""
        others = (region for _, listed in self.alternatives for region in listed)
        return frozenset((*self.listed, *others))

    def regions_of(self, sbdf: SBDF) -> tuple[AddressRange, ...] | None:
        """Return the regions that Xen reports for `sbdf`; None if it cannot report them."""
        return self.devices.get(sbdf, ())

    def gap_of(self, sbdf: SBDF) -> Gap | None:
        """Return the first gap on which an answer about `sbdf` depends, or None."""
        return next((gap for gap in self.gaps if gap.concerns(sbdf)), None)

    def may_own_more(self, sbdf: SBDF) -> bool:
        """Return whether an unresolved path of the table could lead to `sbdf`.

        A path begins with ``SSSS:BB:`` and leads through a bridge, so it ends on another bus than
        BB.
        """
        begin = f"{sbdf.segment:04x}:"
        own = f"{begin}{sbdf.bus:02x}:"
        return any(
            path.startswith(begin) and not path.startswith(own) for path in self.undetermined
        )

    def siblings(self, sbdf: SBDF) -> tuple[SBDF, ...]:
        """Return the functions that are present in `sbdf`'s slot, highest first, as libxl adds them."""
        known = self.devices if self.functions is None else self.functions
        alike = [
            sibling
            for sibling in {sbdf, *known}
            if (sibling.segment, sibling.bus, sibling.device)
            == (sbdf.segment, sbdf.bus, sbdf.device)
        ]
        if self.functions is not None and sbdf not in self.functions and len(alike) > 1:
            alike.remove(sbdf)
        return tuple(sorted(alike, reverse=True))

    def virtual_functions(self, sbdf: SBDF) -> tuple[SBDF, ...]:
        """Return the virtual functions of `sbdf` that are present."""
        functions = (self.functions or {}).values()
        return tuple(
            sorted(function.sbdf for function in functions if function.physical_function == sbdf)
        )

    def conventional(self, sbdf: SBDF, subtractive: int) -> tuple[SBDF | None, bool]:
        """Return the bridge above `sbdf` if its bus may be conventional PCI, and if it surely is.

        It is certain below a bridge of class `subtractive`. It is possible if a bridge may have that
        class, or if an endpoint on the bus is not device 0; virtual functions do not count.
        """
        functions = self.functions or {}
        own = functions.get(sbdf)
        if own is None or own.is_bridge or own.physical_function is not None:
            return None, False
        above = [
            bridge
            for bridge in functions.values()
            if bridge.sbdf.segment == sbdf.segment and sbdf.bus in bridge.buses_behind
        ]
        nearest = max(above, key=lambda bridge: bridge.secondary_bus or 0, default=None)
        if nearest is None:
            return None, False
        if any(bridge.class_code == subtractive for bridge in above):
            return nearest.sbdf, True
        if any(may_have_class(bridge, subtractive) for bridge in above):
            return nearest.sbdf, False
        beside = (
            function
            for function in functions.values()
            if (function.sbdf.segment, function.sbdf.bus) == (sbdf.segment, sbdf.bus)
            and not function.is_bridge
            and function.physical_function is None
        )
        return (nearest.sbdf if any(function.sbdf.device for function in beside) else None), False


def may_have_class(function: PciFunction, class_code: int) -> bool:
    """Return whether the class of `function`, as far as it is known, can be `class_code`."""
    own = function.class_code
    if own is None:
        return True
    return own == class_code if function.interface_known else own >> 8 == class_code >> 8


def facts_of(
    inventory: Inventory,
    release: Release | None = None,
    names: Mapping[str, SBDF] | None = None,
) -> HostFacts:
    """Return the facts of `inventory`; `release` replaces the running Xen's."""
    host, views = inventory.host, inventory.xen
    xen = host.xen
    functions = host.topology.functions
    assignable = xen.assignable if xen is not None and xen.dom0 else None
    known_table = bool(inventory.all_regions) or not isinstance(inventory.iommu, Missing)
    sharing_known = known_table or iommu_vendor(host) is IommuVendor.AMD  # which has no such rule
    owners, shared = (
        owners_and_shared(inventory) if views.ivrs is None else (amd_owners(inventory), {})
    )
    return HostFacts(
        listed=listed_ranges(inventory),
        source=views.list.source,
        by_device=by_device(
            inventory.all_regions, () if isinstance(host.groups, Missing) else host.groups
        ),
        devices=views.devices,
        shared=MappingProxyType(shared) if sharing_known else None,
        owners=MappingProxyType(owners),
        functions=None if isinstance(functions, Missing) else functions,
        perhaps_virtual=tuple(
            function for function in host.topology.known.values() if not function.physical_known
        ),
        assignable=frozenset(assignable) if isinstance(assignable, tuple) else None,
        iommu_off=_iommu_off(inventory),
        own_devices=own_devices(host.xen_command_line),
        untranslated=MappingProxyType(untranslated(inventory, release)),
        hvm=runs_hvm(host),
        pv=runs_pv(host),
        hap=paging(host, "hap"),
        shadow=paging(host, "shadow"),
        may_lack_paging=may_lack_paging(host),
        share_pt=paging(host, "iommu_hap_pt_share"),
        release=release or host.running_release,
        incomplete=_why_regions_missing(inventory),
        point_matters=inventory.complete and views.list.doubt_by_point,
        unlisted=_why_list_lacks(inventory),
        undetermined=inventory.undetermined
        if views.devices_source is not ListSource.HYPERVISOR
        else (),
        gaps=inventory.gaps.xen,
        unexplained=unexplained_regions(inventory, owners),
        xen_runs=xen is not None,
        alternatives=tuple(
            (alternative.releases, tuple(entry.range for entry in alternative.entries))
            for alternative in views.list.alternatives
        ),
        notes=views.list.notes,
        units=unit_cover(inventory),
        vendor=iommu_vendor(host),
        ivrs=views.ivrs,
        names=MappingProxyType(dict(names or {})),
    )


def _iommu_off(inventory: Inventory) -> str:
    """Return why guests can have no device at all, by Xen's report or its rules; or empty."""
    xen, listed = inventory.host.xen, inventory.xen.list
    if xen is not None and xen.iommu_enabled is False and not _lists_regions(inventory):
        return words.XENS_IOMMU_OFF
    absence = inventory.absence
    if absence is not None and absence.kind in IOMMU_OFF and not _lists_regions(inventory):
        return IOMMU_OFF[absence.kind]
    ivrs = inventory.xen.ivrs
    if listed.source is ListSource.PREDICTED and ivrs is not None and ivrs.stops:
        return words.xen_stops(listed.iommu_disabled)
    if listed.source is ListSource.PREDICTED and listed.iommu_disabled:
        return words.iommu_off_by_xen(listed.iommu_disabled, iommu_vendor(inventory.host))
    return ""


def _lists_regions(inventory: Inventory) -> bool:
    """Return whether the running hypervisor listed regions, which shows that its IOMMU is on.

    It does not matter which release the question is about.
    """
    xen = inventory.host.xen
    return (
        xen is not None
        and bool(xen.reserved_memory)
        and not isinstance(xen.reserved_memory, Missing)
    )


def _why_list_lacks(inventory: Inventory) -> str:
    """Return why Xen's list may be another, or empty.

    Nothing explains what its own list lacks, or it is predicted without Xen's options.
    """
    views = inventory.xen
    if not views.unlisted and not views.unlisted_options:
        return views.list.unread
    return words.XENS_LIST_LACKS_REGIONS


def _why_regions_missing(inventory: Inventory) -> str:
    """Return why a predicted list may lack regions; or empty."""
    source = inventory.xen.list.source
    absence = inventory.absence
    off = absence is not None and absence.kind in IOMMU_OFF and not _lists_regions(inventory)
    if source is ListSource.HYPERVISOR or off:
        return ""
    if source is ListSource.UNKNOWN:
        if not isinstance(inventory.iommu, Missing):
            return words.TABLE_UNDECODED
        return words.NO_TABLE_NOR_HYPERVISOR
    if not inventory.complete:
        return words.TABLE_DAMAGED
    return inventory.xen.list.doubt
