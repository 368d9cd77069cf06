"""``dmaragent fleet``: many hosts, one document each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from dmaragent.commands.shared.guest_files import guests_by_option, no_guest, tell_left_out
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.fleet import words
from dmaragent.fleet.cache import cache_folder
from dmaragent.fleet.classes import odd_hosts, xen_classes
from dmaragent.fleet.devices import devices_on, parse_query
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.guests import GuestOnFleet, resolve_on
from dmaragent.fleet.json import (
    EXPORTED,
    add_devices,
    base_answer,
    export_rows,
    fleet_document,
    guest_objects,
    odd_objects,
)
from dmaragent.fleet.text import devices_text, guests_text, show_text
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Verdict
from dmaragent.present.escaping import visible
from dmaragent.present.text.csv import csv_lines
from dmaragent.question.context import Question

DESCRIPTION = """\
Answer for many hosts.  DIR is a folder with one document for each host: a
bundle, a collector's report, a table, a recorded machine.  The name of a host
is that of its file.  Hosts that are alike in what decides form a class, and are
answered once."""
EXAMPLES = """\
examples:
  dmaragent fleet show pool/
  dmaragent fleet resolve win10.cfg --on pool/ --need 38
  dmaragent fleet device 8086:1521 --on pool/
  dmaragent fleet export pool/ --csv > hosts.csv

Exit codes: 0 yes on all hosts (on --need hosts); 1 no; 2 unknown, because it
depends on hosts without data, or no host could be read."""
SHOW_EXAMPLES = """\
examples:
  dmaragent fleet show pool/
  dmaragent fleet show pool/ --hosts xen001,xen002 --stale 7

Exit codes: 0 no host is odd, and no table has errors; 1 some are; 2 no host
could be read."""
RESOLVE_EXAMPLES = """\
examples:
  dmaragent fleet resolve win10.cfg --on pool/
  dmaragent fleet resolve win10.cfg --on pool/ --need 38 --json

Exit codes: 0 each guest starts on all hosts (on --need hosts); 1 one does not;
2 it depends on hosts that are unknown or have no data."""
DEVICE_EXAMPLES = """\
examples:
  dmaragent fleet device 8086:1521 --on pool/
  dmaragent fleet device usb --on pool/ --need 1

Exit codes: 0 all hosts (--need hosts) can pass it through; 1 not so many; 2 it
depends on hosts that are unknown or have no data."""
EXPORT_EXAMPLES = """\
examples:
  dmaragent fleet export pool/ > hosts.ndjson
  dmaragent fleet export pool/ --csv > hosts.csv

Exit codes: 0 at least one host was read; 2 none was."""
_DAY = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    verbs = parser.add_subparsers(dest="fleet_verb", metavar="VERB", required=True)
    show = _verb(verbs, "show", "show the hosts in classes, and odd ones", SHOW_EXAMPLES)
    show.add_argument("folders", metavar="DIR", nargs="+", help="a folder of documents")
    resolve = _verb(verbs, "resolve", "show which hosts can run a guest", RESOLVE_EXAMPLES)
    resolve.add_argument(
        "guests", metavar="GUEST", nargs="+", help="a guest's configuration, or a folder of them"
    )
    device = _verb(verbs, "device", "show which hosts can pass a device through", DEVICE_EXAMPLES)
    device.add_argument(
        "device", metavar="DEVICE", help="an ID (8086:1521), an address, or a class (ethernet)"
    )
    export = _verb(verbs, "export", "print a line for each host", EXPORT_EXAMPLES)
    export.add_argument("folders", metavar="DIR", nargs="+", help="a folder of documents")
    export.add_argument("--csv", action="store_true", help="print CSV with a header, not NDJSON")
    for on in (resolve, device):
        on.add_argument(
            "--on",
            dest="folders",
            metavar="DIR",
            action="append",
            required=True,
            help="a folder of documents; can be repeated",
        )
        on.add_argument(
            "--need",
            metavar="N",
            type=int,
            help="exit with 0 if it is yes on N hosts (default: on all)",
        )
    for verb in (show, resolve, device, export):
        _add_common(verb)
        if verb is not export:
            verb.add_argument("--details", action="store_true", help="show all classes and reasons")
            add_json(verb)


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, examples: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_xen(parser)
    parser.add_argument(
        "--hosts", metavar="NAMES", help="the hosts that there should be, with commas"
    )
    parser.add_argument(
        "--stale",
        metavar="DAYS",
        default="never",
        help="use no document that is older (default: never)",
    )
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=1, help="use N processes (default: 1)"
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="read every document again, and keep nothing"
    )


def run(options: argparse.Namespace) -> int:
    """Answer about a fleet."""
    question = Question(xen=named_release(options.xen))
    with _executor(options.jobs) as executor:
        fleet = read_fleet(
            options.folders,
            FleetQuery(
                question=question,
                expected=None if options.hosts is None else _names(options.hosts),
                most_age=_seconds(options.stale),
            ),
            cache="" if options.no_cache else cache_folder(),
            executor=executor,
        )
        for other in fleet.replaced:
            print(visible(f"dmaragent: {other.name}: {other.detail}"), file=sys.stderr)
        code: int = _VERBS[options.fleet_verb](options, fleet, question, executor)
    return code


@contextmanager
def _executor(jobs: int) -> Iterator[Executor | None]:
    if jobs <= 1:
        yield None
        return
    with ProcessPoolExecutor(jobs) as executor:
        yield executor


def _names(text: str) -> frozenset[str]:
    return frozenset(text.replace(",", " ").split())


def _seconds(text: str) -> float | None:
    if text == "never":
        return None
    try:
        days = float(text)
    except ValueError as error:
        raise words.not_a_number_of_days(text) from error
    return days * _DAY


def _document(options: argparse.Namespace, fleet: Fleet, answer: object) -> None:
    folders = list(options.folders)
    print_document(fleet_document(answer, folders, fleet.documents, fleet.expected))  # type: ignore[arg-type]


def _show(
    options: argparse.Namespace, fleet: Fleet, _question: Question, _executor: Executor | None
) -> int:
    classes, odd = xen_classes(fleet.records), odd_hosts(fleet.records)
    if options.json:
        answer = base_answer(classes, fleet.without)
        answer["odd"] = odd_objects(odd)
        _document(options, fleet, answer)
    else:
        print_lines(show_text(classes, odd, fleet.without, details=options.details))
    if not fleet.records:
        return 2
    return 1 if odd or any(record.findings[0] for record in fleet.records) else 0


def _resolve(
    options: argparse.Namespace, fleet: Fleet, question: Question, executor: Executor | None
) -> int:
    guests, passed_over = guests_by_option(options.guests)
    tell_left_out(passed_over)
    if not guests:
        raise no_guest(options.guests)
    found = resolve_on(fleet.records, guests, question, executor)
    if options.json:
        answer = base_answer(xen_classes(fleet.records), fleet.without)
        answer["guests"] = guest_objects(found, len(fleet.without))
        _document(options, fleet, answer)
    else:
        print_lines(guests_text(found, fleet.records, fleet.without, details=options.details))
    return max(_code_of(guest, fleet, options.need) for guest in found)


def _code_of(guest: GuestOnFleet, fleet: Fleet, need: int | None) -> int:
    unknown = guest.hosts(Verdict.UNDECIDED) + len(fleet.without)
    return exit_code(guest.hosts(Verdict.STARTS), guest.hosts(Verdict.REFUSED), unknown, need)


def exit_code(yes: int, no: int, unknown: int, need: int | None) -> int:
    """Return 0 if `yes` hosts suffice, 2 if the `unknown` ones could make up for it, else 1."""
    wanted = yes + no + unknown if need is None else need
    if yes >= wanted and yes + no + unknown:
        return 0
    return 2 if yes + unknown >= wanted else 1


def _device(
    options: argparse.Namespace, fleet: Fleet, question: Question, executor: Executor | None
) -> int:
    try:
        query = parse_query(options.device)
    except ValueError as error:
        raise words.not_a_device(options.device) from error
    answers = devices_on(fleet.records, query, question, executor)
    if options.json:
        answer = base_answer(xen_classes(fleet.records), fleet.without)
        add_devices(answer, answers)
        _document(options, fleet, answer)
    else:
        print_lines(devices_text(query.text, answers, fleet.without))
    yes = sum(any(device.can is Can.YES for device in host.devices) for host in answers)
    unknown = sum(
        bool(host.unknown)
        or (
            all(device.can is not Can.YES for device in host.devices)
            and any(device.can in (Can.UNKNOWN, Can.CONDITIONS) for device in host.devices)
        )
        for host in answers
    )
    no = len(answers) - yes - unknown
    return exit_code(yes, no, unknown + len(fleet.without), options.need)


def _export(
    options: argparse.Namespace, fleet: Fleet, _question: Question, _executor: Executor | None
) -> int:
    rows = export_rows(fleet.records, fleet.without)
    if options.csv:
        cells = ([_cell(row[name]) for name in EXPORTED] for row in rows)
        for line in csv_lines(EXPORTED, cells):
            print(line, end="")
    else:
        for row in rows:
            print(json.dumps(row, ensure_ascii=True))
    return 0 if fleet.records else 2


def _cell(value: object) -> str:
    return "" if value is None else str(value)


_VERBS = {"show": _show, "resolve": _resolve, "device": _device, "export": _export}
