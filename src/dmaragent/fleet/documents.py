"""The documents of a fleet: which files and directories below a folder are one host each."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dmaragent.collect.open_host import is_host_file
from dmaragent.collect.open_tree import is_directory_host
from dmaragent.collect.tables.files import LOOKED_AT, may_hold_tables
from dmaragent.collect.unpack_archive import unpack_archive
from dmaragent.fleet import words
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
)
_TABLES = frozenset(signature.decode("ascii") for signature in DECODED_SIGNATURES)
_REPORT = frozenset({"sos_commands", "proc", "sys"})
"""Directories of a collector's report, or of a copied root."""
_OTHER_FILES = (
    ".md",
    ".cfg",
    ".xml",
    ".conf",
    ".log",
    ".html",
    ".csv",
    ".ndjson",
    ".nfd",
    ".yaml",
    ".sha256",
    ".asc",
)
"""The ends of names of files that lie beside documents: notes, guests, reports, checksums."""


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


def host_name(path: str) -> str:
    """Return the name of the host whose document is `path`: its file's, without what it is."""
    name = os.path.basename(os.path.normpath(path))
    name = name.encode("utf-8", "backslashreplace").decode("utf-8")  # of a file that is not UTF-8
    lower = name.lower()
    for suffix in _SUFFIXES:
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def find_documents(paths: Iterable[str]) -> list[Document]:
    """Return the documents of `paths`, which are documents or folders of them, by name and path.

    Hidden files are left out, and those whose name shows that they are something else; links are
    not followed.

    Raises:
        HostError: a path does not exist, or there are too many documents.

    """
    documents: list[Document] = []
    for path in paths:
        if not os.path.exists(path):
            raise words.no_such_folder(path)
        inside = _below(path, _DEEPEST, top=True) if os.path.isdir(path) else [_document(path)]
        for document in inside:
            documents.append(document)
            if len(documents) > MOST_DOCUMENTS:
                raise words.too_many_documents(path, MOST_DOCUMENTS)
    return sorted(set(documents))


def documents_in(document: Document, folder: str) -> list[Document]:
    """Return the documents in an archive of several, unpacked into the empty `folder`.

    Files that are neither an archive nor a table are left out, so an archive of something else has
    none.

    Raises:
        HostError: the archive is damaged or exceeds a limit.

    """
    if os.path.isdir(document.path) or not unpack_archive(document.path, folder):
        return []
    found = [inner for inner in find_documents([folder]) if inner.path != folder]
    return [
        inner._replace(where=f"{document.place}: {os.path.relpath(inner.path, folder)}")
        for inner in found
        if os.path.isdir(inner.path) or _may_be_host(inner.path)
    ]


def _may_be_host(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(LOOKED_AT)
    except OSError:
        return False
    return is_host_file(head) or may_hold_tables(
        head, os.path.getsize(path), os.path.basename(path)
    )


def _document(path: str) -> Document:
    return Document(host_name(path), path)


def _below(path: str, levels: int, *, top: bool = False) -> Iterator[Document]:
    """Yield the documents in the directory `path`; it is one itself if it has a host's files.

    A directory that cannot be listed is one too, so that it is named.  A table in a directory of its
    own has the directory's name.
    """
    inside = _entries(path)
    if inside is None or is_directory_host(path) or _is_report(inside) or not levels:
        yield _document(path)
        return
    for entry in inside:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.name.lower().startswith("readme") or entry.name.lower().endswith(_OTHER_FILES):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, levels - 1)
        elif entry.is_file(follow_symlinks=False):
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
    return any(entry.name in _REPORT and entry.is_dir() for entry in inside)
