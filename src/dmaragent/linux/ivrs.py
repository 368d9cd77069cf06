"""What Linux makes of an IVRS: which devices have an IOMMU, and which regions each has.

Pure.  Source: Linux drivers/iommu/amd/init.c, ``get_highest_supported_ivhd_type``,
``find_last_devid_from_ivhd``, ``init_iommu_from_acpi``, ``init_memory_definitions``,
``init_unity_map_range``; drivers/iommu/amd/iommu.c, ``amd_iommu_get_resv_regions``; read in 6.1,
6.12 and 2026.  A region counts for the requester ID of the device itself: neither for its alias
nor for what is behind a bridge.  Each is ``direct``: no class of devices is relaxable, and no
option changes that.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.host.groups import DIRECT
from dmaragent.iommu.amd import access_of, ivmd_segment, ivmds_of, ivrs_of, meaning_of, table_entry
from dmaragent.iommu.claims import DeviceIds, function_with_id
from dmaragent.iommu.ivhd import (
    LAST_ID,
    RANGE_STARTS,
    IdSet,
    ServedIds,
    SpecialDevice,
    described_by,
)
from dmaragent.iommu.model import IommuTable, Meaning, TableEntry
from dmaragent.linux import words
from fwtables import (
    IVMD,
    IVRS,
    AliasEntry,
    AnyIVHD,
    Block,
    Damage,
    DamageKind,
    DeviceEntry,
    ExtendedEntry,
    SpecialEntry,
    UnknownBlock,
)
from fwtables.ivrs.constants import BlockType, EntryType, Variety

FIRST_UNITY_FOR_EXCLUSION = (5, 6)
"""The first release that makes an exclusion range ``direct``: 387caf0b759a."""
_LAST_TYPE = 0x40
"""The scan for the type of IVHD ends at a block of a higher type."""
_IVHD_TYPES = frozenset({BlockType.IVHD, BlockType.IVHD_WITH_EFR, BlockType.IVHD_WITH_HID})
_LOOPS = frozenset({DamageKind.STRUCTURE_LENGTH_ZERO})
_READS_ON = frozenset(
    {
        DamageKind.TABLE_LENGTH_TOO_LONG,
        DamageKind.STRUCTURE_LENGTH_BELOW_HEADER,
        DamageKind.STRUCTURE_PAST_END,
        DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM,
        DamageKind.ENTRY_LENGTH_UNKNOWN,
        DamageKind.ENTRY_PAST_STRUCTURE,
    }
)
"""Linux checks no length: what it reads beyond is unknown."""
_ALL_ONES = (1 << 64) - 1


MAPPED_OR_OFF = (6, 5)
"""The first release in which a region that cannot be mapped switches the IOMMU off.

``iommu_v1_map_pages`` of AMD's driver refuses to map without an access (EINVAL), in every release.
Up to 6.4, ``bus_iommu_probe`` ignores what ``iommu_create_device_direct_mappings`` returns.  Since
d99be00f42ea and 1000dccd5d13, ``iommu_setup_default_domain`` returns it, ``bus_iommu_probe`` stops,
and ``iommu_device_register`` takes back the devices of the IOMMU.  A domain that does not translate
(``iommu=pt``) has no such map.  Booted: 5.10 and 6.1 use the IOMMU, 6.12 and 7.2 only with
``iommu=pt``.
"""
IVMD_SEGMENTS = (6, 0)
"""The first release that reads the segment of an IVMD.  Linux 5.10 was booted without, 6.1 with."""
BEFORE_IVMD_SEGMENTS = (5, 19)
"""The last release that does not."""


class DirectRegion(NamedTuple):
    """A region that Linux maps 1:1, in whole pages, for the devices of `ids`."""

    source: TableEntry
    ids: DeviceIds
    start: int
    end: int
    """The byte after its last; its start if the table gives it no length."""
    mappable: bool = True
    """Whether it grants an access: Linux cannot map what may be neither read nor written."""

    @property
    def range(self) -> AddressRange | None:
        """Its addresses; None if there are none."""
        return AddressRange(self.start, self.end) if self.start < self.end else None


class LinuxIvrs(NamedTuple):
    """What Linux makes of an IVRS."""

    block_type: int
    """The type of the IVHD blocks that it uses."""
    error: str
    """Why it uses no IOMMU at all, or empty."""
    doubt: str
    """Why the rest is unknown: the table is damaged where Linux checks nothing; or empty."""
    served: IdSet
    """The IDs that have an IOMMU; the IOMMUs themselves, in `iommus`, have none."""
    iommus: frozenset[SBDF]
    direct: tuple[DirectRegion, ...]
    """In table order."""

    def serves(self, sbdf: SBDF) -> bool:
        """Return whether `sbdf` has an IOMMU; without one it is in no group."""
        return sbdf not in self.iommus and sbdf in self.served

    def direct_of(self, sbdf: SBDF) -> tuple[DirectRegion, ...]:
        """Return the regions of `sbdf`, in table order."""
        if not self.serves(sbdf):
            return ()
        return tuple(region for region in self.direct if region.ids.contains(sbdf))


def read_by_linux(table: IommuTable, release: tuple[int, int] | None = None) -> LinuxIvrs | None:
    """Return what Linux makes of `table`; None if it is not an IVRS whose fixed part is whole.

    `release` is the kernel's; None stands for one that reads segments.
    """
    ivrs = ivrs_of(table)
    if ivrs is None:
        return None
    kinds = {flaw.kind for flaw in table.damage}
    block_type = block_type_of(ivrs)
    used = [block for block in ivrs.blocks if block.type == block_type]
    last_ids: dict[int, int] = {}
    for block in used:
        if isinstance(block, AnyIVHD):
            segment = block.segment_number
            last_ids[segment] = max(last_ids.get(segment, 0), last_id_of(block) or 0)
    error = _error(kinds, block_type, used)
    return LinuxIvrs(
        block_type=block_type,
        error=error,
        doubt=_doubt(table.damage, ivrs.length, used),
        served=IdSet(() if error else _served(used, last_ids)),
        iommus=frozenset(_iommus(used)),
        direct=()
        if error
        else tuple(_direct(ivrs, last_ids, segments=release is None or release >= IVMD_SEGMENTS)),
    )


def _error(kinds: set[DamageKind], block_type: int, used: list[Block]) -> str:
    """Return why Linux uses no IOMMU, or empty."""
    if DamageKind.CHECKSUM in kinds:
        return words.IVRS_CHECKSUM
    if block_type not in _IVHD_TYPES:
        return words.unsupported_ivhd(block_type)
    blocks = [block for block in used if isinstance(block, AnyIVHD)]
    if any(last_id_of(block) is None for block in blocks):
        return words.IVHD_WITHOUT_DEVICES
    entries = (entry for block in blocks for entry in block.entries)
    for entry in entries:
        if isinstance(entry, SpecialEntry) and entry.variety not in set(Variety):
            return words.unknown_variety(entry.variety)
    return ""


def _doubt(damage: tuple[Damage, ...], length: int, used: list[Block]) -> str:
    """Return why it is unknown what Linux reads in a table of `length`, or empty."""
    kinds = {flaw.kind for flaw in damage}
    if kinds & _LOOPS:
        return words.BLOCK_LENGTH_ZERO
    within = (flaw for flaw in damage if flaw.offset < length)
    trails = any(flaw.kind is DamageKind.TRAILING_BYTES for flaw in within)
    if trails or kinds & _READS_ON:
        return words.LENGTHS_NOT_CHECKED
    broken = any(has_broken_range(block) for block in used if isinstance(block, AnyIVHD))
    return words.RANGE_BROKEN if broken else ""


def has_broken_range(block: AnyIVHD) -> bool:
    """Return whether a range of `block` has no start or no end; Linux then makes its own."""
    is_open = False
    for entry in block.entries:
        is_start, is_end = entry.type in RANGE_STARTS, entry.type == EntryType.RANGE_END
        if (is_start and is_open) or (is_end and not is_open):
            return True
        is_open = is_start or (is_open and not is_end)
    return is_open


def block_type_of(table: IVRS) -> int:
    """Return the type of the IVHD blocks that Linux uses of `table`; 0 if it has no block.

    It is the type of the last block, of whatever kind, that has the device ID of the first.
    """
    target, first = 0, None
    for block in table.blocks:
        device = _device_id(block)
        if first is None:
            target, first = block.type, device
        if block.type > _LAST_TYPE:
            break
        if device == first:
            target = block.type
    return target


def _device_id(block: Block) -> int | None:
    """Return the two bytes at offset 4 of `block`; None if it ends before them."""
    if isinstance(block, UnknownBlock):
        return int.from_bytes(block.body[:2], "little") if len(block.body) >= 2 else None
    return block.device_id


def _iommus(used: Iterable[Block]) -> Iterator[SBDF]:
    for block in used:
        if isinstance(block, AnyIVHD):
            yield function_with_id(block.segment_number, block.device_id)


def last_id_of(block: Block) -> int | None:
    """Return the highest ID that Linux finds in an IVHD; None if it finds none."""
    last = None
    for entry in block.entries if isinstance(block, AnyIVHD) else ():
        if entry.type == EntryType.ALL:
            return LAST_ID
        counts = entry.type in _COUNTED_IDS
        if counts and isinstance(entry, DeviceEntry | AliasEntry | ExtendedEntry):
            last = max(last or 0, entry.device_id)
    return last


_COUNTED_IDS = frozenset(
    {
        EntryType.SELECT,
        EntryType.RANGE_END,
        EntryType.ALIAS_SELECT,
        EntryType.EXTENDED_SELECT,
    }
)


def _served(used: Iterable[Block], last_ids: dict[int, int]) -> Iterator[DeviceIds]:
    """Yield the IDs that the blocks give to an IOMMU, up to the highest of their segment.

    The highest is that of devices and ranges; Linux has no device above it: ``check_device``.
    """
    for block in used:
        if isinstance(block, AnyIVHD):
            for ids in _named_ids(block):
                last = min(ids.last, last_ids[ids.segment])
                if ids.first <= last:
                    yield ids._replace(last=last)


def _named_ids(block: AnyIVHD) -> Iterator[DeviceIds]:
    """Yield the IDs that `block` names, the targets of aliases included.

    A device with an ACPI HID counts in a block of type 0x40 alone, and only if its HID is not empty.
    """
    segment = block.segment_number
    for described in described_by(block):
        if isinstance(described, ServedIds):
            yield described.ids
            if described.ids.seen_as is not None:
                yield DeviceIds(segment, described.ids.seen_as, described.ids.seen_as)
        elif isinstance(described, SpecialDevice):
            yield DeviceIds(segment, described.source, described.source)
        elif block.type == BlockType.IVHD_WITH_HID and described.hid:
            yield DeviceIds(segment, described.device, described.device)


def _direct(table: IVRS, last_ids: dict[int, int], *, segments: bool) -> Iterator[DirectRegion]:
    """Yield the IVMD blocks that Linux maps: those with the flag of unity or exclusion.

    Without `segments`, Linux takes each for segment 0.
    """
    for offset, ivmd in ivmds_of(table):
        if meaning_of(ivmd.flags) is Meaning.UNSTATED or ivmd.type == BlockType.IVMD_IOMMU:
            continue
        segment = ivmd_segment(ivmd) if segments else 0
        start = _page_up(ivmd.start_address)
        yield DirectRegion(
            source=table_entry(table, offset, ivmd),
            ids=_ids_of(ivmd, segment, last_ids.get(segment, 0)),
            start=start,
            end=start + _page_up(ivmd.memory_length) & _ALL_ONES,
            mappable=bool(access_of(ivmd.flags)),
        )


def _page_up(address: int) -> int:
    """Return `address` up to a whole page, in 64 bits: ``PAGE_ALIGN``."""
    return address + PAGE - 1 & _ALL_ONES & -PAGE


def _ids_of(ivmd: IVMD, segment: int, last_id: int) -> DeviceIds:
    if ivmd.type == BlockType.IVMD_ALL:
        return DeviceIds(segment, 0, last_id)
    last = ivmd.auxiliary if ivmd.type == BlockType.IVMD_RANGE else ivmd.device_id
    return DeviceIds(segment, ivmd.device_id, last)


# What the kernel publishes --------------------------------------------------------------


def type_in(meaning: Meaning, release: tuple[int, int] | None) -> str | None:
    """Return the kernel's word for a region with this `meaning`; None if it is unknown.

    `release` is the kernel's (:func:`~dmaragent.linux.release.telling_release`); None: unknown,
    treated as one of 5.6 or later.  An exclusion range before that was in the IOMMU's registers,
    and from 2019 on perhaps ``reserved`` too.
    """
    if meaning is Meaning.UNSTATED:
        return None
    old = release is not None and release < FIRST_UNITY_FOR_EXCLUSION
    return None if old and meaning is Meaning.EXCLUSION else DIRECT
