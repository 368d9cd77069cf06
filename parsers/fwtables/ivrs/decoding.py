"""Decode the bytes of an IVRS table to its blocks and their device entries.

The walk is as in Linux (drivers/iommu/amd/init.c, ``init_iommu_all`` and
``init_iommu_from_acpi``) and Xen (drivers/passthrough/amd/iommu_acpi.c).  No byte is lost: see
:mod:`fwtables.table`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from fwtables.damage import Damage, DamageKind, count_bytes
from fwtables.ivrs.constants import BlockType, EntryType
from fwtables.ivrs.layouts import (
    BLOCK_HEADER,
    BODIES,
    ENTRY_LAYOUTS,
    TABLE,
    UNKNOWN_ENTRY_LAYOUTS,
    fixed_entry_length,
)
from fwtables.ivrs.structures import (
    BLOCKS,
    ENTRIES,
    IVMD,
    IVRS,
    Block,
    Entry,
    HidEntry,
    UnknownBlock,
    UnknownEntry,
)
from fwtables.layout import maker
from fwtables.walk import Walk

_BLOCK_HEADER_SIZE = BLOCK_HEADER.size
_LENGTH = TABLE.names.index("length")
_IVMD = BODIES[BlockType.IVMD_ALL]
_unpack_block = BLOCK_HEADER.packer.unpack_from
_LENGTHS = bytes(map(fixed_entry_length, range(256)))
_HID = ENTRY_LAYOUTS[EntryType.ACPI_HID]
_UID_LENGTH_AT = _HID.offset_of("uid_length")
_Values = tuple[Any, ...]
_EntryReader = tuple[Callable[[bytes, int], _Values], Callable[[_Values], Entry]]


@cache
def _block_maker(kind: int) -> Callable[[_Values], Block]:
    """Return the function that makes a block of type `kind` from its values."""
    cls = BLOCKS[kind]
    entries = () if cls is IVMD else ("entries",)
    return maker(cls, ("type", "flags", *BODIES[kind].names, *entries, "undecoded"))


def _unpack_hid(data: bytes, offset: int) -> _Values:
    """Return the values of the ACPI HID entry at `offset`; all its bytes are there."""
    *values, length = _HID.packer.unpack_from(data, offset)
    uid = offset + _HID.size
    return (*values, data[uid : uid + length])


class _EntryReaders(dict[int, _EntryReader]):
    """By entry type: the functions that unpack an entry, and make it from its values.

    They are made when the first entry of their type is decoded.
    """

    def __missing__(self, kind: int) -> _EntryReader:
        if kind == EntryType.ACPI_HID:
            names = (*(name for name in _HID.names if name != "uid_length"), "uid")
            self[kind] = _unpack_hid, maker(HidEntry, names)
        else:
            layout = ENTRY_LAYOUTS.get(kind) or UNKNOWN_ENTRY_LAYOUTS[_LENGTHS[kind]]
            cls: type[Entry] = ENTRIES.get(kind, UnknownEntry)
            self[kind] = layout.packer.unpack_from, maker(cls, layout.names)
        return self[kind]


_ENTRY_READERS = _EntryReaders()


def decode_ivrs(data: bytes) -> tuple[IVRS, int, list[Damage]]:
    """Decode an IVRS table with a complete fixed part.

    Return the table, the end of the decoded part, and the damage in any order.
    """
    values = TABLE.packer.unpack_from(data)
    walk = _Walk(data, values[_LENGTH], TABLE.size, _BLOCK_HEADER_SIZE)
    blocks = walk.blocks()
    return (
        IVRS(**dict(zip(TABLE.names, values, strict=True)), blocks=blocks),
        walk.offset,
        walk.damage,
    )


class _Walk(Walk):
    """One pass over the bytes of an IVRS table."""

    def blocks(self) -> tuple[Block, ...]:
        """Decode the blocks until the begin of the next one is unknown."""
        blocks: list[Block] = []
        offset, end = self.offset, self.end
        while end - offset >= _BLOCK_HEADER_SIZE:
            kind, flags, length = _unpack_block(self.data, offset)
            if length < _BLOCK_HEADER_SIZE or offset + length > end:
                self.offset = offset
                self.add_length_damage(length)
                return tuple(blocks)
            blocks.append(self.block(kind, flags, offset, offset + length))
            offset += length
        self.offset = offset
        self.check_rest("blocks")
        return tuple(blocks)

    def block(self, kind: int, flags: int, start: int, end: int) -> Block:
        """Decode the block from `start` to `end`; all its bytes are there."""
        body = start + _BLOCK_HEADER_SIZE
        layout = BODIES.get(kind)
        if layout is None:
            return UnknownBlock(type=kind, flags=flags, body=self.data[body:end])
        rest = body + layout.size
        if rest > end:
            reason = (
                f"the block's length is {end - start}; a block of type 0x{kind:02x} has at least "
                f"{rest - start}"
            )
            self.add_damage(start + 2, "length", DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM, reason)
            return UnknownBlock(type=kind, flags=flags, body=self.data[body:end])
        values = layout.packer.unpack_from(self.data, body)
        if layout is not _IVMD:
            entries, rest = self.entries(rest, end)
            values = (*values, entries)
        elif rest < end:
            reason = f"{count_bytes(end - rest)} after the last field of an IVMD block"
            self.add_damage(rest, "undecoded", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
        return _block_maker(kind)((kind, flags, *values, self.data[rest:end]))

    def entries(self, offset: int, end: int) -> tuple[tuple[Entry, ...], int]:
        """Decode the device entries up to `end`; also return where the decoding ended."""
        data, lengths, readers = self.data, _LENGTHS, _ENTRY_READERS
        entries: list[Entry] = []
        while offset < end:
            kind = data[offset]
            length = lengths[kind] or self.variable_length(offset, end)
            following = offset + length
            if not length or following > end:
                self.add_entry_damage(offset, length, end - offset)
                break
            unpack, make = readers[kind]
            entries.append(make(unpack(data, offset)))
            offset = following
        return tuple(entries), offset

    def variable_length(self, offset: int, end: int) -> int:
        """Return the length of the entry at `offset`; 0 if its type does not define the length."""
        if self.data[offset] != EntryType.ACPI_HID:
            return 0
        if end - offset < _HID.size:
            return _HID.size
        return _HID.size + self.data[offset + _UID_LENGTH_AT]

    def add_entry_damage(self, offset: int, length: int, room: int) -> None:
        """Add the reason why the entry of `length` at `offset` does not fit the `room` in its block."""
        kind, left = self.data[offset], "the rest of the block is not decoded"
        if not length:
            reason = f"the entry's type is 0x{kind:02x}, whose length is unknown; {left}"
            self.add_damage(offset, "entries.type", DamageKind.ENTRY_LENGTH_UNKNOWN, reason)
            return
        at, field = offset, "entries"
        if kind == EntryType.ACPI_HID and room >= _HID.size:
            at, field = offset + _UID_LENGTH_AT, "entries.uid_length"
        reason = (
            f"the entry of type 0x{kind:02x} has {count_bytes(length)}; its block has {room} left; "
            f"{left}"
        )
        self.add_damage(at, field, DamageKind.ENTRY_PAST_STRUCTURE, reason)
