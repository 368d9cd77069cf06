"""The inventory's values: regions with the views of Xen and Linux, and gaps."""

from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.iommu.claims import Owner, names
from dmaragent.iommu.kinds import WITHOUT_REGIONS, Absence
from dmaragent.iommu.model import (
    Capabilities,
    Difference,
    IommuTable,
    RemappingUnit,
    ReservedRegion,
    Source,
    TableEntry,
)
from dmaragent.linux.regions import Held
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from dmaragent.linux.view import LinuxState, LinuxView
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import XenView, XenViews

_NO_CAPABILITIES = Capabilities()


class Region(NamedTuple):
    """One reserved region: its firmware data, its owners, and how Xen and Linux treat it."""

    reserved: ReservedRegion
    owners: tuple[Owner, ...]
    """The devices that its claims name."""
    memory: str | None
    """The type of the range in the firmware's memory map; None if there is no map."""
    xen: XenView
    linux: tuple[Held, ...]
    """The devices that Linux applies it to, including everything behind a bridge it names."""

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
        """The table structure that it comes from."""
        return self.reserved.source

    @property
    def entry(self) -> TableEntry:
        """Its structure in the table, which every region of an inventory has."""
        assert isinstance(self.source, TableEntry)  # noqa: S101 - see the docstring
        return self.source

    @property
    def range(self) -> AddressRange | None:
        """The addresses, or None if the last is below the first."""
        return self.reserved.range

    @property
    def place(self) -> str:
        """Its addresses as text, exactly as the table has them."""
        return self.reserved.place

    @property
    def words(self) -> str:
        """Its number and addresses, as sentences name it."""
        return self.reserved.words

    @property
    def size(self) -> int:
        """Its size in bytes; 0 if the last is below the first."""
        return self.reserved.size


class Gap(NamedTuple):
    """An unknown fact of a host, the devices whose answers depend on it, and how to find out."""

    unknown: str
    """What is unknown and why, as a clause that names the reading."""
    next_step: str
    """How to find out, as an imperative without a full stop."""
    devices: frozenset[SBDF] | None = None
    """The devices that it concerns; None: all of the host."""
    refusals: bool = False
    """Whether it can also turn a "no" into another answer."""
    of_interrupts: bool = False
    """Whether it is about remapped interrupts, and not about memory."""
    of_dom0: bool = False
    """Whether it is about dom0's type: no setting of a guest helps."""

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
    """The device that the answer is limited to."""
    absence: Absence | None
    """Why there is no table; None if there is one."""
    iommu: IommuTable | Missing
    """The firmware's table, decoded, or why it is missing."""
    regions: tuple[Region, ...]
    all_regions: tuple[Region, ...]
    """All regions of the host, whatever device the answer is limited to."""
    xen: XenViews
    linux: LinuxView
    differences: tuple[Difference, ...]
    """The differences between the table, Xen and Linux, each with its reason."""
    published: tuple[UnexplainedRegion, ...]
    """Regions that Linux publishes and no region of the table explains, by address."""
    undetermined: tuple[str, ...]
    """Paths of scope entries that lead through a bridge whose bus is unknown."""
    gaps: Gaps
    """The unknown facts that could change an answer."""

    @property
    def units(self) -> tuple[RemappingUnit, ...]:
        """The remapping units that the table has, in its order."""
        return () if isinstance(self.iommu, Missing) else self.iommu.units

    @property
    def table_flags(self) -> tuple[str, ...]:
        """The names of the flags of the firmware's table; none if it was not decoded."""
        header = None if isinstance(self.iommu, Missing) else self.iommu.header
        return () if header is None else header.flags

    @property
    def capabilities(self) -> Capabilities:
        """The table's facts about devices besides units and regions."""
        return _NO_CAPABILITIES if isinstance(self.iommu, Missing) else self.iommu.capabilities

    @property
    def decoded(self) -> bool:
        """Whether there is a table of which at least the fixed part could be decoded."""
        return not isinstance(self.iommu, Missing) and self.iommu.header is not None

    @property
    def complete(self) -> bool:
        """Whether no region can be missing from the answer.

        A region can be missing if the table is damaged.  If the answer is limited to one device,
        it can also be missing if a path of the table may lead to that device.
        """
        sound = not isinstance(self.iommu, Missing) and self.iommu.whole
        return sound and (self.device is None or not self.undetermined)

    @property
    def region_count(self) -> int | None:
        """How many regions the firmware of the host reports; None if one can be missing.

        Without an IOMMU it reports none.
        """
        if self.absence is not None:
            return 0 if self.absence.kind in WITHOUT_REGIONS else None
        damaged = isinstance(self.iommu, Missing) or self.iommu.hides_structures
        return None if damaged else len(self.all_regions)

    def may_know(self, sbdf: SBDF) -> bool:
        """Return whether `sbdf` is present or named by a region, or may be."""
        functions = self.host.topology.functions
        if isinstance(functions, Missing) or sbdf in functions:
            return True
        return bool(self.of_device(sbdf).regions)

    def xen_moves(self, region: Region, sbdf: SBDF) -> bool:
        """Return whether `region` names another segment, and Xen applies it to `sbdf`.

        Xen ignores the segment of an IVMD: iommu_acpi.c, ``parse_ivmd_block``.
        """
        ivrs = self.xen.ivrs
        if ivrs is None or not region.segment or sbdf.segment:
            return False
        return any(region.source in listed.sources for listed in ivrs.ranges_of(sbdf))

    def of_device(self, sbdf: SBDF) -> "Inventory":
        """Return the inventory with only the regions that name `sbdf` or that are applied to it.

        A function behind Intel VMD has the regions of the VMD endpoint as well.
        """
        enforced = self.linux.state is not LinuxState.UNDER_XEN
        function = self.host.topology.known.get(sbdf)
        devices = {sbdf} if function is None else {sbdf, function.dma_device}
        moves = self.xen.ivrs is not None
        kept = tuple(
            region
            for region in self.regions
            if any(names(region.reserved.claims, owner) for owner in devices)
            or (enforced and any(held.sbdf in devices for held in region.linux))
            or (moves and any(self.xen_moves(region, owner) for owner in devices))
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
                    and (difference.devices is None or devices & difference.devices)
                )
                or difference.region in numbers
            ),
        )
