"""Xen's pass over an IVRS table: which IVMDs it registers for whom, and what switches AMD-Vi off.

Pure.  The rules are those of Xen 4.16 and later: drivers/passthrough/amd/iommu_acpi.c,
``get_supported_ivhd_type``, ``get_last_bdf_acpi``, ``parse_ivrs_table``, ``parse_ivmd_block``;
iommu_detect.c, ``amd_iommu_detect_one_acpi``.  Every error ends the walk and switches AMD-Vi off.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.amd import IVMD_TYPES, RANGE_STARTS, meaning_of, table_entry
from dmaragent.iommu.model import Access, Meaning, Source, function_with_id, requester_id
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivmd_ranges import IvmdRange
from dmaragent.xen.hypervisor.ivrs_behaviour import IvrsBehaviour
from dmaragent.xen.hypervisor.ivrs_ids import AmdIommu, DeviceIdTable, IdRun, UnityMap
from dmaragent.xen.hypervisor.ivrs_memory import IvmdMemory
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdAcceptance, IvmdFate
from fwtables import (
    IVMD,
    IVRS,
    AliasEntry,
    AnyIVHD,
    Block,
    Damage,
    DamageKind,
    DeviceEntry,
    Entry,
    ExtendedEntry,
    SpecialEntry,
    UnknownBlock,
    block_length,
    block_name,
    device_name,
    located_blocks,
)
from fwtables.ivrs.constants import BlockType, EntryType, IvmdFlag, Variety

FIRST_WITH_EXTENDED = (4, 8)
"""The first release that knows IVHD blocks of type 0x11: eb48587210."""
FIRST_WITH_EFR_TEST = (4, 16)
"""The first that uses them only if the table has EFRSup: 87caa1c3fb."""
UNSEEN = 6
"""The bytes of a block's header: Xen does not see a block unless more are left."""
_LENGTH_AT = 2
"""Where in a block its length is, which damage to it names."""
ENTRY_HEADER = 4
"""Xen does not read fewer bytes at the end of an IVHD block as a device entry."""
SMALLEST_IVHD = 40
"""Xen refuses a shorter IVHD block, of type 0x10 too."""
SOUTHBRIDGE = 0x00A0
"""The device ID of 00:14.0, where AMD's southbridge has its I/O APIC."""
_WRAP = 1 << 64
_MOST_STEPS = 1 << 20
"""Runs of device IDs times IVMDs, and comparisons of ranges, of a table that is predicted."""


def ivhd_type_of(table: IVRS, release: Release | None) -> int | None:
    """Return the type of the IVHD blocks that Xen uses of `table`; None if it has none of them.

    The release None is the newest.  No release knows type 0x40, nor what it names by ACPI HID.
    """
    series = FIRST_WITH_EFR_TEST if release is None else release.series
    extended = series >= FIRST_WITH_EXTENDED and (
        series < FIRST_WITH_EFR_TEST or table.efr_images_valid
    )
    known = {BlockType.IVHD, *([BlockType.IVHD_WITH_EFR] if extended else [])}
    seen = seen_blocks(table)
    return max((block.type for _, block in seen if block.type in known), default=None)


def seen_blocks(table: IVRS) -> tuple[tuple[int, Block], ...]:
    """Return the blocks that Xen sees, with their offsets: those before the last six bytes."""
    blocks = located_blocks(table)
    return tuple((offset, block) for offset, block in blocks if table.length > offset + UNSEEN)


def address_bits_of(table: IVRS) -> int:
    """Return the bits of an address that devices can use by IVinfo; 0 ignores every IVMD."""
    return min(table.physical_address_bits, table.virtual_address_bits)


def is_addressable(ivmd: IVMD, address_bits: int) -> bool:
    """Return whether devices with `address_bits` reach the end of `ivmd`; else Xen ignores it."""
    return address_bits >= 64 or not _end_of(ivmd) - 1 >> address_bits


def stops_xen(ivmd: IVMD) -> bool:
    """Return whether the end of `ivmd` is so near 64 bits of address that Xen stops with a BUG."""
    end = _end_of(ivmd)
    return not end or end > _WRAP - PAGE


def wraps_around(ivmd: IVMD) -> bool:
    """Return whether the last page of `ivmd` is so far before its first that the rest is unknown."""
    return ivmd.start_address & -PAGE > (_end_of(ivmd) - 1 & -PAGE) + PAGE


def _end_of(ivmd: IVMD) -> int:
    return (ivmd.start_address + ivmd.memory_length) % _WRAP


class Overrides(NamedTuple):
    """What Xen's command line changes of the checks of interrupts."""

    checks_ioapics: bool
    """Whether it checks them: not with ``iommu=no-intremap``, nor without tables per device."""
    names_ioapics: bool
    """Whether ``ivrs_ioapic=`` names some itself."""


class Overlap(NamedTuple):
    """A unity map that overlaps one of the same device, which switches AMD-Vi off."""

    source: Source
    others: tuple[Source, ...]
    """What the map that Xen registered before is of."""
    device: int
    """The device ID."""


class _Served(NamedTuple):
    """Device IDs that an IVHD gives to its IOMMU."""

    first: int
    last: int
    seen_as: int | None


class _Refusal(Exception):  # noqa: N818 - it is no error of this program
    """What switches AMD-Vi off; the walk ends."""


class _Unpredictable(Exception):  # noqa: N818 - likewise
    """Why it is unknown what Xen does from there on; the walk ends."""


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
        self._behaviour = behaviour
        self._overrides = overrides
        self._goes_on = goes_on
        self._iommus: list[AmdIommu] = []
        self._ioapics: dict[int, tuple[int, int]] = {}
        """By handle: the segment and the device ID of the I/O APIC."""
        self._address_bits = 0
        self._blocks: tuple[tuple[int, Block], ...] = ()
        self.ids = DeviceIdTable(8, ())
        self.fates: list[IvmdAcceptance] = []
        """Of the table's IVMDs, then of the ranges of the command line."""
        self.notes: list[str] = []
        self.error = ""
        """What switched AMD-Vi off."""
        self.doubt = ""
        """Why the list is unknown."""
        self.steps = 0
        """The comparisons of ranges so far."""
        self.is_whole = False
        """Whether the walk came to its end."""
        self.has_ids = False
        """Whether it came to the IVMDs, so that `ids` is the whole table of device IDs."""
        self.overlaps: list[Overlap] = []

    def read(self, table: IVRS, damage: Iterable[Damage], options: Iterable[IvmdRange]) -> None:
        """Walk over `table` with its `damage`, then over the `options` that Xen accepts."""
        options = [option for option in options if option.ivmd is not None]
        self._blocks = seen_blocks(table)
        try:
            self._check_damage(table, damage)
            used = self._used_blocks(table)
            self._detect(used)
            served = {offset: list(self._entries(block, offset)) for offset, block in used}
            self._allocate(table, served, options)
            self._parse(table, served, options)
            self._check_ioapics()
            self._inherit()
            self.is_whole = True
        except _Refusal as refusal:
            self.error = str(refusal)
        except _Unpredictable as reason:
            self.doubt = str(reason)
        self._add_unreached(table, options)

    # The passes before the IVMDs

    def _check_damage(self, table: IVRS, damage: Iterable[Damage]) -> None:
        """End the walk, or doubt, for what is wrong with the bytes of `table`."""
        for flaw in damage:
            seen = table.length > flaw.offset - _LENGTH_AT + UNSEEN
            if flaw.kind is DamageKind.CHECKSUM:
                raise _Refusal(words.CHECKSUM)
            if flaw.kind is DamageKind.STRUCTURE_PAST_END and seen:
                raise _Refusal(words.damage_off(flaw))
            if flaw.kind is DamageKind.STRUCTURE_LENGTH_ZERO and seen:
                raise _Unpredictable(words.BLOCK_LENGTH_ZERO)
            is_cut = flaw.kind is DamageKind.TABLE_LENGTH_TOO_LONG
            if is_cut or (flaw.kind is DamageKind.STRUCTURE_LENGTH_BELOW_HEADER and seen):
                raise _Unpredictable(words.damage_unknown(flaw))

    def _used_blocks(self, table: IVRS) -> list[tuple[int, AnyIVHD]]:
        """Return the IVHD blocks of the type that Xen uses; one that it cannot read is refused."""
        used_type = ivhd_type_of(table, None)
        if used_type is None:
            raise _Refusal(words.NO_IVHD)
        used: list[tuple[int, AnyIVHD]] = []
        for offset, block in self._blocks:
            if block.type != used_type:
                continue
            if isinstance(block, UnknownBlock) or block_length(block) < SMALLEST_IVHD:
                raise _refused(block, offset, words.SHORT_IVHD)
            assert isinstance(block, AnyIVHD)  # noqa: S101 - the type says so
            used.append((offset, block))
        return used

    def _detect(self, used: list[tuple[int, AnyIVHD]]) -> None:
        """Find the IOMMUs: ``amd_iommu_detect_one_acpi``."""
        functions = self._topology.functions
        for offset, block in used:
            place = (block.device_id, block.capability_offset, block.register_base_address)
            if not all(place):
                raise _refused(block, offset, words.ZERO_IVHD)
            sbdf = function_with_id(block.segment_number, block.device_id)
            if not isinstance(functions, Missing) and sbdf not in functions:
                self.doubt = self.doubt or words.no_iommu_function(str(sbdf))
            self._iommus.append(
                AmdIommu(block.segment_number, block.device_id, block.capability_offset)
            )
        if isinstance(functions, Missing):
            self.notes.append(words.FUNCTIONS_UNKNOWN)
        if all(iommu.segment for iommu in self._iommus):
            raise _Unpredictable(words.NO_IOMMU_IN_SEGMENT_0)

    def _entries(self, block: AnyIVHD, offset: int) -> Iterator[_Served]:
        """Yield what the device entries of `block` serve; an error among them is refused.

        The IDs are compared with the highest of all blocks in :meth:`_allocate`.
        """
        start: Entry | None = None
        for entry in block.entries:
            is_end = entry.type == EntryType.RANGE_END
            if (start is None) is is_end:
                reason = words.RANGE_WITHOUT_END if start else words.unknown_entry(entry.type)
                raise _refused(block, offset, reason)
            if start is not None:
                assert isinstance(entry, DeviceEntry)  # noqa: S101 - its type says so
                yield self._range(start, entry.device_id, block, offset)
                start = None
            elif entry.type in RANGE_STARTS:
                start = entry
            else:
                yield from self._one(entry, block, offset)
        if len(block.undecoded) >= ENTRY_HEADER or start is not None:
            raise _refused(block, offset, words.ENTRIES_CUT)

    def _range(self, start: Entry, last: int, block: AnyIVHD, offset: int) -> _Served:
        assert isinstance(start, DeviceEntry | AliasEntry | ExtendedEntry)  # noqa: S101 - a start
        if last <= start.device_id:
            reason = words.range_inverted(device_name(start.device_id), device_name(last))
            raise _refused(block, offset, reason)
        seen_as = start.source_device_id if isinstance(start, AliasEntry) else None
        return _Served(start.device_id, last, seen_as)

    def _one(self, entry: Entry, block: AnyIVHD, offset: int) -> Iterator[_Served]:
        """Yield what an entry serves that is not part of a range."""
        if isinstance(entry, AliasEntry):
            yield _Served(entry.device_id, entry.device_id, entry.source_device_id)
        elif isinstance(entry, ExtendedEntry) or (
            isinstance(entry, DeviceEntry) and entry.type == EntryType.SELECT
        ):
            yield _Served(entry.device_id, entry.device_id, None)
        elif isinstance(entry, SpecialEntry):
            self._special(entry, block, offset)
            yield _Served(entry.source_device_id, entry.source_device_id, None)
        elif entry.type not in (EntryType.PADDING, EntryType.PADDING_8):
            raise _refused(block, offset, words.unknown_entry(entry.type))

    def _special(self, entry: SpecialEntry, block: AnyIVHD, offset: int) -> None:
        """Keep an I/O APIC: ``parse_ivhd_device_special``."""
        if entry.variety == Variety.HPET:
            return
        if entry.variety != Variety.IOAPIC:
            raise _refused(block, offset, words.unknown_variety(entry.variety))
        if not self._overrides.checks_ioapics:
            return
        place = (block.segment_number, entry.source_device_id)
        if self._ioapics.setdefault(entry.handle, place) != place:
            if not self._overrides.names_ioapics:
                raise _refused(block, offset, words.conflicting_ioapic(entry.handle))
            self.doubt = self.doubt or words.IOAPIC_OVERRIDDEN

    def _allocate(
        self, table: IVRS, served: dict[int, list[_Served]], options: list[IvmdRange]
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
                    raise _refused(blocks[offset], offset, reason)
        ivmds = [block for block in table.blocks if isinstance(block, IVMD)]
        ivmds += [option.ivmd for option in options if option.ivmd is not None]
        bounds = self._bounds(served, ivmds)
        if len(bounds) * len(ivmds) > _MOST_STEPS:
            raise _Unpredictable(words.TOO_MANY_STEPS)
        self.ids = DeviceIdTable(end, bounds)
        self._address_bits = address_bits_of(table)

    def _bounds(self, served: dict[int, list[_Served]], ivmds: list[IVMD]) -> set[int]:
        """Return the device IDs at which Xen's treatment can change."""
        parts: list[tuple[int, int]] = []
        for own in (own for block in served.values() for own in block):
            parts.append((own.first, own.last))
            if own.seen_as is not None:
                parts.append((own.seen_as, own.seen_as))
        single = [iommu.device for iommu in self._iommus]
        single += [number for ivmd in ivmds for number in (ivmd.device_id, ivmd.auxiliary)]
        numbers = [requester_id(sbdf) for sbdf in self._topology.known if not sbdf.segment]
        single += [*numbers, *(number & ~7 for number in numbers)]
        parts += [(number, number) for number in single]
        return {bound for first, last in parts for bound in (first, last + 1)}

    # The pass that registers

    def _parse(
        self, table: IVRS, served: dict[int, list[_Served]], options: list[IvmdRange]
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
                except _Refusal as refusal:
                    self.fates.append(_refused_ivmd(source, str(refusal)))
                    if not self._goes_on:
                        raise _refused(block, offset, str(refusal)) from refusal
        for option in options:
            assert option.ivmd is not None  # noqa: S101 - `read` leaves others out
            try:
                self.fates.append(self._register(option.ivmd, option.source))
            except _Refusal as refusal:
                self.fates.append(_refused_ivmd(option.source, str(refusal)))
                if not self._goes_on:
                    raise _Refusal(words.option_refused(option.text, str(refusal))) from refusal

    def _serve(self, block: AnyIVHD, served: list[_Served]) -> None:
        """Assign device IDs to the IOMMU of `block`: ``add_ivrs_mapping_entry``."""
        if block.segment_number:
            return
        iommu = self._iommu_at(block.device_id, block.capability_offset)
        for own in served:
            for run in self.ids.within(own.first, own.last):
                run.seen_as = own.seen_as
                if iommu is not None and run.first == iommu.device:
                    continue  # an IOMMU does not serve itself
                run.iommu = iommu
                seen = run if own.seen_as is None else self.ids.of(own.seen_as)
                if seen is not None:
                    seen.has_entry = True

    def _iommu_at(self, device: int, capability_offset: int) -> AmdIommu | None:
        """Return the IOMMU of segment 0 there: ``find_iommu_from_bdf_cap``."""
        place = (0, device, capability_offset)
        return next((iommu for iommu in self._iommus if iommu.place == place), None)

    def _register(self, ivmd: Block, source: Source) -> IvmdAcceptance:
        """Check one IVMD and register it: ``parse_ivmd_block``."""
        if not isinstance(ivmd, IVMD):
            raise _Refusal(words.SHORT_IVMD)
        end = _end_of(ivmd)
        if stops_xen(ivmd):
            raise _Refusal(words.WRAPS_TO_ZERO)
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
        meaning = meaning_of(ivmd.flags)
        if meaning is Meaning.UNSTATED:
            raise _Refusal(words.NO_FLAGS)
        if meaning is Meaning.IDENTITY and bool(ivmd.flags & IvmdFlag.READ) != bool(
            ivmd.flags & IvmdFlag.WRITE
        ):
            notes.append(words.SWAPPED)
        registration = _Registration(self, ivmd, source, base, limit)
        registration.register()
        return registration.acceptance(notes)

    def _check_memory(self, pages: AddressRange) -> list[str]:
        found = self._memory.check(pages)
        if found.error:
            raise _Refusal(found.error)
        self.doubt = self.doubt or found.doubt
        return [found.note] if found.note else []

    @property
    def iommus(self) -> list[AmdIommu]:
        """The IOMMUs of all segments."""
        return self._iommus

    @property
    def needs_iommu(self) -> bool:
        """Whether a device without an IOMMU is an error."""
        return self._behaviour.needs_iommu

    def iommu_named(self, ivmd: IVMD) -> AmdIommu | None:
        """Return the IOMMU that an IVMD of type 0x23 names."""
        return self._iommu_at(ivmd.device_id, ivmd.auxiliary)

    # What comes after

    def _check_ioapics(self) -> None:
        """Require the southbridge's I/O APIC; the others would need the MADT."""
        if not self._overrides.checks_ioapics:
            return
        self.notes.append(words.IOAPICS_ASSUMED)
        if (0, SOUTHBRIDGE) in self._ioapics.values():
            return
        if not self._overrides.names_ioapics:
            raise _Refusal(words.NO_SOUTHBRIDGE_IOAPIC)
        self.doubt = self.doubt or words.IOAPIC_OVERRIDDEN

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


class _Registration:
    """The registration of one IVMD whose range is sound: ``register_range_for_…``."""

    def __init__(self, walk: IvrsWalk, ivmd: IVMD, source: Source, base: int, limit: int) -> None:
        self._walk = walk
        self._ivmd = ivmd
        self._source = source
        self._base, self._limit = base, limit
        self._exclusion = meaning_of(ivmd.flags) is Meaning.EXCLUSION
        self._access = _granted(ivmd.flags)
        self._in_registers = False
        self._mapped = False
        self._without_iommu = 0
        self._changed: dict[int, tuple[tuple[UnityMap, ...], tuple[UnityMap, ...]]] = {}
        """What an earlier list of maps became, by its identity: runs share their lists."""

    def register(self) -> None:
        """Register it for the devices of its type."""
        kind, ids = self._ivmd.type, self._walk.ids
        if kind == BlockType.IVMD_ALL:
            self._for_all()
        elif kind == BlockType.IVMD_IOMMU:
            self._for_iommu()
        else:
            first = last = self._ivmd.device_id
            if kind == BlockType.IVMD_RANGE:
                last = self._ivmd.auxiliary
            for number in (first, last):
                if number >= ids.end:
                    raise _Refusal(words.id_too_high(device_name(number)))
            if kind == BlockType.IVMD_RANGE and last <= first:
                raise _Refusal(words.range_inverted(device_name(first), device_name(last)))
            for run in ids.within(first, last):
                self._for_run(run)

    def acceptance(self, notes: list[str]) -> IvmdAcceptance:
        """Return what became of it."""
        if self._without_iommu and (self._in_registers or self._mapped):
            notes = [*notes, words.ids_without_iommu(self._without_iommu)]
        pages = AddressRange(self._base, self._limit + PAGE)
        reason = words.IN_GUEST if self._mapped else words.IN_REGISTERS
        if self._mapped and self._in_registers:
            reason = words.IN_BOTH
        fate = IvmdFate.ACCEPTED
        if not (self._mapped or self._in_registers):
            fate, reason = IvmdFate.NO_IOMMU, words.IN_NEITHER
        elif not pages.size:
            fate, reason = IvmdFate.EMPTY, words.EMPTY
        return IvmdAcceptance(
            source=self._source,
            fate=fate,
            reason=reason,
            pages=pages if fate is IvmdFate.ACCEPTED else None,
            in_registers=self._in_registers,
            mapped=self._mapped,
            without_iommu=self._without_iommu,
            notes=tuple(notes),
        )

    def _exclude(self, iommu: AmdIommu, *, every_device: bool) -> bool:
        """Add it to the registers of `iommu`; return whether it could be."""
        joined = iommu.exclusion.join(
            self._base, self._limit, self._source, every_device=every_device
        )
        self._in_registers |= joined
        return joined

    def _for_all(self) -> None:
        """Register it for all devices: ``register_range_for_all_devices``."""
        if self._exclusion:
            joined = [self._exclude(iommu, every_device=True) for iommu in self._walk.iommus]
            if all(joined):
                return
        for run in self._walk.ids.runs:
            self._map(run, is_global=True)

    def _for_iommu(self) -> None:
        """Register it for the devices of one IOMMU: ``register_range_for_iommu_devices``."""
        iommu = self._walk.iommu_named(self._ivmd)
        if iommu is None:
            raise _Refusal(words.no_such_iommu(device_name(self._ivmd.device_id)))
        if self._exclusion and self._exclude(iommu, every_device=True):
            return
        for run in self._walk.ids.runs:
            if run.iommu is iommu:
                self._map_with_alias(run)

    def _for_run(self, run: IdRun) -> None:
        """Register it for the devices of `run`: ``register_range_for_device``."""
        if run.iommu is None:
            if self._walk.needs_iommu:
                raise _Refusal(words.no_iommu_for(device_name(run.first)))
            self._without_iommu += run.last - run.first + 1
        elif self._exclusion and self._exclude(run.iommu, every_device=False):
            run.excluded = True
            alias = self._alias(run)
            if alias is not None:
                alias.excluded = True
        else:
            self._map_with_alias(run)

    def _alias(self, run: IdRun) -> IdRun | None:
        """Return the run of the ID that the IOMMU sees for `run`, if it is another."""
        return None if run.seen_as is None else self._walk.ids.of(run.seen_as)

    def _map_with_alias(self, run: IdRun) -> None:
        self._map(run, is_global=False)
        alias = self._alias(run)
        if alias is not None:
            self._map(alias, is_global=False)

    def _map(self, run: IdRun, *, is_global: bool) -> None:
        """Add a unity map to `run`: ``reserve_unity_map_for_device``."""
        changed = self._changed.get(id(run.maps))
        if changed is None or changed[0] is not run.maps:
            changed = run.maps, self._with_map(run, is_global=is_global)
            self._changed[id(run.maps)] = changed
        run.maps = changed[1]
        self._mapped = True

    def _with_map(self, run: IdRun, *, is_global: bool) -> tuple[UnityMap, ...]:
        base, length = self._base, self._limit + PAGE - self._base
        self._walk.steps += len(run.maps)
        if self._walk.steps > _MOST_STEPS:
            raise _Unpredictable(words.TOO_MANY_STEPS)
        for place, other in enumerate(run.maps):
            if (other.base, other.length, other.access) == (base, length, self._access):
                sources = tuple(dict.fromkeys((*other.sources, self._source)))
                same = other._replace(is_global=other.is_global or is_global, sources=sources)
                return (*run.maps[:place], same, *run.maps[place + 1 :])
            if other.base + other.length > base and base + length > other.base:
                self._walk.overlaps.append(Overlap(self._source, other.sources, run.first))
                pages = AddressRange(other.base, other.base + other.length)
                raise _Refusal(words.overlaps(pages, device_name(run.first)))
        unity = UnityMap(base, length, self._access, is_global, (self._source,))
        return (unity, *run.maps)


def _granted(flags: int) -> Access:
    """Return what Xen lets devices do: in a unity map, read and write of the table swapped."""
    if flags & IvmdFlag.EXCLUSION_RANGE:
        return Access.READ | Access.WRITE
    access = Access(0)
    if flags & IvmdFlag.WRITE:
        access |= Access.READ
    if flags & IvmdFlag.READ:
        access |= Access.WRITE
    return access


def _refused(block: Block, offset: int, reason: str) -> _Refusal:
    return _Refusal(words.block_refused(block_name(block), offset, reason))


def _refused_ivmd(source: Source, reason: str) -> IvmdAcceptance:
    return IvmdAcceptance(source=source, fate=IvmdFate.REFUSED, reason=reason)
