"""``dmaragent fleet collect``: fill a folder with one document for each host, over ssh."""

import argparse
import math
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from dmaragent.collect.given_file import read_input
from dmaragent.commands.shared.installed import capture_script
from dmaragent.commands.shared.numbers import decimal_number, whole_number
from dmaragent.commands.shared.output import next_lines, print_lines
from dmaragent.commands.shared.terminal import screen_of
from dmaragent.fleet.classes import folded
from dmaragent.fleet.collection import words
from dmaragent.fleet.collection.collecting import LOG, Collection, collected, write_log
from dmaragent.fleet.collection.model import Outcome
from dmaragent.fleet.collection.names import checked, listed
from dmaragent.fleet.collection.node_sets import host_names
from dmaragent.fleet.collection.ssh import SshOptions

EXAMPLES = """\
examples:
  dmaragent fleet collect -w xen[01-04] -o pool/
  dmaragent fleet collect -w xen01,xen02 -o pool/ --user admin --sudo
  dmaragent fleet collect --hosts-file hosts.txt -o pool/ --fanout 16

Exit codes: 0 all hosts were collected; 1 some were not; 2 none was."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "-w",
        "--hosts",
        metavar="NAMES",
        action="append",
        default=[],
        help="the hosts: xen[01-40],db1; with ClusterShell also groups: @rack1; can be repeated",
    )
    parser.add_argument(
        "--hosts-file",
        metavar="FILE",
        action="append",
        default=[],
        help="a file with such names in each line",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        required=True,
        help="the folder for the documents; made if it does not exist",
    )
    parser.add_argument("--user", metavar="USER", default="", help="log in as USER")
    parser.add_argument("--sudo", action="store_true", help="become root there with sudo -n")
    parser.add_argument(
        "--ssh-option",
        metavar="OPTION",
        action="append",
        default=[],
        help="an option for ssh -o, as Port=2222; can be repeated",
    )
    parser.add_argument(
        "--fanout", metavar="N", type=whole_number, default=64, help="hosts at once (default: 64)"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=decimal_number,
        default=120,
        help="the time for a host (default: 120)",
    )


def run(options: argparse.Namespace) -> int:
    """Collect from the hosts, and print which have no new document."""
    collection = Collection(
        hosts=checked(_names(options)),
        folder=options.output,
        capture=capture_script(),
        ssh=SshOptions(options.user, tuple(options.ssh_option), options.sudo),
        fanout=options.fanout,
        timeout=options.timeout,
    )
    _check(collection)
    outcomes: list[Outcome] = []
    progress = _Progress(len(collection.hosts))
    progress.show(0)
    try:
        with _ended_by_signals(), collected(collection) as ending:
            for outcome in ending:
                outcomes.append(outcome)
                progress.add(outcome, len(outcomes))
    finally:
        progress.clear()
        if outcomes:
            order = {host: number for number, host in enumerate(collection.hosts)}
            outcomes.sort(key=lambda outcome: order[outcome.host])
            write_log(collection.folder, outcomes)
    print_lines(_summary(outcomes, collection.folder))
    good = sum(outcome.broken is None for outcome in outcomes)
    return 0 if good == len(outcomes) else 1 if good else 2


def _names(options: argparse.Namespace) -> Iterator[str]:
    """Yield the names of the hosts."""
    for text in (*options.hosts, *_in_files(options.hosts_file)):
        yield from host_names(text)


def _in_files(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield from listed(read_input(path).decode("utf-8", "replace"))


def _check(collection: Collection) -> None:
    """Reject what cannot work before ssh runs, and make the folder."""
    if not collection.hosts:
        raise words.no_host()
    if collection.fanout <= 0:
        raise words.not_positive("--fanout", collection.fanout)
    if not 0 < collection.timeout < math.inf:
        raise words.not_positive("--timeout", collection.timeout)
    if shutil.which("ssh") is None:
        raise words.no_ssh()
    if os.path.lexists(collection.folder) and not os.path.isdir(collection.folder):
        raise words.not_a_folder(collection.folder)
    os.makedirs(collection.folder, mode=0o700, exist_ok=True)


class _Progress:
    """Prints the hosts without a document, and on a terminal how many have ended."""

    def __init__(self, hosts: int) -> None:
        self._hosts = hosts
        self._terminal = sys.stderr.isatty()

    def show(self, ended: int) -> None:
        """Show that `ended` hosts have ended."""
        if self._terminal:
            print(f"\r\x1b[K{ended}/{self._hosts}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Make room for a line."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def add(self, outcome: Outcome, ended: int) -> None:
        """Show the outcome of a host."""
        if outcome.broken is not None:
            self.clear()
            print_lines(_wrapped(words.failed(outcome)), sys.stderr, flush=True)
        self.show(ended)


def _wrapped(line: str) -> list[str]:
    """Return a line of standard error for its width; long words stay whole."""
    from textwrap import wrap  # noqa: PLC0415 - only for failures

    return wrap(
        line,
        screen_of(sys.stderr).width,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(outcomes: list[Outcome], folder: str) -> Iterator[str]:
    """Yield the lines after the last host; the next steps go to standard error."""
    broken = [outcome for outcome in outcomes if outcome.broken is not None]
    failures = {outcome.broken.failure: None for outcome in broken if outcome.broken is not None}
    for failure in failures:
        print_lines(next_lines(words.next_step(failure)), sys.stderr)
    yield words.summary(outcomes, folder)
    if broken:
        names = folded(outcome.host for outcome in broken)
        yield from _wrapped(words.missing(names, os.path.join(folder, LOG)))
    kept = [outcome.host for outcome in broken if outcome.kept]
    if kept:
        yield from _wrapped(words.earlier(folded(kept)))


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End by SIGTERM and SIGHUP as by an interrupt, so that no ssh is left behind."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    usual = {}
    if threading.current_thread() is threading.main_thread():  # no other can set handlers
        usual = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
