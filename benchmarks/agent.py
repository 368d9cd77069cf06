"""The agent: how soon a change is published; its local API under load, and its memory."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from support.agent_hostile import get, post, run
from support.agent_load import CLIENTS, MACHINE, MIB, REQUESTS, load
from support.agent_process import running_agent
from support.agents import EHCI, NIC, agent, machine
from support.served import exchange


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each figure."""
    found = load()
    yield "requests answered", f"{found.fine}", f"{CLIENTS * REQUESTS}"
    yield "resident before, MiB", f"{found.before / MIB:.1f}", ""
    yield "resident after, MiB", f"{found.after / MIB:.1f}", "≤ 36"
    yield "after - before, MiB", f"{(found.after - found.before) / MIB:.1f}", "≤ 5"
    yield "event to published file, ms, median of 60", f"{_latency():.0f}", "≤ 100"
    device, guest = _alone()
    yield "a device, one client alone, ms, median of 60", f"{device:.1f}", ""
    yield "a guest, one client alone, ms, median of 60", f"{guest:.0f}", ""
    yield from _hostile()


def _alone() -> tuple[float, float]:
    """Give the milliseconds for a device and for a guest, asked for in turn, the medians."""
    asked = get("/v1/devices/00:14.0"), post("name='a'\ntype='hvm'\nmemory=4096\npci=['00:14.0']\n")
    taken: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder, running_agent(Path(folder), MACHINE) as one:
        for _ in range(60):
            for times, request in zip(taken, asked, strict=True):
                begin = time.perf_counter()
                exchange(one.api, request)
                times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(taken[0]), 1000 * statistics.median(taken[1])


def _hostile() -> Iterator[tuple[str, ...]]:
    """Measure what one who means well gets beside hostile clients of another user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_agent(Path(folder), MACHINE) as one:
            showed = run(one, seed=1, acts=1 << 30, seconds=60.0, pause=1.0)
    number = sum(showed.hostile.values())
    begun, most, ended = (size / MIB for size in showed.resident)
    yield (
        f"a device, beside {number} hostile clients, ms, median",
        f"{showed.median * 1000:.1f}",
        "",
    )
    yield "the same, 99th percentile", f"{showed.p99 * 1000:.0f}", "≤ 200"
    yield "SIGTERM to the end, ms, hostile clients connected", f"{showed.stop * 1000:.0f}", "≤ 1000"
    yield "resident before, most, after, MiB", f"{begun:.1f}, {most:.1f}, {ended:.1f}", ""


def _latency() -> float:
    """Give the milliseconds from an event to the file that tells of it, the median.

    The host is made up and small; how long a real one takes to be read is in the replay's part.
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
