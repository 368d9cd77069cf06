"""What verbs share in giving their answers: the option --json, documents, a progress bar."""

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_PATIENCE = 0.5  # seconds before a progress bar appears
_BAR = 30
_NARROWEST, _WIDEST = 80, 120


def answer_width() -> int:
    """Return how wide a table may be: as the terminal is, from 80 to 120 columns."""
    columns = shutil.get_terminal_size((_NARROWEST, 0)).columns
    return min(max(columns, _NARROWEST), _WIDEST)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="a JSON document (docs/schema)")


def print_document(document: Mapping[str, object]) -> None:
    """Print a JSON document: ASCII only, so that nothing in it can address the terminal."""
    from dmaragent.present.json.writer import json_text  # noqa: PLC0415 - json: 1 ms, for no text

    sys.stdout.write(json_text(document))
    sys.stdout.write("\n")


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
