"""Decode the bytes of an IVRS table to its blocks and their device entries.

The walk is as in Linux (drivers/iommu/amd/init.c, ``init_iommu_all`` and
``init_iommu_from_acpi``) and Xen (drivers/passthrough/amd/iommu_acpi.c).  No byte is lost: see
:mod:`fwtables.table`.
"""

from functools import lru_cache
from typing import Any

from fwtables.damage import Damage, DamageKind, count_bytes
from fwtables.ivrs.constants import EntryType
from fwtables.ivrs.layouts import (
    BLOCK_HEADER,
    BODIES,
    ENTRY_LAYOUTS,
    TABLE,
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
from fwtables.walk import Walk

_READERS = {number: (cls, BODIES[number]) for number, cls in BLOCKS.items()}
_ENTRY_READERS = {
    number: (cls, ENTRY_LAYOUTS[number].names, ENTRY_LAYOUTS[number].packer.unpack_from)
    for number, cls in ENTRIES.items()
}
_BLOCK_HEADER_SIZE = BLOCK_HEADER.size
_unpack_block = BLOCK_HEADER.packer.unpack_from
_LENGTHS = bytes(map(fixed_entry_length, range(256)))
_HID = ENTRY_LAYOUTS[EntryType.ACPI_HID]
_UID_LENGTH_AT = _HID.offset_of("uid_length")


def decode_ivrs(data: bytes) -> tuple[IVRS, int, list[Damage]]:
    """Decode an IVRS table with a complete fixed part.

    Return the table, the end of the decoded part, and the damage in any order.
    """
    fields = dict(zip(TABLE.names, TABLE.packer.unpack_from(data), strict=True))
    walk = _Walk(data, fields["length"], TABLE.size, _BLOCK_HEADER_SIZE)
    blocks = walk.blocks()
    return IVRS(**fields, blocks=blocks), walk.offset, walk.damage


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
        reader = _READERS.get(kind)
        if reader is None:
            return UnknownBlock(type=kind, flags=flags, body=self.data[body:end])
        cls, layout = reader
        rest = body + layout.size
        if rest > end:
            reason = (
                f"the block's length is {end - start}; a block of type 0x{kind:02x} has at least "
                f"{rest - start}"
            )
            self.add_damage(start + 2, "length", DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM, reason)
            return UnknownBlock(type=kind, flags=flags, body=self.data[body:end])
        values = layout.packer.unpack_from(self.data, body)
        fields: dict[str, Any] = dict(zip(layout.names, values, strict=True))
        if cls is not IVMD:
            fields["entries"], rest = self.entries(rest, end)
        elif rest < end:
            reason = f"{count_bytes(end - rest)} after the last field of an IVMD block"
            self.add_damage(rest, "undecoded", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
        return cls(type=kind, flags=flags, **fields, undecoded=self.data[rest:end])

    def entries(self, offset: int, end: int) -> tuple[tuple[Entry, ...], int]:
        """Decode the device entries up to `end`; also return where the decoding ended."""
        data, lengths, read = self.data, _LENGTHS, _entry
        entries: list[Entry] = []
        while offset < end:
            length = lengths[data[offset]] or self.variable_length(offset, end)
            following = offset + length
            if not length or following > end:
                self.add_entry_damage(offset, length, end - offset)
                break
            entries.append(read(data[offset:following]))
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


@lru_cache(maxsize=4096)
def _entry(entry: bytes) -> Entry:
    """Decode a device entry; all its bytes are there.

    The blocks of one IOMMU list the same devices two or three times, so equal entries are one value.
    """
    kind = entry[0]
    reader = _ENTRY_READERS.get(kind)
    if reader is None:
        return UnknownEntry(type=kind, body=entry[1:])
    cls, names, unpack = reader
    fields: dict[str, Any] = dict(zip(names, unpack(entry), strict=True))
    if cls is HidEntry:
        del fields["uid_length"]
        fields["uid"] = entry[_HID.size :]
    return cls(**fields)
