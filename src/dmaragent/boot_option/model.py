"""Xen's ``rmrr=`` option on one host: ranges that were checked, ranges that were written.

:mod:`dmaragent.boot_option.ivmd_model` has what differs for ``ivmd=``.
"""

from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.rmrr_writer import PageRange, RmrrText, WantedRegion
from dmaragent.boot_option.wanted import Refused
from dmaragent.host import Host
from dmaragent.host.memory_map import MemoryMap
from dmaragent.inventory import Inventory
from dmaragent.iommu.amd import ivrs_of
from dmaragent.iommu.model import IommuTable
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import option_rules
from dmaragent.xen.hypervisor.rmrr_option import UserRange
from dmaragent.xen.reserved_list.model import ListSource

FIRST_RELEASE = (4, 9)
"""The first release of Xen with the option: 431685e8de."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRange:
    """One range of the option, and whether Xen accepts it."""

    read: UserRange
    taken: bool | None
    """None: unknown.  It is well formed, but the table or a fact of the host is unknown."""
    reason: str
    """Why Xen does not accept it, which part Xen does not read, or why that is unknown; or empty."""
    advice: tuple[str, ...]
    """What was probably meant, and notes; a sentence each."""
    mistaken: bool
    """Whether its numbers look like addresses in bytes; Xen reads them as pages anyway."""


RefusedRegion = Refused[SBDF]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionHost:
    """The facts of a host that decide about the option."""

    inventory: Inventory
    """Of the whole host, by the rules of `release`."""
    release: Release | None
    """The hypervisor's; None: unknown, so the newest known release counts."""

    @property
    def host(self) -> Host:
        """The host itself."""
        return self.inventory.host

    @property
    def table(self) -> IommuTable | None:
        """The DMAR table; None: absent, or it could not be read."""
        found = self._decoded
        return None if found is None or ivrs_of(found) is not None else found

    @property
    def ivrs(self) -> IommuTable | None:
        """The IVRS table; None: absent, or it could not be read."""
        found = self._decoded
        return None if found is None or ivrs_of(found) is None else found

    @property
    def _decoded(self) -> IommuTable | None:
        found = self.inventory.iommu
        return None if isinstance(found, Missing) or found.header is None else found

    @property
    def amd(self) -> bool:
        """Whether this is an AMD machine: by its table, else by what else is known of the host."""
        return self._is_of(IommuVendor.AMD, self.ivrs, self.table)

    @property
    def intel(self) -> bool:
        """Whether this is an Intel machine, likewise."""
        return self._is_of(IommuVendor.INTEL, self.table, self.ivrs)

    def _is_of(self, vendor: IommuVendor, own: IommuTable | None, other: IommuTable | None) -> bool:
        return own is not None or (other is None and iommu_vendor(self.host) is vendor)

    @property
    def memory_map(self) -> MemoryMap | None:
        """The firmware's memory map; None: unknown."""
        return None if isinstance(self.host.ram_map, Missing) else self.host.ram_map

    @property
    def longest_word(self) -> int:
        """How many bytes of a word all releases in question read."""
        rules = option_rules(self.release)
        return min(rule.longest_word for rule in rules if rule.rmrr or len(rules) == 1)

    @property
    def listed(self) -> frozenset[AddressRange] | None:
        """The list of the running hypervisor; None: not read, or not the release in question."""
        listed = self.inventory.xen.list
        if listed.source is not ListSource.HYPERVISOR:
            return None
        return frozenset(entry.range for entry in listed.entries)

    def listed_for(self, sbdf: SBDF) -> frozenset[AddressRange] | None:
        """Return what the running hypervisor lists for one device; None: not read, as for `listed`."""
        xen = self.host.xen
        if self.listed is None or xen is None or isinstance(xen.device_reserved_memory, Missing):
            return None
        own = xen.device_reserved_memory.get(sbdf)
        return None if own is None else frozenset(entry.range for entry in own)

    def region_lists(self, pages: AddressRange) -> bool:
        """Return whether the running hypervisor lists `pages` for a region of the table."""
        return any(region.xen.range == pages for region in self.inventory.all_regions)

    @property
    def iommu_off(self) -> bool:
        """Whether the running Xen, of the release in question, does not use the IOMMU of the host."""
        xen = self.host.xen
        off = xen is not None and xen.iommu_enabled is False and xen.release == self.release
        return off and not self.listed

    @property
    def command_line(self) -> str | None:
        """Xen's own boot options; None: unknown."""
        return self.host.xen.command_line if self.host.xen else None


class Judged(Protocol):
    """One range of an option, and whether Xen accepts it."""

    @property
    def taken(self) -> bool | None:
        """Whether Xen accepts it; None: unknown."""

    @property
    def advice(self) -> tuple[str, ...]:
        """What was probably meant, and notes; a sentence each."""

    @property
    def mistaken(self) -> bool:
        """Whether its numbers look like addresses in bytes."""


JudgedT = TypeVar("JudgedT", bound=Judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Generic[JudgedT]):
    """Every range of a text or a command line, and whether Xen accepts it."""

    on: OptionHost
    text: str
    own: bool
    """Whether it is the host's own command line."""
    ranges: tuple[JudgedT, ...]
    notes: tuple[str, ...]

    @property
    def taken(self) -> bool | None:
        """Whether Xen accepts all of it; None: it is well formed, but a fact is unknown."""
        verdicts = {judged.taken for judged in self.ranges}
        if False in verdicts:
            return False
        return None if None in verdicts else True

    @property
    def mistaken(self) -> bool:
        """Whether a range is probably not what was meant, accepted or not."""
        return any(judged.mistaken for judged in self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOption(Checked[JudgedRange]):
    """Every range of ``rmrr=`` in a text or a command line."""


def written_taken(on: OptionHost, *, refused: bool, unknown: bool) -> bool | None:
    """Return whether Xen accepts all wanted regions; None: unknown.

    It is also unknown without Xen's command line: the ranges that are already on it can leave no room.
    """
    if refused:
        return False
    return None if unknown or on.command_line is None else True


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOption:
    """The option for wanted regions."""

    on: OptionHost
    written: tuple[RmrrText, ...]
    """The regions that have ranges."""
    refused: tuple[RefusedRegion, ...]
    unknown: frozenset[WantedRegion]
    """The written regions of which it is unknown whether Xen accepts them."""
    present: int
    """How many ranges are already on the host's command line."""
    notes: tuple[str, ...]

    @property
    def taken(self) -> bool | None:
        """Whether Xen accepts all regions; None: nothing is refused, but a fact is unknown."""
        return written_taken(self.on, refused=bool(self.refused), unknown=bool(self.unknown))

    @property
    def ranges(self) -> tuple[PageRange, ...]:
        """The ranges, in order."""
        return tuple(pages for region in self.written for pages in region.ranges)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command line, one for each range."""
        return tuple(pages.word for pages in self.ranges)


class SiftedFaults(NamedTuple):
    """The DMA faults of a log: the regions that the table may lack, and the other faults."""

    regions: tuple[WantedRegion, ...]
    """The pages of the faults that remain."""
    by_xen: int
    """How many faults Xen logged."""
    by_linux: int
    given: tuple[str, ...]
    """The faults whose region the table already gives the device, a sentence each."""
    dropped: tuple[str, ...]
    """The faults whose address cannot be in a region of the firmware, a sentence each."""


WrittenT = TypeVar("WrittenT")


class OptionForFaults(NamedTuple, Generic[WrittenT]):
    """The option for the DMA faults of a log."""

    option: WrittenT
    faults: SiftedFaults


FaultOption = OptionForFaults[WrittenOption]
