"""The fast readers and writers of the IVRS table, derived from its grammars; sizes and places."""

from collections.abc import Iterator

from construct import Bytes, Int8ul, Struct

from fwtables.ivrs import structures
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
from fwtables.layout import derive, located_from

TABLE = derive(IVRS.GRAMMAR)
BLOCK_HEADER = derive(structures.BLOCK_HEADER)
_BY_CLASS = {cls: derive(cls.GRAMMAR) for cls in {*BLOCKS.values(), *ENTRIES.values()}}
BODIES = {number: _BY_CLASS[cls] for number, cls in BLOCKS.items()}
"""By block type: the fixed part after the block's type, flags and length."""
ENTRY_LAYOUTS = {number: _BY_CLASS[cls] for number, cls in ENTRIES.items()}
"""By entry type: the fixed part, the type included."""
UNKNOWN_ENTRY_LAYOUTS = {
    length: derive(Struct("type" / Int8ul, "body" / Bytes(length - 1))) for length in (4, 8)
}
"""By length: an entry that is not decoded."""


def fixed_entry_length(entry_type: int) -> int:
    """Return the length of an entry by bits 7:6 of its type: 4, 8, or 0 if it is variable."""
    return (4, 8, 0, 0)[entry_type >> 6]


def located_blocks(table: IVRS) -> Iterator[tuple[int, Block]]:
    """Yield each block of `table` with its offset in bytes, in table order."""
    return located_from(TABLE.size, table.blocks, block_length)


def block_length(block: Block) -> int:
    """Return the number of bytes of `block` in a table, its type and length included."""
    if isinstance(block, UnknownBlock):
        return BLOCK_HEADER.size + len(block.body)
    length = BLOCK_HEADER.size + _BY_CLASS[type(block)].size + len(block.undecoded)
    return length if isinstance(block, IVMD) else length + sum(map(entry_length, block.entries))


def entry_length(entry: Entry) -> int:
    """Return the number of bytes of `entry` in a block."""
    if isinstance(entry, UnknownEntry):
        return 1 + len(entry.body)
    length = _BY_CLASS[type(entry)].size
    return length + len(entry.uid) if isinstance(entry, HidEntry) else length
