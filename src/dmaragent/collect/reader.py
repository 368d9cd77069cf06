"""What a host is to the collector: four questions, each answered with a value or a Missing."""

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
    """A host that can be asked: this machine, a recorded one, or a table file."""

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return the bytes of a file."""

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the names in a directory, sorted."""

    def link(self, request: HostRequest) -> str | Missing:
        """Return the target of a symbolic link, as it is written."""

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return the output of the call named by the request's path."""


MOST_NAMES = 1 << 17
"""Names in a directory: a segment has 65,536 PCI functions at most, and hosts with several have some
thousands in all."""
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO})
WRITER_WITHIN = 3.0
"""In seconds: a pipe that nobody has opened for writing by then is not waited for."""
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_PIECE = 1 << 16
"""How many bytes are asked for at once: so much memory is set aside before they are there."""
_LARGE_PIECE = 1 << 20
"""The same, of what a user names: a table has few kilobytes, a log megabytes."""


def missing(error: OSError) -> Missing:
    """Return what kind of missing `error` means.

    ENODEV and ENXIO are what sysfs gives for the attributes of a device that went
    away after it was listed.
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
"""How a file of a host is opened: a pipe without waiting for its other end, a terminal without
making it ours."""


def read_opened(descriptor: int, request: HostRequest) -> bytes | Missing:
    """Read the regular file that was opened as far as `request` allows, and close it.

    The kernel is asked for no byte beyond: a Python file would fill its buffer, and what lies
    behind the first 64 bytes of a configuration space is slow to read and not always harmless.

    Raises:
        OSError: it cannot be read.

    """
    most = request.limit if request.window is None else request.window
    try:
        kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        if kind not in (stat.S_IFREG, stat.S_IFDIR):  # a directory says so itself
            return Missing(MissingKind.FAILED, "not a regular file")
        content = _read_most(descriptor, most + (request.window is None))
    finally:
        os.close(descriptor)
    if len(content) > most:
        return Missing(MissingKind.FAILED, f"more than {request.limit} bytes")
    return content


def _read_most(descriptor: int, most: int) -> bytes:
    """Read `most` bytes, or as many as there are."""
    parts = []
    while most and (part := os.read(descriptor, min(most, _PIECE))):
        parts.append(part)
        most -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_stream(path: str, limit: int) -> bytes | Missing:
    """Read what a user named, to its end: a file, or a pipe that is still being written."""
    opened = open_stream(path)
    if isinstance(opened, Missing):
        return opened
    file, begin = opened
    with file:
        return read_rest(file, begin, limit)


def read_rest(file: BinaryIO, begin: bytes, limit: int) -> bytes | Missing:
    """Read `file` to its end, after the bytes `begin` of it; more than `limit` is an error."""
    try:
        content = begin + read_pieces(file, limit + 1 - len(begin))
    except OSError as error:
        return missing(error)
    if len(content) > limit:
        return Missing(MissingKind.FAILED, f"more than {limit} bytes")
    return content


def read_pieces(file: BinaryIO, most: int) -> bytes:
    """Read `most` bytes of `file`, or as many as there are, and set aside memory for no more."""
    parts = []
    while most > 0 and (part := file.read(min(most, _LARGE_PIECE))):
        parts.append(part)
        most -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def open_stream(path: str) -> tuple[BinaryIO, bytes] | Missing:
    """Open what a user named, a file or a pipe; give it, and what was read of it already."""
    try:
        file = io.BufferedReader(_File(path, "rb", opener=_open_at_once))
    except OSError as error:
        return missing(error)
    mode = os.fstat(file.fileno()).st_mode
    begin: bytes | None = b""
    why = ""
    if stat.S_ISFIFO(mode):
        begin = _begin_of_pipe(file.fileno())
        why = "it is a pipe, and nobody writes to it"
    elif not stat.S_ISREG(mode):
        begin, why = None, "not a regular file"
    if begin is None:
        file.close()
        return Missing(MissingKind.FAILED, why)
    return file, begin


class _File(io.FileIO):
    """A file that fails where it has nothing to give yet, as /proc/kmsg does: not its end."""

    def readinto(self, buffer: WriteableBuffer) -> int:
        got: int | None = super().readinto(buffer)
        if got is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return got


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for the other end, where it is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _begin_of_pipe(descriptor: int) -> bytes | None:
    """Return what had to be read to know that a pipe has a writer; None where it has none.

    A writer may be slow, but must have opened the pipe within a few seconds.
    """
    begin = b""
    if not select.select([descriptor], [], [], WRITER_WITHIN)[0]:
        try:
            begin = os.read(descriptor, 1)
        except BlockingIOError:
            pass  # there is a writer, which has written nothing yet
        else:
            if not begin:
                return None
    os.set_blocking(descriptor, True)
    return begin


def list_directory(path: str | int) -> tuple[str, ...] | Missing:
    """Return the names in the directory at `path`, or opened as that descriptor, sorted."""
    try:
        return tuple(sorted(os.listdir(path)))
    except OSError as error:
        return missing(error)
