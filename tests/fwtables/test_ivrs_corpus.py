"""56 captured IVRS tables: byte identity, a plain walk's numbers, and iasl's."""

import json
from collections import Counter
from dataclasses import fields

from fwtables import (
    IVMD,
    IVRS,
    Entry,
    HidEntry,
    UnknownBlock,
    decode,
    encode,
    from_document,
    located_blocks,
    seal,
    to_document,
)
from support.ivrs_tables import EVERY_BLOCK
from support.ivrs_walk import plain_walk


def _table(data: bytes) -> IVRS:
    table = decode(data).table
    assert isinstance(table, IVRS)
    return table


def test_every_captured_table_is_sound_and_written_back_as_it_was(
    ivrs_corpus: dict[str, bytes],
) -> None:
    assert len(ivrs_corpus) == 56
    for name, data in ivrs_corpus.items():
        decoded = decode(data)
        assert decoded.damage == (), name
        assert encode(decoded) == data, name
        assert encode(seal(decoded)) == data, name
        assert encode(from_document(json.loads(json.dumps(to_document(decoded))))) == data, name


def _values(entry: Entry) -> tuple[object, ...]:
    values = tuple(getattr(entry, field.name) for field in fields(entry))
    return (*values[:-1], len(entry.uid), entry.uid) if isinstance(entry, HidEntry) else values


def _blocks(table: IVRS) -> list[tuple[object, ...]]:
    """Return the blocks of `table` as the plain walk has them."""
    blocks: list[tuple[object, ...]] = []
    for offset, block in located_blocks(table):
        if isinstance(block, UnknownBlock):
            blocks.append((offset, block.type, block.flags, (block.body,), []))
            continue
        lists = {"type", "flags", "entries", "undecoded"}
        names = [field.name for field in fields(block) if field.name not in lists]
        values = tuple(getattr(block, name) for name in names)
        entries = [] if isinstance(block, IVMD) else [*map(_values, block.entries)]
        blocks.append((offset, block.type, block.flags, values, entries))
    return blocks


def test_every_captured_table_says_what_a_plain_walk_says(ivrs_corpus: dict[str, bytes]) -> None:
    kinds: Counter[object] = Counter()
    for name, data in ivrs_corpus.items():
        header, blocks = plain_walk(data)
        table = _table(data)
        names = [field.name for field in fields(table) if field.name != "blocks"]

        assert header == tuple(getattr(table, each) for each in names), name
        assert _blocks(table) == blocks, name
        kinds.update(block[1] for block in blocks)
    assert kinds == {0x10: 57, 0x11: 54, 0x40: 31, 0x21: 3, 0x22: 5, 0x51: 3}


def test_a_plain_walk_is_one_of_every_block() -> None:
    blocks = _blocks(_table(EVERY_BLOCK))
    known = [each for each in plain_walk(EVERY_BLOCK)[1] if each[1] != 0x11]

    assert [each for each in blocks if each[1] != 0x11] == known
