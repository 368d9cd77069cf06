"""``dmaragent status``: the state of the service."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dmaragent.agent.status import Status, read_status
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.words import service as words
from dmaragent.present.json.common import TOOL
from dmaragent.present.text.tables import paragraph
from dmaragent.service_paths import RUNTIME

if TYPE_CHECKING:
    from dmaragent.present.json.schema import status as schema

DESCRIPTION = """\
Show whether dmaragent.service runs, what it publishes and since when, and
whether this user can read root's capture."""
EXAMPLES = """\
examples:
  dmaragent status
  dmaragent status --json

Exit codes: 0 the service runs and publishes; 1 it does not; 2 it publishes, and
it is unknown whether it runs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "--runtime",
        metavar="DIR",
        help="the folder of the published files (default: /run/dmaragent)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the state of the service."""
    status = read_status(options.runtime or RUNTIME)
    if options.json:
        print_document(_document(status))
    else:
        for label, state in _lines(status):
            print_lines(paragraph(f"{label:11}{state}", hang=11))
    return _exit_code(status)


def _exit_code(status: Status) -> int:
    """Return 0 if the service runs and publishes, 1 if it does not, and 2 if that is unknown."""
    if status.published and status.running:
        return 0
    return 2 if status.published and not status.running_known else 1


def _lines(status: Status) -> Iterator[tuple[str, str]]:
    states = dict(status.units)
    if len(set(states.values())) == 1:
        yield "Units", f"all {next(iter(states.values()))}"
    else:
        for unit, state in states.items():
            yield "Unit", f"{unit}: {state}"
    if status.published:
        since = _time(status.changed or 0)
        yield "Publishes", words.publishes(status.generation, status.regions, since)
    else:
        yield "Publishes", words.publishes_nothing(status.problem)
    if status.captured is None:
        yield "Capture", words.no_capture()
    else:
        when = _time(status.captured)
        yield "Capture", words.captured(when, readable=status.may_read_capture)
    yield "API", words.api_state(on=status.socket)


def _document(status: Status) -> schema.StatusDocument:
    return {
        "format": "dmaragent.status",
        "version": 1,
        "origin": {"tool": TOOL},
        "answer": {
            "units": dict(status.units),
            "published": status.published,
            "problem": status.problem,
            "generation": status.generation,
            "digest": status.digest,
            "changed": status.changed,
            "regions": status.regions,
            "captured": status.captured,
            "may_read_capture": status.may_read_capture,
            "socket": status.socket,
            "running": status.running,
        },
    }


def _time(seconds: float) -> str:

    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):  # the file has a time from a wrong clock
        return words.time_out_of_calendar(seconds)
