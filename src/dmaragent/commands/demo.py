"""``dmaragent demo``: answers about a recorded machine that comes with the program."""

from __future__ import annotations

import argparse

from dmaragent.commands.shared.installed import installed_folder
from dmaragent.commands.shared.overview import print_overview
from dmaragent.commands.shared.words import command_line as words

DESCRIPTION = """\
Run a verb on a recorded machine that comes with dmaragent: an HP server whose
firmware blocks passthrough.  Nothing is read from this machine.  Every verb
that has --host works."""
EXAMPLES = """\
examples:
  dmaragent demo                          the machine in ten lines
  dmaragent demo explain 0a:00.0          why its RAID controller is blocked
  dmaragent demo resolve --memory 4096 --pci 0a:00.0
  dmaragent demo check

Exit codes: 0 without a verb, else those of the verb."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "words",
        metavar="VERB",
        nargs=argparse.REMAINDER,
        help="a verb and its options; --host is added",
    )


def run(options: argparse.Namespace) -> int:
    """Print the machine in ten lines; `dmaragent.cli` handles a verb."""
    if options.words:
        raise words.no_verb_of_demo(options.words[0])
    return print_overview(demo_host(), "dmaragent demo", words.DEMO_TITLE)


def demo_host() -> str:
    """Return the path of the recorded machine."""
    return installed_folder("demo")
