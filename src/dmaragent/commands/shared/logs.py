"""The text of a log file or of standard input."""

from __future__ import annotations

import sys

from dmaragent.collect.formats.packed_file import Unpacked
from dmaragent.collect.given_file import is_archive_head
from dmaragent.commands.shared.output import print_lines
from dmaragent.commands.shared.words import hosts as hosts_words
from dmaragent.commands.shared.words import messages as messages_words
from fwtables.table_or_text import plain_text


def read_log(where: str, given: Unpacked) -> str:
    """Return the text of a log; print on standard error if a part of it could not be unpacked.

    Raises:
        DmaragentError: it is an archive.

    """
    content = given.content
    if is_archive_head(content[:512]):
        raise messages_words.archive_not_log(where)
    if given.problem:
        print_lines([hosts_words.warning(where, given.problem)], sys.stderr)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:512]:
        content = plain_text(content) or content
    return content.decode("utf-8", "surrogateescape")
