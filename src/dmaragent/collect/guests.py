"""The guest configurations that a user names: files, folders such as /etc/xen, standard input."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.collect.inputs import read_standard_input
from dmaragent.collect.opening import is_host_file, read_input
from dmaragent.collect.reader import AS_ROOT
from dmaragent.errors import HostError

_PASSED_OVER = ("~", ".bak", ".orig", ".rej", ".swp", ".dpkg-old", ".dpkg-dist", ".rpmsave")
"""Ends of names that editors and package managers give to old copies."""


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file that may hold guests."""

    path: str
    text: str
    named: bool
    """Whether the user named it; a folder may hold other files too."""
    problem: str = ""
    """Why a file of a folder could not be read, or empty."""


def read_guest_files(paths: list[str]) -> Iterator[GuestFile]:
    """Read the files at `paths`, and the files directly in those that are folders.

    Raises:
        HostError: one that was named cannot be read, or a folder holds no file.

    """
    for path in paths:
        if path == "-":
            yield GuestFile("standard input", _decode(read_standard_input()), named=True)
        elif os.path.isdir(path):
            yield from _folder(path)
        else:
            yield GuestFile(path, _decode(_no_host(path, read_input(path))), named=True)


def _no_host(path: str, content: bytes) -> bytes:
    """Give `content`, unless it is a host's: then the two were taken for each other."""
    if not is_host_file(content):
        return content
    raise HostError(
        f"{path} is no guest's configuration, but a table or an archive",
        "give a host with --host, and the guest's xl.cfg",
    )


def _folder(path: str) -> Iterator[GuestFile]:
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise HostError(f"{path} cannot be listed: {why}", AS_ROOT) from error
    wanted = [
        name for name in names if not name.startswith(".") and not name.endswith(_PASSED_OVER)
    ]
    found = [os.path.join(path, name) for name in wanted]
    files = [each for each in found if not os.path.isdir(each)]
    if not files:
        raise HostError(
            f"{path} holds no file", "give a guest's configuration, or a folder of them"
        )
    for each in files:
        if not os.path.isfile(each):
            yield GuestFile(each, "", named=False, problem="it is no regular file")
            continue
        try:
            yield GuestFile(each, _decode(read_input(each)), named=False)
        except HostError as error:
            yield GuestFile(each, "", named=False, problem=error.message)


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
