"""The inventory: every reserved region of a host, who owns it, and what Xen and Linux make of it.

Pure.  A region is what one RMRR structure says, in table order, whole: regions that
touch or repeat each other are not merged, because their owners differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from dmaragent.absence import Absence, why_no_table
from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.memory_map import memory_words
from dmaragent.platforms.linux import (
    FLOPPY,
    Held,
    LinuxScopes,
    compare_groups,
    has_isa_bridge,
    hold_of,
    kernel_hold,
)
from dmaragent.platforms.xen_model import COUNTED_SCOPES
from dmaragent.snapshot import Missing
from dmaragent.topology import Hop, Located, PciFunction, Presence
from dmaragent.units import Capabilities, Unit, Units, capabilities_of
from dmaragent.unswept import unswept
from dmaragent.views import xen_views
from dmaragent.views.explain import rmrrs
from dmaragent.views.model import Difference, XenView, XenViews
from fwtables import DMAR, Decoded, structure_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One device scope entry of a region: the device that firmware means."""

    scope_type: int
    enumeration_id: int
    start_bus: int
    presence: Presence
    sbdf: SBDF | None
    """None where a bridge on the way is missing, so that the device's bus is not known."""
    hops: tuple[Hop, ...]
    reason: str
    """Why it is not present, or empty."""
    function: PciFunction | None
    """What answers there, if something does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One reserved region: what an RMRR structure says, who it says it of, what comes of it."""

    number: int
    """Its place in the table, from 1."""
    segment: int
    base: int
    limit: int
    """The last byte, as the table has it; below `base` in a table that is wrong."""
    offset: int
    """Of the RMRR structure in the table, in bytes."""
    length: int
    """Of the RMRR structure, in bytes."""
    owners: tuple[Owner, ...]
    memory: str | None
    """What the firmware's memory map says of the range; None where there is no map."""
    xen: XenView
    linux: tuple[Held, ...]
    """The devices that Linux ties to it, bridges with all that is below them."""

    @property
    def range(self) -> AddressRange | None:
        """The addresses, or None where the limit lies below the base."""
        return AddressRange(self.base, self.limit + 1) if self.base <= self.limit else None

    @property
    def place(self) -> str:
        """Its addresses in words, as the table has them, sound or not."""
        return f"{self.base:#x}-{self.limit:#x}"

    @property
    def words(self) -> str:
        """Its name in a sentence: its number and its addresses."""
        return f"region {self.number} ({self.place})"

    @property
    def size(self) -> int:
        """Its size in bytes; 0 where the limit lies below the base."""
        return self.range.size if self.range else 0

    @property
    def sharers(self) -> int:
        """How many devices Xen counts in its scope: entries, present or not.

        Namespace devices and unknown types do not count.  Source: Xen
        drivers/passthrough/vtd/dmar.c, ``scope_device_count``.
        """
        return sum(owner.scope_type in COUNTED_SCOPES for owner in self.owners)

    @property
    def shared(self) -> bool:
        """Whether Xen takes it for shared: vtd/iommu.c, ``intel_iommu_assign_device``."""
        return self.sharers > 1


class LinuxState(Enum):
    """What the host's kernel can say of IOMMU groups."""

    GROUPS = "groups"
    UNDER_XEN = "not-applicable-under-xen"
    """Xen owns the IOMMU: the kernel of dom0 has no groups, which does not mean none."""
    NO_GROUPS = "no-groups"
    """The kernel does not use the IOMMU: intel_iommu=off, or no driver for it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every reserved region of a host, in table order, and what limits the answer."""

    host: Host
    device: SBDF | None
    """The device the answer was narrowed to."""
    absence: Absence | None
    """Why there is no table, where there is none."""
    regions: tuple[Region, ...]
    all_regions: tuple[Region, ...]
    """The same before the answer was narrowed to a device."""
    units: tuple[Unit, ...]
    unit_of: Mapping[SBDF, Unit]
    """The unit of each function that answers and of each owner, where the table has one."""
    capabilities: Capabilities
    """What the table's ATSR, SATC and ANDD structures say."""
    xen: XenViews
    linux_state: LinuxState
    differences: tuple[Difference, ...]
    """Where table, Xen and Linux differ, explained."""
    undetermined: tuple[str, ...]
    """Paths of scope entries that lead through a bridge whose bus is not known."""

    @property
    def table(self) -> Decoded | Missing:
        """The table, decoded, or why there is none."""
        return self.host.table

    @property
    def complete(self) -> bool:
        """Whether no region can be missing from the answer.

        One can, where the table is damaged; and where the answer is for one device
        and some paths of the table could lead to it for all that is known.
        """
        sound = isinstance(self.table, Decoded) and not self.table.damage
        return sound and (self.device is None or not self.undetermined)

    def may_know(self, sbdf: SBDF) -> bool:
        """Tell whether `sbdf` answers or a region names it, or may for all that is known."""
        functions = self.host.topology.functions
        if isinstance(functions, Missing) or sbdf in functions:
            return True
        return bool(self.of_device(sbdf).regions)

    def of_device(self, sbdf: SBDF) -> "Inventory":
        """Give the inventory with only the regions that concern `sbdf`: named, or held by Linux."""
        enforced = self.linux_state is not LinuxState.UNDER_XEN
        kept = tuple(
            each
            for each in self.regions
            if any(one.sbdf == sbdf for one in each.owners)
            or (enforced and any(held.sbdf == sbdf for held in each.linux))
        )
        numbers = {each.number for each in kept}
        return replace(
            self,
            device=sbdf,
            regions=kept,
            differences=tuple(
                each for each in self.differences if each.region is None or each.region in numbers
            ),
        )


@unswept
def take_inventory(host: Host, release: tuple[int, int] | None = None) -> Inventory:
    """Take the inventory of `host`; with `release`, what that release of Xen would list."""
    decoded = host.table
    table = decoded.table if isinstance(decoded, Decoded) else None
    views = xen_views(host, release)
    scopes = LinuxScopes(host.topology)
    regions = _regions(host, table, views, scopes)
    units = Units(table, host.topology)
    state = _linux_state(host)
    named = {owner.sbdf for region in regions for owner in region.owners}
    found = {
        sbdf: units.of(sbdf) for sbdf in named | host.topology.known.keys() if sbdf is not None
    }
    return Inventory(
        host=host,
        device=None,
        absence=why_no_table(host),
        regions=regions,
        all_regions=regions,
        units=units.units,
        unit_of={sbdf: unit for sbdf, unit in found.items() if unit is not None},
        capabilities=capabilities_of(table, host.topology),
        xen=views,
        linux_state=state,
        differences=(
            *views.differences,
            *_bridge_differences(regions),
            *_word_differences(host, regions),
            *_linux_differences(host, regions, state),
        ),
        undetermined=_undetermined(regions),
    )


def _undetermined(regions: tuple[Region, ...]) -> tuple[str, ...]:
    """Name the paths that could lead anywhere: their bridge's bus is not known."""
    paths = {
        f"{region.segment:04x}:{owner.start_bus:02x}:" + ">".join(hop.step for hop in owner.hops)
        for region in regions
        for owner in region.owners
        if owner.sbdf is None and owner.presence is Presence.UNKNOWN
    }
    return tuple(sorted(paths))


_NO_VIEW = XenView(listed=None, range=None, reason="", notes=())


def _regions(
    host: Host, table: DMAR | None, views: XenViews, scopes: LinuxScopes
) -> tuple[Region, ...]:
    found: list[Region] = []
    groups: dict[SBDF, IommuGroup] = {}
    if not isinstance(host.groups, Missing):
        groups = {sbdf: group for group in host.groups for sbdf in group.devices}
    for number, (offset, rmrr) in enumerate(rmrrs(table), 1):
        places = [host.topology.locate(rmrr.segment_number, scope) for scope in rmrr.device_scope]
        region = Region(
            number=number,
            segment=rmrr.segment_number,
            base=rmrr.base_address,
            limit=rmrr.limit_address,
            offset=offset,
            length=structure_length(rmrr),
            owners=tuple(_owner(host, place) for place in places),
            memory=None,
            xen=views.regions.get(offset, _NO_VIEW),
            linux=scopes.held(places),
        )
        if region.range is not None:
            region = replace(region, linux=_by_kernel(region.linux, region.range, groups))
        if region.range is not None and not isinstance(host.memory_map, Missing):
            region = replace(region, memory=memory_words(host.memory_map, region.range))
        found.append(region)
    return tuple(found)


def _by_kernel(
    held: tuple[Held, ...], region: AddressRange, groups: Mapping[SBDF, IommuGroup]
) -> tuple[Held, ...]:
    """Put the kernel's own word in the place of the predicted one, where it has one."""
    found = []
    for each in held:
        group = groups.get(each.sbdf)
        word = None if group is None else kernel_hold(group, region, each.hold)
        found.append(each if word is None else replace(each, hold=word, by_kernel=True))
    return tuple(found)


def _owner(host: Host, place: Located) -> Owner:
    return Owner(
        scope_type=place.scope.type,
        enumeration_id=place.scope.enumeration_id,
        start_bus=place.scope.start_bus_number,
        presence=place.presence,
        sbdf=place.sbdf,
        hops=place.hops,
        reason=place.reason,
        function=None if place.sbdf is None else host.topology.known.get(place.sbdf),
    )


def _linux_state(host: Host) -> LinuxState:
    if host.reading is not None and host.reading.name.startswith(("RMAD", "XMAR")):
        return LinuxState.UNDER_XEN  # only Xen renames the table
    if host.xen is not None and host.xen.dom0 is not False:
        return LinuxState.UNDER_XEN
    if isinstance(host.groups, Missing):
        return LinuxState.UNKNOWN
    return LinuxState.GROUPS if host.groups else LinuxState.NO_GROUPS


def _bridge_differences(regions: tuple[Region, ...]) -> Iterator[Difference]:
    """Explain where Linux ties more devices to a region than Xen: a bridge in its scope."""
    for region in regions:
        for bridge in sorted({held.through for held in region.linux if held.through is not None}):
            yield Difference(
                region.number,
                f"Linux ties all that is below the bridge {bridge} to it, Xen the bridge alone",
            )


def _word_differences(host: Host, regions: tuple[Region, ...]) -> Iterator[Difference]:
    """Explain where the kernel holds a device otherwise than by its class."""
    for region in regions:
        for held in region.linux:
            rule = hold_of(host.topology.known[held.sbdf])
            if held.by_kernel and held.hold is not rule:
                yield Difference(
                    region.number,
                    f"Linux has it {held.hold.value} for {held.sbdf}, where the rule for its class "
                    f"is {rule.value}: a patched kernel (relax_rmrr), or a newer rule",
                )


def _linux_differences(
    host: Host, regions: tuple[Region, ...], state: LinuxState
) -> tuple[Difference, ...]:
    """Explain where the kernel's own reserved regions are not what the table predicts."""
    if state is not LinuxState.GROUPS or isinstance(host.groups, Missing):
        return ()
    predicted: dict[SBDF, list[AddressRange]] = {}
    numbers: dict[AddressRange, int] = {}
    for region in regions:
        if region.range is not None:
            numbers.setdefault(region.range, region.number)
            for held in region.linux:
                predicted.setdefault(held.sbdf, []).append(region.range)
    found = []
    for each in compare_groups(host.groups, predicted, host.topology):
        place = span(each.range)
        where = f"IOMMU group {each.group.number}"
        text = (
            f"Linux has {place} in {where}; no region of the table says so"
            if each.kernel_has_it
            else f"Linux does not have {place} in {where}, which the table's scopes cover"
        )
        found.append(Difference(numbers.get(each.range), text))
    for group in host.groups:
        if has_isa_bridge(group, host.topology) and any(
            (one.base, one.limit + 1) == (FLOPPY.start, FLOPPY.end) for one in group.regions or ()
        ):
            text = (
                f"Linux has 0x0-0xffffff in IOMMU group {group.number}: its floppy workaround for "
                "the ISA bridge, not a region of the table"
            )
            found.append(Difference(None, text))
    return tuple(found)
