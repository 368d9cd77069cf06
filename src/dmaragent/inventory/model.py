"""The inventory's values: regions with all views of them, and what limits the answer."""

from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.iommu.model import (
    Capabilities,
    Difference,
    IommuTable,
    Owner,
    RemappingUnit,
    ReservedRegion,
    Source,
    TableEntry,
)
from dmaragent.iommu.no_table import Absence
from dmaragent.linux.regions import Held
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from dmaragent.linux.view import LinuxState, LinuxView
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import XenView, XenViews

_NO_CAPABILITIES = Capabilities()


class Region(NamedTuple):
    """One reserved region: what firmware says of it, who it says it of, what comes of it."""

    reserved: ReservedRegion
    owners: tuple[Owner, ...]
    """The devices that its claims name."""
    memory: str | None
    """What the firmware's memory map says of the range; None where there is no map."""
    xen: XenView
    linux: tuple[Held, ...]
    """The devices that Linux ties to it, bridges with all that is below them."""

    @property
    def number(self) -> int:
        """Its place in the table, from 1."""
        return self.reserved.number

    @property
    def segment(self) -> int:
        """Its PCI segment."""
        return self.reserved.segment

    @property
    def first(self) -> int:
        """Its first byte."""
        return self.reserved.first

    @property
    def last(self) -> int:
        """Its last byte, as the table has it; below `first` in a table that is wrong."""
        return self.reserved.last

    @property
    def source(self) -> Source:
        """Where it is written."""
        return self.reserved.source

    @property
    def entry(self) -> TableEntry:
        """Its structure in the table, which every region of an inventory has."""
        assert isinstance(self.source, TableEntry)  # noqa: S101 - see the docstring
        return self.source

    @property
    def range(self) -> AddressRange | None:
        """The addresses, or None where the last is below the first."""
        return self.reserved.range

    @property
    def place(self) -> str:
        """Its addresses in words, as the table has them, sound or not."""
        return self.reserved.place

    @property
    def words(self) -> str:
        """Its name in a sentence: its number and its addresses."""
        return self.reserved.words

    @property
    def size(self) -> int:
        """Its size in bytes; 0 where the last is below the first."""
        return self.reserved.size


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


class Inventory(NamedTuple):
    """Every reserved region of a host, in table order, and what limits the answer."""

    host: Host
    device: SBDF | None
    """The device the answer was narrowed to."""
    absence: Absence | None
    """Why there is no table, where there is none."""
    iommu: IommuTable | Missing
    """The firmware's table, decoded, or why there is none."""
    regions: tuple[Region, ...]
    all_regions: tuple[Region, ...]
    """The same before the answer was narrowed to a device."""
    xen: XenViews
    linux: LinuxView
    differences: tuple[Difference, ...]
    """Where table, Xen and Linux differ, explained."""
    published: tuple[UnexplainedRegion, ...]
    """What Linux publishes and no region of the table explains, by address."""
    undetermined: tuple[str, ...]
    """Paths of scope entries that lead through a bridge whose bus is not known."""
    gaps: Gaps
    """What is unknown of the host and could change an answer."""

    @property
    def units(self) -> tuple[RemappingUnit, ...]:
        """The remapping units that the table has, in its order."""
        return () if isinstance(self.iommu, Missing) else self.iommu.units

    @property
    def capabilities(self) -> Capabilities:
        """What the table says of devices beyond units and regions."""
        return _NO_CAPABILITIES if isinstance(self.iommu, Missing) else self.iommu.capabilities

    @property
    def decoded(self) -> bool:
        """Whether there is a table of which at least the fixed part could be decoded."""
        return not isinstance(self.iommu, Missing) and self.iommu.header is not None

    @property
    def complete(self) -> bool:
        """Whether no region can be missing from the answer.

        One can, where the table is damaged; and where the answer is for one device
        and some paths of the table could lead to it for all that is known.
        """
        sound = not isinstance(self.iommu, Missing) and self.iommu.whole
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
        enforced = self.linux.state is not LinuxState.UNDER_XEN
        function = self.host.topology.known.get(sbdf)
        devices = {sbdf} if function is None else {sbdf, function.dma_device}
        kept = tuple(
            region
            for region in self.regions
            if any(owner.sbdf in devices for owner in region.owners)
            or (enforced and any(held.sbdf in devices for held in region.linux))
        )
        numbers = {region.number for region in kept}
        return self._replace(
            device=sbdf,
            regions=kept,
            published=tuple(
                region
                for region in self.published
                if any(devices.intersection(group.devices) for group in region.groups)
            ),
            differences=tuple(
                difference
                for difference in self.differences
                if (
                    difference.region is None
                    and (difference.devices is None or sbdf in difference.devices)
                )
                or difference.region in numbers
            ),
        )
