"""A file that a user names: an archive, or content, unpacked if it was packed."""

import io
import os
from typing import BinaryIO, NamedTuple

from dmaragent.collect.formats.decompress import Expansion, compression
from dmaragent.collect.formats.packed_file import LARGEST_INPUT, Unpacked, packing_of, unpack
from dmaragent.collect.formats.tar import BLOCK, is_tar
from dmaragent.collect.formats.unread import HEAD, not_read, unread_format
from dmaragent.collect.reader import (
    AS_ROOT,
    missing,
    open_stream,
    read_rest,
)
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from fwtables.signatures import SIGNATURES

_LOOK = 1 << 12
"""Bytes that are unpacked to know what is packed: the first names of a cpio."""


class GivenArchive(NamedTuple):
    """An archive that is still to be read: from `source`, after the bytes `head` of it."""

    source: BinaryIO
    head: bytes


class _Kept(io.RawIOBase):
    """A source that keeps what was read of it."""

    def __init__(self, source: BinaryIO, head: bytes) -> None:
        self._source = source
        self.taken = head

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._source.read(size)
        self.taken += data
        return data


def is_archive_head(head: bytes) -> bool:
    """Return whether a file begins as an archive or a packed file does."""
    if head.startswith(SIGNATURES):  # or a tar whose first member is called DMAR.bin
        return is_tar(head)
    from dmaragent.collect.formats.archive import is_archive  # noqa: PLC0415 - readers of archives: 18 ms

    return is_archive(head) or unread_format(head) is not None


def read_given(path: str, file: BinaryIO, begin: bytes) -> GivenArchive | Unpacked:
    """Return what is in `file`, of which the bytes `begin` were read: an archive or content.

    Raises:
        HostError: it cannot be read, or is in a format that is not read.

    """
    head = _head(path, file, begin)
    if head.startswith(SIGNATURES) and not is_tar(head):
        return Unpacked(_rest(path, file, head))
    unread = unread_format(head)
    if unread is not None:
        raise not_read(path, unread, head)
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
    """Return whether what :func:`read_given` would return is an archive, or one that is not read."""
    try:
        head = _head(path, file, begin)
        if head.startswith(SIGNATURES) or not (packing_of(head) or is_archive_head(head)):
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
    """Return whether the regular file at `path` is an archive; a pipe is not looked into.

    A packed file that is no archive, as a table or a log, is none.
    """
    opened = open_stream(path) if os.path.isfile(path) else Missing(MissingKind.ABSENT)
    if isinstance(opened, Missing):
        return False
    file, begin = opened
    with file:
        return begins_archive(path, file, begin)


def read_content(path: str, limit: int | None = None) -> Unpacked:
    """Return the content of a file that is no archive, unpacked; of `limit` bytes at most.

    Raises:
        HostError: it cannot be read, or is an archive.

    """
    most = LARGEST_INPUT if limit is None else limit
    opened = open_stream(path)
    if isinstance(opened, Missing):
        raise unreadable(path, opened)
    file, begin = opened
    with file:
        content = read_rest(file, begin, most)
    if isinstance(content, Missing):
        raise unreadable(path, content)
    return unpacked(path, content, most)


def unpacked(where: str, content: bytes, limit: int = LARGEST_INPUT) -> Unpacked:
    """Return `content` unpacked, if it is packed and not in a format that is not read.

    Raises:
        HostError: it is in such a format, or cannot be unpacked.

    """
    unread = unread_format(content[:HEAD])
    if unread is not None:
        raise not_read(where, unread, content[:HEAD])
    given = unpack(where, content, limit)
    if given.packing:
        _refuse_unread(where, given.content[:HEAD], given.packing)
    return given


def read_input(path: str, limit: int | None = None) -> bytes:
    """Read a file that the user named, unpacked; of `limit` bytes at most, else LARGEST_INPUT.

    Raises:
        HostError: it cannot be read, or is packed and damaged.

    """
    return whole(path, read_content(path, limit))


def whole(where: str, given: Unpacked) -> bytes:
    """Return the content, if the packed file was sound.

    Raises:
        HostError: it was not, so that a part may be missing.

    """
    if given.problem:
        raise HostError(f"{where} cannot be unpacked: {given.problem}", "copy it again, whole")
    return given.content


def unreadable(path: str, why: Missing) -> HostError:
    """Return the error for a file that cannot be read."""
    hint = AS_ROOT if why.kind is MissingKind.DENIED else "check the path"
    return HostError(f"{path} cannot be read: {why.detail}", hint, where=path)


def _head(path: str, file: BinaryIO, begin: bytes) -> bytes:
    """Read enough of `file` to know what it is."""
    try:
        return begin + file.read(HEAD - len(begin))
    except OSError as error:
        raise unreadable(path, missing(error)) from error


def _rest(path: str, file: BinaryIO, head: bytes) -> bytes:
    content = read_rest(file, head, LARGEST_INPUT)
    if isinstance(content, Missing):
        raise unreadable(path, content)
    return content


def _look(path: str, file: BinaryIO, head: bytes) -> tuple[bytes, bytes, HostError | None]:
    """Return the first bytes that a packed file unpacks to, all that was read of it, and an error.

    The error is that of an archive that is damaged so early that it is not known as one.
    """
    kept = _Kept(file, head)
    expansion = Expansion(path, kept, head)  # type: ignore[arg-type] # it is read from, no more
    try:
        return expansion.read(_LOOK), kept.taken, None
    except HostError as error:
        return b"", kept.taken, error  # unpacking it says what is wrong


def _refuse_unread(path: str, look: bytes, packed: str) -> None:
    unread = unread_format(look)
    if unread is not None:
        raise not_read(path, unread, look, packed)
