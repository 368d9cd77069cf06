"""An IVRS table as plain data and back.

Facts that follow from others (``offset``, ``length`` of a block) are written for readers
and not read back.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from fwtables.errors import DocumentError
from fwtables.fields import (
    fields_document,
    mapping,
    names_of,
    quoted,
    read_fields,
    read_list,
    required_of,
)
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

_Value = TypeVar("_Value")
_UNKNOWN = "unknown"
BLOCK_CLASSES: dict[str, type[Block]] = {
    **{cls.__name__: cls for cls in BLOCKS.values()},
    _UNKNOWN: UnknownBlock,
}
ENTRY_CLASSES: dict[str, type[Entry]] = {
    **{cls.__name__: cls for cls in ENTRIES.values()},
    _UNKNOWN: UnknownEntry,
}
_BLOCK_NAMES = {cls: name for name, cls in BLOCK_CLASSES.items()}
_ENTRY_NAMES = {cls: name for name, cls in ENTRY_CLASSES.items()}
_BLOCKS = frozenset({"blocks"})
_DERIVED = {"block", "offset", "length"}


def table_document(table: IVRS) -> "schema.IvrsTable":
    """Return `table` as plain data."""
    document: schema.IvrsTable = fields_document(table, {}, skip=_BLOCKS)
    blocks: list[Any] = [
        {
            "block": _BLOCK_NAMES[type(block)],
            "offset": offset,
            "length": block_length(block),
            **fields_document(block, {"entries": _entry_document}),
        }
        for offset, block in located_blocks(table)
    ]
    document["blocks"] = blocks
    return document


def _entry_document(entry: Entry) -> Any:
    return {"entry": _ENTRY_NAMES[type(entry)], **fields_document(entry, {})}


def read_table(document: object, where: str) -> IVRS:
    """Read back what :func:`table_document` returned, or an edited form of it.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    values = mapping(document, where, names_of(IVRS), required_of(IVRS))
    return IVRS(
        **read_fields(IVRS, values, where, {}, skip=_BLOCKS),
        blocks=read_list(values.get("blocks", []), f"{where}.blocks", _read_block),
    )


def _read_block(document: object, where: str) -> Block:
    cls = _class_of(document, "block", BLOCK_CLASSES, where)
    values = mapping(document, where, _DERIVED | names_of(cls), required_of(cls))
    return cls(**read_fields(cls, values, where, {"entries": _read_entry}))


def _read_entry(document: object, where: str) -> Entry:
    cls = _class_of(document, "entry", ENTRY_CLASSES, where)
    values = mapping(document, where, {"entry"} | names_of(cls), required_of(cls))
    return cls(**read_fields(cls, values, where, {}))


def _class_of(
    document: object, key: str, classes: Mapping[str, type[_Value]], where: str
) -> type[_Value]:
    """Return the class that the `key` of `document` names."""
    if not isinstance(document, Mapping):
        raise DocumentError("must be an object", where)
    name = document.get(key)
    cls = classes.get(name) if isinstance(name, str) else None
    if cls is None:
        *others, last = classes
        raise DocumentError(
            f"{quoted(name)} is not {', '.join(others)} or {last}", f"{where}.{key}"
        )
    return cls
