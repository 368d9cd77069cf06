"""56 captured IVRS tables: byte identity, a plain walk's numbers, and iasl's."""

import json
import re
import subprocess
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

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


@pytest.mark.usefixtures("iasl")
def test_every_captured_table_says_what_iasl_says(
    ivrs_corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """Iasl 20200925 knows neither 0x40 nor 0x51, and goes on after them."""
    files = [Path(name).name for name in ivrs_corpus]
    for name, data in ivrs_corpus.items():
        (tmp_path / Path(name).name).write_bytes(data)
    subprocess.run(["iasl", "-d", *files], cwd=tmp_path, check=True, capture_output=True)
    compared = 0
    for name, data in ivrs_corpus.items():
        text = (tmp_path / Path(name).with_suffix(".dsl").name).read_text("latin-1")
        unknown = {
            int(kind, 16) for kind in re.findall(r"Unknown IVRS subtable type 0x(\w+)", text)
        }
        blocks = [block for block in _blocks(_table(data)) if block[1] not in unknown]

        told = re.findall(
            r"^\[\w+h (\d+) +1\] +Subtable Type : (\w\w) \[.*\n\[.*Flags : (\w\w)\n",
            text,
            re.MULTILINE,
        )
        places = [(int(at), int(kind, 16), int(flags, 16)) for at, kind, flags in told]
        assert [each for each in places if each[1] not in unknown] == [
            block[:3] for block in blocks
        ], name
        assert unknown <= {0x40, 0x51}

        entries = re.findall(
            r"Entry Type : (\w\w)\n\[.*Device ID : (\w{4})\n\[.*Data Setting : (\w\w)", text
        )
        ours = [entry[:3] for block in blocks for entry in _entries_of(block)]
        assert [(int(a, 16), int(b, 16), int(c, 16)) for a, b, c in entries] == ours, name
        compared += len(ours)

        memory = re.findall(r"Start Address : (\w{16})\n\[.*Memory Length : (\w{16})", text)
        assert [(int(start, 16), int(length, 16)) for start, length in memory] == [
            (block.start_address, block.memory_length)
            for block in _table(data).blocks
            if isinstance(block, IVMD)
        ], name
    assert compared > 900


def _entries_of(block: tuple[object, ...]) -> list[tuple[object, ...]]:
    entries = block[4]
    assert isinstance(entries, list)
    return entries
