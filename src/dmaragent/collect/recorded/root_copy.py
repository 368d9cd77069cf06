"""A host in a tree of files: a copied root file system, or a collector's report."""

import re
from collections.abc import Iterable

from dmaragent.collect.formats.members import shown
from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.reader import AS_ROOT, HostReader
from dmaragent.collect.recorded.host import DirectoryHost
from dmaragent.collect.reports.acpidump_files import (
    DumpedTablesHost,
    find_dump,
    lacks_tables,
    name_tables,
)
from dmaragent.collect.reports.collectors import no_table_words
from dmaragent.collect.reports.facts import ReportFacts
from dmaragent.collect.reports.files import find_texts, is_link, names_in
from dmaragent.collect.reports.host import ReportHost
from dmaragent.collect.tables.files import (
    MOST_FILES,
    FoundTables,
    TableSearch,
    search_tables,
    text_damage,
)
from dmaragent.collect.tables.host import TableHost
from dmaragent.errors import HostError
from fwtables.acpidump import read_acpidump

_OF_SYS = ("/firmware/acpi", "/bus/pci")
"""What a directory holds that is itself a copied /sys."""
_HARMLESS = re.compile(r"[A-Za-z0-9_./:+@%,-]{1,200}")
PARTS = frozenset({"proc", "sys", "dev", "sos_commands"})
"""Directories of a host or a report, which are no hosts: /proc/bus/pci is like that of /sys."""
DEEPEST_HOST = 3
"""Directories, each alone in the one above, that a host is looked for in."""
MOST_TOPS = 64
"""Directories beside each other that a host is looked for in."""
MOST_NAMED = 8
"""Hosts or files that an error names; it counts the rest."""


def is_copied_root(tree: FileTree) -> bool:
    """Return whether `tree` or its root/ is a copied root, or `tree` is a copied /sys."""
    for root in (tree, tree.below("/root")):
        if root.is_directory("/sys") or find_dump(root) is not None:
            return True
    return any(map(tree.is_directory, _OF_SYS))


def copied_root(tree: FileTree, where: str) -> HostReader | None:
    """Return the copied root in `tree` or its root/, or the copied /sys that `tree` itself is.

    If it has no DMAR table, those of acpidump text in it, or of a table file at its top, are
    its tables.  `where` names it in errors.

    Raises:
        HostError: the text that its tables were read from is damaged.

    """
    for root in (tree, tree.below("/root")):
        copied = DirectoryHost(root)
        has_sys = root.is_directory("/sys")
        dump = find_dump(root) if not has_sys or lacks_tables(copied) else None
        facts = ReportFacts(root, find_texts(root))
        if dump is not None:
            path, text = dump
            tables = read_acpidump(text)
            found = FoundTables(path, name_tables(tables), text_damage(tables))
            return _with_tables(root, facts, found, where)
        if has_sys:
            beside = search_tables(root, deepest=0).found if lacks_tables(copied) else []
            if len(beside) == 1:
                return _with_tables(root, facts, beside[0], where)
            return ReportHost(copied, facts, no_table_words(root))
    if any(map(tree.is_directory, _OF_SYS)):
        return DirectoryHost(tree, below="/sys")
    return None


def _refuse_two_roots(tree: FileTree, tops: Iterable[str], where: str, take: str) -> None:
    """Refuse a copied root, `tree` or one of its `tops`, that has another one in its root/.

    Raises:
        HostError: one has.

    """
    for top in ("", *tops):
        root = tree.below(f"/{top}") if top else tree
        if root.is_directory("/sys") and root.below("/root").is_directory("/sys"):
            raise several(where, "hosts", [f"{top}/root".lstrip("/"), top or "."], take)


def find_host(
    tree: FileTree, where: str, tops: Iterable[str], take: str, *, steps: int = DEEPEST_HOST
) -> HostReader | None:
    """Return the host in `tree`, or in the one of its directories `tops` that holds one.

    A copied root counts first, then a report, then a table file, whatever its name.  `where`
    names the tree in errors; `take` says how to give one of several, with {} for its path.
    A directory that is alone is looked into likewise, `steps` deep.

    Raises:
        HostError: there are several.

    """
    tops = tuple(tops)
    _refuse_two_roots(tree, tops, where, take)
    found = copied_root(tree, where)
    if found is not None:
        return found
    below = [(top, tree.below(f"/{top}")) for top in tops if top not in PARTS]
    copies = [(top, host) for top, each in below if (host := copied_root(each, where)) is not None]
    if copies:
        return _only(copies, where, "hosts", take)
    roots = [("", tree), *below]
    reports = [
        (top, root, facts)
        for top, root in roots
        if (facts := ReportFacts(root, find_texts(root))).tell_the_host
    ]
    if reports and reports[0][1] is tree:
        reports = reports[:1]
    if len(reports) > 1:
        raise several(where, "hosts", [top for top, _, _ in reports], take)
    if not reports and len(below) == 1 and steps:
        top, inner = below[0]
        inside = take.replace("{}", f"{in_command(top)}/{{}}")
        found = find_host(inner, where, _folders(inner), inside, steps=steps - 1)
        if found is not None:
            return found
    search = search_tables(tree)
    if len(search.found) > 1:
        raise several(where, "DMAR tables", [each.path[1:] for each in search.found], take)
    _, root, facts = reports[0] if reports else ("", tree, ReportFacts(tree, ()))
    tables = search.found or search.dumps[:1]
    if tables and not search.stopped:
        return _with_tables(root, facts, tables[0], where)
    if reports:
        return ReportHost(DirectoryHost(root), facts, no_table_words(root))
    _check_search(where, search)
    return None


def _folders(tree: FileTree) -> list[str]:
    """Return the directories at the top of `tree` that a host is looked for in, no links."""
    names = [name for name in names_in(tree, "") if tree.is_directory(f"/{name}")]
    return [name for name in names if not is_link(tree, f"/{name}")][:MOST_TOPS]


def _with_tables(root: FileTree, facts: ReportFacts, file: FoundTables, where: str) -> HostReader:
    """Return the host in `root` with the tables of `file`; `where` names the whole in errors.

    Raises:
        HostError: the text that they were read from is damaged.

    """
    if file.problem:
        raise HostError(
            f"{where}: the DMAR table in {shown(file.path[1:])} is damaged: {file.problem}",
            f"copy it again, whole; dmaragent decode shows what is left of {shown(file.path[1:])}",
        )
    facts.use("ACPI tables", file.path)
    return ReportHost(DumpedTablesHost(DirectoryHost(root), TableHost(file.tables)), facts)


def _only(hosts: list[tuple[str, HostReader]], where: str, what: str, take: str) -> HostReader:
    if len(hosts) > 1:
        raise several(where, what, [name for name, _ in hosts], take)
    return hosts[0][1]


def several(where: str, what: str, names: list[str], take: str) -> HostError:
    """Return the error for a place that holds several hosts or tables: which, how to take one."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    listed = ", ".join(map(shown, names[:MOST_NAMED]))
    return HostError(
        f"{where} holds {len(names)} {what}: {listed}{more}",
        take.replace("{}", in_command(names[0])),
    )


def in_command(name: str) -> str:
    """Return `name` as it is written in a command: bare if it is harmless, else shown."""
    return name if _HARMLESS.fullmatch(name) else shown(name)


def _check_search(where: str, search: TableSearch) -> None:
    """Refuse a folder that may hold a table which was not read, or that holds others only.

    Raises:
        HostError: it is such a folder.

    """
    if search.stopped:
        raise HostError(
            f"{where} is not a host: it has more than {MOST_FILES} files, too many to look for "
            "a DMAR table in them",
            "name the table, or the folder it is in",
        )
    if search.unreadable:
        count = len(search.unreadable)
        raise HostError(
            f"{where} holds no DMAR table that you may read: "
            f"{'1 file' if count == 1 else f'{count} files'} cannot be read, "
            f"{shown(search.unreadable[0][1:])} first",
            AS_ROOT,
        )
    if search.others:
        names = sorted(set(search.others))
        raise HostError(
            f"{where} holds ACPI tables ({', '.join(map(shown, names[:MOST_NAMED]))}), and none "
            "that is DMAR, RMAD or XMAR",
            "an AMD machine: IVRS tables are not decoded yet"
            if "IVRS" in names
            else "dump all tables of the host: acpidump without options, as root",
        )
