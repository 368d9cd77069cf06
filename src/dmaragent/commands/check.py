"""``dmaragent check``: what is wrong with the firmware's table, and what comes of it."""

from __future__ import annotations

import argparse

from dmaragent.checks import RULES, check
from dmaragent.checks.common.model import Checked, Severity
from dmaragent.commands.shared import words
from dmaragent.commands.shared.hosts import add_host, host_title, no_table, take_host
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.present.json.check import check_document, rules_document
from dmaragent.present.text.check import check_text, rules_text

DESCRIPTION = """\
Ask every rule about a host's DMAR table: regions that overlap, lie in RAM or
are lost, device scopes that lead nowhere.  Each finding has its place in the
table, what comes of it on Xen and on Linux, and what to do.  Not only the
first is shown.  Reading a table needs root."""
EXAMPLES = """\
examples:
  sudo dmaragent check                         this machine
  dmaragent check --host DMAR.bin              a table somebody sent
  dmaragent check --host DMAR.bin --fail-on error
  dmaragent check --list                       every rule

Exit codes: 0 nothing as bad as --fail-on was found; 1 something was;
2 there is no table to look at."""
LEVELS = ("critical", "error", "warning", "info", "never")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_host(parser)
    parser.add_argument(
        "--fail-on",
        choices=LEVELS,
        default="warning",
        help="exit with 1 where a finding is as bad as this, or worse (default: warning)",
    )
    parser.add_argument("--list", action="store_true", help="list the rules; needs no host")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the findings, or the rules."""
    return _list(as_json=options.json) if options.list else _check(options)


def _list(*, as_json: bool) -> int:

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
        print_lines(check_text(checked, host_title(opened)))
    return exit_code(checked, options.fail_on)


def exit_code(checked: Checked, level: str) -> int:
    """Tell whether a finding is as bad as `level`; a table that says nothing always is."""
    if level == "never":
        return 0
    most = Severity(level).rank
    bad = any(finding.severity.rank <= most for finding in checked.findings)
    return 1 if bad or not checked.decoded else 0
