"""A table without some of its regions: against a plain cut of the bytes."""

import struct

import pytest

from fwtables import EncodeError, decode, encode
from fwtables.without_regions import regions_of, without_regions
from support.ivrs_tables import ENTRIES, EVERY_BLOCK, ivhd, ivmd, ivrs
from support.tables import EVERY_STRUCTURE, patched, resummed


def cut(data: bytes, *offsets: int) -> bytes:
    """Cut the structures at `offsets` out of the bytes, and write the header's fields anew."""
    kept = bytearray(data)
    for offset in sorted(offsets, reverse=True):
        del kept[offset : offset + struct.unpack_from("<H", data, offset + 2)[0]]
    struct.pack_into("<I", kept, 4, len(kept))
    struct.pack_into("<I", kept, 24, struct.unpack_from("<I", data, 24)[0] + 1)
    kept[9] = 0
    kept[9] = -sum(kept) % 256
    return bytes(kept)


@pytest.mark.parametrize("data", [EVERY_BLOCK, EVERY_STRUCTURE], ids=["IVRS", "DMAR"])
def test_one_region_and_all_are_left_out(data: bytes) -> None:
    decoded = decode(data)
    assert decoded.table is not None
    regions = regions_of(decoded.table)

    for region in regions:
        shorter = without_regions(decoded, {region.number})
        assert encode(shorter) == cut(data, region.offset)
    whole = without_regions(decoded, {region.number for region in regions})
    assert encode(whole) == cut(data, *(region.offset for region in regions))
    assert decode(encode(whole)).damage == ()
    assert whole.table is not None
    assert regions_of(whole.table) == ()


@pytest.mark.parametrize("name", [b"RMAD", b"XMAR"])
def test_a_table_that_xen_renamed_gets_the_name_of_the_firmware_again(name: bytes) -> None:
    decoded = decode(resummed(name + EVERY_STRUCTURE[4:]))
    assert decoded.table is not None
    offset = regions_of(decoded.table)[0].offset

    assert encode(without_regions(decoded, {1})) == cut(EVERY_STRUCTURE, offset)


def test_every_captured_table_can_be_cut(ivrs_corpus: dict[str, bytes]) -> None:
    cuts = 0
    for data in ivrs_corpus.values():
        decoded = decode(data)
        assert decoded.table is not None
        for region in regions_of(decoded.table):
            assert encode(without_regions(decoded, {region.number})) == cut(data, region.offset)
            cuts += 1
    assert cuts >= 8 or not ivrs_corpus


def test_a_wrong_checksum_alone_is_corrected() -> None:
    data = patched(EVERY_BLOCK, [(9, bytes([EVERY_BLOCK[9] ^ 1]))])
    decoded = decode(data)
    assert decoded.table is not None
    offset = regions_of(decoded.table)[0].offset

    assert encode(without_regions(decoded, {1})) == cut(EVERY_BLOCK, offset)


def test_what_cannot_be_cut_is_refused() -> None:
    one = ivrs(ivhd(*ENTRIES), ivmd(0x90000000, 0x1000))
    newest = resummed(patched(one, [(24, b"\xff" * 4)]))
    damaged = resummed(patched(one, [(len(one) - 30, bytes(2))]))

    for data, number, word in (
        (one, 2, "no region 2"),
        (newest, 1, "highest"),
        (damaged, 1, "damaged"),
    ):
        with pytest.raises(EncodeError, match=word):
            without_regions(decode(data), {number})
    with pytest.raises(EncodeError, match="damaged"):
        without_regions(decode(b"IVRS"), {1})
