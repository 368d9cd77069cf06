"""What verbs share to print answers: the option --json, documents, a progress bar."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

from dmaragent.commands.shared.terminal import COLOR_CHOICES, screen_of
from dmaragent.present.escaping import visible
from dmaragent.present.screen import painted

_Item = TypeVar("_Item")
_PATIENCE = 0.5  # seconds before a progress bar appears
_BAR = 30


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the options for the form of an answer: ``--json`` and ``--color``."""
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON document; `dmaragent schema` prints its schema",
    )
    parser.add_argument(
        "--color",
        choices=COLOR_CHOICES,
        default="auto",
        help="show verdicts in colour; auto: on a terminal, unless NO_COLOR is set (default: auto)",
    )


def print_document(document: Mapping[str, object]) -> None:
    """Print a JSON document in ASCII, so that nothing in it can control the terminal."""
    from dmaragent.present.json.writer import json_text  # noqa: PLC0415 - json: 1 ms, which text does not need

    sys.stdout.write(json_text(document))
    sys.stdout.write("\n")


def print_lines(lines: Iterable[str], file: TextIO | None = None, *, flush: bool = False) -> None:
    """Print escaped lines of text; marked words are coloured if the screen has colours."""
    print("\n".join(map(painted, lines)), file=file, flush=flush)


def next_lines(hint: str) -> list[str]:
    """Return the lines of a hint on standard error; long words stay whole."""
    from textwrap import wrap  # noqa: PLC0415 - only for errors

    return wrap(
        visible(f"Next: {hint}"),
        screen_of(sys.stderr).width,
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def progress(items: Sequence[_Item], doing: str) -> Iterator[_Item]:
    """Yield `items`; show a progress bar on a terminal if the work takes long."""
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
