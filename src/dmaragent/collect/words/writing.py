"""Errors of a file to write."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from dmaragent.errors import DmaragentError, HostError

if TYPE_CHECKING:
    pass
from dmaragent.collect.words import shown


def nameless_file() -> DmaragentError:
    """Return the error for an empty name."""
    return DmaragentError("the name of the file to write is empty", "name a file")


def folder_to_write(path: str) -> DmaragentError:
    """Return the error for a folder in place of the file to write."""
    return DmaragentError(f"{path} is a folder", "name a file in it")


def not_regular(path: str) -> DmaragentError:
    """Return the error for a device, a pipe or a socket at `path`."""
    return DmaragentError(f"{path} exists and is not a regular file", "use another name")


def file_exists(path: str) -> DmaragentError:
    """Return the error for an existing file that must not be replaced."""
    return DmaragentError(f"{path} exists", "use another name, or replace it with --force")


def folder_missing(path: str) -> DmaragentError:
    """Return the error for a file to write in a folder that does not exist."""
    why = os.strerror(errno.ENOENT)
    return DmaragentError(f"{path} cannot be written: {why}", "create its folder first")


def folder_closed(path: str) -> DmaragentError:
    """Return the error for a file in a folder that this user cannot write to."""
    return DmaragentError(
        f"{path} cannot be written: its folder is read-only, or closed to you",
        "use another folder",
    )


def not_written(path: str, error: OSError) -> DmaragentError:
    """Return the error for a file that could not be written."""
    why = os.strerror(error.errno) if error.errno else str(error)
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "free some space, or use another disk" if is_full else "check the folder"
    return DmaragentError(f"{path} cannot be written: {why}", hint)


def unpacks_too_far(path: str, most: int) -> HostError:
    """Return the error for an archive with more than `most` MiB of files."""
    return HostError(
        f"{path} unpacks to more than {most} MiB",
        "unpack it yourself, and name the folder",
        where=path,
    )


def member_not_written(path: str, name: str, error: OSError) -> HostError:
    """Return the error for a member that the system could not write."""
    return HostError(
        f"{path}: {shown(name)} could not be unpacked: {error.strerror or error}",
        "unpack it yourself, and name the folder",
        where=path,
    )
