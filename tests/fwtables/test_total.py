"""The one property that everything stands on: no byte is lost, whatever the bytes are."""

import json

from hypothesis import given
from hypothesis import strategies as st

from fwtables import DMAR, decode, encode, from_document, to_document
from support.damaged import CASES
from support.tables import EVERY_STRUCTURE

SEEDS = [EVERY_STRUCTURE, *(case.data for case in CASES.values())]
PATCHES = st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4)), max_size=6)


def _mutate(seed: bytes, patches: list[tuple[int, bytes]], keep: int) -> bytes:
    data = bytearray(seed)
    for offset, new in patches:
        at = offset % (len(data) + 1)
        data[at : at + len(new)] = new
    return bytes(data[: keep % (len(data) + 1)] if keep else data)


@given(st.binary(max_size=600))
def test_any_bytes_are_decoded_and_written_back_as_they_were(data: bytes) -> None:
    assert encode(decode(data)) == data


@given(st.sampled_from([b"DMAR", b"RMAD", b"XMAR"]), st.binary(max_size=600))
def test_any_bytes_behind_a_signature_are_written_back_as_they_were(
    signature: bytes, rest: bytes
) -> None:
    assert encode(decode(signature + rest)) == signature + rest


@given(st.sampled_from(SEEDS), PATCHES, st.integers(0, 400))
def test_mutated_tables_are_written_back_as_they_were(
    seed: bytes, patches: list[tuple[int, bytes]], keep: int
) -> None:
    data = _mutate(seed, patches, keep)

    assert encode(decode(data)) == data


@given(st.sampled_from(SEEDS), PATCHES, st.integers(0, 400))
def test_mutated_tables_survive_the_way_through_json(
    seed: bytes, patches: list[tuple[int, bytes]], keep: int
) -> None:
    decoded = decode(_mutate(seed, patches, keep))

    assert from_document(json.loads(json.dumps(to_document(decoded)))) == decoded


@given(st.sampled_from(SEEDS), PATCHES, st.integers(0, 400))
def test_nothing_is_left_undecoded_without_damage(
    seed: bytes, patches: list[tuple[int, bytes]], keep: int
) -> None:
    decoded = decode(_mutate(seed, patches, keep))
    rests = [decoded.undecoded]
    assert decoded.table is None or isinstance(decoded.table, DMAR)
    for structure in decoded.table.structures if decoded.table else ():
        rests.append(getattr(structure, "undecoded", b""))
        rests += [scope.undecoded for scope in getattr(structure, "device_scope", ())]

    assert bool(any(rests)) <= bool(decoded.damage)
