"""From what a user gives as a host to a host that can be asked."""

import os
from typing import NamedTuple

from dmaragent.collect.formats.packed_file import Unpacked
from dmaragent.collect.given_file import GivenArchive, is_archive_head, read_given, unreadable
from dmaragent.collect.reader import HostReader, open_stream
from dmaragent.collect.tables.host import TABLE, TableHost, packed_words
from dmaragent.errors import HostError
from dmaragent.readings import Missing
from dmaragent.service_paths import CAPTURE
from fwtables.signatures import SIGNATURES
from fwtables.table_or_text import is_binary_table, plain_text

LIVE = "live"
"""This machine."""
_HEAD = 512
"""How much of a file tells whether it is an archive: the first header of a tar."""


class OpenedHost(NamedTuple):
    """A host that can be asked, and what it is."""

    reader: HostReader
    kind: str
    """LIVE; a constant of the module that opens hosts of its kind; or the ``TextForm`` of a table."""
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
        from dmaragent.collect.open_directory import open_directory  # noqa: PLC0415 - readers of reports: 21 ms

        return OpenedHost(*open_directory(path), path)
    opened = open_stream(path)
    if isinstance(opened, Missing):
        raise unreadable(path, opened)
    file, begin = opened
    with file:
        given = read_given(path, file, begin)
        if isinstance(given, GivenArchive):
            from dmaragent.collect.open_archive import open_archive  # noqa: PLC0415 - readers of archives: 22 ms

            return OpenedHost(*open_archive(path, given.source, given.head), path)
    return open_file(given.content, path, given)


def open_file(content: bytes, path: str, given: Unpacked | None = None) -> OpenedHost:
    """Open a table, or text that holds one; `given` says how it was packed.

    Raises:
        HostError: it is neither.

    """
    given = given or Unpacked(content)
    if not content:
        raise HostError(f"{path} is empty", "make it again: what was to write it failed")
    if is_binary_table(content) and plain_text(content) is None:
        reading = packed_words(given.packing)
        return OpenedHost(TableHost.of(content), TABLE, path, reading, given.problem)
    from dmaragent.collect.tables.text_host import open_text  # noqa: PLC0415 - readers of text: 10 ms

    reader, kind, reading, problem = open_text(content, path, given)
    return OpenedHost(reader, kind, path, reading, problem)


def is_host_file(content: bytes) -> bool:
    """Tell whether a file of `content` is one that a host is told by: a table or an archive."""
    return content.startswith(SIGNATURES) or is_archive_head(content[:_HEAD])


def open_this_machine(capture: str = CAPTURE) -> HostReader:
    """Open this machine; for who is not root, with what root kept at `capture`, if he may read it.

    Raises:
        HostError: `capture` is damaged.

    """
    from dmaragent.collect.live.host import LiveHost  # noqa: PLC0415 - it runs commands: 8 ms

    if os.geteuid() == 0 or not os.access(capture, os.R_OK):
        return LiveHost()
    from dmaragent.collect.live.overlay import OverlayHost  # noqa: PLC0415 - for who is not root: 1 ms

    try:
        return OverlayHost(LiveHost(), open_host(capture).reader)
    except HostError as error:
        raise HostError(
            f"root's capture is damaged: {error.message}",
            "make it again: sudo systemctl restart dmaragent-capture.service",
        ) from error
