"""Damaged DMAR tables, one for each way: the bytes, and the damage that must be found in them.

:func:`cases_of_any_table` has the ways that every table of structures can be damaged in.
"""

from dataclasses import dataclass

from support.tables import ENDPOINT, drhd, patched, resummed, rhsa, rmrr, scope, structure, table

REGION = rmrr(0x7DFFD000, 0x7DFFFFFF, ENDPOINT)  # 32 bytes
GOOD = table(drhd(0xFED90000, flags=1), REGION, REGION)
FIRST_REGION = 48 + 16
SECOND_REGION = FIRST_REGION + 32
FIRST_SCOPE = FIRST_REGION + 24


@dataclass(frozen=True, kw_only=True)
class Case:
    """A damaged table: the damage to find, its places, and the structures that are left."""

    data: bytes
    kinds: tuple[str, ...]
    offsets: tuple[int, ...]
    structures: tuple[str, ...] | None
    """The structures decoded; None if there is no table at all."""
    undecoded: int
    """Bytes left over at the end."""


def cases_of_any_table(good: bytes, names: tuple[str, ...], noun: str) -> dict[str, Case]:
    """Return the damage of the length, the checksum and the structures of the table `good`.

    It has three structures with these `names`, called `noun` in the names of cases; the last two
    have 32 bytes each.
    """
    third = len(good) - 32
    second = third - 32

    def with_length(offset: int, length: int, size: int) -> bytes:
        return patched(good, [(offset, length.to_bytes(size, "little"))])

    return {
        f"{noun} length zero": Case(
            data=resummed(with_length(second + 2, 0, 2)),
            kinds=("structure-length-zero",),
            offsets=(second + 2,),
            structures=names[:1],
            undecoded=64,
        ),
        f"{noun} length below 4": Case(
            data=resummed(with_length(second + 2, 3, 2)),
            kinds=("structure-length-below-header",),
            offsets=(second + 2,),
            structures=names[:1],
            undecoded=64,
        ),
        f"{noun} past the end": Case(
            data=resummed(with_length(third + 2, 33, 2)),
            kinds=("structure-past-end",),
            offsets=(third + 2,),
            structures=names[:2],
            undecoded=32,
        ),
        "trailing bytes after the table": Case(
            data=good + b"\xff" * 7,
            kinds=("trailing-bytes",),
            offsets=(len(good),),
            structures=names,
            undecoded=7,
        ),
        "header length too long": Case(
            data=with_length(4, len(good) + 1, 4),
            kinds=("table-length-too-long",),
            offsets=(4,),
            structures=names,
            undecoded=0,
        ),
        "header length too short for the table's fixed part": Case(
            data=with_length(4, 36, 4),
            kinds=("table-length-too-short",),
            offsets=(4,),
            structures=(),
            undecoded=len(good) - 48,
        ),
        f"header length ends in the middle of a {noun}": Case(
            data=resummed(with_length(4, len(good) - 8, 4)),
            kinds=("table-length-too-short", "structure-past-end"),
            offsets=(4, third + 2),
            structures=names[:2],
            undecoded=32,
        ),
        "truncated in the signature": Case(
            data=good[:2], kinds=("truncated-header",), offsets=(2,), structures=None, undecoded=2
        ),
        "truncated in the header": Case(
            data=good[:40],
            kinds=("truncated-header",),
            offsets=(40,),
            structures=None,
            undecoded=40,
        ),
        "wrong checksum": Case(
            data=patched(good, [(9, bytes([good[9] ^ 1]))]),
            kinds=("checksum",),
            offsets=(9,),
            structures=names,
            undecoded=0,
        ),
    }


def _scope_length(length: int) -> bytes:
    return resummed(patched(GOOD, [(FIRST_SCOPE + 1, bytes([length]))]))


CASES = {
    **cases_of_any_table(GOOD, ("DRHD", "RMRR", "RMRR"), "structure"),
    "structure length below its type's minimum": Case(
        data=table(drhd(0xFED90000), structure(1, bytes(16)), REGION),
        kinds=("structure-length-below-minimum",),
        offsets=(FIRST_REGION + 2,),
        structures=("DRHD", "RMRR", "RMRR"),
        undecoded=0,
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
    "scope of the least length past its structure": Case(
        data=table(rmrr(0x1000, 0x1FFF, ENDPOINT[:6])),
        kinds=("scope-past-structure",),
        offsets=(48 + 24 + 1,),
        structures=("RMRR",),
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
    "trailing bytes within the table and after it": Case(
        data=table(drhd(0xFED90000), b"\x01") + b"\xff" * 5,
        kinds=("trailing-bytes", "trailing-bytes"),
        offsets=(48 + 16, 48 + 17),
        structures=("DRHD",),
        undecoded=6,
    ),
    "bytes after a table without structures": Case(
        data=table() + b"\xff",
        kinds=("trailing-bytes",),
        offsets=(48,),
        structures=(),
        undecoded=1,
    ),
    "truncated in a structure": Case(
        data=GOOD[:-10],
        kinds=("table-length-too-long", "structure-past-end"),
        offsets=(4, SECOND_REGION + 2),
        structures=("DRHD", "RMRR"),
        undecoded=22,
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
