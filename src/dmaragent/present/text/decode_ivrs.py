"""The blocks of an IVRS table as text."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from dmaragent.present.text.tables import bytes_lines, paragraph
from dmaragent.present.words import ivrs as words
from dmaragent.present.words.numbers import count
from fwtables import (
    IVMD,
    IVRS,
    Block,
    DeviceEntry,
    Entry,
    UnknownBlock,
    block_length,
    block_name,
    located_blocks,
)
from fwtables.ivrs.constants import BlockType, EntryType


def facts_of_ivrs(table: IVRS) -> str:
    """Return the fields of the fixed part of `table` after the header."""
    facts = words.iv_info(table)
    return f"{facts}. {words.remapped_before_boot()}" if table.dma_remapping_before_boot else facts


def block_lines(table: IVRS) -> Iterator[str]:
    """Yield the lines of each block of `table`, an empty line before it."""
    for offset, block in located_blocks(table):
        yield ""
        yield from _block(offset, block)


def _block(offset: int, block: Block) -> Iterator[str]:
    head = f"0x{offset:03x}  {block_name(block)}  length {block_length(block)}"
    if isinstance(block, UnknownBlock):
        yield from paragraph(
            f"{head}  unknown type, flags 0x{block.flags:02x}; its bytes follow", hang=7
        )
        yield from bytes_lines(block.body)
        return
    if isinstance(block, IVMD):
        yield from paragraph(f"{head}  {words.memory_facts(block)}", hang=7)
        if any(block.reserved):
            yield f"       reserved bytes not zero: {block.reserved.hex(' ')}"
        if block.type != BlockType.IVMD_RANGE and block.auxiliary:
            yield f"       auxiliary data 0x{block.auxiliary:x}"
    else:
        yield from paragraph(f"{head}  {words.iommu_facts(block)}", hang=7)
        yield from paragraph(words.iommu_numbers(block), indent=7)
        yield from _entries(block.entries)
        if not (block.entries or block.undecoded):
            yield "       no device entries"
    if block.undecoded:
        yield f"       {count(len(block.undecoded), 'byte')} not decoded:"
        yield from bytes_lines(block.undecoded)


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a line for each of `entries`; a range and its end are one line."""
    remaining = deque(entries)
    while remaining:
        entry, last = remaining.popleft(), None
        following = remaining[0] if remaining else None
        if entry.type in words.RANGE_STARTS and _is_plain_end(following):
            last = following.device_id
            remaining.popleft()
        line = f"{words.entry_words(entry):21}  {words.entry_facts(entry, last)}"
        yield from paragraph(line.rstrip(), indent=7, hang=2)


def _is_plain_end(entry: Entry | None) -> TypeGuard[DeviceEntry]:
    """Return whether `entry` only ends a range, so that it needs no line of its own."""
    return (
        isinstance(entry, DeviceEntry)
        and entry.type == EntryType.RANGE_END
        and not entry.dte_settings
    )
