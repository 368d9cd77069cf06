"""The interface of a tree of files, and an archive, held in memory, as one.

Paths are absolute within the tree; nothing outside of it is ever returned.
"""

import errno
import os
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Protocol

from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.reader import MOST_NAMES, missing
from dmaragent.readings import Missing, MissingKind

MOST_LINKS = 40
"""The most links that Linux follows in one path (``MAXSYMLINKS``)."""


_ENTRY = 400
"""The bytes that a name needs besides its letters: its dictionary entries."""


class FileTree(Protocol):
    """Files, directories and symbolic links, by absolute path."""

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        """Return the bytes of the file at `path`, as far as `request` allows."""

    def list(self, path: str) -> tuple[str, ...] | Missing:
        """Return the names in the directory at `path`, sorted."""

    def link(self, path: str) -> str | Missing:
        """Return the target of the link at `path`, as it is written."""

    def is_directory(self, path: str) -> bool:
        """Return whether there is a directory at `path`, itself or by a link."""

    def size(self, path: str) -> int | Missing:
        """Return the number of bytes of the file at `path`."""

    def below(self, path: str) -> "FileTree":
        """Return the tree whose root is the directory at `path`."""


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The content of an archive, by path."""

    files: dict[str, bytes | Missing] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: dict[str, dict[str, None]] = field(default_factory=lambda: {"": {}})


class PackedTree:
    """A tree in memory. Links are text: they lead to places in the tree and nowhere else.

    A file or a link has no children. So a path that is present as a whole leads through no link.
    """

    def __init__(self, base: str = "", nodes: _Nodes | None = None) -> None:
        """Make an empty tree, or one whose root is the directory `base` of `nodes`."""
        self._base = base
        nodes = nodes or _Nodes()
        self._nodes = nodes
        self._files, self._links, self._folders = nodes.files, nodes.links, nodes.folders
        self.weight = 0
        """The memory used so far, roughly, in bytes."""

    def add_file(self, path: str, content: bytes | Missing) -> None:
        """Add a file; `content` is a Missing if it was not kept.

        Raises:
            ValueError: it cannot be at `path`, with the reason.

        """
        self._check_free(path)
        self._enter(path)
        self._files[path] = content
        if isinstance(content, bytes):
            self.weight += len(content)

    def add_link(self, path: str, target: str) -> None:
        """Add a symbolic link; raise ValueError like `add_file`."""
        self._check_free(path)
        self._enter(path)
        self._links[path] = target
        self.weight += getsizeof(target)

    def add_folder(self, path: str) -> None:
        """Add a directory, which can be present already; raise ValueError like `add_file`."""
        if path not in self._folders:
            if path in self._files or path in self._links:
                raise ValueError("is both a file and a directory")
            self._enter(path)
            self._folders[path] = {}

    def _check_free(self, path: str) -> None:
        if path in self._files or path in self._links:
            raise ValueError("is a duplicate")
        if path in self._folders:
            raise ValueError("is both a file and a directory")

    def _enter(self, path: str) -> None:
        """Enter the name of `path` in its directory, which is created if it is absent."""
        parent, _, name = path.rpartition("/")
        if parent not in self._folders:
            if parent in self._files or parent in self._links:
                raise ValueError("is below something that is not a directory")
            self._enter(parent)
            self._folders[parent] = {}
        names = self._folders[parent]
        names[name] = None
        if len(names) > MOST_NAMES:
            raise ValueError(f"is one of more than {MOST_NAMES} names in its directory")
        self.weight += getsizeof(path) + getsizeof(name) + _ENTRY

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        """Return the bytes of the file."""
        place = self._place(path)
        if isinstance(place, Missing):
            return place
        content = self._files.get(place)
        if content is None:
            return Missing(MissingKind.FAILED, "not a regular file")
        if isinstance(content, Missing):
            return content
        if request.window is not None:
            return content[: request.window]
        if len(content) > request.limit:
            return Missing(MissingKind.FAILED, f"more than {request.limit} bytes")
        return content

    def list(self, path: str) -> tuple[str, ...] | Missing:
        """Return the names in the directory."""
        place = self._place(path)
        if isinstance(place, Missing):
            return place
        names = self._folders.get(place)
        return missing_by(errno.ENOTDIR) if names is None else tuple(sorted(names))

    def link(self, path: str) -> str | Missing:
        """Return the link's target."""
        parent, _, name = path.rpartition("/")
        place = self._place(parent)
        if isinstance(place, Missing):
            return place
        whole = f"{place}/{name}" if place else name
        target = self._links.get(whole)
        if target is not None:
            return target
        there = not name or whole in self._files or whole in self._folders
        return missing_by(errno.EINVAL if there else errno.ENOENT)

    def is_directory(self, path: str) -> bool:
        """Return whether the path leads to a directory."""
        place = self._place(path)
        return not isinstance(place, Missing) and place in self._folders

    def size(self, path: str) -> int | Missing:
        """Return the number of bytes that were kept of the file."""
        place = self._place(path)
        content = place if isinstance(place, Missing) else self._files.get(place)
        if content is None:
            return Missing(MissingKind.FAILED, "not a regular file")
        return content if isinstance(content, Missing) else len(content)

    def below(self, path: str) -> "PackedTree":
        """Return the tree of a directory in this one; an empty one if it is absent."""
        place = self._place(path)
        return PackedTree() if isinstance(place, Missing) else PackedTree(place, self._nodes)

    def _place(self, path: str) -> str | Missing:
        """Return the node that `path` leads to, through links, never above the root of this tree."""
        whole = (self._base + path).strip("/")
        if whole in self._files or whole in self._folders:
            return whole
        done: list[str] = []
        ahead = steps_of(path)
        links = 0
        while ahead:
            step = ahead.pop()
            if step == "..":
                done[-1:] = []
                continue
            place = "/".join([*([self._base] if self._base else []), *done, step])
            target = self._links.get(place)
            if target is not None:
                links += 1
                if links > MOST_LINKS:
                    return Missing(MissingKind.FAILED, "too many levels of links")
                ahead += steps_of(target)
                done = [] if target.startswith("/") else done
            elif place in self._folders or (place in self._files and not ahead):
                done.append(step)
            else:
                return missing_by(errno.ENOTDIR if place in self._files else errno.ENOENT)
        return "/".join([*([self._base] if self._base else []), *done])


def steps_of(path: str) -> list[str]:
    """Return the steps of a path, the first one last."""
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def missing_by(number: int) -> Missing:
    """Return the Missing for the error `number`."""
    return missing(OSError(number, os.strerror(number)))
