"""The documents of a fleet: which files and directories below a folder are one host each."""

import os
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from dmaragent.collect.given_file import is_archive_file
from dmaragent.collect.open_host import is_host_file
from dmaragent.collect.open_tree import is_directory_host
from dmaragent.collect.tables.files import LOOKED_AT, may_hold_tables
from dmaragent.collect.unpack_archive import unpack_archive
from dmaragent.fleet import words
from fwtables.found_in_text import find_in_text
from fwtables.signatures import DECODED_SIGNATURES

MOST_DOCUMENTS = 200_000
"""More than any fleet; a folder with more is the wrong folder."""
_DEEPEST = 4
"""Levels of folders that are searched below the given one."""
_SUFFIXES = (
    ".tar.xz",
    ".tar.gz",
    ".tar.bz2",
    ".tar.zst",
    ".tar",
    ".tgz",
    ".txz",
    ".tbz",
    ".tbz2",
    ".tzst",
    ".zip",
    ".xz",
    ".gz",
    ".bz2",
    ".zst",
    ".bin",
    ".dat",
    ".aml",
    ".txt",
    ".out",
    ".hex",
    ".log",
    ".cfg",
    ".conf",
    ".xml",
    ".csv",
    ".html",
)
_TABLES = frozenset(signature.decode("ascii") for signature in DECODED_SIGNATURES)
REPORT = frozenset({"sos_commands", "proc", "sys"})
"""Directories of a collector's report, or of a copied root."""
_TABLE_NAME = re.compile(r"(?:dmar|ivrs|acpidump|acpi[-_]?tables?)(?![a-z])", re.IGNORECASE)
"""The beginning of names that are those of tables and not of hosts."""
OTHER_FILES = (
    ".md",
    ".cfg",
    ".xml",
    ".conf",
    ".html",
    ".csv",
    ".ndjson",
    ".nfd",
    ".yaml",
    ".sha256",
    ".sha512",
    ".md5",
    ".asc",
    ".sig",
    "sha256sums",
    "sha512sums",
    "md5sums",
)
"""The ends of names of files that lie beside documents: notes, guests, reports, checksums.  Such a
file is left out unless its content is that of a host."""
_FIRST_BYTES = 1 << 16
"""Bytes of such a file that are searched for a table."""
_SMALLEST_TEXT = 128
"""Bytes of the smallest text that can contain a table; a checksum is smaller."""


class WhyLeftOut(Enum):
    """Why something in a folder is not a document."""

    OTHER = "not-a-document"
    """A file whose name and content show that it is something else."""
    LINK = "link"
    """Links are not followed."""
    SPECIAL = "special-file"
    """A pipe, a socket or a device."""


class LeftOut(NamedTuple):
    """Something in a folder that is not read."""

    path: str
    """Its path; of a file in an archive, the archive and the path in it."""
    why: WhyLeftOut


class Document(NamedTuple):
    """A file or directory that stands for one host."""

    name: str
    """The host's name: that of the file, because names inside a bundle are redacted."""
    path: str
    where: str = ""
    """The archive that it was unpacked from; empty: none."""

    @property
    def place(self) -> str:
        """Its place for the user."""
        return self.where or self.path

    def shown(self, text: str) -> str:
        """Return a message about it with its place, and not the temporary file of an archive."""
        return text.replace(self.path, self.where) if self.where else text


class Found(NamedTuple):
    """What is in folders."""

    documents: tuple[Document, ...]
    """By name and path."""
    left_out: tuple[LeftOut, ...]
    """By path."""
    unlike: tuple[Document, ...] = ()
    """Files of an archive that do not begin like a host: documents if the archive has several."""

    @property
    def several(self) -> bool:
        """Whether an archive that cannot be read as one host stands for a folder of them."""
        return len(self.documents) > 1 or any(map(_is_packed, self.documents))

    def several_beside(self, *, table_only: bool) -> bool:
        """Return whether an archive that was read as one host has others besides.

        A directory that is a host can be read beside other documents.  A table has others beside it
        only if these have names of their own: acpidump writes dmar.dat beside acpidump.txt.

        Args:
            table_only: whether nothing of the host is known but its table.

        """
        if len(self.documents) < 2:
            return False
        if any(map(_is_host_directory, self.documents)):
            return True
        named = {each.name for each in self.documents if not _TABLE_NAME.match(each.name)}
        return table_only and (len(named) > 1 or any(map(_is_packed, self.documents)))

    def as_folder(self) -> "Found":
        """Return what a folder with these files has: a file of any name can be a document."""
        return self._replace(documents=tuple(sorted((*self.documents, *self.unlike))), unlike=())


def _is_packed(document: Document) -> bool:
    return is_archive_file(document.path)


def _is_host_directory(document: Document) -> bool:
    if not os.path.isdir(document.path):
        return False
    return is_directory_host(document.path) or _is_report(_entries(document.path) or ())


def host_name(path: str) -> str:
    """Return the name of the host whose document is `path`: its file's, without what it is."""
    name = os.path.basename(os.path.normpath(path))
    name = _printable(name)  # of a file that is not UTF-8
    lower = name.lower()
    for suffix in _SUFFIXES:
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def find_documents(paths: Iterable[str]) -> tuple[Document, ...]:
    """Return the documents of `paths`; raise HostError like `search_documents`."""
    return search_documents(paths).documents


def search_documents(paths: Iterable[str]) -> Found:
    """Return the documents of `paths`, which are documents or folders of them, and what else is there.

    Hidden files are neither.  A file of any name is a document.  If its name is that of notes, a guest,
    a report or checksums, it is one only if its content begins like that of a host.  Links are not
    followed.

    Raises:
        HostError: a path does not exist, or there are too many files.

    """
    documents: list[Document] = []
    left_out: list[LeftOut] = []
    for path in paths:
        if not os.path.exists(path):
            raise words.no_such_folder(path)
        inside = _below(path, _DEEPEST, top=True) if os.path.isdir(path) else [_document(path)]
        for found in inside:
            if isinstance(found, Document):
                documents.append(found)
            else:
                left_out.append(found)
            if max(len(documents), len(left_out)) > MOST_DOCUMENTS:
                raise words.too_many_documents(path, MOST_DOCUMENTS)
    return Found(
        tuple(sorted(set(documents))),
        tuple(sorted(set(left_out), key=lambda other: (other.path, other.why.value))),
    )


def documents_in(document: Document, folder: str) -> Found:
    """Return what is in an archive of several documents, unpacked into the empty `folder`.

    Files that are neither an archive nor a table are not documents, so an archive of something else
    has none; those that a folder would have as documents are in `unlike`.

    Raises:
        HostError: the archive is damaged or exceeds a limit.

    """
    if os.path.isdir(document.path) or not unpack_archive(document.path, folder):
        return Found((), ())

    def place(path: str) -> str:
        return f"{document.place}: {os.path.relpath(path, folder)}"

    found = search_documents([folder])
    documents: list[Document] = []
    unlike: list[Document] = []
    left_out = [other._replace(path=place(other.path)) for other in found.left_out]
    for inner in found.documents:
        if inner.path == folder:
            continue
        known = os.path.isdir(inner.path) or _may_be_host(inner.path)
        (documents if known else unlike).append(inner._replace(where=place(_printable(inner.path))))
    return Found(tuple(documents), tuple(left_out), tuple(unlike))


def _may_be_host(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(_FIRST_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return False
    return _is_host(head, size, os.path.basename(path))


def _is_host(head: bytes, size: int, name: str = "") -> bool:
    if is_host_file(head) or may_hold_tables(head[:LOOKED_AT], size, name):
        return True
    if size < _SMALLEST_TEXT or b"\0" in head:
        return False
    return any(table.signature in DECODED_SIGNATURES for table in find_in_text(head).tables)


def _is_other(path: str) -> bool:
    """Return whether a file is something beside documents, by its name and the start of its content.

    One that cannot be read may be a host, so it is not.
    """
    name = os.path.basename(path).lower()
    if not name.startswith("readme") and not name.endswith(OTHER_FILES):
        return False
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(_FIRST_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return False
    if name.endswith(".html"):  # a report quotes tables
        head = head[:LOOKED_AT]
        return not is_host_file(head) and not may_hold_tables(head, size)
    return not _is_host(head, size)


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _document(path: str) -> Document:
    return Document(host_name(path), path)


def _below(path: str, levels: int, *, top: bool = False) -> Iterator[Document | LeftOut]:
    """Yield what is in the directory `path`; it is a document itself if it has a host's files.

    A directory that cannot be listed is one too, so that it is named.  A table in a directory of its
    own has the directory's name.
    """
    inside = _entries(path)
    if inside is None or is_directory_host(path) or _is_report(inside) or not levels:
        yield _document(path)
        return
    for entry in inside:
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            yield LeftOut(_printable(entry.path), WhyLeftOut.LINK)
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, levels - 1)
        elif not entry.is_file(follow_symlinks=False):
            yield LeftOut(_printable(entry.path), WhyLeftOut.SPECIAL)
        elif _is_other(entry.path):
            yield LeftOut(_printable(entry.path), WhyLeftOut.OTHER)
        else:
            document = _document(entry.path)
            if not top and document.name.upper() in _TABLES:
                document = document._replace(name=os.path.basename(path))
            yield document


def _entries(path: str) -> list[os.DirEntry[str]] | None:
    """Return what is in a directory, by name; None: it cannot be listed."""
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return None


def _is_report(inside: Iterable[os.DirEntry[str]]) -> bool:
    return any(entry.name in REPORT and _is_directory(entry) for entry in inside)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a directory, or a link to one. A link to itself is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False
