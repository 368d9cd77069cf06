"""From what a user gives as a host to a host that can be asked."""

import errno
import os
from dataclasses import dataclass
from typing import BinaryIO

from dmaragent.collect import manifest
from dmaragent.collect.copied import MOST_TOPS, PARTS, find_host, is_copied_root, several
from dmaragent.collect.dumps import named_tables
from dmaragent.collect.ledger import Operation, Request
from dmaragent.collect.live import LiveHost
from dmaragent.collect.reader import (
    AS_ROOT,
    HostReader,
    missing,
    open_stream,
    read_file,
    read_rest,
    read_stream,
)
from dmaragent.collect.recorded import RecordedHost, TableHost
from dmaragent.collect.tree import DiskTree
from dmaragent.errors import HostError
from dmaragent.places import CAPTURE
from dmaragent.snapshot import Missing, MissingKind
from fwtables import is_acpidump
from fwtables.constants import SIGNATURE_NAMES, SIGNATURES

LIVE = "live"
RECORDED = "recorded"
DIRECTORY = "directory"
TABLE = "table"
ACPIDUMP = "acpidump"
LARGEST_INPUT = 1 << 26
"""A file of more bytes that a user names is refused: no table and no dump is so large.
An archive has limits of its own: it is read as a stream, and little of it is kept."""
_HEAD = 512
"""How much is read of a file to know what it is: the first header of a tar."""
_BEGIN = 200
"""Where in a manifest its format is."""


@dataclass(frozen=True, slots=True)
class OpenedHost:
    """A host that can be asked, and what it is."""

    reader: HostReader
    kind: str
    """One of the constants above."""
    path: str
    """What the user gave; empty for this machine."""


def open_host(path: str | None) -> OpenedHost:
    """Open `path` as a host; None or / is this machine.

    It may be a directory, an archive, a table or acpidump text: a file is told by its first
    bytes, whatever its name.

    Raises:
        HostError: it does not exist, cannot be read, or is none of these.

    """
    if path is None or os.path.realpath(path) in ("/", "/sys"):
        return OpenedHost(open_this_machine(), LIVE, "")
    if os.path.isdir(path):
        return _open_directory(path)
    opened = open_stream(path)
    if isinstance(opened, Missing):
        raise _unreadable(path, opened)
    file, begin = opened
    with file:
        head = _head(file, begin)
        if isinstance(head, bytes) and _is_archive(head):
            from dmaragent.collect.foreign import open_archive  # noqa: PLC0415 - start-up time

            return OpenedHost(*open_archive(path, file, head), path)
        content = head if isinstance(head, Missing) else read_rest(file, head, LARGEST_INPUT)
    if isinstance(content, Missing):
        raise _unreadable(path, content)
    return open_file(content, path)


def open_file(content: bytes, path: str) -> OpenedHost:
    """Open a table or acpidump text."""
    if is_acpidump(content):
        named = named_tables(content)
        if not any(name.startswith(SIGNATURE_NAMES) for name in named):
            tables = "1 table" if len(named) == 1 else f"{len(named)} tables"
            raise HostError(
                f"{path} holds {tables}, and none that is DMAR, RMAD or XMAR",
                "dump all tables of the host: acpidump without options, as root",
            )
        return OpenedHost(TableHost(named), ACPIDUMP, path)
    if content.startswith(SIGNATURES):
        return OpenedHost(TableHost({content[:4].decode("ascii"): content}), TABLE, path)
    if not content:
        raise HostError(f"{path} is empty", "make it again: what was to write it failed")
    raise HostError(
        f"{path} is not a host: no DMAR, RMAD or XMAR table, no acpidump text, no archive",
        "give a table, acpidump text, a bundle, a sosreport, a recorded machine or a directory "
        "that holds sys/",
    )


def _head(file: BinaryIO, begin: bytes) -> bytes | Missing:
    """Read enough of `file` to know what it is."""
    try:
        return begin + file.read(_HEAD - len(begin))
    except OSError as error:
        return missing(error)


def _is_archive(head: bytes) -> bool:
    from dmaragent.collect.archive import is_archive  # noqa: PLC0415 - start-up time
    from dmaragent.collect.tarred import is_tar  # noqa: PLC0415 - likewise

    if head.startswith(SIGNATURES):  # or a tar whose first member is called DMAR.bin
        return is_tar(head)
    return is_archive(head)


def is_host_file(content: bytes) -> bool:
    """Tell whether a file of `content` is one that a host is told by: a table or an archive."""
    return content.startswith(SIGNATURES) or _is_archive(content[:_HEAD])


def is_archive_file(path: str) -> bool:
    """Tell whether the regular file at `path` is an archive; a pipe is not looked into."""
    opened = open_stream(path) if os.path.isfile(path) else Missing(MissingKind.ABSENT)
    if isinstance(opened, Missing):
        return False
    file, begin = opened
    with file:
        head = _head(file, begin)
    return isinstance(head, bytes) and _is_archive(head)


def open_this_machine(capture: str = CAPTURE) -> HostReader:
    """Open this machine; for who is not root, with what root kept at `capture`, if he may read it.

    Raises:
        HostError: `capture` is damaged.

    """
    if os.geteuid() == 0 or not os.access(capture, os.R_OK):
        return LiveHost()
    from dmaragent.collect.overlay import OverlayHost  # noqa: PLC0415 - start-up time

    try:
        return OverlayHost(LiveHost(), open_host(capture).reader)
    except HostError as error:
        raise HostError(
            f"root's capture is damaged: {error.message}",
            "make it again: sudo systemctl restart dmaragent-capture.service",
        ) from error


def read_input(path: str, limit: int | None = None) -> bytes:
    """Read a file that the user named, of `limit` bytes at most, else of LARGEST_INPUT.

    Raises:
        HostError: it cannot be read.

    """
    content = read_stream(path, LARGEST_INPUT if limit is None else limit)
    if isinstance(content, Missing):
        raise _unreadable(path, content)
    return content


def _unreadable(path: str, why: Missing) -> HostError:
    hint = AS_ROOT if why.kind is MissingKind.DENIED else "check the path"
    return HostError(f"{path} cannot be read: {why.detail}", hint, where=path)


def is_directory_host(path: str) -> bool:
    """Tell whether the directory `path` is a host rather than a folder of files."""
    return _is_recording(path) or is_copied_root(DiskTree(path))


def _is_recording(path: str) -> bool:
    name = os.path.join(path, manifest.NAME)
    request = Request(operation=Operation.READ, path=name, limit=_BEGIN, window=_BEGIN)
    start = read_file(name, request)
    return isinstance(start, bytes) and manifest.FORMAT.encode() in start


def _open_directory(path: str) -> OpenedHost:
    name = os.path.join(path, manifest.NAME)
    tree = DiskTree(path)
    if os.path.isfile(name):
        log = manifest.load_manifest(read_input(name, manifest.LARGEST), path)
        return OpenedHost(RecordedHost(path, tree, log), RECORDED, path)
    take = f"give one of them: --host {os.path.join(path, '{}')}"
    tops = [] if is_copied_root(tree) else _folders(path)
    recordings = [top for top in tops if _is_recording(os.path.join(path, top))]
    if recordings:
        others = (top for top in tops if top not in recordings)
        names = [*recordings, *(top for top in others if is_copied_root(tree.below(f"/{top}")))]
        if len(names) > 1:
            raise several(path, "hosts", names, take)
        return OpenedHost(_open_directory(os.path.join(path, names[0])).reader, RECORDED, path)
    found = find_host(tree, path, tops, take)
    if found is not None:
        return OpenedHost(found, DIRECTORY, path)
    if not os.access(path, os.R_OK | os.X_OK):
        raise _unreadable(path, Missing(MissingKind.DENIED, os.strerror(errno.EACCES)))
    raise HostError(
        f"{path} is not a host: it holds neither {manifest.NAME}, sys/, acpidump.out, output of "
        "lspci, dmidecode, dmesg or xl info, nor a DMAR table",
        *_packed_hint(path),
    )


def _folders(path: str) -> list[str]:
    """Return the directories in `path`, no links, as far as a host is looked for in them."""
    try:
        with os.scandir(path) as entries:
            names = {each.name for each in entries if each.is_dir(follow_symlinks=False)}
    except OSError:
        return []
    return sorted(names - PARTS)[:MOST_TOPS]


def _packed_hint(path: str) -> tuple[str]:
    """Return what to give instead: an archive in the directory, if there is one."""
    for name in sorted(os.listdir(path)):
        if is_archive_file(os.path.join(path, name)):
            return (f"give the archive in it: --host {os.path.join(path, name)}",)
    return (
        (
            "give a recorded machine, a directory shaped like a root file system, a collector's "
            "report or a table"
        ),
    )
