"""The guest configurations that the user names: files, folders such as /etc/xen, standard input."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.collect import words
from dmaragent.collect.given_file import read_input
from dmaragent.collect.guest_folder import Folder, FolderFile, beside_folder, folder_files
from dmaragent.collect.open_host import is_host_file
from dmaragent.collect.table_inputs import read_packed_input
from dmaragent.collect.words import files as files_words
from dmaragent.readings import Missing

_MOST_NETWORKS = 64
_LEVELS = 3
"""Folders between a conf and mapping/pci.cfg: /etc/pve/nodes/NODE/qemu-server/VMID.conf."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The texts of files that a guest's configuration refers to."""

    mappings: str = ""
    """Proxmox' mapping/pci.cfg."""
    node: str = ""
    """The Proxmox node, if the file is below nodes/NODE; else empty."""
    networks: tuple[str, ...] = ()
    """libvirt's networks/*.xml."""


NOTHING = Beside()


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file that can contain guests."""

    path: str
    text: str
    named: bool
    """Whether the user named the file itself, not only its folder, which can contain other files.
    """
    beside: Beside = NOTHING
    """The neighbouring files, which name devices for the guest."""
    problem: str = ""
    """Why a file that was found could not be read; else empty."""


def read_guest_files(paths: list[str]) -> Iterator[GuestFile]:
    """Read the files at `paths`, and the files directly in those that are folders.

    Raises:
        HostError: a named file cannot be read, or a folder contains no file.

    """
    neighbours = _Neighbours()
    for path in paths:
        if path == "-":
            yield GuestFile("standard input", _decode(read_packed_input()), named=True)
            continue
        named = not os.path.isdir(path)
        content = _refuse_host(path, read_input(path)) if named else b""
        for file in [FolderFile(path, content)] if named else folder_files(path):
            beside, unread = neighbours.beside(file.path)
            text = _decode(file.content)
            yield GuestFile(file.path, text, named=named, beside=beside, problem=file.problem)
            for other in unread:
                yield GuestFile(other.path, "", named=False, problem=other.problem)


class _Neighbours:
    """Reads the neighbours of guests' files, once for each folder."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], tuple[Beside, list[FolderFile]]] = {}

    def beside(self, path: str) -> tuple[Beside, list[FolderFile]]:
        """Return the neighbours of the file at `path`, and those that could not be read.

        The latter are returned once.
        """
        end = os.path.splitext(path)[1]
        if end not in (".conf", ".xml"):
            return NOTHING, []
        key = (os.path.dirname(os.path.abspath(path)), end)
        known = self._read.get(key)
        if known is not None:
            return known[0], []
        self._read[key] = (_networks if end == ".xml" else _mappings)(key[0])
        return self._read[key]


def _networks(guests: str) -> tuple[Beside, list[FolderFile]]:
    path = _networks_of(guests)
    folder = beside_folder(path)
    above = os.path.dirname(path)
    if folder and above not in (guests, os.path.dirname(guests)) and os.path.islink(above):
        folder = FolderFile(path, problem="it is below a link, not followed")
    if not isinstance(folder, Folder):
        return NOTHING, [folder] if folder else []
    names = folder.names()
    if isinstance(names, Missing):
        return NOTHING, [FolderFile(path, problem=words.unreadable(path, names).message)]
    wanted = [name for name in names if name.endswith(".xml")][:_MOST_NETWORKS]
    files = [file for name in wanted if (file := folder.file(name))]
    texts = tuple(_decode(file.content) for file in files if not file.problem)
    return Beside(networks=texts), [file for file in files if file.problem]


def _networks_of(path: str) -> str:
    """Return the folder with the networks of the domains in the folder `path`.

    Those of every driver are in qemu/networks (libvirt src/network/bridge_driver_conf.c,
    ``virNetworkDriverConfigNew``). A Xen guest is in libxl/, and autostart/ is below both.
    """
    of_driver = os.path.dirname(path) if os.path.basename(path) == "autostart" else path
    above, driver = os.path.split(of_driver)
    of_libvirt = os.path.join(above, "qemu") if driver == "libxl" else of_driver
    found = [os.path.join(folder, "networks") for folder in (path, of_driver, of_libvirt)]
    return next(filter(os.path.lexists, found), found[0])


def _mappings(path: str) -> tuple[Beside, list[FolderFile]]:
    real = os.path.realpath(path).split(os.sep)
    node = real[-2] if real[-3:-2] == ["nodes"] else ""
    unread: list[FolderFile] = []
    for _ in range(_LEVELS + 1):
        folder = beside_folder(os.path.join(path, "mapping"))
        file = folder.file("pci.cfg") if isinstance(folder, Folder) else folder
        if file is not None and file.problem:
            unread.append(file)
        elif file is not None and file.content:
            return Beside(mappings=_decode(file.content), node=node), unread
        path = os.path.dirname(path)
    return NOTHING, unread


def _refuse_host(path: str, content: bytes) -> bytes:
    """Return `content`, unless it belongs to a host: then the user mixed up the two files."""
    if not is_host_file(content):
        return content
    raise files_words.host_for_guest(path)


_BYTE_ORDERS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def _decode(content: bytes) -> str:
    """Return the text of a file without losing a byte; XML can be in UTF-16."""
    encoding = _BYTE_ORDERS.get(content[:2])
    if encoding is not None:
        try:
            text = content[2:].decode(encoding)
        except UnicodeDecodeError:
            text = ""
        if text.lstrip().startswith("<"):
            return text
    return content.decode("utf-8", "surrogateescape")
