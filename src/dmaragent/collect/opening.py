"""From what a user gives as a host to a host that can be asked."""

import errno
import os
from dataclasses import dataclass

from dmaragent.collect import manifest
from dmaragent.collect.copied import MOST_TOPS, PARTS, find_host, is_copied_root, several
from dmaragent.collect.dumps import name_tables
from dmaragent.collect.given import (
    GivenArchive,
    begins_archive,
    is_archive_head,
    read_given,
    read_input,
    unreadable,
)
from dmaragent.collect.ledger import Operation, Request
from dmaragent.collect.live import LiveHost
from dmaragent.collect.reader import HostReader, open_stream, read_file
from dmaragent.collect.recorded import RecordedHost, TableHost
from dmaragent.collect.text_words import (
    count_tables,
    next_step,
    no_table_words,
    reading_words,
)
from dmaragent.collect.tree import DiskTree
from dmaragent.collect.unpacking import Unpacked
from dmaragent.errors import HostError
from dmaragent.places import CAPTURE
from dmaragent.snapshot import Missing, MissingKind
from fwtables import find_in_text, is_binary_table
from fwtables.constants import SIGNATURES

LIVE = "live"
RECORDED = "recorded"
DIRECTORY = "directory"
TABLE = "table"
_HEAD = 512
"""How much of a file tells whether it is an archive: the first header of a tar."""
_BEGIN = 200
"""Where in a manifest its format is."""


@dataclass(frozen=True, slots=True)
class OpenedHost:
    """A host that can be asked, and what it is."""

    reader: HostReader
    kind: str
    """One of the constants above, or what text a table was read from (``TextForm``)."""
    path: str
    """What the user gave; empty for this machine."""
    reading: str = ""
    """What the table was read from, in words, if it is not a file of its bytes."""
    problem: str = ""
    """What is wrong with the text or the packed file that it was read from."""


def open_host(path: str | None) -> OpenedHost:
    """Open `path` as a host; None or / is this machine.

    It may be a directory, an archive, a table or text that holds one: a file is told by its first
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
        raise unreadable(path, opened)
    file, begin = opened
    with file:
        given = read_given(path, file, begin)
        if isinstance(given, GivenArchive):
            from dmaragent.collect.foreign import open_archive  # noqa: PLC0415 - start-up time

            return OpenedHost(*open_archive(path, given.source, given.head), path)
    return open_file(given.content, path, given)


def open_file(content: bytes, path: str, given: Unpacked | None = None) -> OpenedHost:
    """Open a table, or text that holds one; `given` says how it was packed.

    Raises:
        HostError: it is neither.

    """
    packing = given.packing if given else ""
    problem = given.problem if given else ""
    if not content:
        raise HostError(f"{path} is empty", "make it again: what was to write it failed")
    found = find_in_text(content)
    if not found.tables and is_binary_table(content):
        name = content[:4].decode("ascii")
        packed = f"{packing} data" if packing else ""
        return OpenedHost(TableHost({name: content}), TABLE, path, packed, problem)
    if found.tables:
        tables = [each for each in found.tables if each.signature in SIGNATURES]
        if not tables:
            raise HostError(
                f"{path} holds {count_tables(len(found.tables))}, and none that is DMAR, RMAD or "
                "XMAR",
                "dump all tables of the host: acpidump without options, as root",
            )
        damage = [each.damage for each in tables if each.damage]
        return OpenedHost(
            TableHost(name_tables(found.tables)),
            tables[0].form.value,
            path,
            reading_words(tables, packing),
            "; ".join(filter(None, (problem, *damage))),
        )
    unread = f"; {problem}" if problem else ""
    raise HostError(
        f"{path} is not a host: {no_table_words(found)}{unread}", next_step(found, path)
    )


def is_host_file(content: bytes) -> bool:
    """Tell whether a file of `content` is one that a host is told by: a table or an archive."""
    return content.startswith(SIGNATURES) or is_archive_head(content[:_HEAD])


def is_archive_file(path: str) -> bool:
    """Return whether the regular file at `path` is an archive; a pipe is not looked into.

    A packed file that is no archive, as a table or a log, is none.
    """
    opened = open_stream(path) if os.path.isfile(path) else Missing(MissingKind.ABSENT)
    if isinstance(opened, Missing):
        return False
    file, begin = opened
    with file:
        return begins_archive(path, file, begin)


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
        raise unreadable(path, Missing(MissingKind.DENIED, os.strerror(errno.EACCES)))
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
