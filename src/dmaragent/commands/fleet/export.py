"""``dmaragent fleet export``: the hosts of a fleet for other tools."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence

from dmaragent.collect.writing import check_place, write_new
from dmaragent.commands.fleet.common import add_folders, add_reading, opened_fleet, tell
from dmaragent.commands.shared.output import print_lines
from dmaragent.fleet import export_words as words
from dmaragent.fleet.exports import nfd_text, nova_text
from dmaragent.fleet.features import HostFeatures, features_of
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.json import EXPORTED, export_rows
from dmaragent.present.text.csv import csv_lines

EXAMPLES = """\
examples:
  dmaragent fleet export pool/ > hosts.ndjson
  dmaragent fleet export pool/ --csv > hosts.csv
  dmaragent fleet export pool/ --nfd --expire 7 -o features/
  dmaragent fleet export pool/ --nova --hosts xen001 > dmaragent.yaml

NFD and Nova get a file for each host, with only what is known: NAME.nfd or
NAME.yaml. One host can go to standard output.

Exit codes: 0 at least one host was read; 2 none was."""
_DAY = 86_400
_MOST_DAYS = 36_500
_LATEST = 1 << 36
"""The year 4147: a later date is a mistake, because a document can have any text as its date."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_folders(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV with a header, not NDJSON")
    form.add_argument(
        "--nfd", action="store_true", help="feature files for Node Feature Discovery (Kubernetes)"
    )
    form.add_argument(
        "--nova", action="store_true", help="provider files with traits for Nova (OpenStack)"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="write a file for each host to DIR (--nfd, --nova)"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace files in DIR that are there already"
    )
    parser.add_argument(
        "--expire",
        metavar="DAYS",
        help="NFD ignores a file DAYS after its document was made (default: never)",
    )
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Print or write the hosts of a fleet."""
    _check(options)
    if options.nfd or options.nova:
        return _write_features(options)
    with opened_fleet(options) as opened:
        fleet = opened.fleet
    _print_rows(fleet, csv=options.csv)
    return 0 if fleet.records else 2


def _check(options: argparse.Namespace) -> None:
    """Reject options that have no effect."""
    if options.output is not None and not (options.nfd or options.nova):
        raise words.only_with("-o", "--nfd or --nova")
    if options.force and options.output is None:
        raise words.only_with("--force", "-o")
    if options.expire is not None and not options.nfd:
        raise words.only_with("--expire", "--nfd")


def _print_rows(fleet: Fleet, *, csv: bool) -> None:
    rows = export_rows(fleet.records, fleet.without)
    if csv:
        cells = ([_cell(row[name]) for name in EXPORTED] for row in rows)
        sys.stdout.writelines(csv_lines(EXPORTED, cells))
    else:
        sys.stdout.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _write_features(options: argparse.Namespace) -> int:
    """Write a file for each host, or one host to standard output."""
    days = _days(options)
    with opened_fleet(options) as opened:
        fleet = opened.fleet
        if options.output is None and len(fleet.records) > 1:
            raise words.many_hosts(len(fleet.records))
        hosts = features_of(fleet.records, opened.question, opened.engine)
    for other in fleet.without:
        tell(words.not_written(other))
    texts = _nova(hosts) if options.nova else _nfd(hosts, days)
    if options.output is None:
        sys.stdout.writelines(texts.values())
    else:
        _write_files(texts, options)
    return 0 if hosts else 2


def _nova(hosts: Sequence[HostFeatures]) -> dict[str, str]:
    """Return the provider file of each host, by the host's name."""
    return {host.name: nova_text(host) for host in hosts}


def _nfd(hosts: Sequence[HostFeatures], days: float | None) -> dict[str, str]:
    """Return the feature file of each host; those without an effective date are named on stderr."""
    if days is None:
        return {host.name: nfd_text(host) for host in hosts}
    ends = {host.name: _end(host, days) for host in hosts}
    now = time.time()
    undated = [name for name, end in ends.items() if end is None]
    expired = [name for name, end in ends.items() if end is not None and end < now]
    if undated:
        tell(words.age_unknown(undated))
    if expired:
        tell(words.expired(expired))
    return {host.name: nfd_text(host, _rfc3339(ends[host.name])) for host in hosts}


def _end(host: HostFeatures, days: float) -> int | None:
    """Return when the file of `host` expires; None if the age of its document is unknown."""
    if host.made is None or not 0 <= host.made < _LATEST:
        return None
    return host.made + int(days * _DAY)


def _rfc3339(end: int | None) -> str:
    return "" if end is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))


def _write_files(texts: Mapping[str, str], options: argparse.Namespace) -> None:
    """Write the files whole; none if one of them is there already."""
    try:
        os.makedirs(options.output, exist_ok=True)
    except OSError as error:
        raise words.no_folder(options.output, error.strerror or str(error)) from error
    suffix = "yaml" if options.nova else "nfd"
    places = {
        os.path.join(options.output, f"{name}.{suffix}"): text for name, text in texts.items()
    }
    for place in places:
        check_place(place, force=options.force)
    for place, text in places.items():
        write_new(place, text.encode("ascii"), force=options.force, private=False)
    print_lines([words.wrote(len(places), options.output)])


def _days(options: argparse.Namespace) -> float | None:
    """Return the days after which NFD ignores a file; None: never."""
    if options.expire is None:
        return None
    try:
        days = float(options.expire)
    except ValueError as error:
        raise words.not_days(options.expire) from error
    if not 0 < days <= _MOST_DAYS:
        raise words.not_days(options.expire)
    return days
