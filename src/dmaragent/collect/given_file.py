"""A file that the user names: an archive, or content, which is unpacked if it is packed."""

import io
import os
from typing import BinaryIO, NamedTuple

from dmaragent.collect import words
from dmaragent.collect.formats.decompress import Expansion
from dmaragent.collect.formats.magic import (
    BLOCK,
    CPIO,
    HEAD,
    compression,
    is_archive,
    is_qubes_report,
    is_tar,
    packing_of,
    unread_format,
)
from dmaragent.collect.formats.packed_file import LARGEST_INPUT, Unpacked, unpack
from dmaragent.collect.reader import (
    missing,
    open_stream,
    read_rest,
)
from dmaragent.collect.words import files as files_words
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from fwtables.signatures import DECODED_SIGNATURES

_LOOK = 1 << 12
"""Unpacked bytes that are enough to recognise the content: the first names in a cpio."""


class GivenArchive(NamedTuple):
    """An archive that is not read yet: the bytes `head`, and the rest in `source`."""

    source: BinaryIO
    head: bytes


class _Kept(io.RawIOBase):
    """A source that keeps the bytes that were read from it."""

    def __init__(self, source: BinaryIO, head: bytes) -> None:
        self._source = source
        self.taken = head

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._source.read(size)
        self.taken += data
        return data


def is_archive_head(head: bytes) -> bool:
    """Return whether a file begins like an archive or a packed file."""
    if head.startswith(DECODED_SIGNATURES):  # or a tar whose first member is called DMAR.bin
        return is_tar(head)
    return is_archive(head) or unread_format(head) is not None


def read_given(path: str, file: BinaryIO, begin: bytes) -> GivenArchive | Unpacked:
    """Return the archive or the content in `file`, of which `begin` was already read.

    Raises:
        HostError: it cannot be read, or its format is not supported.

    """
    head = _head(path, file, begin)
    if head.startswith(DECODED_SIGNATURES) and not is_tar(head):
        return Unpacked(_rest(path, file, head))
    _refuse_unread(path, head)
    if not packing_of(head):
        return (
            GivenArchive(file, head) if is_archive_head(head) else Unpacked(_rest(path, file, head))
        )
    packed = compression(head)
    error: HostError | None = None
    if packed:
        look, head, error = _look(path, file, head)
        if is_tar(look):
            return GivenArchive(file, head)
        _refuse_unread(path, look, packed)
    given = unpack(path, _rest(path, file, head))
    if error and is_tar(given.content[:BLOCK]):
        raise error
    if is_tar(given.content[:BLOCK]):
        return GivenArchive(io.BytesIO(), given.content)
    _refuse_unread(path, given.content[:HEAD], given.packing)
    return given


def begins_archive(path: str, file: BinaryIO, begin: bytes) -> bool:
    """Return whether `file` is an archive, or in an archive format that is not supported."""
    try:
        head = _head(path, file, begin)
        if not (packing_of(head) or is_archive_head(head)):
            return False
        if packing_of(head) == "zstd":
            return is_tar(unpack(path, _rest(path, file, head)).content[:BLOCK])
        if not compression(head):
            return True
        look, _, _ = _look(path, file, head)
    except HostError:
        return False
    return is_tar(look) or unread_format(look) is not None


def is_archive_file(path: str) -> bool:
    """Return whether the regular file at `path` is an archive; a pipe is never read here.

    A packed file that contains one table or log does not count as an archive.
    """
    opened = open_stream(path) if os.path.isfile(path) else Missing(MissingKind.ABSENT)
    if isinstance(opened, Missing):
        return False
    file, begin = opened
    with file:
        return begins_archive(path, file, begin)


def read_content(path: str, limit: int | None = None) -> Unpacked:
    """Return the content of a file, unpacked, up to `limit` bytes.

    Raises:
        HostError: the file cannot be read, or it is an archive.

    """
    most = LARGEST_INPUT if limit is None else limit
    opened = open_stream(path)
    if isinstance(opened, Missing):
        raise words.unreadable(path, opened)
    file, begin = opened
    with file:
        content = read_rest(file, begin, most)
    if isinstance(content, Missing):
        raise words.unreadable(path, content)
    return unpacked(path, content, most)


def unpacked(where: str, content: bytes, limit: int = LARGEST_INPUT) -> Unpacked:
    """Return `content`, unpacked if it is packed.

    Raises:
        HostError: its format is not supported, or it cannot be unpacked.

    """
    _refuse_unread(where, content[:HEAD])
    given = unpack(where, content, limit)
    if given.packing:
        _refuse_unread(where, given.content[:HEAD], given.packing)
    return given


def read_input(path: str, limit: int | None = None) -> bytes:
    """Read a file that the user named, unpacked, up to `limit` or LARGEST_INPUT bytes.

    Raises:
        HostError: it cannot be read, or it is packed and damaged.

    """
    return whole(path, read_content(path, limit))


def whole(where: str, given: Unpacked) -> bytes:
    """Return the content of a packed file that is undamaged.

    Raises:
        HostError: it is damaged, so a part of the content can be missing.

    """
    if given.problem:
        raise files_words.damaged_packing(where, given.problem)
    return given.content


def _head(path: str, file: BinaryIO, begin: bytes) -> bytes:
    """Read enough of `file` to recognise its format."""
    try:
        return begin + file.read(HEAD - len(begin))
    except OSError as error:
        raise words.unreadable(path, missing(error)) from error


def _rest(path: str, file: BinaryIO, head: bytes) -> bytes:
    content = read_rest(file, head, LARGEST_INPUT)
    if isinstance(content, Missing):
        raise words.unreadable(path, content)
    return content


def _look(path: str, file: BinaryIO, head: bytes) -> tuple[bytes, bytes, HostError | None]:
    """Return the first unpacked bytes, all packed bytes read so far, and an error.

    The error is that of an archive whose damage begins so early that its format cannot be
    recognised.
    """
    kept = _Kept(file, head)
    expansion = Expansion(path, kept, head)  # type: ignore[arg-type] # it is read from, no more
    try:
        return expansion.read(_LOOK), kept.taken, None
    except HostError as error:
        return b"", kept.taken, error  # unpacking the whole file reports the damage


def _refuse_unread(path: str, head: bytes, packed: str = "") -> None:
    unread = unread_format(head)
    if unread is CPIO and is_qubes_report(head):
        raise files_words.qubes_report(path, unread, packed)
    if unread is not None:
        raise files_words.format_not_read(path, unread, packed)
