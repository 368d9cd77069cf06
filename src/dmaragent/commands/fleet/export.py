"""``dmaragent fleet export``: a line for each host, for other tools."""

import argparse
import json

from dmaragent.commands.fleet.common import add_folders, add_reading, opened_fleet
from dmaragent.fleet.json import EXPORTED, export_rows
from dmaragent.present.text.csv import csv_lines

EXAMPLES = """\
examples:
  dmaragent fleet export pool/ > hosts.ndjson
  dmaragent fleet export pool/ --csv > hosts.csv

Exit codes: 0 at least one host was read; 2 none was."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_folders(parser)
    parser.add_argument("--csv", action="store_true", help="print CSV with a header, not NDJSON")
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Print the hosts of a fleet."""
    with opened_fleet(options) as opened:
        fleet = opened.fleet
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
