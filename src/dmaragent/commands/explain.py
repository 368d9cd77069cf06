"""``dmaragent explain``: whether one device can be passed through."""

from __future__ import annotations

import argparse
import shlex

from dmaragent.answers.explain import Explanation, explain, verdict_code
from dmaragent.commands.shared.hosts import add_host, find_device, parse_device, tell_reading
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.present.json.explain import explain_document
from dmaragent.present.text.explain import explain_details_text, explain_text
from dmaragent.present.words.guest import source_words
from dmaragent.question.ask_host import OpenedContext, ask_host
from dmaragent.question.context import Question
from dmaragent.shell_words import as_path

DESCRIPTION = """\
Show whether Xen and Linux (VFIO) can pass one device through, and why not: the
verdicts, the reserved regions with the devices that share them, and the fixes,
safest first, with their cost. With --details also the commands to paste, each
case with its rule and releases, and the default policy of each toolstack."""
EXAMPLES = """\
examples:
  sudo dmaragent explain 00:1d.0
  sudo dmaragent explain 00:1d.0 --details
  dmaragent explain 0a:00.0 --host server.tar.xz
  dmaragent explain 00:14.0 --host DMAR.bin --xen 4.17 --json

Exit codes: 0 allowed; 1 blocked, or allowed with conditions or with risk;
2 unknown, or the device was not found. Only the side that decides on this host
counts: Xen or Linux."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "sbdf",
        metavar="SBDF",
        help="the device: dddd:bb:dd.f, bb:dd.f, or the notation of another program",
    )
    parser.add_argument(
        "--details",
        action="store_true",
        help="also print all regions, commands to paste, cases, rules and notes",
    )
    add_host(parser)
    add_xen(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the verdicts on the device."""
    name = parse_device("SBDF", options.sbdf, options.host)
    asked = ask_host(options.host, Question(xen=named_release(options.xen)))
    tell_reading(asked.opened)
    sbdf = find_device("SBDF", name, asked.inventory, asked.opened)
    explanation = explain(asked.inventory, asked.facts, asked.stack, sbdf)
    _print(asked, explanation, options)
    return _exit_code(explanation)


def _print(asked: OpenedContext, explanation: Explanation, options: argparse.Namespace) -> None:
    inventory, opened = asked.inventory.of_device(explanation.sbdf), asked.opened
    stack = asked.stack
    if options.json:
        print_document(explain_document(inventory, explanation, stack, opened.kind, opened.path))
    else:
        source = source_words(opened.kind, opened.path, stack, asked.facts.source)
        if options.details:
            lines = explain_details_text(inventory, explanation, stack, source)
        else:
            lines = explain_text(inventory, explanation, stack, source, _details(options))
        print_lines(lines)


def _details(options: argparse.Namespace) -> str:
    """Return this command with ``--details``."""
    words = ["dmaragent", "explain", options.sbdf]
    words += ["--host", as_path(options.host)] if options.host else []
    words += ["--xen", options.xen] if options.xen else []
    return shlex.join([*words, "--details"])


def _exit_code(explanation: Explanation) -> int:
    """Return the exit code for the side that decides; if both may decide, for the worse verdict."""
    return verdict_code((side.can, side.risk) for side in explanation.deciding)
