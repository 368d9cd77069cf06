"""A tree of files that can be asked: a directory on disk, or an archive packed in memory.

Paths are absolute within the tree; nothing outside of it is ever given.
"""

import errno
import os
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Protocol

from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.reader import MOST_NAMES, OPEN_FILE, list_directory, missing, read_opened
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind

MOST_LINKS = 40
"""As many links as Linux follows in one path before it gives up (``MAXSYMLINKS``)."""


_NO_NAMES = ("", ".", "..")
_ENTRY = 400
"""What a name costs beyond its letters: its places in the dictionaries, a directory's own."""


class FileTree(Protocol):
    """Files, directories and symbolic links, by absolute path."""

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        """Give the bytes of the file at `path`, as far as `request` allows."""

    def list(self, path: str) -> tuple[str, ...] | Missing:
        """Give the names in the directory at `path`, sorted."""

    def link(self, path: str) -> str | Missing:
        """Give the target of the link at `path`, as it is written."""

    def is_directory(self, path: str) -> bool:
        """Tell whether there is a directory at `path`, itself or by a link."""

    def below(self, path: str) -> "FileTree":
        """Give the tree whose root is the directory at `path`."""


FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
"""How a folder is opened, to open or list what is in it."""
_DEEPEST = 256
"""Steps of a path: sysfs has about twenty."""
_MOST_OPEN = 64
"""Folders of a tree that are kept open: a limit of 256 descriptors leaves room for others."""


class DiskTree:
    """A directory on disk.  Raises HostError for a link that leads out of it.

    Every step is made from the folder that was opened before it, and a link is read and
    followed here: whoever puts a link in place of a file meanwhile leads nobody out.
    """

    def __init__(self, root: str, descriptor: int | None = None) -> None:
        """Take the folder `root`, which `descriptor` is if it is open already."""
        self._root = root
        self._open: dict[tuple[str, ...], int] = {}
        """Folders that are open, by the steps to them, none a link; the latest used last."""
        self._folders: dict[str, tuple[str, ...]] = {"": ()}
        """The steps to the folders met so far, links followed, by their path."""
        if descriptor is not None:
            self._open[()] = descriptor

    def __del__(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        """Read the file."""
        try:
            return read_opened(self._opened(path), request)
        except OSError as error:
            return missing(error)

    def list(self, path: str) -> tuple[str, ...] | Missing:
        """List the directory."""
        try:
            folder = self._folder(self._resolved(path))
            listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        except OSError as error:
            return missing(error)
        try:
            return list_directory(listed)
        finally:
            os.close(listed)

    def link(self, path: str) -> str | Missing:
        """Read the link; only what leads to it is followed."""
        parent, _, name = path.rpartition("/")
        try:
            if name in _NO_NAMES:
                return _missing(errno.EINVAL)
            return os.readlink(name, dir_fd=self._folder(self._parent(parent)))
        except OSError as error:
            return missing(error)

    def is_directory(self, path: str) -> bool:
        """Ask the file system; where a link leads out is no directory of this tree."""
        try:
            self._folder(self._resolved(path))
        except (OSError, HostError):
            return False
        return True

    def mode(self, path: str) -> int | Missing:
        """Return the type and permissions of the file at `path`, which is not opened."""
        try:
            steps = self._resolved(path)
            if not steps:
                return os.fstat(self._folder(())).st_mode
            folder = self._folder(steps[:-1])
            return os.stat(steps[-1], dir_fd=folder, follow_symlinks=False).st_mode
        except OSError as error:
            return missing(error)

    def below(self, path: str) -> FileTree:
        """Give the tree of a directory in this one; one of nothing where it is not there."""
        try:
            descriptor = os.dup(self._folder(self._resolved(path)))
        except (OSError, HostError):
            return PackedTree()
        return DiskTree(os.path.join(self._root, path.lstrip("/")).rstrip("/"), descriptor)

    def _opened(self, path: str) -> int:
        """Open the file at `path`, links followed."""
        parent, _, name = path.rpartition("/")
        if name not in _NO_NAMES:
            folder = self._folder(self._parent(parent))
            try:
                return os.open(name, OPEN_FILE | os.O_NOFOLLOW, dir_fd=folder)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
        steps = self._resolved(path)
        folder = self._folder(steps[:-1])
        return os.open(steps[-1] if steps else ".", OPEN_FILE | os.O_NOFOLLOW, dir_fd=folder)

    def _parent(self, path: str) -> tuple[str, ...]:
        """Give the steps to the folder at `path`; most have met folders above them."""
        steps = self._folders.get(path)
        if steps is None:
            above, _, name = path.rpartition("/")
            if above not in self._folders:
                self._folders[above] = self._resolved(above)
            steps = (*self._folders[above], name)
            if name in _NO_NAMES or self._target(steps[:-1], name) is not None:
                steps = self._resolved(path)
            self._folders[path] = steps
        return steps

    def _resolved(self, path: str) -> tuple[str, ...]:
        """Give the steps that `path` leads to through its links.

        Raises:
            HostError: a link leads out of this directory.
            OSError: something of it is not there or cannot be looked at.

        """
        done: tuple[str, ...] = ()
        ahead = _steps(path)
        links = 0
        while ahead:
            step = ahead.pop()
            if step == "..":
                self._folder(done)
                if not done:
                    raise self._leads_out(path, "..")
                done = done[:-1]
                continue
            target = self._target(done, step)
            if target is None:
                done = (*done, step)
                if len(done) > _DEEPEST:
                    raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
                continue
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if target.startswith("/"):
                target, done = self._within(path, target), ()
            ahead += _steps(target)
        return done

    def _target(self, folder: tuple[str, ...], name: str) -> str | None:
        """Read the link `name` in `folder`; None where it is no link."""
        try:
            return os.readlink(name, dir_fd=self._folder(folder))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return None

    def _within(self, path: str, target: str) -> str:
        """Give the absolute `target` of a link as a path in this tree."""
        root = os.path.realpath(self._root)
        if target != root and not target.startswith(f"{root.rstrip('/')}/"):
            raise self._leads_out(path, target)
        return target.removeprefix(root)

    def _leads_out(self, path: str, target: str) -> HostError:
        return HostError(f"{self._root}: {path} leads out of this directory, to {target}")

    def _folder(self, steps: tuple[str, ...]) -> int:
        """Give the open folder that `steps` lead to, without a link among them."""
        descriptor = self._open.pop(steps, None)
        if descriptor is None and steps:
            descriptor = os.open(steps[-1], FOLDER | os.O_NOFOLLOW, dir_fd=self._folder(steps[:-1]))
        elif descriptor is None:
            descriptor = os.open(self._root, FOLDER)
        self._open[steps] = descriptor
        while len(self._open) > _MOST_OPEN:
            oldest = next(iter(self._open))
            if not oldest:  # the root stays: another may be at its path by now
                self._open[()] = self._open.pop(())
                continue
            os.close(self._open.pop(oldest))
        return descriptor


@dataclass(frozen=True, slots=True)
class _Nodes:
    """What is in an archive, by its path there."""

    files: dict[str, bytes | Missing] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: dict[str, dict[str, None]] = field(default_factory=lambda: {"": {}})


class PackedTree:
    """A tree in memory.  Links are text: they lead to places in the tree and nowhere else.

    Nothing lies below a file or a link, so a path that is there whole leads through no link.
    """

    def __init__(self, base: str = "", nodes: _Nodes | None = None) -> None:
        """Make an empty tree; or one whose root is the directory `base` of `nodes`."""
        self._base = base
        nodes = nodes or _Nodes()
        self._nodes = nodes
        self._files, self._links, self._folders = nodes.files, nodes.links, nodes.folders
        self.weight = 0
        """How much memory was filled by what was added, roughly, in bytes."""

    def add_file(self, path: str, content: bytes | Missing) -> None:
        """Add a file; `content` is a Missing where it is not held.

        Raises:
            ValueError: it cannot be there, and why.

        """
        self._check_free(path)
        self._enter(path)
        self._files[path] = content
        if isinstance(content, bytes):
            self.weight += len(content)

    def add_link(self, path: str, target: str) -> None:
        """Add a symbolic link; raise ValueError as `add_file` does."""
        self._check_free(path)
        self._enter(path)
        self._links[path] = target
        self.weight += getsizeof(target)

    def add_folder(self, path: str) -> None:
        """Add a directory, which may be there; raise ValueError as `add_file` does."""
        if path not in self._folders:
            if path in self._files or path in self._links:
                raise ValueError("is a file and a directory too")
            self._enter(path)
            self._folders[path] = {}

    def _check_free(self, path: str) -> None:
        if path in self._files or path in self._links:
            raise ValueError("is there twice")
        if path in self._folders:
            raise ValueError("is a file and a directory too")

    def _enter(self, path: str) -> None:
        """Enter the name of `path` in its directory, which is made where it is not there."""
        parent, _, name = path.rpartition("/")
        if parent not in self._folders:
            if parent in self._files or parent in self._links:
                raise ValueError("lies below something that is no directory")
            self._enter(parent)
            self._folders[parent] = {}
        names = self._folders[parent]
        names[name] = None
        if len(names) > MOST_NAMES:
            raise ValueError(f"is one of more than {MOST_NAMES} in its directory")
        self.weight += getsizeof(path) + getsizeof(name) + _ENTRY

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        """Give the bytes of the file."""
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
        """Give the names in the directory."""
        place = self._place(path)
        if isinstance(place, Missing):
            return place
        names = self._folders.get(place)
        return _missing(errno.ENOTDIR) if names is None else tuple(sorted(names))

    def link(self, path: str) -> str | Missing:
        """Give the link's target."""
        parent, _, name = path.rpartition("/")
        place = self._place(parent)
        if isinstance(place, Missing):
            return place
        whole = f"{place}/{name}" if place else name
        target = self._links.get(whole)
        if target is not None:
            return target
        there = not name or whole in self._files or whole in self._folders
        return _missing(errno.EINVAL if there else errno.ENOENT)

    def is_directory(self, path: str) -> bool:
        """Tell whether the path leads to a directory."""
        place = self._place(path)
        return not isinstance(place, Missing) and place in self._folders

    def below(self, path: str) -> "PackedTree":
        """Give the tree of a directory in this one; one of nothing where it is not there."""
        place = self._place(path)
        return PackedTree() if isinstance(place, Missing) else PackedTree(place, self._nodes)

    def _place(self, path: str) -> str | Missing:
        """Find what `path` leads to, through links, never above the root of this tree."""
        whole = (self._base + path).strip("/")
        if whole in self._files or whole in self._folders:
            return whole
        done: list[str] = []
        ahead = _steps(path)
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
                ahead += _steps(target)
                done = [] if target.startswith("/") else done
            elif place in self._folders or (place in self._files and not ahead):
                done.append(step)
            else:
                return _missing(errno.ENOTDIR if place in self._files else errno.ENOENT)
        return "/".join([*([self._base] if self._base else []), *done])


def _steps(path: str) -> list[str]:
    """Give the steps of a path, the first one last."""
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def _missing(number: int) -> Missing:
    return missing(OSError(number, os.strerror(number)))
