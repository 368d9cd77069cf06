"""What becomes of the agent, and of what it published, when something fails under it."""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent import service as services
from dmaragent.agent.journal import Journal
from dmaragent.agent.notify import Notifier
from dmaragent.agent.publish import Publisher
from dmaragent.agent.published import Published
from dmaragent.agent.scan import scan
from dmaragent.agent.service import Service
from dmaragent.errors import DmaragentError
from support.agents import EHCI, NIC, Agent, agent, machine
from support.wording import Worded

pytestmark = pytest.mark.slow  # services run


class _BrokenError(Exception):
    """A fault of ours that firmware brought out."""


def _with_agent(folder: Path, told: Callable[[Agent], Awaitable[None]]) -> None:
    async def run() -> None:
        async with agent(folder, machine(EHCI)) as one:
            await told(one)

    asyncio.run(run())


def test_a_scan_that_fails_ends_the_agent_and_takes_back_what_it_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    async def told(one: Agent) -> None:
        def broken(*_: object) -> None:
            raise _BrokenError("a nested table\x1b[2J")

        monkeypatch.setattr(services, "scan", broken)
        one.service.rescan()
        with pytest.raises(_BrokenError):
            await one.running
        assert one.service._facts().failure == "a nested table\x1b[2J"
        worded(one.said.getvalue().splitlines()[-1])

    _with_agent(tmp_path, told)
    assert not list(tmp_path.iterdir())


def test_a_directory_for_metrics_that_fails_is_told_once_and_ends_nothing(
    tmp_path: Path, worded: Worded
) -> None:
    runtime, extra = tmp_path / "run", tmp_path / "extra"
    runtime.mkdir()

    async def told(one: Agent) -> None:
        one.publisher.textfile = str(extra)
        for number in (2, 3):
            one.service.rescan()
            await one.publisher.until(lambda each, wanted=number: each.scans == wanted)  # type: ignore[misc]
        extra.mkdir()
        one.service.rescan()
        await one.publisher.until(lambda each: each.scans == 4)
        assert (extra / "dmaragent.prom").read_bytes() == (runtime / "dmaragent.prom").read_bytes()
        lines = one.said.getvalue().splitlines()[1:]
        worded(lines)

    _with_agent(runtime, told)


def test_where_nothing_can_be_published_the_agent_says_so_and_ends(
    tmp_path: Path, worded: Worded
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()

    async def told(one: Agent) -> None:
        for path in runtime.iterdir():
            path.unlink()
        runtime.rmdir()
        one.service.rescan()
        with pytest.raises(DmaragentError) as refused:
            await one.running
        worded(str(refused.value))

    _with_agent(runtime, told)


def test_what_is_taken_back_is_taken_back_everywhere_and_nothing_else(tmp_path: Path) -> None:
    runtime, extra = tmp_path / "run", tmp_path / "extra"
    for folder in (runtime, extra):
        folder.mkdir()
        (folder / "other.prom").touch()
    publisher = Publisher(runtime=str(runtime), textfile=str(extra))
    publisher.publish(scan(machine(EHCI), None, 1.0), new=True)
    assert len(list(tmp_path.glob("*/*"))) == 6
    publisher.withdraw()

    assert [path.name for path in tmp_path.glob("*/*")] == ["other.prom"] * 2


def test_what_a_killed_agent_left_beside_the_metrics_is_removed_too(tmp_path: Path) -> None:
    runtime, extra = tmp_path / "run", tmp_path / "extra"
    for folder in (runtime, extra):
        (folder / ".dmaragent-folder").mkdir(parents=True)
        (folder / ".dmaragent-abc").touch()
    Publisher(runtime=str(runtime), textfile=str(extra)).tidy()
    Publisher(runtime=str(runtime), textfile=str(tmp_path / "none")).tidy()

    assert [path.name for path in sorted(tmp_path.glob("*/*"))] == [".dmaragent-folder"] * 2


class _Counting(Notifier):
    """Counts the signs of life, and waits for them."""

    def __init__(self) -> None:
        super().__init__({})
        self.alive = 0

    def ping(self) -> None:
        self.alive += 1


def test_a_scan_that_hangs_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def told(one: Agent) -> None:
        free, began = threading.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(*given: Any) -> Published:
            loop.call_soon_threadsafe(began.set)
            free.wait(60)
            return scan(*given)

        monkeypatch.setattr(services, "scan", slow)
        assert one.service._is_alive(0)
        one.service.rescan()
        await began.wait()
        assert one.service._is_alive(1000)
        assert not one.service._is_alive(0)
        free.set()
        await one.publisher.until(lambda each: each.scans == 2)
        assert one.service._is_alive(0)

    _with_agent(tmp_path, told)


def test_the_watchdog_is_fed_twice_in_its_time_while_nothing_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, pauses = [True, False, False, True], list[float]()

    async def at_once(seconds: float) -> None:
        pauses.append(seconds)
        if not alive:
            raise asyncio.CancelledError

    async def told(one: Agent) -> None:
        one.service.notifier = counting = _Counting()
        monkeypatch.setattr(Service, "_is_alive", lambda *_: alive.pop(0))
        with monkeypatch.context() as patch:
            patch.setattr("asyncio.sleep", at_once)
            await one.service._say_alive(10)
        assert (counting.alive, pauses) == (2, [5, 5, 5, 5])

    _with_agent(tmp_path, told)


def test_an_agent_that_is_to_stop_does_not_read_the_host_once_more(tmp_path: Path) -> None:
    async def told(one: Agent) -> None:
        one.host.__dict__ |= machine(EHCI, NIC).__dict__
        one.watch.send(NIC.sbdf)
        await one.service._wake.wait()
        await asyncio.sleep(0)  # it waits for the burst's end
        one.service.stop()
        await one.running
        assert [each.scans for each in one.publisher.scans] == [1]

    _with_agent(tmp_path, told)


def test_a_burst_that_does_not_end_is_answered_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(one: Agent) -> None:
        monkeypatch.setattr(services, "QUIET", 600)
        monkeypatch.setattr(services, "LONGEST", 0)
        async with asyncio.timeout(60):
            await one.service._settle()

    _with_agent(tmp_path, told)


class _Full:
    """A stream that cannot be written to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def write(self, _: str) -> int:
        raise self._error

    def flush(self) -> None:
        raise self._error


@pytest.mark.parametrize("error", [OSError(28, "full"), ValueError("closed")], ids=str)
def test_a_log_that_cannot_be_written_ends_nothing(error: Exception) -> None:
    stream: Any = _Full(error)
    Journal({}, stream=stream).write("x")


def test_no_descriptor_for_systemd_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("socket.socket", none_left)
    Notifier({"NOTIFY_SOCKET": str(tmp_path)}).say("READY=1")
    with open(os.devnull, "w", encoding="utf-8") as stream:
        own = os.fstat(2)
        journal = {"JOURNAL_STREAM": f"{own.st_dev}:{own.st_ino}"}
        Journal(journal, str(tmp_path), stream).write("x")


def test_many_scans_lose_neither_memory_nor_descriptors(tmp_path: Path) -> None:
    import psutil  # noqa: PLC0415 - this test's alone

    process = psutil.Process()
    publisher = Publisher(runtime=str(tmp_path))
    before = None
    sizes = list[int]()
    for number in range(300):
        before = scan(machine(EHCI, *[NIC] * (number % 2)), before, float(number))
        publisher.publish(before, new=True)
        if number in (100, 299):
            sizes.append(process.memory_info().rss)
            sizes.append(process.num_fds())
    assert before is not None
    assert json.loads((tmp_path / "inventory.json").read_bytes())["origin"]["generation"] == 300
    assert sizes[2] - sizes[0] < 4 << 20
    assert sizes[3] == sizes[1]
