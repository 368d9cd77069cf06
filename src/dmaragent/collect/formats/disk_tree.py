"""A directory on disk as a tree of files: nothing outside of it is ever read."""

import errno
import os

from dmaragent.collect.formats import words
from dmaragent.collect.formats.tree import MOST_LINKS, FileTree, PackedTree, missing_by, steps_of
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.reader import OPEN_FILE, list_directory, missing, read_opened
from dmaragent.errors import HostError
from dmaragent.readings import Missing

_NO_NAMES = ("", ".", "..")
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
"""The flags for opening a folder in order to open or list its content."""
_DEEPEST = 256
"""The most steps in a path: sysfs has about twenty."""
_MOST_OPEN = 64
"""The most folders kept open, so that a limit of 256 descriptors leaves room for others."""


class DiskTree:
    """A directory on disk. Raises HostError for a link that leads out of it.

    Each step is opened from the previous folder's descriptor, and links are read and followed here.
    So replacing a file by a link meanwhile cannot lead outside.
    """

    def __init__(self, root: str, descriptor: int | None = None) -> None:
        """Open the folder `root`, or use its open `descriptor`."""
        self._root = root
        self._open: dict[tuple[str, ...], int] = {}
        """The open folders, by their steps, none of which is a link; the last used is last."""
        self._folders: dict[str, tuple[str, ...]] = {"": ()}
        """The steps to the folders found so far, with links resolved, by path."""
        if descriptor is not None:
            self._open[()] = descriptor

    def __del__(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)

    def read(self, path: str, request: HostRequest) -> bytes | Missing:
        """Read the file."""
        try:
            return read_opened(self._open_file(path), request)
        except OSError as error:
            return missing(error)

    def list(self, path: str) -> tuple[str, ...] | Missing:
        """List the directory."""
        try:
            folder = self._folder(self._resolve(path))
            listed = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        except OSError as error:
            return missing(error)
        try:
            return list_directory(listed)
        finally:
            os.close(listed)

    def link(self, path: str) -> str | Missing:
        """Read the link; only the links that lead to it are followed."""
        parent, _, name = path.rpartition("/")
        try:
            if name in _NO_NAMES:
                return missing_by(errno.EINVAL)
            return os.readlink(name, dir_fd=self._folder(self._parent(parent)))
        except OSError as error:
            return missing(error)

    def is_directory(self, path: str) -> bool:
        """Return whether `path` is a directory; a link that leads out of this tree is not one."""
        try:
            self._folder(self._resolve(path))
        except (OSError, HostError):
            return False
        return True

    def mode(self, path: str) -> int | Missing:
        """Return the type and permissions of the file at `path` without opening it."""
        found = self._stat(path)
        return found if isinstance(found, Missing) else found.st_mode

    def size(self, path: str) -> int | Missing:
        """Return the number of bytes of the file at `path` without opening it."""
        found = self._stat(path)
        return found if isinstance(found, Missing) else found.st_size

    def _stat(self, path: str) -> os.stat_result | Missing:
        try:
            steps = self._resolve(path)
            if not steps:
                return os.fstat(self._folder(()))
            folder = self._folder(steps[:-1])
            return os.stat(steps[-1], dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            return missing(error)

    def below(self, path: str) -> FileTree:
        """Return the tree of a directory in this one; an empty one if it is absent."""
        try:
            descriptor = os.dup(self._folder(self._resolve(path)))
        except (OSError, HostError):
            return PackedTree()
        return DiskTree(os.path.join(self._root, path.lstrip("/")).rstrip("/"), descriptor)

    def _open_file(self, path: str) -> int:
        """Open the file at `path`, following links."""
        parent, _, name = path.rpartition("/")
        if name not in _NO_NAMES:
            folder = self._folder(self._parent(parent))
            try:
                return os.open(name, OPEN_FILE | os.O_NOFOLLOW, dir_fd=folder)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
        steps = self._resolve(path)
        folder = self._folder(steps[:-1])
        return os.open(steps[-1] if steps else ".", OPEN_FILE | os.O_NOFOLLOW, dir_fd=folder)

    def _parent(self, path: str) -> tuple[str, ...]:
        """Return the steps to the folder of `path`; most folders above it are already known."""
        steps = self._folders.get(path)
        if steps is None:
            above, _, name = path.rpartition("/")
            if above not in self._folders:
                self._folders[above] = self._resolve(above)
            steps = (*self._folders[above], name)
            if name in _NO_NAMES or self._target(steps[:-1], name) is not None:
                steps = self._resolve(path)
            self._folders[path] = steps
        return steps

    def _resolve(self, path: str) -> tuple[str, ...]:
        """Return the steps to `path` with its links resolved.

        Raises:
            HostError: a link leads out of this directory.
            OSError: a part of the path is absent or cannot be read.

        """
        done: tuple[str, ...] = ()
        ahead = steps_of(path)
        links = 0
        while ahead:
            step = ahead.pop()
            if step == "..":
                self._folder(done)
                if not done:
                    raise words.leads_out(self._root, path, "..")
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
                target, done = self._path_in_tree(path, target), ()
            ahead += steps_of(target)
        return done

    def _target(self, folder: tuple[str, ...], name: str) -> str | None:
        """Read the link `name` in `folder`; return None if it is not a link."""
        try:
            return os.readlink(name, dir_fd=self._folder(folder))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return None

    def _path_in_tree(self, path: str, target: str) -> str:
        """Return the absolute `target` of a link as a path in this tree."""
        root = os.path.realpath(self._root)
        if target != root and not target.startswith(f"{root.rstrip('/')}/"):
            raise words.leads_out(self._root, path, target)
        return target.removeprefix(root)

    def _folder(self, steps: tuple[str, ...]) -> int:
        """Return the open folder at `steps`, none of which is a link."""
        descriptor = self._open.pop(steps, None)
        if descriptor is None and steps:
            descriptor = os.open(steps[-1], FOLDER | os.O_NOFOLLOW, dir_fd=self._folder(steps[:-1]))
        elif descriptor is None:
            descriptor = os.open(self._root, FOLDER)
        self._open[steps] = descriptor
        while len(self._open) > _MOST_OPEN:
            oldest = next(iter(self._open))
            if not oldest:  # keep the root: another folder can be at its path by now
                self._open[()] = self._open.pop(())
                continue
            os.close(self._open.pop(oldest))
        return descriptor
