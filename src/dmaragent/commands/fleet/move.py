"""``dmaragent fleet move``: on which hosts a guest's devices can be attached after a migration."""

from __future__ import annotations

import argparse
import os

from dmaragent.commands.fleet.common import (
    OpenedFleet,
    add_details,
    add_need,
    add_on,
    add_reading,
    exit_code,
    opened_fleet,
    print_fleet,
)
from dmaragent.commands.shared.guest_files import named_guests, tell_left_out
from dmaragent.commands.shared.output import add_json, print_lines
from dmaragent.fleet import move_words as words
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.documents import find_documents, host_name
from dmaragent.fleet.json import base_answer
from dmaragent.fleet.move import Source, move_to
from dmaragent.fleet.move_devices import named_devices
from dmaragent.fleet.move_text import move_object, move_text
from dmaragent.guests.formats import Guest
from dmaragent.policy.decisions import Verdict

EXAMPLES = """\
examples:
  dmaragent fleet move win10.cfg --from xen001 --on pool/
  dmaragent fleet move win10.cfg --from xen001 --on pool/ --device 8086:1521

The guest is migrated without its devices, and keeps the memory layout of the
host on which it was started.  A device is found on a target by its ID.

Exit codes: 0 all its devices can be attached on all other hosts (on --need
hosts); 1 on fewer; 2 it depends on hosts that are unknown or have no
data."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument("guest", metavar="GUEST", help="the guest's configuration")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="HOST",
        required=True,
        help="the host on which it was started: a name in DIR, or a document",
    )
    add_on(parser)
    parser.add_argument(
        "--device",
        dest="devices",
        metavar="ID",
        action="append",
        default=[],
        help="the ID of a device to attach (8086:1521), with settings as for xl\n"
        "pci-attach; can be repeated (default: the guest's devices)",
    )
    add_need(parser)
    add_reading(parser)
    add_details(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print on which hosts the guest's devices can be attached."""
    named_devices(options.devices)  # before the hosts are read
    guest = _guest(options.guest)
    with opened_fleet(options) as opened:
        source = _source(options, opened)
        targets = [record for record in opened.fleet.records if record.name != source.name]
        without = [host for host in opened.fleet.without if host.name != source.name]
        if not targets and not without:
            raise words.no_target(source.name)
        move = move_to(
            targets,
            guest,
            source,
            opened.question,
            devices=options.devices,
            engine=opened.engine,
        )
    if options.json:
        answer = base_answer(xen_classes(opened.fleet.records), without)
        answer["move"] = move_object(move, len(without))
        print_fleet(options, opened.fleet, answer)
    else:
        print_lines(move_text(move, targets, without, details=options.details))
    unknown = move.hosts(Verdict.UNDECIDED) + len(without)
    return exit_code(move.hosts(Verdict.STARTS), move.hosts(Verdict.REFUSED), unknown, options.need)


def _guest(path: str) -> Guest:
    guests, passed_over = named_guests([path])
    tell_left_out(passed_over)
    if len(guests) != 1:
        raise words.not_one_guest(len(guests))
    return guests[0]


def _source(options: argparse.Namespace, opened: OpenedFleet) -> Source:
    """Return the host on which the guest was started, also if --hosts leaves it out.

    Raises:
        DmaragentError: there is none.

    """
    name: str = options.source
    known = [Source(record.name, record.path) for record in opened.fleet.records]
    others = (Source(document.name, document.path) for document in find_documents(options.folders))
    found = next((source for source in (*known, *others) if source.name == name), None)
    if found is not None:
        return found
    if not os.path.exists(name):
        raise words.no_source(name, options.folders)
    return Source(host_name(name), name)
