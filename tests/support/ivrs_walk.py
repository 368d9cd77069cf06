"""A plain walk over a sound IVRS table, with struct alone: a second reading, and a floor of time."""

from struct import Struct

_HEADER = Struct("<4sIBB6s8sI4sII8s")
_BLOCK = Struct("<BBH")
_HEADS = {
    0x10: Struct("<HHQHHI"),
    0x11: Struct("<HHQHHIQQ"),
    0x40: Struct("<HHQHHIQQ"),
    **dict.fromkeys((0x20, 0x21, 0x22, 0x23), Struct("<HH8sQQ")),
}
_PLAIN = Struct("<BHB")
_ENTRIES = {
    **dict.fromkeys((0x42, 0x43), Struct("<BHBcHc")),
    **dict.fromkeys((0x46, 0x47), Struct("<BHBI")),
    0x48: Struct("<BHBBHB"),
    0xF0: Struct("<BHB8s8sBB"),
}

Block = tuple[int, int, int, tuple[object, ...], list[tuple[object, ...]]]
"""Offset, type and flags of a block, its other fields, and its device entries."""


def plain_walk(data: bytes) -> tuple[tuple[object, ...], list[Block]]:
    """Return the header's fields and the blocks of `data`, which is sound; nothing is checked."""
    blocks: list[Block] = []
    offset = _HEADER.size
    while offset < len(data):
        kind, flags, length = _BLOCK.unpack_from(data, offset)
        end, at = offset + length, offset + 4
        head = _HEADS.get(kind)
        entries: list[tuple[object, ...]] = []
        if head is None:
            blocks.append((offset, kind, flags, (data[at:end],), entries))
            offset = end
            continue
        fields = head.unpack_from(data, at)
        at += head.size
        if kind & 0xF0 != 0x20:
            while at < end:
                form = _ENTRIES.get(data[at], _PLAIN)
                entry = form.unpack_from(data, at)
                at += form.size
                if entry[0] == 0xF0:
                    entry += (data[at : at + entry[-1]],)
                    at += entry[-2]
                entries.append(entry)
        blocks.append((offset, kind, flags, fields, entries))
        offset = end
    return _HEADER.unpack_from(data), blocks
