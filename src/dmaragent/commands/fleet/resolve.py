"""``dmaragent fleet resolve``: which hosts can run a guest."""

import argparse

from dmaragent.commands.fleet.common import (
    add_details,
    add_need,
    add_on,
    add_reading,
    exit_code,
    opened_fleet,
    print_fleet,
)
from dmaragent.commands.shared.guest_files import guests_by_option, no_guest, tell_left_out
from dmaragent.commands.shared.output import add_json, print_lines
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.guests import GuestOnFleet, resolve_on
from dmaragent.fleet.json import base_answer, guest_objects
from dmaragent.fleet.text import guests_text
from dmaragent.policy.decisions import Verdict

EXAMPLES = """\
examples:
  dmaragent fleet resolve win10.cfg --on pool/
  dmaragent fleet resolve win10.cfg --on pool/ --need 38 --json

Exit codes: 0 each guest starts on all hosts (on --need hosts); 1 one does not;
2 it depends on hosts that are unknown or have no data."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "guests", metavar="GUEST", nargs="+", help="a guest's configuration, or a folder of them"
    )
    add_on(parser)
    add_need(parser)
    add_reading(parser)
    add_details(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print on which hosts the guests start."""
    guests, passed_over = guests_by_option(options.guests)
    tell_left_out(passed_over)
    if not guests:
        raise no_guest(options.guests)
    with opened_fleet(options) as opened:
        fleet = opened.fleet
        found = resolve_on(
            fleet.records,
            guests,
            opened.question,
            opened.executor,
            all_remedies=options.details,
        )
    if options.json:
        answer = base_answer(xen_classes(fleet.records), fleet.without)
        answer["guests"] = guest_objects(found, len(fleet.without))
        print_fleet(options, fleet, answer)
    else:
        print_lines(guests_text(found, fleet.records, fleet.without, details=options.details))
    return max(_code_of(guest, fleet, options.need) for guest in found)


def _code_of(guest: GuestOnFleet, fleet: Fleet, need: int | None) -> int:
    unknown = guest.hosts(Verdict.UNDECIDED) + len(fleet.without)
    return exit_code(guest.hosts(Verdict.STARTS), guest.hosts(Verdict.REFUSED), unknown, need)
