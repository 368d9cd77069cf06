"""From a directory to a host: a recorded machine, a copied root, a report, a table in a folder."""

import errno
import os

from dmaragent.collect.formats.tree import DiskTree
from dmaragent.collect.given_file import is_archive_file, read_input, unreadable
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.collect.reader import HostReader, read_file
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.host import RecordedHost
from dmaragent.collect.recorded.root_copy import (
    MOST_TOPS,
    PARTS,
    find_host,
    is_copied_root,
    several,
)
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind

RECORDED = "recorded"
"""A recorded machine."""
DIRECTORY = "directory"
"""A copied root or what else holds a host."""
_BEGIN = 200
"""Where in a manifest its format is."""


def open_directory(path: str) -> tuple[HostReader, str]:
    """Open the directory `path`; return the host in it, and which kind it is.

    Raises:
        HostError: it holds no host, or several.

    """
    name = os.path.join(path, manifest.NAME)
    tree = DiskTree(path)
    if os.path.isfile(name):
        log = manifest.load_manifest(read_input(name, manifest.LARGEST), path)
        return RecordedHost(path, tree, log), RECORDED
    take = f"give one of them: --host {os.path.join(path, '{}')}"
    tops = [] if is_copied_root(tree) else _folders(path)
    recordings = [top for top in tops if _is_recording(os.path.join(path, top))]
    if recordings:
        others = (top for top in tops if top not in recordings)
        names = [*recordings, *(top for top in others if is_copied_root(tree.below(f"/{top}")))]
        if len(names) > 1:
            raise several(path, "hosts", names, take)
        return open_directory(os.path.join(path, names[0]))
    found = find_host(tree, path, tops, take)
    if found is not None:
        return found, DIRECTORY
    if not os.access(path, os.R_OK | os.X_OK):
        raise unreadable(path, Missing(MissingKind.DENIED, os.strerror(errno.EACCES)))
    raise HostError(
        f"{path} is not a host: it holds neither {manifest.NAME}, sys/, acpidump.out, output of "
        "lspci, dmidecode, dmesg or xl info, nor a DMAR table",
        *_packed_hint(path),
    )


def is_directory_host(path: str) -> bool:
    """Tell whether the directory `path` is a host rather than a folder of files."""
    return _is_recording(path) or is_copied_root(DiskTree(path))


def _is_recording(path: str) -> bool:
    name = os.path.join(path, manifest.NAME)
    request = HostRequest(operation=Operation.READ, path=name, limit=_BEGIN, window=_BEGIN)
    start = read_file(name, request)
    return isinstance(start, bytes) and manifest.FORMAT.encode() in start


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
