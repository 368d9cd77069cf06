"""``dmaragent fleet device``: which hosts can pass a device through."""

import argparse

from dmaragent.commands.fleet.common import (
    add_need,
    add_on,
    add_reading,
    exit_code,
    opened_fleet,
    print_fleet,
)
from dmaragent.commands.shared.output import add_json, print_lines
from dmaragent.fleet import words
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.devices import devices_on, parse_query
from dmaragent.fleet.json import add_devices, base_answer
from dmaragent.fleet.text import devices_text
from dmaragent.passthrough.model import Can

EXAMPLES = """\
examples:
  dmaragent fleet device 8086:1521 --on pool/
  dmaragent fleet device usb --on pool/ --need 1

Exit codes: 0 all hosts (--need hosts) can pass it through; 1 fewer can; 2 it
depends on hosts that allow it on conditions or with risk, are unknown or have
no data."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "device", metavar="DEVICE", help="an ID (8086:1521), an address, or a class (ethernet)"
    )
    add_on(parser)
    add_need(parser)
    add_reading(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print which hosts can pass the device through."""
    try:
        query = parse_query(options.device)
    except ValueError as error:
        raise words.not_a_device(options.device) from error
    with opened_fleet(options) as opened:
        fleet = opened.fleet
        answers = devices_on(fleet.records, query, opened.question, opened.engine)
    if options.json:
        answer = base_answer(xen_classes(fleet.records), fleet.without)
        add_devices(answer, answers)
        print_fleet(options, fleet, answer)
    else:
        print_lines(devices_text(query.text, answers, fleet.without))
    yes = sum(any(device.free for device in host.devices) for host in answers)
    unknown = sum(
        not any(device.free for device in host.devices)
        and (
            bool(host.unknown)
            or any(device.conditional or device.can is Can.UNKNOWN for device in host.devices)
        )
        for host in answers
    )
    no = len(answers) - yes - unknown
    return exit_code(yes, no, unknown + len(fleet.without), options.need)
