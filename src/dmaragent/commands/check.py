"""``dmaragent check``: what is wrong with the firmware's table, and its effects."""

from __future__ import annotations

import argparse
import shlex

from dmaragent.checks import check
from dmaragent.checks.common.model import Checked, Severity
from dmaragent.commands.shared.hosts import add_host, host_title, no_table, take_host
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.words import tables as words
from dmaragent.present.json.check import check_document, rules_document
from dmaragent.present.text.check import check_details_text, check_text, rules_text
from dmaragent.shell_words import as_path

DESCRIPTION = """\
Check a host's DMAR or IVRS table for mistakes: regions that overlap, are in RAM
or are lost, and names of devices that are not there. Show each finding, the
worst first, with its effect on Xen and on Linux and with its fix. With
--details also show the bytes of the table, every case, reasons and sources.
Reading a table needs root."""
EXAMPLES = """\
examples:
  sudo dmaragent check                         this machine
  sudo dmaragent check --details
  dmaragent check --host DMAR.bin              a table that someone sent
  dmaragent check --host DMAR.bin --fail-on error
  dmaragent check --list                       all checks

Exit codes: 0 no finding reaches --fail-on; 1 a finding does, or nothing of the
table could be decoded; 2 there is no table to check."""
LEVELS = ("critical", "error", "warning", "info", "never")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_host(parser)
    parser.add_argument(
        "--fail-on",
        choices=LEVELS,
        default="warning",
        help="exit with 1 if a finding is this severe or worse; info is a note (default: warning)",
    )
    parser.add_argument(
        "--details",
        action="store_true",
        help="also print the bytes of the table, every case, reasons and sources",
    )
    parser.add_argument("--list", action="store_true", help="list all checks; needs no host")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the findings or, with ``--list``, the rules."""
    return _list(as_json=options.json) if options.list else _check(options)


def _list(*, as_json: bool) -> int:
    from dmaragent.checks.all_rules import RULES  # noqa: PLC0415 - 30 ms, for this option only

    if as_json:
        print_document(rules_document(RULES))
    else:
        print_lines(rules_text(RULES))
    return 0


def _check(options: argparse.Namespace) -> int:
    opened, inventory = take_host(options.host)
    if inventory.absence is not None:
        raise no_table(inventory.absence, opened)
    if opened.problem:
        raise words.damaged_file(opened.path, opened.problem)
    checked = check(inventory)
    if options.json:
        print_document(check_document(checked, opened.kind, opened.path))
    else:
        title = host_title(opened)
        if options.details:
            print_lines(check_details_text(checked, title))
        else:
            print_lines(check_text(checked, title, _details(options)))
    return exit_code(checked, options.fail_on)


def _details(options: argparse.Namespace) -> str:
    """Return the same command with ``--details``."""
    host = ["--host", as_path(options.host)] if options.host else []
    return shlex.join(["dmaragent", "check", *host, "--details"])


def exit_code(checked: Checked, level: str) -> int:
    """Return 1 if a finding is as bad as `level`, or if nothing of the table could be decoded."""
    if not checked.decoded:
        return 1
    if level == "never":
        return 0
    most = Severity(level).rank
    return 1 if any(finding.severity.rank <= most for finding in checked.findings) else 0
