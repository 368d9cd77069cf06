"""The members of a zip, by its directory at the end (xen-bugtool can write one).

The format is described in PKWARE's APPNOTE.TXT. Not supported: zip64, encrypted members, and
methods other than stored and deflated. xen-bugtool writes none of these.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from dmaragent.collect.formats import words
from dmaragent.collect.formats.decompress import (
    FREE_EXPANSION,
    LARGEST_ARCHIVE,
    LARGEST_EXPANDED,
    LARGEST_RATIO,
)
from dmaragent.collect.formats.members import Member, MemberKind
from dmaragent.collect.words import shown
from dmaragent.errors import HostError

LARGEST_DIRECTORY = 1 << 26
"""65,535 members, the most without zip64, of a kilobyte each."""
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_PIECE = 1 << 16
_ENCRYPTED = 0x2041
_UNIX = 3


class Zip:
    """The members of the zip in `source`, a seekable file."""

    def __init__(self, where: str, source: BinaryIO) -> None:
        self._where = where
        self._source = source
        self._expanded = 0
        self._packed = 0
        self._data: Iterator[bytes] = iter(())
        self._buffer = b""
        try:
            self._size = source.seek(0, os.SEEK_END)
        except OSError as error:
            raise words.unseekable_zip(where, error) from error
        if self._size > LARGEST_ARCHIVE:
            raise words.too_large_zip(where, LARGEST_ARCHIVE)

    def __iter__(self) -> Iterator[Member]:
        """Read the directory and yield its members."""
        directory = self._directory()
        at = 0
        while at < len(directory):
            if at + _CENTRAL.size > len(directory) or directory[at : at + 4] != b"PK\x01\x02":
                raise self._wrong("its directory is damaged")
            fields = _CENTRAL.unpack_from(directory, at)
            end = at + _CENTRAL.size + fields[10]
            name = directory[at + _CENTRAL.size : end]
            at = end + fields[11] + fields[12]
            if at > len(directory):
                raise self._wrong("its directory is damaged")
            yield self._member(os.fsdecode(name), fields)
            for _ in self._data:  # check what was not requested, too
                pass

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes of the current member."""
        while len(self._buffer) < size:
            piece = next(self._data, None)
            if piece is None:
                break
            self._buffer += piece
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _member(self, name: str, fields: tuple[int, ...]) -> Member:
        size, kind = fields[9], _kind(name, fields)
        if kind is not MemberKind.FILE and kind is not MemberKind.SYMBOLIC_LINK:
            self._data, self._buffer = iter(()), b""
            return Member(name, kind, size)
        self._buffer, self._data = b"", self._expand(name, fields)
        target = ""
        if kind is MemberKind.SYMBOLIC_LINK:
            target = os.fsdecode(self.read(min(size, 1 << 13)))
        return Member(name, kind, size, target)

    def _directory(self) -> bytes:
        """Return the directory; the record at the end of the file contains its place."""
        begin = max(0, self._size - _END.size - 0xFFFF)
        tail = self._at(begin, self._size - begin)
        end = tail.rfind(b"PK\x05\x06")
        if end < 0 or end + _END.size > len(tail):
            raise words.cut_zip(self._where)
        _, disk, first, here, members, size, offset, comment = _END.unpack_from(tail, end)
        if end + _END.size + comment != len(tail):
            raise self._wrong("unexpected data follow the end of the zip")
        if disk or first or here != members or 0xFFFF in (members, disk) or offset == 0xFFFFFFFF:
            raise self._wrong("it is in several parts or in zip64 format, which are not supported")
        if offset + size != begin + end or size > LARGEST_DIRECTORY:
            raise self._wrong("its directory is not at the stated place")
        return self._at(offset, size)

    def _expand(self, name: str, fields: tuple[int, ...]) -> Iterator[bytes]:
        """Yield the bytes of a member in pieces; check their number and checksum at the end."""
        flags, method, crc, packed, size, offset = (*fields[3:5], *fields[7:10], fields[16])
        if flags & _ENCRYPTED or method not in (0, zlib.DEFLATED):
            raise self._wrong(f"{shown(name)} is encrypted, or packed with method {method}")
        local = self._at(offset, _LOCAL.size)
        if len(local) < _LOCAL.size or not local.startswith(b"PK\x03\x04"):
            raise self._wrong(f"{shown(name)} is not at the place that the directory states")
        lengths = _LOCAL.unpack(local)[9:]
        begin = offset + _LOCAL.size + sum(lengths)
        if os.fsdecode(self._at(offset + _LOCAL.size, lengths[0])) != name:
            raise self._wrong(f"{shown(name)} has another name in front of its data")
        self._packed += packed
        if self._packed > self._size:  # two members would share data, to be read over and over
            raise self._wrong(
                f"{shown(name)} and the members before it have more data than the zip"
            )
        decoder = zlib.decompressobj(-zlib.MAX_WBITS) if method else None
        got = check = 0
        for piece in self._pieces(begin, packed, decoder, name):
            got += len(piece)
            self._expanded += len(piece)
            check = zlib.crc32(piece, check)
            self._check_size(name, got, size)
            yield piece
        if got != size or check != crc or (decoder and not decoder.eof):
            raise self._wrong(f"{shown(name)} is damaged: its length or its checksum is wrong")

    def _pieces(self, begin: int, packed: int, decoder: object, name: str) -> Iterator[bytes]:
        for at in range(begin, begin + packed, _PIECE):
            data = self._at(at, min(_PIECE, begin + packed - at))
            if not data:
                raise self._wrong(f"{shown(name)} is cut off")
            if decoder is None:
                yield data
            else:
                yield from self._inflate(decoder, data, name)
        if decoder is not None and (rest := decoder.flush()):  # type: ignore[attr-defined] # zlib names no type
            yield rest

    def _inflate(self, decoder: object, data: bytes, name: str) -> Iterator[bytes]:
        while data:
            try:
                piece = decoder.decompress(data, _PIECE)  # type: ignore[attr-defined] # zlib names no type
            except zlib.error as error:
                raise self._wrong(f"{shown(name)} is damaged: {error}") from error
            data = decoder.unconsumed_tail  # type: ignore[attr-defined] # likewise
            if piece:
                yield piece
        if decoder.unused_data:  # type: ignore[attr-defined] # likewise; zlib would gather it all
            raise self._wrong(f"{shown(name)} is damaged: unexpected data follow its packed data")

    def _check_size(self, name: str, got: int, size: int) -> None:
        most = min(max(FREE_EXPANSION, LARGEST_RATIO * self._size), LARGEST_EXPANDED)
        if got > size or self._expanded > most:
            raise words.member_expands_too_far(self._where, name, beyond_its_size=got > size)

    def _at(self, offset: int, size: int) -> bytes:
        try:
            self._source.seek(offset)
            return self._source.read(size)
        except OSError as error:
            raise words.unreadable_archive(self._where, error) from error

    def _wrong(self, what: str) -> HostError:
        return words.wrong_zip(self._where, what)


def _kind(name: str, fields: tuple[int, ...]) -> MemberKind:
    """Return the kind of a member, from its name and, if Unix made it, its mode."""
    if name.endswith("/"):
        return MemberKind.FOLDER
    mode = fields[15] >> 28 if fields[1] >> 8 == _UNIX else 0
    return {0: MemberKind.FILE, 8: MemberKind.FILE, 10: MemberKind.SYMBOLIC_LINK}.get(
        mode, MemberKind.OTHER
    )
