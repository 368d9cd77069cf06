"""What the verbs of ``dmaragent fleet`` share: which documents they read, and how they end."""

from __future__ import annotations

import argparse
import ctypes
import math
import multiprocessing
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dmaragent.commands.shared.numbers import whole_number
from dmaragent.commands.shared.output import print_document, print_lines
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.fleet import words
from dmaragent.fleet.cache import cache_folder
from dmaragent.fleet.classes import folded
from dmaragent.fleet.collection.node_sets import host_names
from dmaragent.fleet.dask_engine import dask_workers
from dmaragent.fleet.documents import MOST_DOCUMENTS
from dmaragent.fleet.engine import Engine
from dmaragent.fleet.engine_words import ENGINE_OR_JOBS
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.json import fleet_document
from dmaragent.present.text.tables import paragraph
from dmaragent.question.context import Question
from dmaragent.question.releases import not_modelled
from dmaragent.releases import Release

if TYPE_CHECKING:
    from dmaragent.present.json.schema.fleet import FleetAnswer

_DAY = 86_400
MOST_JOBS = 256
"""More processes than any use has; a process is started for each at once."""


class OpenedFleet(NamedTuple):
    """A fleet that was read, the question about it, and where the work is done."""

    fleet: Fleet
    question: Question
    engine: Engine
    """None: in this process."""


def add_folders(parser: argparse.ArgumentParser) -> None:
    """Add the folders as arguments of a verb that has no others."""
    parser.add_argument("folders", metavar="DIR", nargs="+", help="a folder of documents")


def add_on(parser: argparse.ArgumentParser) -> None:
    """Add the folders as an option, and how many hosts are needed."""
    parser.add_argument(
        "--on",
        dest="folders",
        metavar="DIR",
        action="append",
        required=True,
        help="a folder of documents; can be repeated",
    )


def add_guests(parser: argparse.ArgumentParser, help_words: str) -> None:
    """Add the guests of a verb that can do without; `help_words` is the option's help."""
    parser.add_argument(
        "--guest", dest="guests", metavar="GUEST", action="append", default=[], help=help_words
    )


def add_need(parser: argparse.ArgumentParser) -> None:
    """Add how many hosts are needed."""
    parser.add_argument(
        "--need",
        metavar="N",
        type=_at_least_one,
        help="exit with 0 if the answer is yes on N hosts (default: on all)",
    )


def add_details(parser: argparse.ArgumentParser) -> None:
    """Add the option to show all."""
    parser.add_argument("--details", action="store_true", help="show all classes and reasons")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add which documents count, and how they are read."""
    add_xen(parser)
    parser.add_argument(
        "--hosts", metavar="NAMES", help="the hosts that you expect: xen[01-40],db1"
    )
    parser.add_argument(
        "--stale",
        metavar="DAYS",
        default="never",
        help="use no document that is older (default: never)",
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_jobs, default=1, help="use N processes (default: 1)"
    )
    parser.add_argument(
        "--engine",
        metavar="ADDRESS",
        help="use the workers of the Dask scheduler at ADDRESS: tcp://scheduler:8786",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="read every document again, and keep nothing"
    )


def _at_least_one(text: str) -> int:
    number = whole_number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(words.LEAST_ONE)
    return number


def _jobs(text: str) -> int:
    number = _at_least_one(text)
    if number > MOST_JOBS:
        raise argparse.ArgumentTypeError(words.most_jobs(MOST_JOBS))
    return number


@contextmanager
def opened_fleet(options: argparse.Namespace, *, again: bool = False) -> Iterator[OpenedFleet]:
    """Read the fleet of `options`; what is replaced or left out is named on stderr.

    `again`: another fleet was read for the same question.
    """
    question = Question(xen=named_release(options.xen))
    if not again and question.xen is not None:
        for note in not_modelled(Release.parse(question.xen)):
            tell(f"dmaragent: {note}")
    with (
        _ended_by_sigterm(),
        tempfile.TemporaryDirectory(prefix="dmaragent-") as unpacked,
        _engine(options) as engine,  # ends first, as its processes write there
    ):
        fleet = read_fleet(
            options.folders,
            FleetQuery(
                question=question,
                expected=None if options.hosts is None else _names(options.hosts),
                most_age=_seconds(options.stale),
            ),
            cache="" if options.no_cache else cache_folder(),
            unpacked=unpacked,
            engine=engine,
        )
        for other in fleet.replaced:
            tell(f"dmaragent: {other.name}: {other.detail}")
        for line in words.left_out_lines(fleet.left_out):
            tell(f"dmaragent: {line}")
        undated = [record.name for record in fleet.records if record.made is None]
        if undated and options.stale != "never":
            tell(f"dmaragent: --stale: {words.undated(folded(undated))}")
        yield OpenedFleet(fleet, question, engine)


@contextmanager
def _engine(options: argparse.Namespace) -> Iterator[Engine]:
    if options.engine is not None:
        if options.jobs > 1:
            raise ENGINE_OR_JOBS
        with dask_workers(options.engine, _tell) as workers:
            yield workers
    elif options.jobs > 1:
        with _processes(options.jobs) as executor:
            yield executor
    else:
        yield None


@contextmanager
def _processes(jobs: int) -> Iterator[Engine]:
    with ProcessPoolExecutor(jobs, initializer=_end_with_parent) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            children = multiprocessing.active_children()
            for child in children:
                child.terminate()
            for child in children:
                child.join()  # before its temporary files are removed
            raise


def _end_with_parent() -> None:
    """Leave interrupts to the parent, which then ends this process; and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    PR_SET_PDEATHSIG = 1  # noqa: N806 - prctl(2)
    with suppress(OSError, AttributeError):  # another system
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Raise SystemExit for a SIGTERM, so that temporary files are removed."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(text: str) -> None:
    tell(f"dmaragent: {text}")


def tell(text: str) -> None:
    """Print a remark on standard error, in lines of 80 columns."""
    print_lines(paragraph(text, hang=2), sys.stderr)


def _names(text: str) -> frozenset[str]:
    named = frozenset(islice(host_names(text), MOST_DOCUMENTS + 1))
    if not named:
        raise words.no_names()
    if len(named) > MOST_DOCUMENTS:
        raise words.too_many_names(MOST_DOCUMENTS)
    return named


def _seconds(text: str) -> float | None:
    if text == "never":
        return None
    try:
        days = float(text)
    except ValueError as error:
        raise words.not_a_number_of_days(text) from error
    if not 0 <= days < math.inf:
        raise words.not_a_number_of_days(text)
    return days * _DAY


def print_fleet(options: argparse.Namespace, fleet: Fleet, answer: FleetAnswer) -> None:
    """Print the document of `answer`."""
    print_document(fleet_document(answer, list(options.folders), fleet))


def exit_code(yes: int, no: int, unknown: int, need: int | None) -> int:
    """Return 0 if `yes` hosts suffice, 2 if the `unknown` ones could make up for it, else 1."""
    wanted = yes + no + unknown if need is None else need
    if yes >= wanted and yes + no + unknown:
        return 0
    return 2 if yes + unknown >= wanted else 1


def worst_code(codes: Iterable[int]) -> int:
    """Return the exit code of several answers: 1 if one is no, else 2 if one is unknown, else 0."""
    return max(codes, key=(0, 2, 1).index)
