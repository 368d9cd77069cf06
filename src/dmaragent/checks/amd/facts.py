"""The facts that rules about the IVRS use: its blocks, and what Xen and Linux make of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.checks.common.facts import CheckFacts, common_facts
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.amd import ivmds_of, ivrs_of, table_entry
from dmaragent.linux.ivrs import LinuxIvrs
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.ivmd_ranges import parse_ivmd_option
from dmaragent.xen.hypervisor.ivrs_acceptance import overrides_of
from dmaragent.xen.hypervisor.ivrs_behaviour import RELEASES, IvrsBehaviour, ivrs_behaviour_of
from dmaragent.xen.hypervisor.ivrs_blocks import (
    address_bits_of,
    is_addressable,
    ivhd_type_of,
    seen_blocks,
    stops_xen,
)
from dmaragent.xen.hypervisor.ivrs_entries import Overrides
from dmaragent.xen.hypervisor.ivrs_memory import IvmdMemory, MemoryCheck
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdAcceptance
from dmaragent.xen.hypervisor.ivrs_walk import IvrsWalk
from fwtables import IVMD, IVRS, AnyIVHD, Block, Entry, located_blocks
from fwtables.ivrs.constants import BlockType
from fwtables.ivrs.layouts import BLOCK_HEADER, BODIES, entry_length


class Ivmd(NamedTuple):
    """An IVMD block of the table, and the region that it is."""

    region: Region
    offset: int
    block: IVMD

    @property
    def is_range(self) -> bool:
        """Whether it is for a range of device IDs."""
        return self.block.type == BlockType.IVMD_RANGE

    @property
    def pages(self) -> AddressRange | None:
        """The whole pages that Xen makes of it; None if there are none, or it passes 64 bits."""
        first = self.block.start_address & -PAGE
        end = self.block.start_address + self.block.memory_length + PAGE - 1 & -PAGE
        return AddressRange(first, end) if first < end < 1 << 64 else None


class LocatedEntry(NamedTuple):
    """A device entry, with its offset in the table and its block."""

    offset: int
    entry: Entry
    block: AnyIVHD


class Walked(NamedTuple):
    """A walk of Xen over the table, and what became of its IVMDs there."""

    walk: IvrsWalk
    fates: Mapping[int, IvmdAcceptance]
    """By the number of the region; empty if the walk did not come to the IVMDs."""


Ivhd = tuple[int, AnyIVHD]
"""An IVHD block with its offset."""


@dataclass(frozen=True, kw_only=True)
class IvrsFacts(CheckFacts):
    """The facts of a host that the rules about the IVRS use."""

    table: IVRS | None
    """None if not even its header could be decoded."""

    @property
    def without_preboot(self) -> bool:
        """Whether the table shows that firmware did not use the IOMMU before boot (IVinfo)."""
        table = self.inventory.iommu
        header = None if isinstance(table, Missing) else table.header
        return header is not None and "DMA_REMAP_SUP" not in header.flags

    @cached_property
    def blocks(self) -> tuple[tuple[int, Block], ...]:
        """The blocks of the table with their offsets, in its order."""
        return () if self.table is None else tuple(located_blocks(self.table))

    @cached_property
    def ivmds(self) -> tuple[Ivmd, ...]:
        """The IVMD blocks that can be read, in table order."""
        if self.table is None:
            return ()
        pairs = zip(self.inventory.all_regions, ivmds_of(self.table), strict=True)
        return tuple(Ivmd(region, *located) for region, located in pairs)

    # Linux

    @cached_property
    def linux(self) -> LinuxIvrs | None:
        """What Linux makes of the table."""
        iommu = self.inventory.iommu
        return None if isinstance(iommu, Missing) else self.inventory.linux.ivrs

    @cached_property
    def linux_ivhds(self) -> tuple[Ivhd, ...]:
        """The IVHD blocks of the type that Linux uses."""
        used = None if self.linux is None else self.linux.block_type
        return tuple(self._ivhds(self.blocks, used))

    # Xen

    @cached_property
    def behaviours(self) -> tuple[IvrsBehaviour, ...]:
        """What the release may do: one, or one for each of its points that differ."""
        return tuple(map(ivrs_behaviour_of, RELEASES.steps_of(self.release)))

    @cached_property
    def xen_type(self) -> int | None:
        """The type of the IVHD blocks that Xen uses; None if the table has none of them."""
        return None if self.table is None else ivhd_type_of(self.table, self.release)

    @cached_property
    def xen_ivhds(self) -> tuple[Ivhd, ...]:
        """The IVHD blocks that Xen uses."""
        return (
            () if self.table is None else tuple(self._ivhds(seen_blocks(self.table), self.xen_type))
        )

    @staticmethod
    def _ivhds(blocks: tuple[tuple[int, Block], ...], used: int | None) -> Iterator[Ivhd]:
        for offset, block in blocks:
            if block.type == used and isinstance(block, AnyIVHD):
                yield offset, block

    @property
    def overrides(self) -> Overrides:
        """What Xen's command line changes of the checks of interrupts."""
        return overrides_of(self.inventory.host.xen_command_line, self.release)

    @property
    def address_bits(self) -> int:
        """The bits of an address that devices can use by IVinfo."""
        return 0 if self.table is None else address_bits_of(self.table)

    def ignored_by_xen(self, ivmd: Ivmd) -> bool:
        """Return whether Xen ignores `ivmd`, and does not check it further."""
        return not stops_xen(ivmd.block) and not is_addressable(ivmd.block, self.address_bits)

    @cached_property
    def walk(self) -> Walked:
        """Xen's walk over all IVMDs, which neither an error nor memory nor a missing IOMMU ends."""
        assert self.table is not None  # noqa: S101 - rules ask about IVMDs that there are
        return self._walk(self.table)

    @cached_property
    def walk_in_order(self) -> Walked:
        """The same walk if each IVMD came after all IVHD blocks."""
        assert self.table is not None  # noqa: S101 - rules ask about IVMDs that there are
        ivmds = tuple(block for block in self.table.blocks if isinstance(block, IVMD))
        others = tuple(block for block in self.table.blocks if not isinstance(block, IVMD))
        return self._walk(replace(self.table, blocks=(*others, *ivmds)))

    def _walk(self, table: IVRS) -> Walked:
        behaviour = ivrs_behaviour_of(None)._replace(needs_iommu=False)
        topology = self.inventory.host.topology
        walk = IvrsWalk(topology, None, behaviour, self.overrides, goes_on=True)
        line = self.inventory.host.xen_command_line
        walk.read(table, (), parse_ivmd_option(line, self.release))
        found = {fate.source: fate for fate in walk.fates}
        own = (found.get(table_entry(table, *located)) for located in ivmds_of(table))
        fates = {
            ivmd.region.number: fate
            for ivmd, fate in zip(self.ivmds, own, strict=True)
            if fate is not None
        }
        return Walked(walk, fates if walk.has_ids else {})

    # Memory

    @cached_property
    def memory_checks(self) -> dict[int, MemoryCheck]:
        """What Xen finds below each IVMD that it does not ignore, by the number of its region."""
        return self._memory_checks(inverted=False)

    @cached_property
    def inverted_memory_checks(self) -> dict[int, MemoryCheck]:
        """The same for the releases whose test is inverted."""
        return self._memory_checks(inverted=True)

    def _memory_checks(self, *, inverted: bool) -> dict[int, MemoryCheck]:
        known = self.inventory.host.ram_map
        memory = IvmdMemory(None if isinstance(known, Missing) else known, inverted=inverted)
        return {
            ivmd.region.number: memory.check(ivmd.pages)
            for ivmd in self.ivmds
            if ivmd.pages is not None and not self.ignored_by_xen(ivmd)
        }


def entries_of(offset: int, block: AnyIVHD) -> Iterator[LocatedEntry]:
    """Yield the device entries of the `block` at `offset`, in their order."""
    at = offset + BLOCK_HEADER.size + BODIES[block.type].size
    for entry in block.entries:
        yield LocatedEntry(at, entry, block)
        at += entry_length(entry)


def ivrs_facts_of(inventory: Inventory) -> IvrsFacts:
    """Return the facts for rules from the inventory of a whole host with an IVRS."""
    iommu = inventory.iommu
    common = common_facts(inventory)
    return IvrsFacts(
        inventory=inventory,
        content=common.content,
        functions=common.functions,
        memory_map=common.memory_map,
        boot_log=common.boot_log,
        segments=common.segments,
        table=None if isinstance(iommu, Missing) else ivrs_of(iommu),
    )
