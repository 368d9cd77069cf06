"""``dmaragent report``: all that is known of a host on one page, to be sent along."""

from __future__ import annotations

import argparse
import sys

from dmaragent.api import Question, ask_host
from dmaragent.collect.writing import write_new
from dmaragent.commands.guest_files import (
    named_guests,
    no_guest,
    tell_left_out,
)
from dmaragent.commands.hosts import tell_reading
from dmaragent.commands.options import add_host
from dmaragent.commands.reporting import report_of
from dmaragent.commands.xen_option import add_xen, named_release
from dmaragent.errors import DmaragentError
from dmaragent.present.escaping import visible
from dmaragent.present.words.host import wrote

DESCRIPTION = """\
Write one HTML file that tells of a host: the address space as a picture, the
regions and who owns them, what Xen and Linux make of each device, the findings
and what to do, units and scopes, the table itself; and with --guest what
becomes of a guest and its memory.  The file loads nothing from anywhere."""
EXAMPLES = """\
examples:
  sudo dmaragent report -o report.html
  dmaragent report -o report.html --host DMAR.bin --xen 4.17
  sudo dmaragent report -o report.html --guest /etc/xen/win10.cfg
  dmaragent report --host DMAR.bin > report.html

Exit codes: 0 written; 2 not written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the file to write, - for standard output (the default)",
    )
    add_host(parser)
    parser.add_argument(
        "--guest",
        metavar="CFG",
        action="append",
        default=[],
        help="add this guest: any file that resolve reads (repeat it)",
    )
    add_xen(parser)
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")


def run(options: argparse.Namespace) -> int:
    """Write the report."""
    to_output = options.output in (None, "-")
    if to_output and sys.stdout.isatty():
        raise DmaragentError("a report is no text for a terminal", "-o FILE writes it to a file")
    page = _page(options).encode("utf-8")
    if to_output:
        sys.stdout.flush()
        sys.stdout.buffer.write(page)
        sys.stdout.buffer.flush()
    else:
        write_new(options.output, page, force=options.force)
        print(wrote(visible(options.output), len(page)))
    return 0


def _page(options: argparse.Namespace) -> str:

    question = Question(xen=named_release(options.xen))
    guests, passed_over = named_guests(options.guest, bare=True)
    tell_left_out(passed_over)
    if options.guest and not guests:
        raise no_guest(options.guest)
    asked = ask_host(options.host, question, guests)
    tell_reading(asked.opened)
    return report_of(asked, guests, question, named=options.xen is not None)
