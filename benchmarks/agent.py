"""The agent: how soon a change is published; its local API under load, and its memory."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from support.agent_load import CLIENTS, MIB, REQUESTS, load
from support.agents import EHCI, NIC, agent, machine


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each figure."""
    found = load()
    yield "requests answered", f"{found.fine}", f"{CLIENTS * REQUESTS}"
    yield "resident before, MiB", f"{found.before / MIB:.1f}", ""
    yield "resident after, MiB", f"{found.after / MIB:.1f}", "≤ 33"
    yield "after - before, MiB", f"{(found.after - found.before) / MIB:.1f}", "≤ 5"
    ratio = found.together / found.alone
    yield "event to published file, ms, median of 60", f"{_latency():.0f}", "≤ 100"
    yield "requests a second, 50 clients / one alone", f"{ratio:.2f}", ""


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
