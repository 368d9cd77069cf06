"""``dmaragent watch``: what changes on this machine, a line each."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dmaragent.addresses import SBDF
from dmaragent.agent import words
from dmaragent.agent.changes import Change
from dmaragent.agent.follow import Step, Waker, follow
from dmaragent.agent.watch import UdevWatch
from dmaragent.collect.open_host import LIVE, open_this_machine
from dmaragent.collect.recorded.published import read_published, regions_of_devices
from dmaragent.commands.shared.output import print_lines
from dmaragent.inventory import Inventory
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.present.escaping import visible
from dmaragent.present.json.common import TOOL
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.host import absence_words
from dmaragent.readings import Missing

if TYPE_CHECKING:
    from dmaragent.present.json.schema import watch as schema

DESCRIPTION = """\
Print what changes on this machine from now on, a line each: devices that are
added, removed or bound to another driver, with their reserved regions; SR-IOV
virtual functions; findings that appear or are gone; a new table. Functions
that change together, such as 64 virtual functions of one device, share a
line."""
EXAMPLES = """\
examples:
  sudo dmaragent watch
  sudo dmaragent watch --json | jq -r .answer.sentence
  sudo dmaragent watch | grep --line-buffered 'region 1'

Ctrl-C or SIGTERM stops it.
Exit codes: 0 stopped; 2 the machine or the kernel's events cannot be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON document a line; `dmaragent schema watch` prints its schema",
    )


def run(options: argparse.Namespace) -> int:
    """Print the changes until a signal."""
    gc.enable()  # cli.main disabled it for short commands
    with _ending() as ending:
        watch = UdevWatch()  # before the first reading: no change between them is lost
        waker = Waker(watch, ending, sys.stdout.fileno())
        for step in follow(open_this_machine, watch, waker):
            for line in step_lines(step, as_json=options.json):
                print_lines([line], flush=True)
    return 0


@contextmanager
def _ending() -> Iterator[int]:
    """Return a descriptor that becomes readable on SIGINT or SIGTERM."""
    with ExitStack() as stack:
        here, there = (stack.enter_context(closing(each)) for each in socket.socketpair())
        there.settimeout(0)
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, _wake))
        stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(there.fileno()))
        yield here.fileno()


def _wake(*_: object) -> None:
    """Do nothing: the signal wrote to the descriptor that ends the wait."""


# Lines ----------------------------------------------------------------------------------


def step_lines(step: Step, *, as_json: bool) -> Iterator[str]:
    """Yield the lines about `step`: for the first one, what is watched."""
    now, inventory = step.published.scanned, step.published.inventory
    first = step.published.scans == 1
    if first or step.lost:
        if as_json:
            yield _json_line(_whole(step, first=first))
        else:
            yield from _whole_lines(step, first=first)
    regions = _published_regions(inventory)
    for change in step.changes:
        told = change if change.regions or not regions else _with_regions(change, regions)
        if as_json:
            yield _json_line(_answer(now, told))
        else:
            yield f"{_clock(now)}  {visible(told.sentence)}"


def _whole_lines(step: Step, *, first: bool) -> Iterator[str]:
    """Yield what is watched and what is unknown; or that everything was read again."""
    if not first:
        yield f"{_clock(step.published.scanned)}  {words.events_lost()}"
        return
    yield words.watching(_counts(step))
    for sentence in _unknown(step.published.inventory):
        yield from paragraph(visible(sentence))


def _counts(step: Step) -> str:
    watched = _watched(step)
    return words.watched(watched["functions"], watched["regions"], watched["findings"])


def _watched(step: Step) -> schema.Watched:
    inventory = step.published.inventory
    functions = inventory.host.topology.functions
    known = inventory.absence is None
    return {
        "functions": None if isinstance(functions, Missing) else len(functions),
        "regions": inventory.region_count if known else None,
        "findings": len(step.published.checked.findings) if known else None,
        "unknown": list(_unknown(inventory)),
    }


def _unknown(inventory: Inventory) -> Iterator[str]:
    """Yield what cannot be watched, with the reason and the next step."""
    if inventory.absence is not None:
        why, hint = absence_words(inventory.absence)
        yield words.regions_not_watched(why, hint, published=bool(_published_regions(inventory)))
    elif inventory.region_count is None:
        yield words.table_damaged()
    functions = inventory.host.topology.functions
    if isinstance(functions, Missing):
        yield words.devices_not_watched(functions.detail or functions.kind.value)


def _published_regions(inventory: Inventory) -> Mapping[SBDF, tuple[int, ...]]:
    """Return the regions of each device that the service published, if only root can read the table."""
    if inventory.absence is None or inventory.absence.kind is not AbsenceKind.DENIED:
        return {}
    published = read_published()
    return {} if published is None else regions_of_devices(published)


def _with_regions(change: Change, regions: Mapping[SBDF, tuple[int, ...]]) -> Change:
    """Return `change` with the published regions of its devices."""
    numbers = sorted({number for device in change.devices for number in regions.get(device, ())})
    if not numbers:
        return change
    sentence = words.with_regions(change.sentence, numbers)
    return replace(change, regions=tuple(numbers), sentence=sentence)


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


# JSON -----------------------------------------------------------------------------------


def _json_line(answer: schema.Answer) -> str:
    document: schema.WatchDocument = {
        "format": "dmaragent.watch",
        "version": 1,
        "origin": {"tool": TOOL, "host": {"kind": LIVE, "path": ""}},
        "answer": answer,
    }
    return json.dumps(document)


def _answer(now: float, change: Change) -> schema.Answer:
    finding, physical = change.finding, change.physical_function
    return {
        "time": now,
        "change": change.kind.value,
        "sentence": change.sentence,
        "devices": list(map(str, change.devices)),
        "physical_function": None if physical is None else str(physical),
        "regions": list(change.regions),
        "driver": change.driver,
        "driver_before": change.driver_before,
        "finding": None
        if finding is None
        else {
            "id": finding.rule.id,
            "severity": finding.severity.value,
            "message": finding.hit.message,
        },
        "watched": None,
    }


def _whole(step: Step, *, first: bool) -> schema.Answer:
    """Return the first line, or the line that everything was read again."""
    return {
        "time": step.published.scanned,
        "change": "watching" if first else "events-lost",
        "sentence": words.watching(_counts(step)) if first else words.events_lost(),
        "devices": [],
        "physical_function": None,
        "regions": [],
        "driver": None,
        "driver_before": None,
        "finding": None,
        "watched": _watched(step),
    }
