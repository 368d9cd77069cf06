"""The laws of both tables: no byte is lost, whatever the bytes are."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwtables import DMAR, IVRS, Decoded, decode, encode, from_document, seal, to_document
from fwtables.table import Table
from support import damaged, damaged_ivrs
from support.ivrs_tables import EVERY_BLOCK, ivrs
from support.tables import EVERY_STRUCTURE, table

TABLES = {
    "DMAR": [EVERY_STRUCTURE, *(case.data for case in damaged.CASES.values())],
    "IVRS": [EVERY_BLOCK, *(case.data for case in damaged_ivrs.CASES.values())],
}
"""By table: sound and damaged ones that are mutated."""
PATCHES = st.lists(st.tuples(st.integers(0, 700), st.binary(min_size=1, max_size=4)), max_size=6)
MUTATIONS = {name: st.tuples(st.sampled_from(seeds), PATCHES) for name, seeds in TABLES.items()}

of_both_tables = pytest.mark.parametrize("name", TABLES)


def _mutate(seed: bytes, patches: list[tuple[int, bytes]], keep: int) -> bytes:
    data = bytearray(seed)
    for offset, new in patches:
        at = offset % (len(data) + 1)
        data[at : at + len(new)] = new
    return bytes(data[: keep % (len(data) + 1)] if keep else data)


def _mutated(name: str, draw: st.DataObject) -> bytes:
    seed, patches = draw.draw(MUTATIONS[name])
    return _mutate(seed, patches, draw.draw(st.integers(0, 700)))


def _rests(decoded: Decoded[Table]) -> list[bytes]:
    """Return all bytes of `decoded` that are not in a field."""
    parts: list[object] = []
    if isinstance(decoded.table, DMAR):
        structures = decoded.table.structures
        parts = [*structures, *(scope for one in structures for scope in _scopes(one))]
    elif isinstance(decoded.table, IVRS):
        parts = [*decoded.table.blocks]
    return [decoded.undecoded, *(getattr(part, "undecoded", b"") for part in parts)]


def _scopes(structure: object) -> tuple[object, ...]:
    return getattr(structure, "device_scope", ())


@given(st.binary(max_size=600))
def test_any_bytes_are_decoded_and_written_back_as_they_were(data: bytes) -> None:
    assert encode(decode(data)) == data


@given(st.sampled_from([b"DMAR", b"RMAD", b"XMAR", b"IVRS"]), st.binary(max_size=600))
def test_any_bytes_behind_a_signature_are_written_back_as_they_were(
    signature: bytes, rest: bytes
) -> None:
    assert encode(decode(signature + rest)) == signature + rest


@given(st.sampled_from([*range(8), 99]), st.binary(max_size=200))
def test_any_bytes_of_a_dmar_structure_are_written_back_as_they_were(
    kind: int, body: bytes
) -> None:
    data = table(struct.pack("<HH", kind, 4 + len(body)) + body)

    assert encode(decode(data)) == data


@given(
    st.sampled_from([0x10, 0x11, 0x20, 0x21, 0x22, 0x23, 0x40, 0x51]),
    st.integers(0, 0xFF),
    st.binary(max_size=200),
)
def test_any_bytes_of_an_ivrs_block_are_written_back_as_they_were(
    kind: int, flags: int, body: bytes
) -> None:
    data = ivrs(struct.pack("<BBH", kind, flags, 4 + len(body)) + body)

    assert encode(decode(data)) == data


@of_both_tables
@given(draw=st.data())
def test_mutated_tables_are_written_back_as_they_were(name: str, draw: st.DataObject) -> None:
    data = _mutated(name, draw)

    assert encode(decode(data)) == data


@of_both_tables
@given(draw=st.data())
def test_mutated_tables_survive_the_way_through_json(name: str, draw: st.DataObject) -> None:
    decoded = decode(_mutated(name, draw))

    assert from_document(json.loads(json.dumps(to_document(decoded)))) == decoded


@of_both_tables
@given(draw=st.data())
def test_nothing_is_left_undecoded_without_damage(name: str, draw: st.DataObject) -> None:
    decoded = decode(_mutated(name, draw))

    assert bool(any(_rests(decoded))) <= bool(decoded.damage)


@of_both_tables
@given(draw=st.data())
def test_a_sealed_table_has_the_right_length_and_checksum(name: str, draw: st.DataObject) -> None:
    decoded = decode(_mutated(name, draw))
    sealed = encode(seal(decoded))

    if decoded.table is not None:
        assert int.from_bytes(sealed[4:8], "little") == len(sealed)
        assert sum(sealed) % 256 == 0
