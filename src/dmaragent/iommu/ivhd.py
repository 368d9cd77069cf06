"""The IOMMUs of an IVRS and the devices that their IVHD blocks name, as device IDs.

Pure.  ``amd.py`` makes units and claims of them; Linux and Xen read the blocks in their own ways.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.iommu.claims import (
    ClaimKind,
    DeviceIds,
    requester_id,
)
from fwtables import (
    IVRS,
    AliasEntry,
    AnyIVHD,
    DeviceEntry,
    Entry,
    ExtendedEntry,
    HidEntry,
    SpecialEntry,
    located_blocks,
)
from fwtables.ivrs.constants import EntryType

LAST_ID = 0xFFFF
"""The highest device ID there can be."""


class ServedIds(NamedTuple):
    """Device IDs that an IVHD block names: one, a range, or all."""

    ids: DeviceIds
    kind: ClaimKind
    """DEVICE, RANGE or ALL."""


class SpecialDevice(NamedTuple):
    """An I/O APIC or HPET of an IVHD block; its interrupts carry the ID `source`."""

    variety: int
    handle: int
    source: int


class AcpiDevice(NamedTuple):
    """A device that an IVHD block names by its ACPI HID; its requests carry the ID `device`."""

    hid: str
    cid: str
    uid: str
    device: int


Described = ServedIds | SpecialDevice | AcpiDevice
"""What one or two device entries of an IVHD block say together."""


class Iommu(NamedTuple):
    """An IOMMU, with the blocks that describe it, in table order."""

    segment: int
    device: int
    """The ID of its own PCI function."""
    blocks: tuple[tuple[int, AnyIVHD], ...]
    """Each with its offset."""


def iommus_of(table: IVRS) -> tuple[Iommu, ...]:
    """Return the IOMMUs of `table` by segment and device ID, in the order of their first block."""
    blocks: dict[tuple[int, int], list[tuple[int, AnyIVHD]]] = {}
    for offset, block in located_blocks(table):
        if isinstance(block, AnyIVHD):
            blocks.setdefault((block.segment_number, block.device_id), []).append((offset, block))
    return tuple(Iommu(*place, tuple(own)) for place, own in blocks.items())


class IdSet:
    """Device IDs, as ranges that are merged."""

    def __init__(self, ranges: Iterable[DeviceIds]) -> None:
        self._ranges: dict[int, list[tuple[int, int]]] = {}
        """By segment: first and last of each range, by ID; none overlaps or touches another."""
        for segment, first, last in sorted(ids[:3] for ids in ranges):
            own = self._ranges.setdefault(segment, [])
            if own and first <= own[-1][1] + 1:
                own[-1] = own[-1][0], max(own[-1][1], last)
            elif first <= last:
                own.append((first, last))

    def __contains__(self, sbdf: SBDF) -> bool:
        """Return whether the ID of `sbdf` is one of them."""
        own, number = self._ranges.get(sbdf.segment, []), requester_id(sbdf)
        place = bisect_right(own, (number, LAST_ID)) - 1
        return place >= 0 and number <= own[place][1]


def described_by(block: AnyIVHD) -> Iterator[Described]:
    """Yield what the device entries of `block` say, in their order.

    The start of a range and the next end belong together.  Left out are a start without an end,
    an end without a start, padding and unknown entries.
    """
    start: Entry | None = None
    for entry in block.entries:
        if isinstance(entry, DeviceEntry) and entry.type == EntryType.RANGE_END:
            if start is not None:
                first, seen_as = _first_and_alias(start)
                ids = DeviceIds(block.segment_number, first, entry.device_id, seen_as)
                yield ServedIds(ids, ClaimKind.RANGE)
            start = None
        elif entry.type in RANGE_STARTS:
            start = entry
        else:
            described = _described_by_one(entry, block.segment_number)
            if described is not None:
                yield described


RANGE_STARTS = frozenset(
    {EntryType.RANGE_START, EntryType.ALIAS_RANGE_START, EntryType.EXTENDED_RANGE_START}
)


def _first_and_alias(start: Entry) -> tuple[int, int | None]:
    if isinstance(start, AliasEntry):
        return start.device_id, start.source_device_id
    assert isinstance(start, DeviceEntry | ExtendedEntry)  # noqa: S101 - see RANGE_STARTS
    return start.device_id, None


def _described_by_one(entry: Entry, segment: int) -> Described | None:
    if isinstance(entry, SpecialEntry):
        return SpecialDevice(entry.variety, entry.handle, entry.source_device_id)
    if isinstance(entry, HidEntry):
        return AcpiDevice(
            hid=_text(entry.hid), cid=_text(entry.cid), uid=_uid(entry), device=entry.device_id
        )
    if isinstance(entry, AliasEntry):
        ids = DeviceIds(segment, entry.device_id, entry.device_id, entry.source_device_id)
        return ServedIds(ids, ClaimKind.DEVICE)
    if isinstance(entry, ExtendedEntry) or entry.type == EntryType.SELECT:
        assert isinstance(entry, DeviceEntry | ExtendedEntry)  # noqa: S101 - fwtables' types
        return ServedIds(DeviceIds(segment, entry.device_id, entry.device_id), ClaimKind.DEVICE)
    if entry.type == EntryType.ALL:
        return ServedIds(DeviceIds(segment, 0, LAST_ID), ClaimKind.ALL)
    return None


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0 ").decode("latin-1")


def _uid(entry: HidEntry) -> str:
    return str(int.from_bytes(entry.uid, "little")) if entry.uid_format == 1 else _text(entry.uid)


def block_of_type(table: IVRS, registers: int, kind: int | None) -> tuple[int, int] | None:
    """Return the offset and type of the IVHD of type `kind` for the IOMMU at `registers`."""
    for offset, block in located_blocks(table):
        if (
            isinstance(block, AnyIVHD)
            and block.type == kind
            and block.register_base_address == registers
        ):
            return offset, int(block.type)
    return None
