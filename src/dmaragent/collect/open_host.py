"""Open the host at a path that the user gives.

This module recognises this machine, a directory, an archive, a table, and text that contains one.
``open_tree.py`` continues with a directory or an archive.
"""

import os
import re
from typing import NamedTuple

from dmaragent.collect import words
from dmaragent.collect.formats.magic import BLOCK
from dmaragent.collect.formats.packed_file import Unpacked
from dmaragent.collect.given_file import GivenArchive, is_archive_head, read_given
from dmaragent.collect.reader import HostReader, open_stream
from dmaragent.collect.tables.host import TABLE, TableHost, differ, name_tables
from dmaragent.collect.words import files as files_words
from dmaragent.collect.words import tables as tables_words
from dmaragent.errors import HostError
from dmaragent.readings import Missing
from dmaragent.service_paths import CAPTURE
from fwtables.signatures import DECODED_SIGNATURES
from fwtables.table_or_text import is_binary_table, plain_text

LIVE = "live"
"""This machine."""
_UNUSED = {
    "output of lspci": re.compile(
        rb"^\s*(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7] "
        rb"(?:\"|[0-9a-f]{4}: |[A-Z][^\n:\[]{2,60}(?: \[[0-9a-f]{4}\])?: )",
        re.MULTILINE,
    ),
    "a kernel log": re.compile(rb"\bLinux version \d|BIOS-e820: "),
}
"""What a text can have besides its table."""


class OpenedHost(NamedTuple):
    """A host to read from, and its kind."""

    reader: HostReader
    kind: str
    """LIVE, TABLE, a constant of ``open_tree.py``, or the ``TextForm`` of a table."""
    path: str
    """The path that the user gave; empty for this machine."""
    reading: str = ""
    """In words, the text or packed file that contained the table; else empty."""
    problem: str = ""
    """What is wrong with that text or packed file; else empty."""
    names: tuple[str, ...] = ()
    """The first names in an archive that is not a bundle: at the top, or in the only directory there."""
    unused: tuple[str, ...] = ()
    """In words, what else is in the text that contained the table, and is not used."""


def open_host(path: str | None) -> OpenedHost:
    """Open `path` as a host; None or / is this machine.

    `path` can be a directory, an archive, a table, or text that contains one. A file is recognised
    by its first bytes, whatever its name.

    Raises:
        HostError: it does not exist, cannot be read, or is not one of these.

    """
    if path is None or (path and os.path.realpath(path) in ("/", "/sys")):
        return OpenedHost(open_this_machine(), LIVE, "")
    if os.path.isdir(path):
        from dmaragent.collect.open_tree import open_directory  # noqa: PLC0415 - readers of reports: 27 ms

        return OpenedHost(*open_directory(path), path)
    opened = open_stream(path)
    if isinstance(opened, Missing):
        raise words.unreadable(path, opened)
    file, begin = opened
    with file:
        given = read_given(path, file, begin)
        if isinstance(given, GivenArchive):
            from dmaragent.collect.open_tree import open_archive  # noqa: PLC0415 - likewise

            reader, kind, names = open_archive(path, given.source, given.head)
            return OpenedHost(reader, kind, path, names=names)
    return open_file(given.content, path, given)


def open_this_machine(capture: str = CAPTURE) -> HostReader:
    """Open this machine; a user other than root also gets root's `capture`, if it is readable.

    Raises:
        HostError: `capture` is damaged.

    """
    from dmaragent.collect.live.host import LiveHost, OverlayHost  # noqa: PLC0415 - it runs commands: 9 ms

    if os.geteuid() == 0 or not os.access(capture, os.R_OK):
        return LiveHost()
    try:
        return OverlayHost(LiveHost(), open_host(capture).reader)
    except HostError as error:
        raise files_words.damaged_capture(error) from error


def open_file(content: bytes, path: str, given: Unpacked | None = None) -> OpenedHost:
    """Open a table, or text that contains one; `given` has its packing.

    Raises:
        HostError: it is neither.

    """
    given = given or Unpacked(content)
    if not content:
        raise files_words.empty_file(path)
    reading = tables_words.packed_data(given.packing)
    is_binary = is_binary_table(content, DECODED_SIGNATURES)
    if is_binary and plain_text(content) is None:
        return OpenedHost(TableHost.of(content), TABLE, path, reading, given.problem)
    from fwtables.found_in_text import find_in_text  # noqa: PLC0415 - readers of text: 10 ms

    text = find_in_text(content, DECODED_SIGNATURES)
    if is_binary and not text.tables:
        return OpenedHost(TableHost.of(content), TABLE, path, reading, given.problem)
    if not text.tables:
        raise tables_words.no_table_in_text(path, text, given.problem)
    tables = [table for table in text.tables if table.signature in DECODED_SIGNATURES]
    if not tables:
        raise tables_words.other_tables_in_text(path, len(text.tables))
    if differ(name_tables(text.tables)):
        raise tables_words.different_tables_in_text(path, tables)
    damage = [table.damage for table in tables if table.damage]
    return OpenedHost(
        TableHost.of_text(text.tables),
        tables[0].form.value,
        path,
        tables_words.tables_read_from(tables, given.packing),
        "; ".join(filter(None, (given.problem, *damage))),
        unused=tuple(what for what, pattern in _UNUSED.items() if pattern.search(content)),
    )


def is_host_file(content: bytes) -> bool:
    """Return whether `content` marks a file as a host: a table or an archive."""
    return content.startswith(DECODED_SIGNATURES) or is_archive_head(content[:BLOCK])
