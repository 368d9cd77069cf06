"""The agent: how soon a change is published; its local API under load, and its memory."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dmaragent.addresses import MIB
from support.agent_hostile import Pace, get, post, run, seconds_to_end
from support.agent_load import CLIENTS, MACHINE, REQUESTS, load
from support.agent_process import running_agent
from support.agents import EHCI, NIC, agent, machine
from support.served import exchange


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each figure."""
    found = load()
    yield "requests answered", f"{found.fine}", f"{CLIENTS * REQUESTS}"
    yield "resident before, MiB", f"{found.before / MIB:.1f}", ""
    yield "resident after, MiB", f"{found.after / MIB:.1f}", "≤ 36"
    yield "after - before, MiB", f"{(found.after - found.before) / MIB:.1f}", "≤ 5"
    yield "event to published file, ms, median of 60", f"{_latency():.0f}", "≤ 100"
    quiet = _alone()
    yield "a device, one client alone, ms, median of 600", f"{1000 * quiet.device:.1f}", ""
    yield "the same, 99th percentile", f"{1000 * quiet.p99:.1f}", ""
    yield "a guest, one client alone, ms, median of 60", f"{1000 * quiet.guest:.0f}", ""
    yield "SIGTERM to the end, ms, no client, median of 5", f"{1000 * quiet.stop:.0f}", ""
    yield from _hostile(quiet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The results of one client alone, in seconds."""

    device: float
    p99: float
    guest: float
    stop: float
    """From SIGTERM to the end of an agent without clients."""


def _alone() -> Quiet:
    """Request devices and guests in turn, one at a time; then end the agent, five times."""
    asked = get("/v1/devices/00:14.0"), post("name='a'\ntype='hvm'\nmemory=4096\npci=['00:14.0']\n")
    taken: tuple[list[float], list[float]] = ([], [])
    stops = list[float]()
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder, running_agent(Path(folder), MACHINE) as one:
            for number in range(132):
                kind = number % 11 == 0
                begin = time.perf_counter()
                exchange(one.api, asked[kind])
                taken[kind].append(time.perf_counter() - begin)
            stops.append(seconds_to_end(one))
    devices = sorted(taken[0])
    return Quiet(
        device=statistics.median(devices),
        p99=devices[len(devices) * 99 // 100],
        guest=statistics.median(taken[1]),
        stop=statistics.median(stops),
    )


def _hostile(quiet: Quiet) -> Iterator[tuple[str, ...]]:
    """Measure a well-behaved client beside hostile clients of another user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_agent(Path(folder), MACHINE) as one:
            showed = run(one, Pace(seconds=60.0))
    number = sum(showed.hostile.values())
    begun, most, ended = (size / MIB for size in showed.resident)
    what = f"a read, beside {number} hostile clients"
    yield f"{what}, ms, median", f"{showed.median * 1000:.1f}", ""
    yield "the same, 99th percentile", f"{showed.p99 * 1000:.0f}", "≤ 200"
    yield "the same / alone, 99th percentiles", f"{showed.p99 / quiet.p99:.0f}", ""
    yield "SIGTERM to the end, ms, hostile clients connected", f"{showed.stop * 1000:.0f}", "≤ 1000"
    yield "the same / no client", f"{showed.stop / quiet.stop:.1f}", ""
    yield "resident before, most, after, MiB", f"{begun:.1f}, {most:.1f}, {ended:.1f}", ""


def _latency() -> float:
    """Return the median time from an event to the published file, in milliseconds.

    The host is synthetic and small; the replay's part measures the reading of a real one.
    """
    taken: list[float] = []

    async def run(runtime: Path) -> None:
        async with agent(runtime, machine(EHCI)) as one:
            for number in range(60):
                generation = one.publisher.scans[-1].generation
                one.host.__dict__ |= machine(*([EHCI, NIC] if number % 2 == 0 else [EHCI])).__dict__
                begin = time.perf_counter()
                one.watch.send(NIC.sbdf)
                await one.publisher.until(lambda each, old=generation: each.generation > old)  # type: ignore[misc]
                taken.append(time.perf_counter() - begin)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
    return 1000 * statistics.median(taken)


HEAD = ("figure", "measured", "target")
