"""``dmaragent status``: how the service is."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dmaragent.agent.status import Status, read_status
from dmaragent.commands.shared.output import add_json, print_document
from dmaragent.present.json.envelope import TOOL
from dmaragent.present.text.tables import paragraph
from dmaragent.service_paths import RUNTIME

if TYPE_CHECKING:
    from dmaragent.present.json.schema import status as schema

DESCRIPTION = """\
Say whether dmaragent.service runs, what it publishes and since when, and what
this user may ask it."""
EXAMPLES = """\
examples:
  dmaragent status
  dmaragent status --json

Exit codes: 0 it runs and publishes; 1 it does not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument("--runtime", metavar="DIR", help="instead of /run/dmaragent")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print how the service is."""
    status = read_status(options.runtime or RUNTIME)
    if options.json:
        print_document(_document(status))
    else:
        for label, words in _lines(status):
            print("\n".join(paragraph(f"{label:11}{words}", hang=11)))
    return 0 if status.running and status.published else 1


def _lines(status: Status) -> Iterator[tuple[str, str]]:
    states = dict(status.units)
    if len(set(states.values())) == 1:
        yield "Units", f"all {next(iter(states.values()))}"
    else:
        for unit, state in states.items():
            yield "Unit", f"{unit}: {state}"
    if status.published:
        since = _time(status.changed or 0)
        what = f"generation {status.generation}, {status.regions} regions, since {since}"
        yield "Publishes", what
    else:
        yield "Publishes", f"nothing: {status.problem}"
    if status.captured is None:
        yield "Capture", "none, or this user may not see it"
    else:
        may = "this user may" if status.may_read_capture else "root and the group dmaragent may"
        yield "Capture", f"of {_time(status.captured)}; {may} read it"
    yield "API", "on" if status.socket else "off (dmaragent.service(8) says how to switch it on)"


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
    except (ValueError, OverflowError, OSError):  # a file of a time when the clock was mad
        return f"a time that no calendar has ({seconds:.0f} s since 1970)"
