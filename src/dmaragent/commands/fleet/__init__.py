"""``dmaragent fleet``: many hosts, one document each."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Protocol, cast

DESCRIPTION = """\
Answer for many hosts.  DIR is a folder with one document for each host: a
bundle, a collector's report, a table, a recorded machine.  The name of a host
is that of its file.  Hosts that can only get the same answer form a class,
which is answered once."""
EXAMPLES = """\
examples:
  dmaragent fleet collect -w xen[01-04] -o pool/
  dmaragent fleet show pool/
  dmaragent fleet resolve win10.cfg --on pool/ --need 38
  dmaragent fleet device 8086:1521 --on pool/
  dmaragent fleet move win10.cfg --from xen001 --on pool/
  dmaragent fleet report pool/ -o fleet.html
  dmaragent fleet export pool/ --csv > hosts.csv

Exit codes: 0 yes on all hosts (on --need hosts); 1 no; 2 unknown, because it
depends on hosts without data, or no host could be read."""
VERBS = {
    "show": "show the hosts in classes, and odd ones",
    "resolve": "show which hosts can run a guest",
    "device": "show which hosts can pass a device through",
    "diff": "show what changed between two folders",
    "move": "show where a guest's devices can be attached after a migration",
    "report": "write one HTML page of all hosts",
    "export": "export each host for other tools",
    "collect": "fill a folder with a document of each host, over ssh",
}
"""Each verb with its line in ``dmaragent fleet --help``; it is the module of that name."""


class FleetVerb(Protocol):
    """The members of the module of a verb."""

    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add this verb's options to `parser`."""

    def run(self, options: argparse.Namespace) -> int:
        """Print the answer, and return the exit code."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs to `parser`, each with its own options."""
    verbs = parser.add_subparsers(dest="fleet_verb", metavar="VERB", required=True)
    for name, what in VERBS.items():
        verb = _load(name)
        own = verbs.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=verb.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_arguments(own)


def run(options: argparse.Namespace) -> int:
    """Answer about a fleet."""
    return _load(options.fleet_verb).run(options)


def _load(name: str) -> FleetVerb:
    return cast("FleetVerb", import_module(f"{__name__}.{name}"))
