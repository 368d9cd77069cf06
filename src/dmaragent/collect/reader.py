"""What a host is to the collector: four questions, each answered with a value or a Missing."""

import errno
import os
import stat
from typing import Protocol

from dmaragent.collect.ledger import Request
from dmaragent.snapshot import Missing, MissingKind


class HostReader(Protocol):
    """A host that can be asked: this machine, a recorded one, or a table file."""

    def read(self, request: Request) -> bytes | Missing:
        """Give the bytes of a file."""

    def list(self, request: Request) -> tuple[str, ...] | Missing:
        """Give the names in a directory, sorted."""

    def link(self, request: Request) -> str | Missing:
        """Give the target of a symbolic link, as it is written."""

    def call(self, request: Request) -> bytes | Missing:
        """Give the output of the call named by the request's path."""


_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


def missing(error: OSError) -> Missing:
    """Tell what kind of missing `error` means.

    ENODEV and ENXIO are what sysfs gives for the attributes of a device that went
    away after it was listed.
    """
    detail = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _ABSENT:
        return Missing(MissingKind.ABSENT, detail)
    return Missing(MissingKind.DENIED if error.errno in _DENIED else MissingKind.FAILED, detail)


def read_file(path: str, request: Request) -> bytes | Missing:
    """Read the regular file at `path` as far as `request` allows."""
    most = request.limit if request.window is None else request.window
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Missing(MissingKind.FAILED, "not a regular file")
            content = file.read(most + (request.window is None))
    except OSError as error:
        return missing(error)
    if len(content) > most:
        return Missing(MissingKind.FAILED, f"more than {request.limit} bytes")
    return content


def read_stream(path: str, limit: int) -> bytes | Missing:
    """Read what a user named, to its end: a file, or a pipe that is still being written."""
    try:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        return missing(error)
    if len(content) > limit:
        return Missing(MissingKind.FAILED, f"more than {limit} bytes")
    return content


def list_directory(path: str) -> tuple[str, ...] | Missing:
    """Give the names in the directory at `path`, sorted."""
    try:
        return tuple(sorted(os.listdir(path)))
    except OSError as error:
        return missing(error)
