"""What verbs share in giving their answers: documents, files, a progress bar."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from dmaragent.errors import DmaragentError

_Item = TypeVar("_Item")
_PATIENCE = 0.5  # seconds before a progress bar appears
_BAR = 30


def print_document(document: dict[str, Any]) -> None:
    """Print a JSON document: ASCII only, so that nothing in it can address the terminal."""
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")


def write_file(path: str, data: bytes, *, force: bool) -> None:
    """Write `data` to `path`, whole or not at all.

    Raises:
        DmaragentError: `path` exists and `force` is not given.
        OSError: it cannot be written; `path` is then as it was.

    """
    if os.path.lexists(path) and not force:
        raise DmaragentError(f"{path} exists", "give another name, or --force to replace it")
    if os.path.lexists(path) and not os.path.isfile(path):
        raise DmaragentError(f"{path} is no regular file", "- writes to standard output")
    folder = os.path.dirname(path) or "."
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".dmaragent-", dir=folder)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise DmaragentError(f"{path} cannot be written: {why}", "check the folder") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def progress(items: Sequence[_Item], doing: str) -> Iterator[_Item]:
    """Yield `items`, showing on a terminal how far the work is once it takes long."""
    begin = time.monotonic()
    shown = 0.0
    for number, item in enumerate(items):
        now = time.monotonic()
        if now - begin > _PATIENCE and now - shown > 0.1 and sys.stderr.isatty():
            shown = now
            done = "#" * (_BAR * number // len(items))
            print(
                f"\r{doing} [{done:{_BAR}}] {number}/{len(items)}",
                end="",
                file=sys.stderr,
                flush=True,
            )
        yield item
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
