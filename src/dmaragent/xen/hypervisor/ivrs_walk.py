"""Xen's walk over an IVRS table: its passes over the blocks, and which of them switch AMD-Vi off.

Pure.  The rules are those of Xen 4.16 and later: drivers/passthrough/amd/iommu_acpi.c,
``get_supported_ivhd_type``, ``get_last_bdf_acpi``, ``parse_ivrs_table``, ``parse_ivmd_block``;
iommu_detect.c, ``amd_iommu_detect_one_acpi``.  Every error ends the walk and switches AMD-Vi off.
"""

from collections.abc import Iterable

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.amd import IVMD_TYPES, ivmd_segment, meaning_of, table_entry
from dmaragent.iommu.claims import function_with_id, requester_id
from dmaragent.iommu.model import Meaning, Source
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivmd_ranges import IvmdRange
from dmaragent.xen.hypervisor.ivmd_registration import MOST_STEPS, Overlap, Registrar
from dmaragent.xen.hypervisor.ivrs_behaviour import IvrsBehaviour
from dmaragent.xen.hypervisor.ivrs_blocks import (
    SMALLEST_IVHD,
    UNSEEN,
    Refusal,
    Unpredictable,
    address_bits_of,
    end_of,
    is_addressable,
    ivhd_type_of,
    refused,
    seen_blocks,
    stops_xen,
    wraps_around,
)
from dmaragent.xen.hypervisor.ivrs_entries import EntryReader, Overrides, Served
from dmaragent.xen.hypervisor.ivrs_ids import AmdIommu, DeviceIdTable
from dmaragent.xen.hypervisor.ivrs_memory import IvmdMemory
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdAcceptance, IvmdFate
from fwtables import (
    IVMD,
    IVRS,
    AnyIVHD,
    Block,
    Damage,
    DamageKind,
    UnknownBlock,
    block_length,
    device_name,
)
from fwtables.ivrs.constants import IvmdFlag

_LENGTH_AT = 2
"""Where in a block its length is, which damage to it names."""


class IvrsWalk:
    """Xen's walk over one table and the ranges of ``ivmd=``.

    With `goes_on`, an IVMD that switches AMD-Vi off does not end the walk, so that all are found.
    """

    def __init__(
        self,
        topology: PciTopology,
        memory_map: MemoryMap | None,
        behaviour: IvrsBehaviour,
        overrides: Overrides,
        *,
        goes_on: bool = False,
    ) -> None:
        self._topology = topology
        self._memory = IvmdMemory(memory_map, inverted=behaviour.memory_test_inverted)
        self._goes_on = goes_on
        self._reader = EntryReader(overrides)
        self._registrar = Registrar(needs_iommu=behaviour.needs_iommu)
        self._address_bits = 0
        self._blocks: tuple[tuple[int, Block], ...] = ()
        self.fates: list[IvmdAcceptance] = []
        """Of the table's IVMDs, then of the ranges of the command line."""
        self.notes: list[str] = []
        self.error = ""
        """What switched AMD-Vi off."""
        self.doubt = ""
        """Why the list is unknown."""
        self.stops = False
        """Whether Xen stops with a BUG."""
        self.is_whole = False
        """Whether the walk came to its end."""
        self.has_ids = False
        """Whether it came to the IVMDs, so that `ids` is the whole table of device IDs."""

    @property
    def ids(self) -> DeviceIdTable:
        """The device IDs, and what is registered for each."""
        return self._registrar.ids

    @property
    def overlaps(self) -> list[Overlap]:
        """The unity maps that overlap one of the same device."""
        return self._registrar.overlaps

    def iommu_named(self, ivmd: IVMD) -> AmdIommu | None:
        """Return the IOMMU that an IVMD of type 0x23 names."""
        return self._registrar.iommu_of(ivmd)

    def read(self, table: IVRS, damage: Iterable[Damage], options: Iterable[IvmdRange]) -> None:
        """Walk over `table` with its `damage`, then over the `options` that Xen accepts."""
        options = [option for option in options if option.ivmd is not None]
        self._blocks = seen_blocks(table)
        try:
            self._check_damage(table, damage)
            used = self._used_blocks(table)
            self._detect(used)
            served = {offset: list(self._reader.served(block, offset)) for offset, block in used}
            self.doubt = self.doubt or self._reader.doubt
            self._allocate(table, served, options)
            self._parse(table, served, options)
            self._check_ioapics()
            self._inherit()
            self.is_whole = True
        except Refusal as refusal:
            self.error = str(refusal)
        except Unpredictable as reason:
            self.doubt = str(reason)
        self._add_unreached(table, options)

    # The passes before the IVMDs

    def _check_damage(self, table: IVRS, damage: Iterable[Damage]) -> None:
        """End the walk, or doubt, for what is wrong with the bytes of `table`."""
        for flaw in damage:
            seen = table.length > flaw.offset - _LENGTH_AT + UNSEEN
            if flaw.kind is DamageKind.CHECKSUM:
                raise Refusal(words.CHECKSUM)
            if flaw.kind is DamageKind.STRUCTURE_PAST_END and seen:
                raise Refusal(words.damage_off(flaw))
            if flaw.kind is DamageKind.STRUCTURE_LENGTH_ZERO and seen:
                raise Unpredictable(words.BLOCK_LENGTH_ZERO)
            is_cut = flaw.kind is DamageKind.TABLE_LENGTH_TOO_LONG
            if is_cut or (flaw.kind is DamageKind.STRUCTURE_LENGTH_BELOW_HEADER and seen):
                raise Unpredictable(words.damage_unknown(flaw))

    def _used_blocks(self, table: IVRS) -> list[tuple[int, AnyIVHD]]:
        """Return the IVHD blocks of the type that Xen uses; one that it cannot read is refused."""
        used_type = ivhd_type_of(table, None)
        if used_type is None:
            raise Refusal(words.NO_IVHD)
        used: list[tuple[int, AnyIVHD]] = []
        for offset, block in self._blocks:
            if block.type != used_type:
                continue
            if isinstance(block, UnknownBlock) or block_length(block) < SMALLEST_IVHD:
                raise refused(block, offset, words.SHORT_IVHD)
            assert isinstance(block, AnyIVHD)  # noqa: S101 - the type says so
            used.append((offset, block))
        return used

    def _detect(self, used: list[tuple[int, AnyIVHD]]) -> None:
        """Find the IOMMUs: ``amd_iommu_detect_one_acpi``."""
        functions = self._topology.functions
        for offset, block in used:
            place = (block.device_id, block.capability_offset, block.register_base_address)
            if not all(place):
                raise refused(block, offset, words.ZERO_IVHD)
            sbdf = function_with_id(block.segment_number, block.device_id)
            if not isinstance(functions, Missing) and sbdf not in functions:
                self.doubt = self.doubt or words.no_iommu_function(str(sbdf))
            self._registrar.iommus.append(
                AmdIommu(block.segment_number, block.device_id, block.capability_offset)
            )
        if isinstance(functions, Missing):
            self.notes.append(words.FUNCTIONS_UNKNOWN)
        if all(iommu.segment for iommu in self._registrar.iommus):
            raise Unpredictable(words.NO_IOMMU_IN_SEGMENT_0)

    def _allocate(
        self, table: IVRS, served: dict[int, list[Served]], options: list[IvmdRange]
    ) -> None:
        """Make the table of device IDs, as large as the highest ID of the IVHDs needs.

        The target of an alias does not count for that, and must not be higher.
        """
        highest = max((own.last for block in served.values() for own in block), default=0)
        end = (highest | 7) + 1
        blocks = dict(self._blocks)
        for offset, block in served.items():
            for own in block:
                if own.seen_as is not None and own.seen_as >= end:
                    reason = words.id_too_high(device_name(own.seen_as))
                    raise refused(blocks[offset], offset, reason)
        ivmds = [block for block in table.blocks if isinstance(block, IVMD)]
        ivmds += [option.ivmd for option in options if option.ivmd is not None]
        bounds = self._bounds(served, ivmds)
        if len(bounds) * len(ivmds) > MOST_STEPS:
            raise Unpredictable(words.TOO_MANY_STEPS)
        self._registrar.ids = DeviceIdTable(end, bounds)
        self._address_bits = address_bits_of(table)

    def _bounds(self, served: dict[int, list[Served]], ivmds: list[IVMD]) -> set[int]:
        """Return the device IDs at which Xen's treatment can change."""
        parts: list[tuple[int, int]] = []
        for own in (own for block in served.values() for own in block):
            parts.append((own.first, own.last))
            if own.seen_as is not None:
                parts.append((own.seen_as, own.seen_as))
        single = [iommu.device for iommu in self._registrar.iommus]
        single += [number for ivmd in ivmds for number in (ivmd.device_id, ivmd.auxiliary)]
        numbers = [requester_id(sbdf) for sbdf in self._topology.known if not sbdf.segment]
        single += [*numbers, *(number & ~7 for number in numbers)]
        parts += [(number, number) for number in single]
        return {bound for first, last in parts for bound in (first, last + 1)}

    # The pass that registers

    def _parse(
        self, table: IVRS, served: dict[int, list[Served]], options: list[IvmdRange]
    ) -> None:
        """Handle IVHDs and IVMDs in table order, then the command line's: ``parse_ivrs_table``."""
        self.has_ids = True
        for offset, block in self._blocks:
            if isinstance(block, AnyIVHD) and offset in served:
                self._serve(block, served[offset])
            elif block.type in IVMD_TYPES:
                source = table_entry(table, offset, block)
                try:
                    self.fates.append(self._register(block, source))
                except Refusal as refusal:
                    self.fates.append(_refused_ivmd(source, str(refusal)))
                    if not self._goes_on:
                        raise refused(block, offset, str(refusal)) from refusal
        for option in options:
            assert option.ivmd is not None  # noqa: S101 - `read` leaves others out
            try:
                self.fates.append(self._register(option.ivmd, option.source))
            except Refusal as refusal:
                self.fates.append(_refused_ivmd(option.source, str(refusal)))
                if not self._goes_on:
                    raise Refusal(words.option_refused(option.text, str(refusal))) from refusal

    def _serve(self, block: AnyIVHD, served: list[Served]) -> None:
        """Assign device IDs to the IOMMU of `block`: ``add_ivrs_mapping_entry``."""
        if block.segment_number:
            return
        iommu = self._registrar.iommu_at(block.device_id, block.capability_offset)
        for own in served:
            for run in self.ids.within(own.first, own.last):
                run.seen_as = own.seen_as
                if iommu is not None and run.first == iommu.device:
                    continue  # an IOMMU does not serve itself
                run.iommu = iommu
                seen = run if own.seen_as is None else self.ids.of(own.seen_as)
                if seen is not None:
                    seen.has_entry = True

    def _register(self, ivmd: Block, source: Source) -> IvmdAcceptance:
        """Check one IVMD and register it: ``parse_ivmd_block``."""
        if not isinstance(ivmd, IVMD):
            raise Refusal(words.SHORT_IVMD)
        end = end_of(ivmd)
        if stops_xen(ivmd):
            self.stops = True
            raise Refusal(words.WRAPS_TO_ZERO)
        if not is_addressable(ivmd, self._address_bits):
            reason = words.not_addressable(self._address_bits)
            return IvmdAcceptance(source=source, fate=IvmdFate.IGNORED, reason=reason)
        base, limit = ivmd.start_address & -PAGE, end - 1 & -PAGE
        if wraps_around(ivmd):
            self.doubt = self.doubt or words.WRAPS
            return IvmdAcceptance(source=source, fate=IvmdFate.UNKNOWN, reason=words.WRAPS)
        if end > 1 << 48:
            self.doubt = self.doubt or words.BEYOND_48_BITS
        notes = self._check_memory(AddressRange(base, limit + PAGE))
        if ivmd_segment(ivmd):
            notes.append(words.SEGMENT_IGNORED)
        meaning = meaning_of(ivmd.flags)
        if meaning is Meaning.UNSTATED:
            raise Refusal(words.NO_FLAGS)
        if meaning is Meaning.IDENTITY and bool(ivmd.flags & IvmdFlag.READ) != bool(
            ivmd.flags & IvmdFlag.WRITE
        ):
            notes.append(words.SWAPPED)
        return self._registrar.register(ivmd, source, base, limit, notes)

    def _check_memory(self, pages: AddressRange) -> list[str]:
        found = self._memory.check(pages)
        if found.error:
            raise Refusal(found.error)
        self.doubt = self.doubt or found.doubt
        return [found.note] if found.note else []

    # What comes after

    def _check_ioapics(self) -> None:
        """Require the southbridge's I/O APIC; the others would need the MADT."""
        if self._reader.overrides.checks_ioapics:
            self.notes.append(words.IOAPICS_ASSUMED)
        self._reader.check_southbridge()
        self.doubt = self.doubt or self._reader.doubt

    def _inherit(self) -> None:
        """Copy what function 0 has to present functions without an entry."""
        for sbdf in sorted(self._topology.known):
            if not sbdf.segment:
                self.ids.inherit(requester_id(sbdf))

    def _add_unreached(self, table: IVRS, options: list[IvmdRange]) -> None:
        """Add the IVMDs that the walk did not reach, and discard the others if AMD-Vi is off."""
        if self.error:
            self.fates = [
                fate._replace(fate=IvmdFate.DISCARDED, reason=words.ACCEPTED_IN_VAIN)
                if fate.fate is IvmdFate.ACCEPTED
                else fate
                for fate in self.fates
            ]
        known = {fate.source for fate in self.fates}
        fate = IvmdFate.NOT_REACHED if self.error else IvmdFate.UNKNOWN
        reason = words.not_reached(self.error) if self.error else self.doubt
        sources: list[Source] = [
            table_entry(table, offset, block)
            for offset, block in self._blocks
            if block.type in IVMD_TYPES
        ]
        sources += [option.source for option in options]
        self.fates += [
            IvmdAcceptance(source=source, fate=fate, reason=reason)
            for source in sources
            if source not in known
        ]


def _refused_ivmd(source: Source, reason: str) -> IvmdAcceptance:
    return IvmdAcceptance(source=source, fate=IvmdFate.REFUSED, reason=reason)
