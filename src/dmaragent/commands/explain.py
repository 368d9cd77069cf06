"""``dmaragent explain``: one device's whole story."""

from __future__ import annotations

import argparse

from dmaragent.answers.device import Explanation, explain
from dmaragent.api import OpenedContext, Question, ask_host
from dmaragent.commands.shared.hosts import add_host, find_device, parse_device, tell_reading
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.passthrough.model import Can
from dmaragent.present.json.explain import explain_document
from dmaragent.present.text.explain import explain_text
from dmaragent.present.words.guest import source_words

DESCRIPTION = """\
Tell one device's story: what it is, its reserved regions and the firmware entry
each comes from, who shares them, its unit, group and slot; whether Xen and
Linux (VFIO) let it be passed through, each with the rule and the releases it
applies to; and what helps, the safest first, with lines to paste."""
EXAMPLES = """\
examples:
  sudo dmaragent explain 00:1d.0
  dmaragent explain 0a:00.0 --host server.tar.xz
  dmaragent explain 00:14.0 --host DMAR.bin --xen 4.17 --json

Exit codes: 0 whoever decides on this host says yes; 1 no, or on conditions;
2 it cannot be said, or SBDF is unknown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "sbdf",
        metavar="SBDF",
        help="the device: dddd:bb:dd.f or bb:dd.f, or as another program writes it",
    )
    add_host(parser)
    add_xen(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the story."""
    name = parse_device("SBDF", options.sbdf, options.host)
    asked = ask_host(options.host, Question(xen=named_release(options.xen)))
    tell_reading(asked.opened)
    sbdf = find_device("SBDF", name, asked.inventory, asked.opened)
    explanation = explain(asked.inventory, asked.facts, asked.stack, sbdf)
    _print(asked, explanation, as_json=options.json)
    return _exit_code(explanation)


def _print(asked: OpenedContext, explanation: Explanation, *, as_json: bool) -> None:
    inventory, opened = asked.inventory.of_device(explanation.sbdf), asked.opened
    if as_json:
        print_document(
            explain_document(inventory, explanation, asked.stack, opened.kind, opened.path)
        )
    else:
        source = source_words(opened.kind, opened.path, asked.stack, asked.facts.source)
        print_lines(explain_text(inventory, explanation, asked.stack, source))


def _exit_code(explanation: Explanation) -> int:
    """Tell what whoever decides on this host says; where both may, the worse of the two."""
    deciding = [side.can for side in explanation.deciding]
    if Can.NO in deciding or Can.CONDITIONS in deciding:
        return 1
    return 2 if Can.UNKNOWN in deciding else 0
