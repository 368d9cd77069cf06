"""``dmaragent report``: all that is known of a host on one page, for a bug or a colleague."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from dmaragent.answers.devices import device_rows
from dmaragent.answers.explain import explain
from dmaragent.answers.guest import any_answer
from dmaragent.checks import check
from dmaragent.checks.common.model import Checked
from dmaragent.commands.shared.guest_files import guests_by_option, no_guest, tell_left_out
from dmaragent.commands.shared.hosts import add_host, tell_reading
from dmaragent.commands.shared.pages import (
    add_force,
    add_page_output,
    check_page_output,
    write_page,
)
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.guests.formats import Guest
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.html import report_html
from dmaragent.present.html.devices import DeviceAnswers, devices_to_explain
from dmaragent.present.screen import PLAIN, printed_on
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Context, GuestResolver, Question

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
    guests, passed_over = guests_by_option(options.guest, bare=True)
    tell_left_out(passed_over)
    if options.guest and not guests:
        raise no_guest(options.guest)
    asked = ask_host(options.host, question, guests)
    tell_reading(asked.opened)
    return report_of(asked, guests, question, named=options.xen is not None)


def report_of(
    asked: Context,
    guests: Sequence[Guest] = (),
    question: Question | None = None,
    *,
    named: bool = False,
) -> str:
    """Return the report of an opened host, with `guests` resolved as in `question`.

    Inventory and findings are those of the host as it is. If a release of Xen is `named`, they are
    those of that release.
    """
    inventory = asked.inventory if named else take_inventory(asked.host)
    checked = None if inventory.absence is not None else check(inventory)
    return report_page(asked, inventory, checked, guests, question)


def report_page(
    asked: Context,
    inventory: Inventory,
    checked: Checked | None,
    guests: Sequence[Guest] = (),
    question: Question | None = None,
) -> str:
    """Return the report of `inventory`, with its findings if there is a table to check."""
    rows = device_rows(asked.inventory, asked.facts, asked.stack)
    explanations = [
        explain(asked.inventory, asked.facts, asked.stack, sbdf)
        for sbdf in devices_to_explain(rows)
    ]
    resolver = GuestResolver(asked, question or Question())
    answers = [any_answer(resolver.resolve(guest)) for guest in guests]
    devices = DeviceAnswers(rows, explanations)
    with printed_on(PLAIN):  # no colours of the terminal in the page
        return report_html(inventory, checked, devices, answers, asked.stack)
