"""Encode an IVRS table: the inverse of ``decoding.py``; each field is checked."""

from fwtables.errors import EncodeError
from fwtables.ivrs.layouts import (
    BLOCK_HEADER,
    BODIES,
    ENTRY_LAYOUTS,
    TABLE,
    fixed_entry_length,
)
from fwtables.ivrs.structures import (
    IVMD,
    IVRS,
    Block,
    Entry,
    HidEntry,
    KnownBlock,
    KnownEntry,
    UnknownBlock,
    UnknownEntry,
)


def encode_ivrs(table: IVRS) -> bytes:
    """Write `table` to bytes, with the header's length and checksum as they are.

    Raises:
        EncodeError: a value does not fit its field.

    """
    parts = [TABLE.pack(table, "table")]
    parts += [_block(block, f"blocks[{number}]") for number, block in enumerate(table.blocks)]
    return b"".join(parts)


def _block(block: Block, where: str) -> bytes:
    if isinstance(block, UnknownBlock):
        body = block.body
    else:
        _check_type(block, where)
        parts = [BODIES[block.type].pack(block, where)]
        if not isinstance(block, IVMD):
            entries = enumerate(block.entries)
            parts += [_entry(entry, f"{where}.entries[{number}]") for number, entry in entries]
        body = b"".join((*parts, block.undecoded))
    length = BLOCK_HEADER.size + len(body)
    head = {"type": block.type, "flags": block.flags, "length": length}
    return BLOCK_HEADER.pack(head, where) + body


def _entry(entry: Entry, where: str) -> bytes:
    if isinstance(entry, UnknownEntry):
        if not 0 <= entry.type <= 0xFF or fixed_entry_length(entry.type) != 1 + len(entry.body):
            raise EncodeError("does not have the length of its type", where)
        return bytes([entry.type]) + entry.body
    _check_type(entry, where)
    layout = ENTRY_LAYOUTS[entry.type]
    if not isinstance(entry, HidEntry):
        return layout.pack(entry, where)
    values = {name: getattr(entry, name) for name in layout.names if name != "uid_length"}
    return layout.pack(values | {"uid_length": len(entry.uid)}, where) + entry.uid


def _check_type(value: KnownBlock | KnownEntry, where: str) -> None:
    if value.type not in value.TYPES:
        raise EncodeError(f"{value.type} is not a type of {type(value).__name__}", f"{where}.type")
