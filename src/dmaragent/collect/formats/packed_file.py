"""A packed file that is not an archive, such as a rotated log: unpacked whole, within limits.

Python unpacks gzip, bzip2 and xz. The zstd command unpacks zstd: Python supports it from 3.14 on.
Several streams in sequence are one file, as for ``zcat``. The content before a damaged place
counts, with a warning.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from dmaragent.collect.formats import words
from dmaragent.collect.formats.decompress import (
    FIRST_PIECE,
    MOST_STREAMS,
    decoder_of,
    unpack_errors,
)
from dmaragent.collect.formats.magic import packing_of
from dmaragent.collect.words.files import damaged_packing

LARGEST_INPUT = 1 << 26
"""The largest file that the user can name, packed or not: no table, dump or boot log is larger.
Archives have their own limits."""
_ZSTD_WITHIN = 60.0
"""Seconds: 64 MiB take one."""
_MOST_FRAMES = 1 << 14
"""The most frames of zstd data. The tool needs 50 us for each (1.5.4), even if it is empty."""
_FRAME = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""The start of a frame, also of a skippable one: RFC 8878, 3.1. Other data contain it by chance,
once in 4 GiB."""
_DEEPEST = 3
"""How many times a file can be packed."""
_PIECE = 1 << 16


class Unpacked(NamedTuple):
    """The content of a file, and its packing."""

    content: bytes
    packing: str = ""
    """The names of the tools, such as ``gzip``; empty if it was not packed."""
    problem: str = ""
    """In words, what is wrong with the packed file; else empty."""


def unpack(where: str, data: bytes, limit: int = LARGEST_INPUT) -> Unpacked:
    """Return the unpacked `data`, or `data` itself; `where` names it in errors.

    Raises:
        HostError: nothing of it can be unpacked, or it unpacks to more than `limit` bytes.

    """
    packings: list[str] = []
    problem = ""
    while (packing := packing_of(data)) and len(packings) < _DEEPEST:
        parts: list[bytes] = []
        size = 0
        try:
            for piece in _zstd(where, data, limit) if packing == "zstd" else _pieces(packing, data):
                parts.append(piece)
                size += len(piece)
                if size > limit:
                    raise words.unpacks_too_far(where, limit)
        except _DamagedError as error:
            problem = problem or str(error)
            if not size:
                raise damaged_packing(where, problem) from error
            problem += f"; the {size} bytes before that were read"
        data = b"".join(parts)
        packings.append(packing)
    return Unpacked(data, " in ".join(reversed(packings)), problem)


class _DamagedError(Exception):
    """A problem in packed data, in words."""


def _pieces(packing: str, data: bytes) -> Iterator[bytes]:
    """Yield the unpacked streams in `data`."""
    at = 0
    for _ in range(MOST_STREAMS):
        decoder, size = decoder_of(packing), FIRST_PIECE
        assert decoder is not None  # noqa: S101 - packing_of returned it
        while not decoder.eof:
            fed = data[at : at + size] if decoder.needs_input else b""
            size = min(2 * size, _PIECE)
            if not fed and decoder.needs_input:
                raise _DamagedError(f"its {packing} data are cut off after {len(data)} bytes")
            at += len(fed)
            try:
                piece = decoder.decompress(fed, _PIECE)
            except unpack_errors() as error:
                why = f": {error}" if str(error) else ""
                raise _DamagedError(
                    f"its {packing} data are damaged near byte {at}{why}"
                ) from error
            if piece:
                yield piece
        at -= len(decoder.unused_data)
        while at < len(data) and not data[at]:
            rest = data[at : at + _PIECE]
            at += len(rest) - len(rest.lstrip(b"\0"))
        if at >= len(data):
            return
        if packing_of(data[at : at + 8]) != packing:
            raise _DamagedError(
                f"{len(data) - at} bytes after its {packing} data are not {packing} data"
            )
    raise _DamagedError(f"it has more than {MOST_STREAMS} {packing} streams (at byte {at})")


def _zstd(where: str, data: bytes, limit: int) -> Iterator[bytes]:
    from dmaragent.collect.live.bounded import run_bounded  # noqa: PLC0415 - subprocess: 6 ms

    last = next(islice(_FRAME.finditer(data), _MOST_FRAMES, None), None)
    if last is not None:
        raise _DamagedError(f"it has more than {_MOST_FRAMES} zstd frames (at byte {last.start()})")
    try:
        ended = run_bounded(_ZSTD_WITHIN, ["zstd", "-dcq", "--memory=128MB"], data, limit + 1)
    except OSError as error:
        raise words.no_zstd(where) from error
    if ended.output:
        yield ended.output
    if len(ended.output) <= limit and ended.code != 0:
        raise _DamagedError("its zstd data are damaged or cut off")
