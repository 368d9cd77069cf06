"""``dmaragent report``: all that is known of a host on one page, for a bug or a colleague."""

from __future__ import annotations

import argparse

from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.hosts import add_host, tell_reading
from dmaragent.commands.shared.pages import (
    add_force,
    add_page_output,
    check_page_output,
    write_page,
)
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from dmaragent.question.host_report import report_of

DESCRIPTION = """\
Write one HTML file about a host: which devices can be passed through on Xen and
on Linux, why not and how to fix it; the reserved regions and the address space
as a picture; the findings; the table.  With --guest it also has whether a guest
starts, and its memory.  The file loads nothing from anywhere."""
EXAMPLES = """\
examples:
  sudo dmaragent report -o report.html
  dmaragent report -o report.html --host DMAR.bin --xen 4.17
  sudo dmaragent report -o report.html --guest /etc/xen/win10.cfg
  dmaragent report --host DMAR.bin > report.html

Exit codes: 0 written; 2 not written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb to `parser`."""
    add_page_output(parser)
    add_host(parser)
    parser.add_argument(
        "--guest",
        metavar="CFG",
        action="append",
        default=[],
        help="add this guest: any file that resolve reads; can be repeated",
    )
    add_xen(parser)
    add_force(parser)


def run(options: argparse.Namespace) -> int:
    """Write the report."""
    check_page_output(options)
    write_page(_page(options), options)
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
