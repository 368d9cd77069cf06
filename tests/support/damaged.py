"""One table for each way of being damaged: the bytes, and what must be said of them."""

from dataclasses import dataclass

from support.tables import ENDPOINT, drhd, patched, resummed, rhsa, rmrr, scope, structure, table

REGION = rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT)  # 32 bytes
GOOD = table(drhd(0xFED90000, flags=1), REGION, REGION)
FIRST_REGION = 48 + 16
SECOND_REGION = FIRST_REGION + 32
FIRST_SCOPE = FIRST_REGION + 24


@dataclass(frozen=True, kw_only=True)
class Case:
    """A damaged table: what must be found, where, and how many structures are left."""

    data: bytes
    kinds: tuple[str, ...]
    offsets: tuple[int, ...]
    structures: tuple[str, ...] | None
    """The structures decoded; None where there is no table at all."""
    undecoded: int
    """How many bytes are left over at the end."""


def _region_length(length: int) -> bytes:
    return resummed(patched(GOOD, [(FIRST_REGION + 2, length.to_bytes(2, "little"))]))


def _scope_length(length: int) -> bytes:
    return resummed(patched(GOOD, [(FIRST_SCOPE + 1, bytes([length]))]))


CASES = {
    "structure length zero": Case(
        data=_region_length(0),
        kinds=("structure-length-zero",),
        offsets=(FIRST_REGION + 2,),
        structures=("DRHD",),
        undecoded=64,
    ),
    "structure length below 4": Case(
        data=_region_length(3),
        kinds=("structure-length-below-header",),
        offsets=(FIRST_REGION + 2,),
        structures=("DRHD",),
        undecoded=64,
    ),
    "structure length below its type's minimum": Case(
        data=table(drhd(0xFED90000), structure(1, bytes(16)), REGION),
        kinds=("structure-length-below-minimum",),
        offsets=(FIRST_REGION + 2,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
    ),
    "structure past the end": Case(
        data=resummed(patched(GOOD, [(SECOND_REGION + 2, b"\x21\x00")])),
        kinds=("structure-past-end",),
        offsets=(SECOND_REGION + 2,),
        structures=("DRHD", "RMRR"),
        undecoded=32,
    ),
    "scope length zero": Case(
        data=_scope_length(0),
        kinds=("scope-length-zero",),
        offsets=(FIRST_SCOPE + 1,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
    ),
    "scope length too small": Case(
        data=_scope_length(6),
        kinds=("scope-length-too-small",),
        offsets=(FIRST_SCOPE + 1,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
    ),
    "scope length odd": Case(
        data=table(rmrr(0x1000, 0x1FFF, bytes([1, 9, 0, 0, 0, 0, 0x1D, 0, 0xAA]), ENDPOINT)),
        kinds=("scope-length-odd",),
        offsets=(48 + 24 + 1,),
        structures=("RMRR",),
        undecoded=0,
    ),
    "scope past its structure": Case(
        data=_scope_length(10),
        kinds=("scope-past-structure",),
        offsets=(FIRST_SCOPE + 1,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
    ),
    "one byte after the last scope": Case(
        data=table(rmrr(0x1000, 0x1FFF, ENDPOINT, b"\x01")),
        kinds=("structure-trailing-bytes",),
        offsets=(48 + 24 + 8,),
        structures=("RMRR",),
        undecoded=0,
    ),
    "bytes after the last field of a structure": Case(
        data=table(patched(rhsa(0xFED90000, 1) + b"\xaa\xbb", [(2, b"\x16")])),
        kinds=("structure-trailing-bytes",),
        offsets=(48 + 20,),
        structures=("RHSA",),
        undecoded=0,
    ),
    "trailing bytes within the table": Case(
        data=table(drhd(0xFED90000), b"\x01\x00\x20"),
        kinds=("trailing-bytes",),
        offsets=(48 + 16,),
        structures=("DRHD",),
        undecoded=3,
    ),
    "trailing bytes after the table": Case(
        data=GOOD + b"\xff" * 7,
        kinds=("trailing-bytes",),
        offsets=(len(GOOD),),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=7,
    ),
    "header length too long": Case(
        data=patched(GOOD, [(4, (len(GOOD) + 1).to_bytes(4, "little"))]),
        kinds=("table-length-too-long",),
        offsets=(4,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
    ),
    "header length too short for the table's fixed part": Case(
        data=patched(GOOD, [(4, b"\x24\0\0\0")]),
        kinds=("table-length-too-short",),
        offsets=(4,),
        structures=(),
        undecoded=16 + 64,
    ),
    "header length ends in the middle of a structure": Case(
        data=resummed(patched(GOOD, [(4, (len(GOOD) - 8).to_bytes(4, "little"))])),
        kinds=("table-length-too-short", "structure-past-end"),
        offsets=(4, SECOND_REGION + 2),
        structures=("DRHD", "RMRR"),
        undecoded=32,
    ),
    "truncated in the signature": Case(
        data=b"DM",
        kinds=("truncated-header",),
        offsets=(2,),
        structures=None,
        undecoded=2,
    ),
    "truncated in the header": Case(
        data=GOOD[:40],
        kinds=("truncated-header",),
        offsets=(40,),
        structures=None,
        undecoded=40,
    ),
    "truncated in a structure": Case(
        data=GOOD[:-10],
        kinds=("table-length-too-long", "structure-past-end"),
        offsets=(4, SECOND_REGION + 2),
        structures=("DRHD", "RMRR"),
        undecoded=22,
    ),
    "wrong checksum": Case(
        data=patched(GOOD, [(9, bytes([GOOD[9] ^ 1]))]),
        kinds=("checksum",),
        offsets=(9,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
    ),
    "empty": Case(data=b"", kinds=("empty",), offsets=(0,), structures=None, undecoded=0),
    "another table": Case(
        data=table(signature=b"APIC"),
        kinds=("another-table",),
        offsets=(0,),
        structures=None,
        undecoded=48,
    ),
    "not a table": Case(
        data=b"#!/bin/sh\necho this is no table\n",
        kinds=("not-a-table",),
        offsets=(0,),
        structures=None,
        undecoded=32,
    ),
    "scope cut off and a later structure sound": Case(
        data=table(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1A, 0)), b"\x01\x00"), REGION),
        kinds=("scope-length-zero",),
        offsets=(48 + 24 + 8 + 1,),
        structures=("RMRR", "RMRR"),
        undecoded=0,
    ),
}
