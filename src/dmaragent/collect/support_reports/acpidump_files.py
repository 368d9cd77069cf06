"""acpidump text beside a copied root: where collectors put it, and the tables in it.

xen-bugtool runs ``acpidump`` and keeps its output as ``acpidump.out`` at the top of its report
(xenserver/status-report, ``xen-bugtool``: ACPIDUMP; the XCP-ng tests look for that name). No plugin
of sos 4.0 or of its repository was found to run it. If one does, or an administrator adds one, sos
keeps a command's output as ``sos_commands/PLUGIN/COMMAND``.
"""

import re

from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.ledger import ACPI_TABLE, ACPI_TABLES, HostRequest, Operation
from dmaragent.collect.reader import HostReader
from dmaragent.collect.support_reports.files import names_in
from dmaragent.errors import HostError
from dmaragent.readings import Missing
from fwtables.acpidump import is_acpidump
from fwtables.signatures import SIGNATURE_NAMES

LARGEST_DUMP = 1 << 26
_AT_THE_TOP = ("acpidump.out", "acpidump", "acpidump.txt")
_OF_SOS = "sos_commands"
_DUMP = re.compile(rf"/(?:acpidump(?:\.out|\.txt)?|{_OF_SOS}/[^/]+/acpidump[^/]*)")


def is_dump(path: str) -> bool:
    """Return whether collectors keep acpidump text at the absolute `path` of a copied root."""
    return _DUMP.fullmatch(path) is not None


def find_dump(tree: FileTree) -> tuple[str, bytes] | None:
    """Return path and content of the acpidump text in a copied root, or None."""
    paths = [f"/{name}" for name in _AT_THE_TOP]
    for plugin in names_in(tree, f"/{_OF_SOS}"):
        files = names_in(tree, f"/{_OF_SOS}/{plugin}")
        paths += [f"/{_OF_SOS}/{plugin}/{name}" for name in files]
    for path in filter(is_dump, paths):
        request = HostRequest(operation=Operation.READ, path=path, limit=LARGEST_DUMP, window=None)
        try:
            content = tree.read(path, request)
        except HostError:
            continue  # a link out of the copy: its target was not collected
        if isinstance(content, bytes) and is_acpidump(content):
            return path, content
    return None


def lacks_tables(host: HostReader) -> bool:
    """Return whether a copy lacks a readable table of IOMMUs of its own."""
    names = host.list(ACPI_TABLES.request())
    listed = SIGNATURE_NAMES if isinstance(names, Missing) else names
    return not any(
        isinstance(host.read(ACPI_TABLE.request(name)), bytes)
        for name in listed
        if name.startswith(SIGNATURE_NAMES)
    )


class DumpedTablesHost:
    """A copied root whose ACPI tables are those of acpidump text beside it."""

    def __init__(self, copied: HostReader, tables: HostReader) -> None:
        self._copied = copied
        self._tables = tables

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return a table of the dump, or the copied file."""
        of_table = request.path.startswith(f"{ACPI_TABLES.path}/")
        return (self._tables if of_table else self._copied).read(request)

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the names of the dump's tables, or the copied names."""
        return (self._tables if request.path == ACPI_TABLES.path else self._copied).list(request)

    def link(self, request: HostRequest) -> str | Missing:
        """Return the copied link."""
        return self._copied.link(request)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return that no call was collected: a copy has none."""
        return self._copied.call(request)
