"""The guest configurations that a user names: files, folders such as /etc/xen, standard input."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.collect.given import read_input
from dmaragent.collect.inputs import read_packed_input
from dmaragent.collect.opening import is_host_file
from dmaragent.collect.reader import AS_ROOT
from dmaragent.errors import HostError

_PASSED_OVER = ("~", ".bak", ".orig", ".rej", ".swp", ".dpkg-old", ".dpkg-dist", ".rpmsave")
"""Ends of names that editors and package managers give to old copies."""


_MOST_NETWORKS = 64
_LEVELS = 3
"""How far mapping/pci.cfg may be above a conf: /etc/pve/nodes/NODE/qemu-server/VMID.conf."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The texts of files beside a guest's."""

    mappings: str = ""
    """Proxmox' mapping/pci.cfg."""
    node: str = ""
    """The Proxmox node, of a file below nodes/NODE; or empty."""
    networks: tuple[str, ...] = ()
    """libvirt's networks/*.xml."""


NOTHING = Beside()


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file that may hold guests."""

    path: str
    text: str
    named: bool
    """Whether the user named it; a folder may hold other files too."""
    beside: Beside = NOTHING
    """What lies beside it and names devices for it."""
    problem: str = ""
    """Why a file of a folder could not be read, or empty."""


def read_guest_files(paths: list[str]) -> Iterator[GuestFile]:
    """Read the files at `paths`, and the files directly in those that are folders.

    Raises:
        HostError: one that was named cannot be read, or a folder holds no file.

    """
    for path in paths:
        if path == "-":
            yield GuestFile("standard input", _decode(read_packed_input()), named=True)
        elif os.path.isdir(path):
            yield from _folder(path)
        else:
            content = _decode(_no_host(path, read_input(path)))
            yield GuestFile(path, content, named=True, beside=_beside(path))


def _beside(path: str) -> Beside:
    """Read what lies beside the file at `path`; what cannot be read is as if it were not there."""
    if not path.endswith((".conf", ".xml")):
        return NOTHING
    folder = os.path.dirname(os.path.abspath(path))
    if path.endswith(".xml"):
        networks = os.path.join(folder, "networks")
        names = sorted(_names(networks))[:_MOST_NETWORKS]
        return Beside(networks=tuple(_text(os.path.join(networks, name)) for name in names))
    real = os.path.realpath(folder).split(os.sep)
    node = real[-2] if real[-3:-2] == ["nodes"] else ""
    for _ in range(_LEVELS + 1):
        text = _text(os.path.join(folder, "mapping", "pci.cfg"))
        if text:
            return Beside(mappings=text, node=node)
        folder = os.path.dirname(folder)
    return NOTHING


def _names(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.endswith(".xml")]
    except OSError:
        return []


def _text(path: str) -> str:
    if not os.path.isfile(path):
        return ""
    try:
        return _decode(read_input(path))
    except HostError:
        return ""


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
            content = _decode(read_input(each))
            yield GuestFile(each, content, named=False, beside=_beside(each))
        except HostError as error:
            yield GuestFile(each, "", named=False, problem=error.message)


_BYTE_ORDERS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def _decode(content: bytes) -> str:
    """Return the text of a file without losing a byte; XML may be in UTF-16."""
    encoding = _BYTE_ORDERS.get(content[:2])
    if encoding is not None:
        try:
            text = content[2:].decode(encoding)
        except UnicodeDecodeError:
            text = ""
        if text.lstrip().startswith("<"):
            return text
    return content.decode("utf-8", "surrogateescape")
