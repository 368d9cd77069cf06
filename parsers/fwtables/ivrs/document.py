"""An IVRS table as plain data and back.

Values that follow from others (``offset``, ``length`` of a block) are written for readers
and not read back.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fwtables import fields
from fwtables.ivrs.layouts import block_length, located_blocks
from fwtables.ivrs.structures import (
    BLOCKS,
    ENTRIES,
    IVRS,
    Block,
    Entry,
    UnknownBlock,
    UnknownEntry,
)

if TYPE_CHECKING:
    from fwtables.ivrs import schema

_BLOCKS = fields.OneOf(
    "block",
    fields.classes_by_name(BLOCKS.values(), UnknownBlock),
    derived=frozenset({"offset", "length"}),
)
_ENTRIES = fields.OneOf("entry", fields.classes_by_name(ENTRIES.values(), UnknownEntry))
_BLOCK_NAMES = {cls: name for name, cls in _BLOCKS.classes.items()}
_ENTRY_NAMES = {cls: name for name, cls in _ENTRIES.classes.items()}


def table_document(table: IVRS) -> "schema.IvrsTable":
    """Return `table` as plain data."""
    document: schema.IvrsTable = fields.table_document(table, "blocks", _blocks(table))
    return document


def _blocks(table: IVRS) -> Iterator[Any]:
    for offset, block in located_blocks(table):
        yield {
            "block": _BLOCK_NAMES[type(block)],
            "offset": offset,
            "length": block_length(block),
            **fields.fields_document(block, {"entries": _entry_document}),
        }


def _entry_document(entry: Entry) -> Any:
    return {"entry": _ENTRY_NAMES[type(entry)], **fields.fields_document(entry, {})}


def read_table(document: object, where: str) -> IVRS:
    """Read back what :func:`table_document` returned, or an edited form of it.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    return fields.read_table(IVRS, "blocks", _read_block, document, where)


def _read_block(document: object, where: str) -> Block:
    block: Block = fields.read_one_of(document, _BLOCKS, where, {"entries": _read_entry})
    return block


def _read_entry(document: object, where: str) -> Entry:
    entry: Entry = fields.read_one_of(document, _ENTRIES, where, {})
    return entry
