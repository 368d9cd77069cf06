"""The interface of a host: four operations, each of which returns a value or a Missing."""

from __future__ import annotations

import errno
import io
import os
import select
import stat
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dmaragent.collect.ledger import HostRequest
from dmaragent.readings import Missing, MissingKind

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class HostReader(Protocol):
    """A host: this machine, a recorded one, or a table file."""

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return the bytes of a file."""

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the names in a directory, sorted."""

    def link(self, request: HostRequest) -> str | Missing:
        """Return the target of a symbolic link, as it is written."""

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return the output of the call that the request's path names."""


MOST_NAMES = 1 << 17
"""The largest number of names in a directory. A PCI segment has at most 65,536 functions; hosts
with several segments have some thousands in all."""
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO})
WRITER_WITHIN = 3.0
"""Seconds to wait for a writer on a pipe."""
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_PIECE = 1 << 16
"""The bytes of one read: this amount of memory is allocated in advance."""
_LARGE_PIECE = 1 << 20
"""The same for a file that the user names: a table has few kilobytes, a log has megabytes."""


def missing(error: OSError) -> Missing:
    """Return the Missing for `error`.

    sysfs returns ENODEV and ENXIO for the attributes of a device that was removed after it was
    listed.
    """
    detail = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _ABSENT:
        return Missing(MissingKind.ABSENT, detail)
    return Missing(MissingKind.DENIED if error.errno in _DENIED else MissingKind.FAILED, detail)


def read_file(path: str, request: HostRequest) -> bytes | Missing:
    """Read the regular file at `path` as far as `request` allows."""
    try:
        return read_opened(os.open(path, OPEN_FILE), request)
    except OSError as error:
        return missing(error)


OPEN_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
"""The flags for opening a host's file: a pipe does not block, a terminal does not become ours."""


def read_opened(descriptor: int, request: HostRequest) -> bytes | Missing:
    """Read the open regular file as far as `request` allows, and close it.

    No byte beyond is requested from the kernel. A Python file would fill its buffer, and
    configuration space after the first 64 bytes is slow to read and not always safe.

    Raises:
        OSError: it cannot be read.

    """
    most = request.limit if request.window is None else request.window
    try:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind not in (stat.S_IFREG, stat.S_IFDIR):  # the kernel reports a directory itself
            return Missing(MissingKind.FAILED, "not a regular file")
        content = _read_most(descriptor, most + (request.window is None))
    finally:
        os.close(descriptor)
    if len(content) > most:
        return Missing(MissingKind.FAILED, f"more than {request.limit} bytes")
    return content


def _read_most(descriptor: int, most: int) -> bytes:
    """Read `most` bytes, or fewer if the file ends."""
    parts = []
    while most and (part := os.read(descriptor, min(most, _PIECE))):
        parts.append(part)
        most -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_stream(path: str, limit: int) -> bytes | Missing:
    """Read a file or a pipe that the user named, to its end."""
    opened = open_stream(path)
    if isinstance(opened, Missing):
        return opened
    file, begin = opened
    with file:
        return read_rest(file, begin, limit)


def read_rest(file: BinaryIO, begin: bytes, limit: int) -> bytes | Missing:
    """Read `file` to its end, after the bytes `begin`; more than `limit` bytes is an error."""
    try:
        content = begin + read_pieces(file, limit + 1 - len(begin))
    except OSError as error:
        return missing(error)
    if len(content) > limit:
        return Missing(MissingKind.FAILED, f"more than {limit} bytes")
    return content


def read_pieces(file: BinaryIO, most: int) -> bytes:
    """Read `most` bytes of `file`, or fewer if it ends, in pieces that limit the memory allocated."""
    parts = []
    while most > 0 and (part := file.read(min(most, _LARGE_PIECE))):
        parts.append(part)
        most -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def open_stream(path: str) -> tuple[BinaryIO, bytes] | Missing:
    """Open a file or a pipe that the user named; return it and the bytes already read."""
    try:
        file = io.BufferedReader(_File(path, "rb", opener=_open_at_once))
    except OSError as error:
        return missing(error)
    mode = os.fstat(file.fileno()).st_mode
    begin: bytes | None = b""
    why = ""
    if stat.S_ISFIFO(mode):
        begin = _begin_of_pipe(file.fileno())
        why = "it is a pipe without a writer"
    elif not stat.S_ISREG(mode):
        begin, why = None, "not a regular file"
    if begin is None:
        file.close()
        return Missing(MissingKind.FAILED, why)
    return file, begin


class _File(io.FileIO):
    """A file that can fail without data before its end, as /proc/kmsg does."""

    def readinto(self, buffer: WriteableBuffer) -> int:
        got: int | None = super().readinto(buffer)
        if got is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return got


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; if it is a pipe, do not wait for the other end."""
    return os.open(path, flags | os.O_NONBLOCK)


def _begin_of_pipe(descriptor: int) -> bytes | None:
    """Read until a pipe is known to have a writer; return None if it has none.

    A writer can be slow, but must open the pipe within a few seconds.
    """
    begin = b""
    if not select.select([descriptor], [], [], WRITER_WITHIN)[0]:
        try:
            begin = os.read(descriptor, 1)
        except BlockingIOError:
            pass  # there is a writer that has written nothing yet
        else:
            if not begin:
                return None
    os.set_blocking(descriptor, True)
    return begin


def list_directory(path: str | int) -> tuple[str, ...] | Missing:
    """Return the names in the directory at `path`, or open as that descriptor, sorted."""
    try:
        return tuple(sorted(os.listdir(path)))
    except OSError as error:
        return missing(error)
