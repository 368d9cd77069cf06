"""Logs that a user names, or pipes in, as text."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # mypy takes it for typing's
if TYPE_CHECKING:
    from dmaragent.collect.unpacking import Unpacked


def read_log(where: str, given: Unpacked) -> str:
    """Return the text of a log; say on standard error if a part of it could not be unpacked.

    Raises:
        DmaragentError: it is an archive.

    """
    from dmaragent.collect.given import is_archive_head  # noqa: PLC0415 - start-up time
    from dmaragent.errors import DmaragentError  # noqa: PLC0415 - likewise
    from dmaragent.present.escaping import visible  # noqa: PLC0415 - likewise
    from fwtables import plain_text  # noqa: PLC0415 - likewise

    content = given.content
    if is_archive_head(content[:512]):
        raise DmaragentError(
            f"{where} is an archive, not a log", "unpack it, and give the log that is in it"
        )
    if given.problem:
        print(visible(f"Warning: {where}: {given.problem}"), file=sys.stderr)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:512]:
        content = plain_text(content) or content
    return content.decode("utf-8", "surrogateescape")
