"""Whether another machine sees the same documents, and reads them under the same names."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

Seen = tuple[tuple[str, int, int], ...]
"""The name, size and time of a file, or of what is in a directory; empty: it cannot be read."""
_ONE_AT_A_TIME = threading.Lock()
"""A worker can have several threads, and the working directory is that of the process."""


def look_at(path: str) -> Seen:
    """Return what tells the document at `path` from another one, without its content.

    Of a directory, the entries at its top count.  A copy with the same times counts as the same.
    """
    try:
        if not os.path.isdir(path):
            found = os.stat(path)
            return (("", found.st_size, found.st_mtime_ns),) if os.access(path, os.R_OK) else ()
        with os.scandir(path) as entries:
            return tuple(sorted(map(_entry, entries)))
    except OSError:
        return ()


def _entry(entry: os.DirEntry[str]) -> tuple[str, int, int]:
    found = entry.stat(follow_symlinks=False)
    is_file = entry.is_file(follow_symlinks=False)
    return entry.name, found.st_size if is_file else 0, found.st_mtime_ns


@contextmanager
def working_in(directory: str) -> Iterator[bool]:
    """Work in `directory`, alone in this process; yield whether it exists.

    An empty one is not changed to.

    Answers contain paths as the user typed them, so a path that is relative to the user's directory
    stays so.
    """
    with _ONE_AT_A_TIME:
        if not directory:
            yield True
            return
        before = os.getcwd()
        try:
            os.chdir(directory)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            os.chdir(before)
