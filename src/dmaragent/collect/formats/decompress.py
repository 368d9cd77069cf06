"""A compressed file as a stream of its expanded bytes, within limits.

The file can be malicious: nothing is expanded before it is needed, only one piece is held, and a
file that expands too far is rejected early.
"""

import zlib
from typing import BinaryIO, Protocol

from dmaragent.collect.formats import words
from dmaragent.collect.formats.magic import compression

LARGEST_ARCHIVE = 1 << 31
"""Compressed bytes. A sosreport with all logs has some hundred MiB."""
LARGEST_EXPANDED = 1 << 34
"""Expanded bytes in all: eight times as many, the best ratio of logs; a minute's work."""
FREE_EXPANSION = 1 << 26
"""Expanded bytes that any file can have: the tar of a host of 4,096 functions has 40 MiB."""
LARGEST_RATIO = 800
"""The largest ratio beyond that. The many small, similar, padded files of a bundle reach 300
(measured); a file made to expand reaches 1,030 with gzip and 7,000 with xz."""
XZ_MEMORY = 96 << 20
"""Memory for the xz decoder: ``xz -9`` needs 65 MiB; no common setting needs more."""
MOST_STREAMS = 1 << 16
"""The most compressed streams in a file: pbzip2 writes one per 900 kB, and 16 GiB make 20,000 of
those."""
FIRST_PIECE = 1 << 9
"""The first bytes given to a new stream, doubled each time. A short stream does not use them all,
and the rest is copied."""
_PIECE = 1 << 18


class Decoder(Protocol):
    """The interface that the decoders of bzip2 and xz share."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def unused_data(self) -> bytes:
        """The given data that follow the end of the stream."""

    @property
    def needs_input(self) -> bool:
        """Whether all given data are unpacked."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return `max_length` bytes at most."""


class _Gzip:
    """zlib's decoder with the interface of the two others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def decoder_of(name: str) -> Decoder | None:
    """Return a new decoder for the packing `name`, if Python has one."""
    if name == "gzip":
        return _Gzip()
    if name == "bzip2":
        import bz2  # noqa: PLC0415 - 0.5 ms, as lzma: only a packed file needs them

        return bz2.BZ2Decompressor()
    if name == "xz":
        import lzma  # noqa: PLC0415 - see bz2

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, XZ_MEMORY)
    return None


def unpack_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that the three decoders raise for data that they cannot read."""
    from lzma import LZMAError  # noqa: PLC0415 - see bz2

    return (zlib.error, LZMAError, OSError, EOFError, ValueError, MemoryError)


class Expansion:
    """The expanded bytes of the file `source`, read from start to end.

    `head` are the bytes that were already read from it. Every method raises HostError for a file
    that is damaged or exceeds a limit.
    """

    def __init__(self, where: str, source: BinaryIO, head: bytes) -> None:
        self.where = where
        self.offset = 0
        """How many expanded bytes were returned."""
        self._source = source
        self._raw_piece = head
        self._raw_at = 0
        self._raw_size = _PIECE
        """How many bytes of the file the decoder gets at a time."""
        self._streams = 1
        self._name = compression(head)
        self._decoder = decoder_of(self._name)
        self._taken = 0
        self._expanded = 0
        self._piece = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer at the end."""
        at = self._at
        if at + size <= len(self._piece):
            self._at = at + size
            self.offset += size
            return self._piece[at : at + size]
        parts = []
        while size and (part := self._part(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Skip `size` bytes; return how many were missing at the end."""
        while size and (part := self._part(size)):
            size -= len(part)
        return size

    def _part(self, size: int) -> bytes:
        """Return some of the next `size` bytes, or none at the end."""
        if self._at >= len(self._piece):
            self._piece, self._at = self._next_piece(), 0
        part = self._piece[self._at : self._at + size]
        self._at += len(part)
        self.offset += len(part)
        return part

    def _next_piece(self) -> bytes:
        if self._decoder is None:
            return self._raw()
        while not self._decoder.eof or self._another():
            data = self._raw() if self._decoder.needs_input else b""
            if not data and self._decoder.needs_input:
                raise words.cut_off(self.where, self._name, self._taken)
            piece = self._expand(data)
            if piece:
                return piece
        return b""

    def _expand(self, data: bytes) -> bytes:
        assert self._decoder is not None  # noqa: S101 - the caller checked
        try:
            piece = self._decoder.decompress(data, _PIECE)
        except unpack_errors() as error:
            raise words.damaged_data(self.where, self._name, self._taken, error) from error
        self._expanded += len(piece)
        most = max(FREE_EXPANSION, LARGEST_RATIO * self._taken)
        if self._expanded > min(most, LARGEST_EXPANDED):
            raise words.expands_too_far(self.where, self._taken, self._expanded - len(piece))
        return piece

    def _another(self) -> bool:
        """Begin the next of several streams (pbzip2 writes many); reject anything else."""
        assert self._decoder is not None  # noqa: S101 - the caller checked
        rest = self._decoder.unused_data
        while len(rest) < 3 and (data := self._raw()):
            rest += data
        if self._name == "bzip2" and rest.startswith(b"BZh"):
            self._decoder = decoder_of(self._name)
            self._return(rest)
            self._raw_size = FIRST_PIECE
            self._streams += 1
            if self._streams > MOST_STREAMS:
                raise words.too_many_streams(self.where, self._name, MOST_STREAMS, self._taken)
            return True
        while rest:
            self._check_padding(rest, "compressed data")
            rest = self._raw()
        return False

    def _return(self, rest: bytes) -> None:
        """Take back `rest`, the last bytes that were read from the file."""
        self._taken -= len(rest)
        self._raw_at -= len(rest)
        if self._raw_at < 0:  # they begin in the previous piece
            self._raw_piece = rest + self._raw_piece[self._raw_at + len(rest) :]
            self._raw_at = 0

    def finish(self) -> None:
        """Read to the end, so that all checksums are checked; only padding can remain."""
        while part := self._part(_PIECE):
            self._check_padding(part, "tar")

    def _check_padding(self, data: bytes, what: str) -> None:
        if data.count(0) != len(data):
            raise words.something_follows(self.where, what)

    def _raw(self) -> bytes:
        """Read a piece of the compressed file."""
        if self._raw_at >= len(self._raw_piece):
            try:
                self._raw_piece, self._raw_at = self._source.read(_PIECE), 0
            except OSError as error:
                raise words.unreadable_archive(self.where, error) from error
        data = self._raw_piece[self._raw_at : self._raw_at + self._raw_size]
        self._raw_at += len(data)
        self._raw_size = min(2 * self._raw_size, _PIECE)
        self._taken += len(data)
        if self._taken > LARGEST_ARCHIVE:
            raise words.too_large(self.where, LARGEST_ARCHIVE)
        return data
