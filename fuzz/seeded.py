"""The driver that works everywhere: a number of reproducible mutations, each with a time limit.

Mutation `n` of a seed is the same in every run, whatever came before it.
"""

import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import FrameType

from fuzz.kinds import Kind
from fuzz.mutate import mutate

MOST_SECONDS = 10
"""Processor seconds for one input: a harness that needs more hangs."""


class HungError(Exception):
    """An input takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An input that breaks a promise."""

    data: bytes
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The result of a run."""

    kind: str
    seed: int
    count: int
    seconds: float
    """Processor time of this process with its threads."""
    added: float
    """MiB that the peak of the process grew after the first run of the seeds."""
    slowest: float
    """Processor time of the slowest input, in seconds."""
    slowest_size: int
    failure: Failure | None


@contextmanager
def within_time() -> Iterator[None]:
    """Run the context, and raise :class:`HungError` if it takes too long."""

    def hung(_: int, __: FrameType | None) -> None:
        raise HungError(f"more than {MOST_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def attempt(kind: Kind, data: bytes) -> Failure | None:
    """Run the harness of `kind` on `data`."""
    try:
        with within_time():
            kind.check(data)
    except Exception as error:  # noqa: BLE001 - any exception is a finding
        return Failure(data=data, error=error)
    return None


def peak() -> float:
    """Return the peak resident memory of this program in MiB, without its parent's."""
    with open("/proc/self/status", encoding="ascii") as file:
        found = re.search(r"VmHWM:\s+([0-9]+) kB", file.read())
    return int(found[1]) / 1024 if found else 0.0


def run(kind: Kind, pool: Sequence[bytes], *, count: int, seconds: float, seed: int) -> Run:
    """Run `count` mutations of `pool`, or as many as fit into `seconds` of processor time."""
    failure = next(filter(None, (attempt(kind, data) for data in pool)), None)
    begin, before = time.process_time(), peak()
    slowest, slowest_size, number = 0.0, 0, 0
    now = begin
    while failure is None and number < count and now - begin < seconds:
        data = mutate(kind, pool, Random(f"{seed}:{kind.name}:{number}"))
        started = time.process_time()
        failure = attempt(kind, data)
        now = time.process_time()
        number += 1
        if now - started > slowest:
            slowest, slowest_size = now - started, len(data)
    return Run(
        kind=kind.name,
        seed=seed,
        count=number,
        seconds=now - begin,
        added=peak() - before,
        slowest=slowest,
        slowest_size=slowest_size,
        failure=failure,
    )
