"""Files found in a folder of guests, opened by descriptors.

Whoever can write to a folder can put a link there to a file that only root can read. So a link is
followed only within the folder, or to the folder above if the toolstack puts such links there. Any
other link is reported. Only regular files are opened.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.collect import words
from dmaragent.collect.formats.disk_tree import FOLDER, DiskTree
from dmaragent.collect.formats.packed_file import LARGEST_INPUT
from dmaragent.collect.given_file import unpacked, whole
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.collect.reader import missing
from dmaragent.collect.words import files as files_words
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind

_LINKS_TO_ABOVE = (("xen", "auto"), ("qemu", "autostart"), ("libxl", "autostart"))
"""Folders of links to the guests in the folder above that start with the host: xendomains(8),
libvirt."""
_PASSED_OVER = ("~", ".bak", ".orig", ".rej", ".swp", ".dpkg-old", ".dpkg-dist", ".rpmsave")
"""Endings that editors and package managers give to old copies."""


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a folder: its content, or the reason why it was not read."""

    path: str
    content: bytes = b""
    problem: str = ""


class Folder:
    """A folder: the one that the user named by `path`, which can be a link; or `descriptor`."""

    def __init__(self, path: str, descriptor: int | None = None) -> None:
        self._path = path
        self._tree, self._place = DiskTree(path, descriptor), ""
        above, name = os.path.split(os.path.realpath(path))
        if descriptor is None and (os.path.basename(above), name) in _LINKS_TO_ABOVE:
            self._tree, self._place = DiskTree(above), f"/{name}"

    def names(self) -> tuple[str, ...] | Missing:
        """Return the names in the folder, sorted."""
        return self._tree.list(self._place)

    def file(self, name: str) -> FolderFile | None:
        """Read the file `name`; return None if it is a folder or absent."""
        path, place = os.path.join(self._path, name), f"{self._place}/{name}"
        link = ""
        try:
            target = self._tree.link(place)
            link = "" if isinstance(target, Missing) else f"it is a link to {target}"
            mode = self._tree.mode(place)
            if isinstance(mode, Missing):
                return self._unread(path, mode, link)
            if stat.S_ISDIR(mode):
                return None
            if not stat.S_ISREG(mode):
                return FolderFile(path, problem="it is not a regular file")
            request = HostRequest(
                operation=Operation.READ, path=place, limit=LARGEST_INPUT, window=None
            )
            content = self._tree.read(place, request)
        except HostError:
            return FolderFile(path, problem=f"{link or 'it is a link'}, not followed")
        if isinstance(content, Missing):
            return self._unread(path, content, link)
        try:
            return FolderFile(path, whole(path, unpacked(path, content)))
        except HostError as error:
            return FolderFile(path, problem=error.message)

    def _unread(self, path: str, why: Missing, link: str) -> FolderFile | None:
        if link:
            return FolderFile(path, problem=f"{link}: {why.detail}")
        if why.kind is MissingKind.ABSENT:
            return None
        return FolderFile(path, problem=words.unreadable(path, why).message)


def beside_folder(path: str) -> Folder | FolderFile | None:
    """Open the folder at `path`, beside a guest; return None if it is absent.

    If it is a link or cannot be opened, return the reason in the form of a file.
    """
    try:
        return Folder(path, os.open(path, FOLDER | os.O_NOFOLLOW))
    except OSError as error:
        if os.path.islink(path):
            return FolderFile(path, problem="it is a link, not followed")
        why = missing(error)
        absent = why.kind is MissingKind.ABSENT
        return None if absent else FolderFile(path, problem=words.unreadable(path, why).message)


def folder_files(path: str) -> Iterator[FolderFile]:
    """Yield the files directly in the folder at `path`, without hidden files and old copies.

    Raises:
        HostError: it cannot be listed, or it contains no file.

    """
    folder = Folder(path)
    names = folder.names()
    if isinstance(names, Missing):
        raise files_words.folder_not_listed(path, names)
    is_empty = True
    for name in names:
        if name.startswith(".") or name.endswith(_PASSED_OVER):
            continue
        file = folder.file(name)
        if file is not None:
            is_empty = False
            yield file
    if is_empty:
        raise files_words.empty_folder(path)
