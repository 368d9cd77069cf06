"""164 captured tables: byte identity, an independent parser's numbers, and iasl's."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fwtables import (
    DMAR,
    DRHD,
    RMRR,
    SATC,
    SIDP,
    DeviceScope,
    decode,
    encode,
    from_document,
    located,
    structure_length,
    structure_name,
    to_document,
)

SCOPE_TYPES = {"endpoint": 1, "bridge": 2, "ioapic": 3, "hpet": 4, "namespace": 5}


def _table(data: bytes) -> DMAR:
    table = decode(data).table
    assert isinstance(table, DMAR)
    return table


def test_every_captured_table_is_sound_and_written_back_as_it_was(
    corpus_tables: dict[str, bytes],
) -> None:
    assert len(corpus_tables) == 164
    for name, data in corpus_tables.items():
        decoded = decode(data)
        assert decoded.damage == (), name
        assert encode(decoded) == data, name
        assert encode(from_document(json.loads(json.dumps(to_document(decoded))))) == data, name


def _scopes(scopes: tuple[DeviceScope, ...]) -> list[tuple[int, int, int, list[str]]]:
    return [(s.type, s.enumeration_id, s.start_bus_number, list(map(str, s.path))) for s in scopes]


def _told(scopes: list[dict[str, Any]]) -> list[tuple[int, int, int, list[str]]]:
    return [(SCOPE_TYPES[s["type"]], s["enum"], s["bus"], s["path"]) for s in scopes]


def test_every_captured_table_says_what_the_manifest_says(
    corpus: list[dict[str, Any]], corpus_tables: dict[str, bytes]
) -> None:
    for entry in corpus:
        table = _table(corpus_tables[entry["file"]])
        names = [structure_name(each) for each in table.structures]
        regions = [each for each in table.structures if isinstance(each, RMRR)]
        units = [each for each in table.structures if isinstance(each, DRHD)]
        others = [each for each in table.structures if isinstance(each, SATC | SIDP)]

        assert (table.length, table.revision) == (entry["length"], entry["revision"])
        assert (table.host_address_width, table.flags) == (entry["haw"], entry["flags"])
        assert table.oem_id.decode("latin-1") == entry["oem_id"]
        assert table.creator_revision == entry["creator_revision"]
        assert names == entry["order"]
        assert [
            (r.segment_number, r.base_address, r.limit_address, _scopes(r.device_scope))
            for r in regions
        ] == [
            (r["segment"], int(r["base"], 16), int(r["limit"], 16), _told(r["scopes"]))
            for r in entry["rmrr"]
        ]
        assert [
            (u.segment_number, u.register_base_address, u.flags, u.size, _scopes(u.device_scope))
            for u in units
        ] == [
            (u["segment"], int(u["base"], 16), u["flags"], u["size"], _told(u["scopes"]))
            for u in entry["drhd"]
        ]
        assert len(others) == len(entry["satc"]) + len(entry["sidp"])


@pytest.mark.usefixtures("iasl")
def test_every_captured_table_says_what_iasl_says(
    corpus_tables: dict[str, bytes], tmp_path: Path
) -> None:
    """Iasl 20200925 stops at the first SATC (5) or SIDP (6): what comes before it is compared."""
    for name, data in corpus_tables.items():
        (tmp_path / Path(name).name).write_bytes(data)
    files = [Path(name).name for name in corpus_tables]
    for start in range(0, len(files), 40):
        subprocess.run(
            ["iasl", "-d", *files[start : start + 40]],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    compared = 0
    for name, data in corpus_tables.items():
        text = (tmp_path / Path(name).with_suffix(".dsl").name).read_text("latin-1")
        told = _iasl_structures(text)
        ours = [
            (offset, type_of(each), structure_length(each))
            for offset, each in located(_table(data))
        ]
        kept = [each for each in ours if each[1] < 5]
        assert told == kept, name
        compared += len(told)
        assert _iasl_regions(text) == [
            (each.base_address, each.limit_address)
            for each in _table(data).structures
            if isinstance(each, RMRR)
        ], name
    assert compared > 600


def type_of(structure: Any) -> int:
    return int(structure.TYPE)


def _iasl_structures(text: str) -> list[tuple[int, int, int]]:
    """Find offset, type and length of each structure in iasl's disassembly."""
    found = re.findall(
        r"^\[\w+h (\d+)\s+2\]\s+Subtable Type : (\w{4}) \[.*\n\[\w+h \d+\s+2\]\s+Length : (\w{4})",
        text,
        re.MULTILINE,
    )
    return [
        (int(at), int(kind, 16), int(length, 16)) for at, kind, length in found if int(kind, 16) < 5
    ]


def _iasl_regions(text: str) -> list[tuple[int, int]]:
    found = re.findall(r"Base Address : (\w{16})\n\[.*End Address \(limit\) : (\w{16})", text)
    return [(int(base, 16), int(limit, 16)) for base, limit in found]
