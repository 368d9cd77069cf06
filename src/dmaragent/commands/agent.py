"""``dmaragent agent``: the service's programs, which systemd starts."""

from __future__ import annotations

import argparse
import os

from dmaragent.agent.capture import capture
from dmaragent.agent.main import main
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.writing import write_new
from dmaragent.service_paths import CAPTURE, RUNTIME

DESCRIPTION = """\
Run the programs of dmaragent.service and dmaragent-capture.service.

capture: as root, save what only root can read (tables, hypercall, boot log)
for the agent and for the group dmaragent.
run: publish the inventory below /run/dmaragent, and keep it current."""
EXAMPLES = """\
examples:
  sudo systemctl enable --now dmaragent.service
  sudo dmaragent agent capture --output /tmp/capture.tar
  dmaragent agent run --help

Exit codes: 0 done, or stopped; 2 failed."""
CAPTURE_EXAMPLES = """\
examples:
  sudo dmaragent agent capture --output /tmp/capture.tar
  dmaragent inventory --host /tmp/capture.tar

Exit codes: 0 saved; 2 failed."""
RUN_EXAMPLES = """\
examples:
  mkdir /tmp/published
  dmaragent agent run --runtime /tmp/published --capture /tmp/capture.tar

SIGTERM or Ctrl-C stops it.
Exit codes: 0 stopped; 2 failed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    what = parser.add_subparsers(title="programs", metavar="PROGRAM", required=True)
    capture = _program(what, "capture", "save what only root can read", CAPTURE_EXAMPLES)
    capture.add_argument(
        "--output", metavar="FILE", default=CAPTURE, help=f"file to write (default: {CAPTURE})"
    )
    capture.set_defaults(program=_capture)
    run_ = _program(what, "run", "publish the inventory, and keep it current", RUN_EXAMPLES)
    run_.add_argument(
        "--runtime",
        metavar="DIR",
        default=RUNTIME,
        help=f"folder to publish in (default: {RUNTIME})",
    )
    run_.add_argument(
        "--capture", metavar="FILE", default=CAPTURE, help=f"capture to read (default: {CAPTURE})"
    )
    run_.add_argument(
        "--textfile",
        metavar="DIR",
        help="also write dmaragent.prom to this folder, for node_exporter",
    )
    run_.set_defaults(program=_run)


def _program(
    what: argparse._SubParsersAction[argparse.ArgumentParser], name: str, words: str, examples: str
) -> argparse.ArgumentParser:

    return what.add_parser(
        name,
        help=words,
        description=f"{words[0].upper()}{words[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run(options: argparse.Namespace) -> int:
    """Run the program that was named."""
    code: int = options.program(options)
    return code


def _capture(options: argparse.Namespace) -> int:

    kept = capture(LiveHost())
    mask = os.umask(
        0o027
    )  # for root and the group; others get nothing whatever the caller's umask is
    try:
        write_new(options.output, kept, force=True, private=False)
    finally:
        os.umask(mask)
    return 0


def _run(options: argparse.Namespace) -> int:
    main(options.runtime, options.capture, options.textfile)
    return 0
