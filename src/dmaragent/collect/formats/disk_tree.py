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
        """Read the link; only what leads to it is followed."""
        parent, _, name = path.rpartition("/")
        try:
            if name in _NO_NAMES:
                return missing_by(errno.EINVAL)
            return os.readlink(name, dir_fd=self._folder(self._parent(parent)))
        except OSError as error:
            return missing(error)

    def is_directory(self, path: str) -> bool:
        """Ask the file system; where a link leads out is no directory of this tree."""
        try:
            self._folder(self._resolve(path))
        except (OSError, HostError):
            return False
        return True

    def mode(self, path: str) -> int | Missing:
        """Return the type and permissions of the file at `path`, which is not opened."""
        try:
            steps = self._resolve(path)
            if not steps:
                return os.fstat(self._folder(())).st_mode
            folder = self._folder(steps[:-1])
            return os.stat(steps[-1], dir_fd=folder, follow_symlinks=False).st_mode
        except OSError as error:
            return missing(error)

    def below(self, path: str) -> FileTree:
        """Return the tree of a directory in this one; one of nothing where it is not there."""
        try:
            descriptor = os.dup(self._folder(self._resolve(path)))
        except (OSError, HostError):
            return PackedTree()
        return DiskTree(os.path.join(self._root, path.lstrip("/")).rstrip("/"), descriptor)

    def _open_file(self, path: str) -> int:
        """Open the file at `path`, links followed."""
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
        """Return the steps to the folder at `path`; most have met folders above them."""
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
        """Return the steps that `path` leads to through its links.

        Raises:
            HostError: a link leads out of this directory.
            OSError: something of it is not there or cannot be looked at.

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
        """Read the link `name` in `folder`; None where it is no link."""
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
        """Return the open folder that `steps` lead to, without a link among them."""
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
