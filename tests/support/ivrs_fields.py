"""Every field of a decoded IVRS table with its place, for a comparison with other readers."""

from collections.abc import Iterator

from fwtables import IVMD, IVRS, HidEntry, UnknownBlock, UnknownEntry
from fwtables.ivrs.layouts import (
    BLOCK_HEADER,
    BODIES,
    ENTRY_LAYOUTS,
    TABLE,
    block_length,
    entry_length,
)
from fwtables.ivrs.structures import Block
from fwtables.layout import Layout, located_from

Field = tuple[int, int, str, int | bytes]
"""Offset and number of bytes of a field, its name and its value."""


def header_fields(table: IVRS) -> Iterator[Field]:
    """Yield the fields of the table's fixed part."""
    return _fields(TABLE, 0, table)


def block_fields(at: int, block: Block) -> Iterator[Field]:
    """Yield the fields of the block at `at`, and of its device entries."""
    yield from _fields(BLOCK_HEADER, at, block, length=block_length(block))
    at += BLOCK_HEADER.size
    if isinstance(block, UnknownBlock):
        yield at, len(block.body), "body", block.body
        return
    layout = BODIES[block.type]
    yield from _fields(layout, at, block)
    if isinstance(block, IVMD):
        return
    for place, entry in located_from(at + layout.size, block.entries, entry_length):
        if isinstance(entry, UnknownEntry):
            yield place, 1, "type", entry.type
            yield place + 1, len(entry.body), "body", entry.body
            continue
        layout = ENTRY_LAYOUTS[entry.type]
        length = len(entry.uid) if isinstance(entry, HidEntry) else 0
        yield from _fields(layout, place, entry, uid_length=length)
        if isinstance(entry, HidEntry) and entry.uid:
            yield place + layout.size, length, "uid", entry.uid


def _fields(layout: Layout, at: int, value: object, **lengths: int) -> Iterator[Field]:
    """Yield the fields of `layout`; `value` does not have `lengths`, which follow from its lists."""
    for name, offset, width in zip(layout.names, layout.offsets, layout.widths, strict=True):
        own = lengths[name] if name in lengths else getattr(value, name)
        yield at + offset, width, name, own
