"""Decoding one table, compared with edk2-pytool-library and a plain struct walk in one run.

The plain walk unpacks every field into tuples and checks nothing: it is the lower limit.
"""

import struct
from collections.abc import Iterator
from statistics import median

from edk2toollib.acpi.dmar_parser import DMARTable

from fwtables import decode
from fwtables.dmar import decoding
from rounds import micros, ratio
from tables import captured_tables, written_tables

_FIXED = {0: "<BBHQ", 1: "<2xHQQ", 2: "<BxH", 3: "<4xQI", 4: "<3xB", 5: "<BxH", 6: "<2xH"}
_BODIES = {kind: struct.Struct(form) for kind, form in _FIXED.items()}
_SCOPED = frozenset({0, 1, 2, 5, 6})


def plain_walk(data: bytes) -> list[tuple[object, ...]]:
    """Unpack every field of an undamaged table, with struct alone."""
    out: list[tuple[object, ...]] = [struct.unpack_from("<4sIBB6s8sI4sIBB10s", data)]
    offset = 48
    while offset < len(data):
        kind, length = struct.unpack_from("<HH", data, offset)
        body = _BODIES[kind]
        scopes = []
        if kind in _SCOPED:
            at = offset + 4 + body.size
            while at < offset + length:
                entry = struct.unpack_from("<BBBBBB", data, at)
                path = list(struct.iter_unpack("<BB", data[at + 6 : at + entry[1]]))
                scopes.append((entry, path))
                at += entry[1]
        out.append((kind, body.unpack_from(data, offset + 4), scopes))
        offset += length
    return out


def first_time(data: bytes) -> object:
    """Decode without any cached device scope entry."""
    decoding._scope.cache_clear()
    return decode(data)


def _edk2_reads(data: bytes) -> bool:
    try:
        DMARTable(data)
    except AssertionError:  # it supports neither SATC nor SIDP
        return False
    return True


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each set of tables."""
    sets = {name: [data] for name, data in written_tables().items()}
    captured = captured_tables()
    if captured:
        both = [data for data in captured if _edk2_reads(data)]
        sets[f"{len(both)} captured (of {len(captured)})"] = both
    for name, tables in sets.items():
        functions = [decode, first_time, DMARTable, plain_walk]
        ours, first, peer, floor = micros(functions, tables)
        size = sum(map(len, tables)) // len(tables)
        yield (
            name,
            f"{size}",
            *(f"{median(times):.0f}" for times in (ours, first, peer, floor)),
            f"{ratio(ours, peer):.2f}",
            f"{ratio(first, peer):.2f}",
            f"{ratio(ours, floor):.1f}",
        )


HEAD = (
    "table",
    "bytes",
    "dmaragent µs",
    "first time µs",
    "edk2-pytool-library µs",
    "plain struct µs",
    "dmaragent / edk2",
    "first time / edk2",
    "dmaragent / struct",
)
