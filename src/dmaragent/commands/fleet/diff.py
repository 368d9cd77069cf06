"""``dmaragent fleet diff``: what changed between two states of a fleet."""

import argparse

from dmaragent.commands.fleet.common import (
    OpenedFleet,
    add_details,
    add_guests,
    add_reading,
    opened_fleet,
    print_fleet,
)
from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.output import add_json, print_lines
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.diff import fleet_difference
from dmaragent.fleet.guests import GuestOnFleet, resolve_on
from dmaragent.fleet.json import add_difference, base_answer
from dmaragent.fleet.text import diff_text
from dmaragent.guests.formats import Guest

EXAMPLES = """\
examples:
  dmaragent fleet diff old/ new/
  dmaragent fleet diff old/ new/ --guest win10.cfg

Exit codes: 0 nothing changed; 1 hosts changed, came or went; 2 some could not
be compared, and nothing else changed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument("before", metavar="BEFORE", help="the earlier folder of documents")
    parser.add_argument("after", metavar="AFTER", help="the later folder of documents")
    add_guests(parser, "compare the verdicts on a guest too; can be repeated")
    add_reading(parser)
    add_details(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print what changed."""
    guests = _guests(options.guests)
    options.folders = [options.before]
    with opened_fleet(options) as opened:
        before, old = opened.fleet, _resolved(opened, guests)
    options.folders = [options.after]
    with opened_fleet(options, again=True) as opened:
        after, new = opened.fleet, _resolved(opened, guests)
    difference = fleet_difference(before, after, old, new)
    if options.json:
        options.folders = [options.before, options.after]
        answer = base_answer(xen_classes(after.records), after.without)
        add_difference(answer, difference, before.without)
        left_out = (*before.left_out, *after.left_out)
        print_fleet(options, after._replace(left_out=left_out), answer)
    else:
        print_lines(diff_text(difference, details=options.details))
    if difference.changed or difference.only_before or difference.only_after:
        return 1
    return 2 if difference.not_compared or not difference.same else 0


def _guests(paths: list[str]) -> list[Guest]:
    if not paths:
        return []
    guests, passed_over = named_guests(paths)
    tell_left_out(passed_over)
    if not guests:
        raise no_guest(paths)
    return guests


def _resolved(opened: OpenedFleet, guests: list[Guest]) -> tuple[GuestOnFleet, ...]:
    if not guests:
        return ()
    return resolve_on(opened.fleet.records, guests, opened.question, opened.engine)
