"""ACPI tables in a folder or an archive, found by content whatever the files are called.

``acpidump -b`` and acpixtract write a file for each table (dmar.dat), OpenCore's SysReport has
ACPI/DMAR-1.aml, hw-probe has logs/acpidump: names differ from tool to tool.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dmaragent.collect.formats.packed_file import unpack
from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.ledger import ACPI_TABLE, HostRequest, Operation
from dmaragent.collect.support_reports.acpidump_files import LARGEST_DUMP
from dmaragent.collect.support_reports.files import is_link, names_in
from dmaragent.collect.tables.host import name_tables
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from fwtables.acpidump import DumpedTable
from fwtables.found_in_text import TextTable, find_in_text
from fwtables.signatures import DECODED_SIGNATURES, SIGNATURE_NAMES
from fwtables.table_or_text import is_binary_table

LOOKED_AT = 4096
"""The bytes from the start of a file that show whether it can be a table or acpidump text."""
MOST_FILES = 4096
"""How many files of a folder are searched."""
DEEPEST = 6
"""How many levels of directories below the folder are searched."""
HEADER_SIZE = 36
"""Bytes of an ACPI table's header: ACPI 6.5, 5.2.6."""
_LARGEST_TABLE = ACPI_TABLE.limit
_WHOLE = frozenset({"FACP", "APIC"})
"""Tables that prove that a dump is of all tables: then a table of IOMMUs that it lacks is absent."""
_SMALLEST_TABLE = 48
"""Bytes of the header of a DMAR (VT-d 8.1) and of an IVRS (ACPICA, actbl2.h)."""
LARGEST_TEXT_TABLE = 1 << 22
"""The largest text or packed file that is searched for a table because of its name."""
_TEXT_NAME = re.compile(
    r".*(?:dmar|rmad|xmar|ivrs|acpidump|acpi[-_]?tables?)[^/]*|.*\.dsl", re.IGNORECASE | re.DOTALL
)
_HEADING = re.compile(rb"(?:^|\n)(?:\xef\xbb\xbf)?[A-Z0-9]{4} @ (?:0x)?[0-9A-Fa-f]{1,16}\s*\n")
_OTHER = re.compile(rb"[A-Z][A-Z0-9!]{3}")


@dataclass(frozen=True, slots=True)
class FoundTables:
    """The tables of one file, under the names that the kernel would give them."""

    path: str
    tables: dict[str, bytes]
    problem: str = ""
    """What is wrong with the text or packed file that contained them."""


@dataclass(slots=True)
class TableSearch:
    """The result of searching a folder."""

    found: list[FoundTables] = field(default_factory=list)
    """The files that contain tables of IOMMUs; of equal files only the first."""
    dumps: list[FoundTables] = field(default_factory=list)
    """Complete dumps of a host that has no table of IOMMUs."""
    others: list[str] = field(default_factory=list)
    """The signatures of other ACPI tables."""
    unreadable: list[str] = field(default_factory=list)
    """The files and directories that this user cannot read."""
    files: int = 0
    stopped: bool = False
    """Whether there are more files than are searched."""


def may_hold_tables(head: bytes, size: int, name: str = "") -> bool:
    """Return whether a file of `size` bytes that begins with `head` is searched for tables.

    Other texts and packed files are searched only if their `name` suggests a table: dmar.dsl,
    IVRS.hex, acpidump.txt.gz.
    """
    if head.startswith(DECODED_SIGNATURES) and len(head) >= 8 and b"\0" in head:
        return _has_header(head, size)
    if _TEXT_NAME.fullmatch(name) and size <= LARGEST_TEXT_TABLE and not is_other_table(head):
        return True
    if b" @ " not in head or size > LARGEST_DUMP:
        return False
    return b"\0" not in head and _HEADING.search(head) is not None


def _has_header(head: bytes, size: int) -> bool:
    length = int.from_bytes(head[4:8], "little")  # the length field of a text is far larger
    return min(length, size) >= _SMALLEST_TABLE and max(length, size) <= _LARGEST_TABLE


def search_tables(tree: FileTree, deepest: int = DEEPEST) -> TableSearch:
    """Search the files of `tree` for tables of IOMMUs, `deepest` directories down.

    Links are not followed.
    """
    search = TableSearch()
    for path in _files(tree, "", 0, search, deepest):
        _look(tree, path, search)
    return search


def _files(
    tree: FileTree, folder: str, depth: int, search: TableSearch, deepest: int
) -> Iterator[str]:
    for name in names_in(tree, folder):
        path = f"{folder}/{name}"
        if is_link(tree, path):
            continue
        if tree.is_directory(path):
            if not _may_list(tree, path):
                search.unreadable.append(path)
            elif depth < deepest:
                yield from _files(tree, path, depth + 1, search, deepest)
            continue
        search.files += 1
        if search.files > MOST_FILES:
            search.stopped = True
            return
        yield path


def _look(tree: FileTree, path: str, search: TableSearch) -> None:
    head = _read(tree, path, window=LOOKED_AT)
    if isinstance(head, Missing):
        if _is_denied(head):
            search.unreadable.append(path)
        return
    size = len(head) if len(head) < LOOKED_AT else _size(tree, path)
    if not may_hold_tables(head, size, path.rpartition("/")[2]):
        if is_other_table(head):
            search.others.append(head[:4].decode("ascii"))
        return
    content = _read(tree, path)
    if isinstance(content, Missing):
        search.unreadable.append(path)
        return
    tables, problem, lost = _tables(content)
    if not any(name.startswith(SIGNATURE_NAMES) for name in tables):
        search.others += tables
        if tables.keys() >= _WHOLE and not lost:
            search.dumps.append(FoundTables(path, tables))
    elif not any(_same_tables(tables, file.tables) for file in search.found):
        search.found.append(FoundTables(path, tables, problem))


def _tables(content: bytes) -> tuple[dict[str, bytes], str, str]:
    """Return the tables in a file, what is wrong with them, and why it may lack tables."""
    try:
        given = unpack("", content, LARGEST_DUMP)
    except HostError as error:
        return {}, "", error.message
    content, problem = given.content, given.problem
    if content.startswith(DECODED_SIGNATURES) and is_binary_table(content, DECODED_SIGNATURES):
        whole = len(content) >= _SMALLEST_TABLE
        return ({content[:4].decode("ascii"): content} if whole else {}), problem, problem
    tables = find_in_text(content, DECODED_SIGNATURES).tables
    named = name_tables(tables)
    return named, problem or text_damage(tables), problem or why_tables_may_lack(tables)


def text_damage(tables: Sequence[DumpedTable | TextTable]) -> str:
    """Return what is wrong with the text of these tables, with its line; else empty."""
    return "; ".join(
        table.damage for table in tables if table.damage and table.signature in DECODED_SIGNATURES
    )


def why_tables_may_lack(tables: Sequence[DumpedTable | TextTable]) -> str:
    """Return what is wrong with a dump, which may therefore lack other tables; else empty.

    A dump that was cut off ends within a table. The RSDP is not a table: it has text in place of its length.
    """
    damaged = (table.damage for table in tables if not table.data.startswith(b"RSD PTR "))
    return next(filter(None, damaged), "")


def _same_tables(first: dict[str, bytes], other: dict[str, bytes]) -> bool:
    """Return whether both contain the same tables of IOMMUs."""

    def sorted_tables(tables: dict[str, bytes]) -> list[bytes]:
        return sorted(data for name, data in tables.items() if name.startswith(SIGNATURE_NAMES))

    return sorted_tables(first) == sorted_tables(other)


def are_among(tables: Mapping[str, bytes], known: Mapping[str, bytes]) -> bool:
    """Return whether all tables of IOMMUs in `tables` are among `known`.

    Xen changes the signature, and the checksum with it (``acpi_dmar_zap``).
    """
    ours = (data for name, data in tables.items() if name.startswith(SIGNATURE_NAMES))
    return {_unsigned(data) for data in ours} <= {_unsigned(data) for data in known.values()}


def _unsigned(table: bytes) -> bytes:
    return table[4:9] + table[10:]


def is_other_table(head: bytes) -> bool:
    """Return whether a file begins with the header of another ACPI table (ACPI 6.5, 5.2.6)."""
    if head.startswith(DECODED_SIGNATURES):
        return False
    return (
        len(head) >= HEADER_SIZE
        and _OTHER.match(head) is not None
        and not head[7]
        and 0 < head[8] < 16
    )


def _is_denied(answer: object) -> bool:
    return isinstance(answer, Missing) and answer.kind is MissingKind.DENIED


def _read(tree: FileTree, path: str, window: int | None = None) -> bytes | Missing:
    limit = LARGEST_DUMP
    request = HostRequest(operation=Operation.READ, path=path, limit=limit, window=window)
    try:
        return tree.read(path, request)
    except HostError:
        return Missing(MissingKind.FAILED, "leads out of the folder")


def _size(tree: FileTree, path: str) -> int:
    """Return the size of a file; one that is gone by now is larger than every limit."""
    try:
        size = tree.size(path)
    except HostError:
        return sys.maxsize
    return sys.maxsize if isinstance(size, Missing) else size


def _may_list(tree: FileTree, path: str) -> bool:
    try:
        return not _is_denied(tree.list(path))
    except HostError:
        return True
