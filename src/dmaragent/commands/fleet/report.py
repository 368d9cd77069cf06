"""``dmaragent fleet report``: a fleet as one HTML page."""

import argparse

from dmaragent.commands.fleet.common import add_folders, add_guests, add_reading, opened_fleet
from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.pages import (
    add_force,
    add_page_output,
    check_page_output,
    write_page,
)
from dmaragent.fleet.guests import resolve_on
from dmaragent.fleet.html import FleetReport, fleet_html
from dmaragent.guests.formats import Guest
from dmaragent.present.screen import PLAIN, printed_on

EXAMPLES = """\
examples:
  dmaragent fleet report pool/ -o fleet.html
  dmaragent fleet report pool/ -o fleet.html --guest win10.cfg

The page loads nothing from anywhere.

Exit codes: 0 written; 2 not written, or no host could be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_folders(parser)
    add_page_output(parser)
    add_guests(parser, "add the verdicts on a guest, or on a folder of them; can be repeated")
    add_force(parser)
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Write the report of a fleet."""
    check_page_output(options)
    guests = _guests(options.guests)
    with opened_fleet(options) as opened, printed_on(PLAIN):  # no colours in the page
        fleet = opened.fleet
        found = resolve_on(fleet.records, guests, opened.question, opened.engine)
    report = FleetReport(
        records=fleet.records,
        without=fleet.without,
        guests=[guest for guest in found if not guest.kvm],
        kvm_guests=[guest for guest in found if guest.kvm],
    )
    with printed_on(PLAIN):
        page = fleet_html(report)
    write_page(page, options)
    return 0 if fleet.records else 2


def _guests(paths: list[str]) -> list[Guest]:
    guests, passed_over = named_guests(paths)
    tell_left_out(passed_over)
    if paths and not guests:
        raise no_guest(paths)
    return guests
