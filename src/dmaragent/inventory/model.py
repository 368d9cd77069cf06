"""The inventory's values: a region, its owners, and all regions of a host with what limits that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import Hop, PciFunction, Presence
from dmaragent.iommu.no_table import Absence
from dmaragent.iommu.vtd import Capabilities, RemappingUnit
from dmaragent.linux.regions import Held
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.prediction import COUNTED_SCOPES
from dmaragent.xen.reserved_list.model import Difference, XenView, XenViews
from fwtables import Decoded


class Owner(NamedTuple):
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


class PublishedRegion(NamedTuple):
    """One reserved region by Linux's word alone."""

    range: AddressRange
    type: str
    """The kernel's word: ``direct``, ``direct-relaxable`` or ``reserved``, or a newer one."""
    groups: tuple[IommuGroup, ...]
    """The IOMMU groups that have it, by number.  Which device of a group is not published."""


class LinuxState(Enum):
    """What the host's kernel can say of IOMMU groups."""

    GROUPS = "groups"
    UNDER_XEN = "not-applicable-under-xen"
    """Xen owns the IOMMU: the kernel of dom0 has no groups, which does not mean none."""
    NO_GROUPS = "no-groups"
    """The kernel does not use the IOMMU: intel_iommu=off, or no driver for it."""
    UNKNOWN = "unknown"


class Gap(NamedTuple):
    """Something that is unknown of a host, whose answers depend on it, and what settles it."""

    unknown: str
    """What is unknown and why: a clause that names the reading."""
    next_step: str
    """What to do: an imperative without a full stop."""
    devices: frozenset[SBDF] | None = None
    """The devices that it concerns; None: all of the host."""
    refusals: bool = False
    """Whether it could also turn a "no" into another answer."""

    def concerns(self, sbdf: SBDF) -> bool:
        """Return whether an answer about `sbdf` depends on it."""
        return self.devices is None or sbdf in self.devices


class Gaps(NamedTuple):
    """The gaps of a host, by the side whose answers depend on them."""

    xen: tuple[Gap, ...] = ()
    linux: tuple[Gap, ...] = ()
    without_unit: str = ""
    """Why it is unknown which remapping unit serves a device that none seems to; or empty."""


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
    units: tuple[RemappingUnit, ...]
    unit_of: Mapping[SBDF, RemappingUnit]
    """The unit of each function that answers and of each owner, where the table has one."""
    capabilities: Capabilities
    """What the table's ATSR, SATC and ANDD structures say."""
    xen: XenViews
    linux_state: LinuxState
    differences: tuple[Difference, ...]
    """Where table, Xen and Linux differ, explained."""
    published: tuple[PublishedRegion, ...]
    """What Linux publishes and no region of the table explains, by address."""
    undetermined: tuple[str, ...]
    """Paths of scope entries that lead through a bridge whose bus is not known."""
    gaps: Gaps
    """What is unknown of the host and could change an answer."""

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
        """Give the inventory with only the regions that concern `sbdf`: named, or held by Linux.

        For a function behind Intel VMD those of the VMD endpoint are its own too.
        """
        enforced = self.linux_state is not LinuxState.UNDER_XEN
        function = self.host.topology.known.get(sbdf)
        devices = {sbdf} if function is None else {sbdf, function.dma_device}
        kept = tuple(
            each
            for each in self.regions
            if any(one.sbdf in devices for one in each.owners)
            or (enforced and any(held.sbdf in devices for held in each.linux))
        )
        numbers = {each.number for each in kept}
        return replace(
            self,
            device=sbdf,
            regions=kept,
            published=tuple(
                each
                for each in self.published
                if any(devices.intersection(group.devices) for group in each.groups)
            ),
            differences=tuple(
                each
                for each in self.differences
                if (each.region is None and (each.devices is None or sbdf in each.devices))
                or each.region in numbers
            ),
        )
