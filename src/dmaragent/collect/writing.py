"""Writing a file whole or not at all: what is half written never has the file's name.

The bytes go to a temporary file beside it, to the disk, and then under the name.  Whatever
goes wrong on the way (a full disk, an interrupt, an end asked for) leaves the folder as it was.
"""

import errno
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dmaragent.collect import words

PREFIX = ".dmaragent-"
"""How the names of temporary files begin."""
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def write_new(path: str, data: bytes, *, force: bool = False, private: bool = True) -> None:
    """Write `data` to `path`; over a file that is there only with `force`.

    A `private` file is for its owner alone (0600): it tells of a host.  Others have what the
    umask leaves.

    Raises:
        DmaragentError: `path` exists, is no regular file, or cannot be written.

    """
    check_place(path, force=force)
    try:
        with _signals_held():
            _write(path, data, force=force, private=private)
    except FileExistsError as error:  # somebody made it while we wrote
        raise words.file_exists(path) from error
    except OSError as error:
        raise words.not_written(path, error) from error


def check_place(path: str, *, force: bool = False) -> None:
    """Refuse a `path` that no file can be written to: before the work that the file takes.

    Raises:
        DmaragentError: as `write_new` does, as far as it can be known without writing.

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
    """A signal came that ends the process."""


@contextmanager
def _signals_held() -> Iterator[None]:
    """Have SIGTERM and SIGHUP (a lost connection) end the process only after the tidying."""
    ends: list[int] = []

    def end(number: int, _: object) -> None:
        for caught_signal in caught:
            signal.signal(caught_signal, signal.SIG_IGN)
        ends.append(number)
        raise _AskedToEnd

    caught = []
    if threading.current_thread() is threading.main_thread():  # no other may set handlers
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


def _write(path: str, data: bytes, *, force: bool, private: bool) -> None:
    folder = os.path.dirname(path) or "."
    descriptor, temporary = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if not private:
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
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
    """Rename the file at `temporary` to `path`, unless something is there.

    A hard link refuses a name that exists, a rename does not.  Where a file system has no
    links, the name is first taken by an empty file.
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
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: str) -> None:
    """Have the name on the disk too, where the file system can do that for a folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return  # a folder that can be written to and not read
    try:
        os.fsync(descriptor)
    except OSError:
        return  # the file is whole; some file systems refuse this for folders
    finally:
        os.close(descriptor)
