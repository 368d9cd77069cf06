"""Find the host in a tree of files, which is a directory or an archive.

The tree contains a recorded machine, a copied root, a collector's report, or a table under any
name.
"""

import errno
import os
import re
from collections.abc import Iterable, Mapping
from functools import partial
from io import BytesIO
from types import MappingProxyType
from typing import BinaryIO

from dmaragent.collect import words
from dmaragent.collect.formats.archive import MOST_FOLDERS, Archive, read_archive
from dmaragent.collect.formats.archive_filter import wanted_call
from dmaragent.collect.formats.disk_tree import DiskTree
from dmaragent.collect.formats.magic import BLOCK, is_archive
from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.given_file import is_archive_file
from dmaragent.collect.ledger import ACPI_TABLE, ACPI_TABLES, HostRequest, Operation
from dmaragent.collect.one_host import (
    refuse_other_tables,
    refuse_second_tables,
    refuse_table_elsewhere,
    refuse_two_hosts,
)
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.bundle import machine_tops, open_bundle
from dmaragent.collect.recorded.host import DirectoryHost, RecordedHost
from dmaragent.collect.support_reports.acpidump_files import (
    DumpedTablesHost,
    find_dump,
    lacks_tables,
)
from dmaragent.collect.support_reports.facts import ReportFacts
from dmaragent.collect.support_reports.files import find_texts, is_link, names_in, why_no_tables
from dmaragent.collect.support_reports.host import ReportHost
from dmaragent.collect.tables.files import (
    MOST_FILES,
    FoundTables,
    TableSearch,
    are_among,
    search_tables,
    text_damage,
    why_tables_may_lack,
)
from dmaragent.collect.tables.host import TableHost, name_tables
from dmaragent.collect.words import hosts as hosts_words
from dmaragent.collect.words import recordings as recordings_words
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from fwtables.acpidump import read_acpidump
from fwtables.signatures import SIGNATURE_NAMES

RECORDED = "recorded"
"""A directory that is a recorded machine."""
DIRECTORY = "directory"
"""A directory that is a copied root, or contains a host in another form."""
BUNDLE = "bundle"
"""An archive that contains a recorded machine."""
ARCHIVE = "archive"
"""An archive that contains a copied root: a sosreport, the output of xen-bugtool."""
_MANIFEST_HEAD = 200
"""Bytes from the start of a manifest that contain its format."""
_CALL = re.compile(r"(?:[^/]+/)?calls/([^/]+)")
_OF_SYS = ("/firmware/acpi", "/bus/pci")
"""The directories that show that a directory is a copied /sys."""
_PARTS = frozenset({"proc", "sys", "dev", "sos_commands"})
"""Directories that are part of a host or report and not hosts: /proc/bus/pci resembles /sys."""
_DEEPEST_HOST = 3
"""How many levels of directories without siblings are searched for a host."""


# A directory ---------------------------------------------------------------------------


def open_directory(path: str) -> tuple[HostReader, str]:
    """Open the directory `path`; return the host in it, and its kind.

    Raises:
        HostError: it contains no host, or several.

    """
    tree = DiskTree(path)
    name = os.path.join(path, manifest.NAME)
    if os.path.isfile(name):
        content = _read_manifest(tree)
        if isinstance(content, Missing):
            raise words.unreadable(name, content)
        try:
            log = manifest.load_manifest(content, path)
        except HostError as error:
            raise recordings_words.wrong_recording_manifest(error) from error
        return RecordedHost(path, tree, log), RECORDED
    tops = [] if _is_copied_root(tree) else _directories(path)
    recordings = [top for top in tops if _is_recording(os.path.join(path, top))]
    take = partial(hosts_words.choose_one, path)
    if recordings:
        _refuse_loose_files(tree, path, recordings[0], take)
        others = ((top, tree.below(f"/{top}")) for top in tops if top not in recordings)
        hosts = [
            *recordings,
            *(top for top, root in others if _is_copied_root(root) or _is_report(root)),
        ]
        if len(hosts) > 1:
            raise hosts_words.several(path, "hosts", hosts, take)
        return open_directory(os.path.join(path, hosts[0]))
    host = find_host(tree, path, tops, take)
    if host is not None:
        return host, DIRECTORY
    if not os.access(path, os.R_OK | os.X_OK):
        raise words.unreadable(path, Missing(MissingKind.DENIED, os.strerror(errno.EACCES)))
    inside = (os.path.join(path, entry) for entry in sorted(os.listdir(path)))
    raise hosts_words.no_host_in_directory(path, next(filter(is_archive_file, inside), ""))


def is_directory_host(path: str) -> bool:
    """Return whether the directory `path` is a host and not a folder of files."""
    return _is_recording(path) or _is_copied_root(DiskTree(path))


def _is_recording(path: str) -> bool:
    try:
        start = _read_manifest(DiskTree(path), window=_MANIFEST_HEAD)
    except HostError:
        return False
    return isinstance(start, bytes) and manifest.FORMAT.encode() in start


def _read_manifest(tree: FileTree, window: int | None = None) -> bytes | Missing:
    """Read the manifest at the top of `tree`, or its first `window` bytes.

    Raises:
        HostError: it is a link that leads out of the tree.

    """
    path = f"/{manifest.NAME}"
    request = HostRequest(
        operation=Operation.READ, path=path, limit=manifest.LARGEST, window=window
    )
    return tree.read(path, request)


def _directories(path: str) -> list[str]:
    """Return the directories in `path` that are searched for a host; links are not followed."""
    try:
        with os.scandir(path) as entries:
            names = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    except OSError:
        return []
    return sorted(names - _PARTS)[:MOST_FOLDERS]


# An archive ----------------------------------------------------------------------------


def open_archive(
    path: str, source: BinaryIO, head: bytes, *, outermost: bool = True
) -> tuple[HostReader, str, tuple[str, ...]]:
    """Open the archive in `source`; return the host in it, the kind of archive, and the names in it.

    The names are those at the top, or in the only directory there; of a bundle there are none.

    An archive that contains only one other archive stands for that one, once.

    Raises:
        HostError: it cannot be read, or contains no host.

    """
    archive = read_archive(path, source, head)
    outer = "" if outermost else path.partition(": ")[0]
    if machine_tops(archive):
        return open_bundle(archive, outer), BUNDLE, ()
    if any(map(_is_call, archive.hashes)):
        raise recordings_words.no_manifest(path, manifest.NAME)
    take = partial(hosts_words.unpack_one, path, outer)
    host = find_host(archive.tree, path, archive.folders, take)
    if host is not None:
        return host, ARCHIVE, _names_in(archive)
    if archive.inner and outermost and is_archive(archive.inner[:BLOCK]):
        content = BytesIO(archive.inner)
        inner = f"{path}: {words.shown(archive.nested[0])}"
        return open_archive(inner, content, content.read(BLOCK), outermost=False)
    raise _no_host(archive, outermost=outermost)


def _is_call(path: str) -> bool:
    """Return whether the file at `path` is where a recorded machine has the output of a call."""
    match = _CALL.fullmatch(path)
    return match is not None and wanted_call(match[1]) is not None


def _names_in(archive: Archive) -> tuple[str, ...]:
    if len(archive.tops) > 1:
        return tuple(archive.tops)
    return tuple(path.partition("/")[2] for path in archive.second)


def _no_host(archive: Archive, *, outermost: bool) -> HostError:
    """Return the error for an archive without a host."""
    if not archive.nested:
        return hosts_words.no_host_in_archive(archive.where, archive.members, list(archive.tops))
    outer = "" if outermost else archive.where.partition(": ")[0]
    return hosts_words.only_archives_in_archive(archive.where, archive.nested, outer)


# The host in either --------------------------------------------------------------------


def find_host(
    tree: FileTree,
    where: str,
    tops: Iterable[str],
    take: hosts_words.Take,
    *,
    steps: int = _DEEPEST_HOST,
) -> HostReader | None:
    """Return the host in `tree`, or in the one of its directories `tops` that contains one.

    A copied root comes first, then a report, then a table file under any name. `where` names the
    tree in errors. `take` returns the hint for choosing one of several by its path. A directory
    without siblings is searched as well, `steps` levels deep.

    Raises:
        HostError: there are several.

    """
    tops = tuple(tops)
    _refuse_two_roots(tree, tops, where, take)
    host = _copied_root(tree, where)
    if host is not None:
        return host
    below = [(top, tree.below(f"/{top}")) for top in tops if top not in _PARTS]
    copies = [(top, copy) for top, inner in below if (copy := _copied_root(inner, where))]
    if copies:
        _refuse_loose_files(tree, where, copies[0][0], take, known=_copied_tables(copies[0][1]))
        return _only_host(copies, _reports_beside(below, copies), where, take)
    reports = [
        (top, root, facts)
        for top, root in [("", tree), *below]
        if (facts := ReportFacts(root, find_texts(root))).tell_the_host
    ]
    if reports and reports[0][1] is tree:
        reports = reports[:1]
    if len(reports) > 1:
        raise hosts_words.several(where, "hosts", [top for top, _, _ in reports], take)
    _refuse_roots_below([(top, root) for top, root, _ in reports if top], where, take)
    if not reports and len(below) == 1 and steps:
        top, inner = below[0]
        host = find_host(
            inner, where, _folders(inner), lambda name: take(f"{top}/{name}"), steps=steps - 1
        )
        if host is not None:
            return host
    search = search_tables(tree)
    if len(search.found) > 1:
        paths = [tables.path[1:] for tables in search.found]
        raise hosts_words.several(where, "tables of IOMMUs", paths, take)
    top, root, facts = reports[0] if reports else ("", tree, ReportFacts(tree, ()))
    refuse_two_hosts(where, facts)
    files = search.found or search.dumps[:1]
    if files and not search.stopped:
        refuse_table_elsewhere(where, top, files[0].path)
        return _with_tables(root, facts, files[0], where)
    if reports:
        return ReportHost(DirectoryHost(root), facts, why_no_tables(root))
    _refuse_unread_tables(where, search)
    return None


def _refuse_loose_files(  # noqa: PLR0913 - what the error names, and what does not count
    tree: FileTree,
    where: str,
    host: str,
    take: hosts_words.Take,
    *,
    above: str = "",
    known: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Reject files of a host at the top of `tree`, which the `host` in its directory leaves unused.

    `above` is the path of `tree`. Files with `known` tables, those of that host, do not count.

    Raises:
        HostError: there are some.

    """
    texts = tuple(text for text in find_texts(tree) if not text.path.startswith(f"/{host}/"))
    files = search_tables(tree, deepest=0).found
    found = [file.path[1:] for file in files if not known or not are_among(file.tables, known)]
    if ReportFacts(tree, texts).tell_the_host:
        found += [text.path[1:] for text in texts]
    if found:
        paths = [f"{above}{name}" for name in found]
        raise hosts_words.loose_files(where, f"{above}{host}", paths, take)


def _refuse_roots_below(
    reports: Iterable[tuple[str, FileTree]], where: str, take: hosts_words.Take
) -> None:
    """Reject a report, by the name of its directory, that has a copied root in a directory below.

    Raises:
        HostError: one has.

    """
    for top, report in reports:
        for name in _folders(report):
            if name not in _PARTS and _is_copied_root(report.below(f"/{name}")):
                _refuse_loose_files(report, where, name, take, above=f"{top}/")


def _reports_beside(
    below: list[tuple[str, FileTree]], copies: list[tuple[str, HostReader]]
) -> list[str]:
    """Return the directories of `below` that are reports without a copied root."""
    known = {top for top, _ in copies}
    return [top for top, root in below if top not in known and _is_report(root)]


def _is_report(root: FileTree) -> bool:
    return ReportFacts(root, find_texts(root)).tell_the_host


def _only_host(
    copies: list[tuple[str, HostReader]], reports: list[str], where: str, take: hosts_words.Take
) -> HostReader:
    hosts = [*(top for top, _ in copies), *reports]
    if len(hosts) > 1:
        raise hosts_words.several(where, "hosts", hosts, take)
    return copies[0][1]


def _copied_tables(copied: HostReader) -> dict[str, bytes]:
    """Return the tables of IOMMUs that a copied root has in its /sys."""
    names = copied.list(ACPI_TABLES.request())
    listed = () if isinstance(names, Missing) else names
    contents = {
        name: copied.read(ACPI_TABLE.request(name))
        for name in listed
        if name.startswith(SIGNATURE_NAMES)
    }
    return {name: data for name, data in contents.items() if isinstance(data, bytes)}


def _only_table_beside(where: str, root: FileTree) -> FoundTables | None:
    """Return the file with tables of IOMMUs beside a copied /sys without any, or None.

    Raises:
        HostError: there are several that differ.

    """
    files = search_tables(root, deepest=0).found
    if len(files) > 1:
        raise hosts_words.different_tables(where, [file.path[1:] for file in files])
    return files[0] if files else None


def _is_copied_root(tree: FileTree) -> bool:
    """Return whether `tree` or its root/ is a copied root, or `tree` is a copied /sys."""
    for root in (tree, tree.below("/root")):
        if root.is_directory("/sys") or find_dump(root) is not None:
            return True
    return any(map(tree.is_directory, _OF_SYS))


def _copied_root(tree: FileTree, where: str) -> HostReader | None:
    """Return the copied root in `tree` or in its root/, or the copied /sys that `tree` is.

    If it has no table of IOMMUs, the tables come from acpidump text in it, or from a table file at its
    top. `where` names the tree in errors.

    Raises:
        HostError: the text that contains the tables is damaged.

    """
    for root in (tree, tree.below("/root")):
        copied = DirectoryHost(root)
        has_sys = root.is_directory("/sys")
        dump = find_dump(root) if not has_sys or lacks_tables(copied) else None
        facts = ReportFacts(root, find_texts(root))
        if has_sys or dump is not None:
            refuse_two_hosts(where, facts)
        if dump is not None:
            path, text = dump
            tables = read_acpidump(text)
            named = name_tables(tables)
            lost = why_tables_may_lack(tables)
            if lost and not any(name.startswith(SIGNATURE_NAMES) for name in named):
                return ReportHost(copied, facts, hosts_words.damaged_dump(path[1:], lost))
            file = FoundTables(path, named, text_damage(tables))
            return _with_tables(root, facts, file, where)
        if has_sys:
            ours = _copied_tables(copied)
            refuse_second_tables(where, root, facts, ours)
            beside = None if ours else _only_table_beside(where, root)
            if beside:
                return _with_tables(root, facts, beside, where)
            return ReportHost(copied, facts, why_no_tables(root))
    if any(map(tree.is_directory, _OF_SYS)):
        return DirectoryHost(tree, below="/sys")
    return None


def _with_tables(root: FileTree, facts: ReportFacts, file: FoundTables, where: str) -> HostReader:
    """Return the host in `root` with the tables of `file`; `where` names the whole in errors.

    Raises:
        HostError: the text that contains the tables is damaged.

    """
    if file.problem:
        raise hosts_words.damaged_table_text(where, file.path[1:], file.problem)
    refuse_other_tables(where, facts, file.path[1:], file.tables)
    facts.use("ACPI tables", file.path)
    return ReportHost(DumpedTablesHost(DirectoryHost(root), TableHost(file.tables)), facts)


def _folders(tree: FileTree) -> list[str]:
    """Return the directories at the top of `tree` that are searched for a host, without links."""
    names = [name for name in names_in(tree, "") if tree.is_directory(f"/{name}")]
    return [name for name in names if not is_link(tree, f"/{name}")][:MOST_FOLDERS]


def _refuse_two_roots(
    tree: FileTree, tops: Iterable[str], where: str, take: hosts_words.Take
) -> None:
    """Reject a copied root, `tree` or one of `tops`, that has another one in its root/.

    Raises:
        HostError: one has.

    """
    for top in ("", *tops):
        root = tree.below(f"/{top}") if top else tree
        if root.is_directory("/sys") and root.below("/root").is_directory("/sys"):
            raise hosts_words.several(where, "hosts", [f"{top}/root".lstrip("/"), top or "."], take)


def _refuse_unread_tables(where: str, search: TableSearch) -> None:
    """Reject a folder that has a table which was not read, or only other ACPI tables.

    Raises:
        HostError: it is such a folder.

    """
    if search.stopped:
        raise hosts_words.too_many_files(where, MOST_FILES)
    if search.unreadable:
        raise hosts_words.unreadable_files(where, [path[1:] for path in search.unreadable])
    if search.others:
        raise hosts_words.other_tables(where, sorted(set(search.others)))
