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
    worst_code,
)
from dmaragent.commands.shared.guest_files import named_guests, no_guest, tell_left_out
from dmaragent.commands.shared.numbers import whole_number
from dmaragent.commands.shared.output import add_json, print_lines
from dmaragent.fleet import setting_words
from dmaragent.fleet.classes import linux_classes, xen_classes
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.guests import GuestOnFleet, resolve_on
from dmaragent.fleet.json import base_answer, class_objects, guest_objects
from dmaragent.fleet.one_setting import of_xl, one_setting_on
from dmaragent.fleet.setting_choice import Found
from dmaragent.fleet.setting_text import setting_objects, settings_text
from dmaragent.fleet.text import guests_text
from dmaragent.guests.formats import Guest
from dmaragent.policy.decisions import Verdict

EXAMPLES = """\
examples:
  dmaragent fleet resolve win10.cfg --on pool/
  dmaragent fleet resolve win10.cfg --on pool/ --need 38 --json
  dmaragent fleet resolve win10.cfg --on pool/ --one-setting

Exit codes: 0 each guest starts on all hosts (on --need hosts); 1 one does not;
2 it depends on hosts that are unknown or have no data.  With --one-setting:
0 one setting starts it on all hosts, tried on every class; 1 none does; 2 it
depends on hosts that are unknown or have no data."""
_CODES = {Found.FOUND: 0, Found.NONE: 1, Found.UNKNOWN: 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "guests", metavar="GUEST", nargs="+", help="a guest's configuration, or a folder of them"
    )
    add_on(parser)
    add_need(parser)
    parser.add_argument(
        "--one-setting",
        action="store_true",
        help="find the mmio_hole and rdm_policy with which the guest starts on\nall hosts",
    )
    parser.add_argument(
        "--bar-room",
        metavar="MIB",
        type=whole_number,
        help="with --one-setting: leave MIB of the hole below the lowest region of any\n"
        "device, for the BARs of devices that are attached later",
    )
    add_reading(parser)
    add_details(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print on which hosts the guests start, or the setting with which they start on all."""
    _check(options)
    guests, passed_over = named_guests(options.guests)
    tell_left_out(passed_over)
    if not guests:
        raise no_guest(options.guests)
    if options.one_setting:
        return _one_setting(options, guests)
    with opened_fleet(options) as opened:
        fleet = opened.fleet
        found = resolve_on(
            fleet.records,
            guests,
            opened.question,
            opened.engine,
            all_remedies=options.details,
        )
    if options.json:
        answer = base_answer(xen_classes(fleet.records), fleet.without)
        if any(guest.kvm for guest in found):
            answer["linux_classes"] = class_objects(linux_classes(fleet.records))
        answer["guests"] = guest_objects(found, len(fleet.without))
        print_fleet(options, fleet, answer)
    else:
        print_lines(
            guests_text(
                found,
                fleet,
                need=options.need,
                xen=options.xen,
                details=options.details,
            )
        )
    return worst_code(_code_of(guest, fleet, options.need) for guest in found)


def _check(options: argparse.Namespace) -> None:
    """Check that the options agree.

    Raises:
        DmaragentError: they do not.

    """
    if options.bar_room is not None and not options.one_setting:
        raise setting_words.ROOM_WITHOUT_SETTING
    if options.bar_room is not None and options.bar_room < 0:
        raise setting_words.ROOM_IS_NEGATIVE
    if options.one_setting and options.need is not None:
        raise setting_words.NEED_IS_ALL


def _one_setting(options: argparse.Namespace, guests: list[Guest]) -> int:
    for guest in guests:
        of_xl(guest)  # before the hosts are read
    with opened_fleet(options) as opened:
        fleet = opened.fleet
        found = one_setting_on(
            fleet.records,
            guests,
            opened.question,
            without=len(fleet.without),
            bar_room=options.bar_room,
            engine=opened.engine,
        )
    if options.json:
        answer = base_answer(xen_classes(fleet.records), fleet.without)
        answer["one_setting"] = setting_objects(found)
        print_fleet(options, fleet, answer)
    else:
        print_lines(settings_text(found, fleet.without, details=options.details))
    return worst_code(_CODES[one.found] for one in found)


def _code_of(guest: GuestOnFleet, fleet: Fleet, need: int | None) -> int:
    unknown = guest.hosts(Verdict.UNDECIDED) + len(fleet.without)
    return exit_code(guest.hosts(Verdict.STARTS), guest.hosts(Verdict.REFUSED), unknown, need)
