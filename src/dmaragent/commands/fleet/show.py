"""``dmaragent fleet show``: the hosts in classes, and odd ones."""

import argparse

from dmaragent.commands.fleet.common import (
    add_details,
    add_folders,
    add_reading,
    opened_fleet,
    print_fleet,
)
from dmaragent.commands.shared.output import add_json, print_lines
from dmaragent.fleet.classes import odd_hosts, xen_classes
from dmaragent.fleet.json import base_answer, error_objects, odd_objects
from dmaragent.fleet.text import show_text

EXAMPLES = """\
examples:
  dmaragent fleet show pool/
  dmaragent fleet show pool/ --hosts xen001,xen002 --stale 7

Exit codes: 0 no host is odd or without data, and no table has errors; 1 some
are; 2 no host could be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_folders(parser)
    add_reading(parser)
    add_details(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the classes of a fleet."""
    with opened_fleet(options) as opened:
        fleet = opened.fleet
    classes, odd = xen_classes(fleet.records), odd_hosts(fleet.records)
    if options.json:
        answer = base_answer(classes, fleet.without)
        answer["odd"] = odd_objects(odd)
        answer["table_errors"] = error_objects(fleet.records)
        print_fleet(options, fleet, answer)
    else:
        print_lines(show_text(classes, odd, fleet.without, details=options.details))
    if not fleet.records:
        return 2
    return 1 if odd or fleet.without or any(record.findings[0] for record in fleet.records) else 0
