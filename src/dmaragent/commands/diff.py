"""``dmaragent diff``: what differs between two hosts, and which guests no longer start."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from dmaragent.checks import check
from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.hosts import host_object, host_title, no_table, tell_reading
from dmaragent.commands.shared.output import add_json, print_document, print_lines, progress
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.commands.shared.words import tables as words
from dmaragent.comparison import compare
from dmaragent.comparison.guests import compare_guests
from dmaragent.comparison.model import Comparison, GuestChanges, NotCompared, Side
from dmaragent.errors import DmaragentError
from dmaragent.guests.formats import Guest
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.no_table import why_no_table
from dmaragent.iommu.table import iommu_table
from dmaragent.present.json.common import source_object
from dmaragent.present.json.diff import diff_document
from dmaragent.present.text.diff import diff_details_text, diff_text
from dmaragent.question.ask_host import OpenedContext, ask_host
from dmaragent.question.context import DOCUMENTED, GuestResolver, Question
from dmaragent.shell_words import as_path

if TYPE_CHECKING:
    from dmaragent.present.json.schema.common import StackSource

DESCRIPTION = """\
Compare two hosts: before and after an update of firmware or Xen, or two
servers that should be alike. What changes a verdict is first: with --guest the
guests that no longer start, then findings, regions and devices. With --details
also show remapping units, structures, and every region and finding.
A and B are whatever --host accepts: a bundle, a sosreport, a table or its text,
a recorded machine, a copied root. / is this machine, and so is B if you omit
it. What is unknown on one side is listed under "Not compared" and never counts
as gone."""
EXAMPLES = """\
examples:
  dmaragent diff before.bin after.bin    a firmware update
  sudo dmaragent diff before/            a recording, and this machine now
  dmaragent diff rack1/ rack2/ --xen 4.17
  sudo dmaragent diff before/ / --guest /etc/xen

Exit codes: 0 no differences; 1 differences; 2 the hosts cannot be compared."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "a", metavar="A", help="the first host, or the state before; / is this machine"
    )
    parser.add_argument(
        "b",
        metavar="B",
        nargs="?",
        default="/",
        help="the second host, or the state after (default: this machine)",
    )
    parser.add_argument(
        "--guest",
        metavar="PATH",
        action="append",
        default=[],
        help="compare the verdict on this guest, or on all guests of a folder; repeatable",
    )
    add_xen(
        parser,
        "answer for this release of Xen on both; guests also: `documented` (default: each host's own)",
    )
    parser.add_argument(
        "--details",
        action="store_true",
        help="also print remapping units, structures, and every region and finding",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the comparison."""
    guests, passed_over = named_guests(options.guest)
    if options.guest and not guests:
        tell_left_out(passed_over)
        raise no_guest(options.guest)
    question = Question(xen=named_release(options.xen, documented=True))
    a = ask_host(options.a, question, guests)
    b = ask_host(options.b, question, guests)
    tell_reading(a.opened)
    tell_reading(b.opened)
    fates = _compared_guests(guests, passed_over, a, b, question) if options.guest else None
    before, after = _inventory(a, question), _inventory(b, question)
    comparison = compare(before, after, check(before), check(after), fates)
    _print(comparison, a, b, options)
    if comparison.blocker is not None:
        return 2
    return 1 if comparison.differs else 0


def _inventory(asked: OpenedContext, question: Question) -> Inventory:
    """Return the inventory for the release that the question names."""
    named = question.xen not in (None, DOCUMENTED)
    return take_inventory(asked.host, asked.stack.hypervisor if named else None)


def _compared_guests(
    guests: list[Guest],
    passed_over: list[tuple[str, str]],
    a: OpenedContext,
    b: OpenedContext,
    question: Question,
) -> GuestChanges:

    ours, theirs = GuestResolver(a, question), GuestResolver(b, question)
    pairs = (
        (ours.resolve(guest), theirs.resolve(guest)) for guest in progress(guests, "resolving")
    )
    return compare_guests(pairs, passed_over)


def _print(
    comparison: Comparison, a: OpenedContext, b: OpenedContext, options: argparse.Namespace
) -> None:
    if options.json:
        print_document(diff_document(comparison, _origin(a), _origin(b)))
        return
    if comparison.blocker is not None:
        raise _blocker_error(comparison.blocker, a, b)

    names = [host_title(host.opened) for host in (a, b)]
    stacks = [host.stack for host in (a, b)]
    if options.details:
        print_lines(diff_details_text(comparison, names, stacks))
    else:
        print_lines(diff_text(comparison, names, stacks, _details(options)))


def _details(options: argparse.Namespace) -> str:
    """Return the same command with ``--details``."""
    hosts = [options.a, *([] if options.b == "/" else [options.b])]
    words = ["dmaragent", "diff", *map(as_path, hosts)]
    words += [word for path in options.guest for word in ("--guest", as_path(path))]
    words += ["--xen", options.xen] if options.xen else []
    return shlex.join([*words, "--details"])


def _origin(asked: OpenedContext) -> StackSource:
    return source_object(host_object(asked.opened), asked.stack)


def _blocker_error(blocker: NotCompared, a: OpenedContext, b: OpenedContext) -> DmaragentError:
    """Return the error that says why nothing can be compared, and what to do."""
    if blocker.side is None:
        return words.nothing_to_compare(blocker.why)
    asked = a if blocker.side is Side.A else b
    absence = why_no_table(asked.host, iommu_table(asked.host))
    name = host_title(asked.opened)
    if absence is None:
        hint = words.decode_says_what_is_wrong(asked.opened.path)
        return DmaragentError(f"{name}: {blocker.why}", hint)
    error = no_table(absence, asked.opened)
    return DmaragentError(f"{name}: {error.message}", error.hint)
