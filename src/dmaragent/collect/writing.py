"""Write a file whole or not at all: a partial file never has the final name.

The bytes are written to a temporary file in the same folder, then to the disk, and then renamed. A
full disk, an interrupt or a signal leaves the folder as it was.
"""

import errno
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dmaragent.collect.words import writing as words

PREFIX = ".dmaragent-"
"""The prefix of temporary files' names."""
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def write_new(
    path: str,
    data: bytes,
    *,
    force: bool = False,
    private: bool = True,
    check: Callable[[str], None] | None = None,
) -> None:
    """Write `data` to `path`; replace an existing file only with `force`.

    A `private` file has mode 0600, because it describes a host. Others get the mode that the umask
    leaves. `check` gets the temporary file; if it raises, nothing is written to `path`.

    Raises:
        DmaragentError: `path` exists, is not a regular file, or cannot be written.

    """
    check_place(path, force=force)
    try:
        with _signals_held():
            _write(path, data, force=force, private=private, check=check)
    except FileExistsError as error:  # another process made it meanwhile
        raise words.file_exists(path) from error
    except OSError as error:
        raise words.not_written(path, error) from error


def check_place(path: str, *, force: bool = False) -> None:
    """Reject a `path` that cannot be written, before the work whose result goes there.

    Raises:
        DmaragentError: as `write_new`, as far as this can be checked without writing.

    """
    if not path:
        raise words.nameless_file()
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        raise words.folder_to_write(path)
    if os.path.lexists(path):
        if not os.path.isfile(path):
            raise words.not_regular(path)
        if not force:
            raise words.file_exists(path)
    if not os.path.isdir(folder):
        raise words.folder_missing(path)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise words.folder_closed(path)


class _AskedToEnd(BaseException):
    """A signal arrived that ends the process."""


@contextmanager
def _signals_held() -> Iterator[None]:
    """Delay SIGTERM and SIGHUP (a lost connection) until the temporary file is removed."""
    ends: list[int] = []

    def end(number: int, _: object) -> None:
        for caught_signal in caught:
            signal.signal(caught_signal, signal.SIG_IGN)
        ends.append(number)
        raise _AskedToEnd

    caught = []
    if (
        threading.current_thread() is threading.main_thread()
    ):  # only the main thread can set handlers
        usual = ((number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGHUP))
        caught = [number for number, handler in usual if handler == signal.SIG_DFL]
    for caught_signal in caught:
        signal.signal(caught_signal, end)
    try:
        yield
    finally:
        for caught_signal in caught:
            signal.signal(caught_signal, signal.SIG_DFL)
        if ends:
            os.kill(os.getpid(), ends[0])


def _write(
    path: str,
    data: bytes,
    *,
    force: bool,
    private: bool,
    check: Callable[[str], None] | None,
) -> None:
    folder = os.path.dirname(path) or "."
    descriptor, temporary = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if not private:
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
        if check is not None:
            check(temporary)
        if force:
            os.replace(temporary, path)
        else:
            _rename_new(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _rename_new(temporary: str, path: str) -> None:
    """Rename the file at `temporary` to `path`, unless `path` exists.

    A hard link fails if the name exists; a rename does not. On a file system without hard links, an
    empty file reserves the name first.
    """
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
    else:
        os.unlink(temporary)
        return
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        os.replace(temporary, path)
    except BaseException:
        os.unlink(path)
        raise


def _umask() -> int:
    """Return the umask, which can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: str) -> None:
    """Write the folder to the disk too, if its file system supports that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # a folder can be writable and not readable
    try:
        os.fsync(descriptor)
    except OSError:
        return  # the file is complete; some file systems reject this for folders
    finally:
        os.close(descriptor)
