"""Worker processes: who waits for them, what ends them, and that nobody else waits."""

import asyncio
import errno
import gc
import json
import os
import pickle
import socket
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from dmaragent.agent import workers as workers_module
from dmaragent.agent.http import Server
from dmaragent.agent.http_messages import ApiResponse
from dmaragent.agent.limits import Limits
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts, Work
from dmaragent.agent.tasks import Task
from dmaragent.agent.workers import HostFile, Workers
from dmaragent.host import Host
from support.agent_workers import Held
from support.served import exchange, published_machine, serving

BODY = json.dumps({"guest": 'name = "a"\ntype = "hvm"\nmemory = 4096\n'}).encode()
POST = (
    b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
)
BOTH = Limits(workers_each=2, deadline=600, turn=600)
"""One user may have both workers, as nobody else asks in these tests."""


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    workers = Held(tmp_path)
    yield workers
    workers.close()


def test_what_reads_the_inventory_is_answered_while_every_worker_is_held(
    tmp_path: Path, laptop: Published, held: Held
) -> None:
    state = (laptop, PublishedFacts(memory=1))
    with (
        serving(tmp_path / "s", lambda: state, BOTH, worker=held.command) as path,
        ThreadPoolExecutor() as clients,
    ):
        waiting = [clients.submit(exchange, path, POST) for _ in range(BOTH.workers)]
        for _ in waiting:
            held.wait_began()

        for target in ("/v1/devices/00:14.0", "/v1/findings", "/v1/inventory", "/v1/health"):
            assert exchange(path, get(target)).startswith(b"HTTP/1.1 200 "), target
        assert not any(one.done() for one in waiting)

        for _ in waiting:
            held.let_go()
        assert [one.result(60)[-6:] for one in waiting] == [b"let go"] * BOTH.workers


async def resolved(workers: Workers, body: bytes, published: Published, user: int) -> ApiResponse:
    """Answer in the turn of `user`."""
    async with workers.turn(user):
        return await workers.answer(Work(task=Task.RESOLVE, body=body, published=published))


def test_a_user_has_a_share_of_the_workers_and_the_others_the_rest(
    laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = (b"first", b"second", b"other")

    async def run() -> None:
        begun = asyncio.Queue[bytes]()
        gates = {name: asyncio.Event() for name in names}

        async def work(_: Workers, asked: Work) -> ApiResponse:
            begun.put_nowait(asked.body)
            await gates[asked.body].wait()
            return ApiResponse(status=200)

        monkeypatch.setattr(Workers, "answer", work)
        workers = Workers(Limits(turn=600))
        tasks = [
            asyncio.create_task(resolved(workers, name, laptop, user))
            for name, user in zip(names, (1, 1, 2), strict=True)
        ]
        assert {await begun.get(), await begun.get()} == {b"first", b"other"}
        gates[b"first"].set()
        assert await begun.get() == b"second"
        for gate in gates.values():
            gate.set()
        await asyncio.gather(*tasks)
        assert not workers._shares
        workers.close()

    asyncio.run(run())


@pytest.mark.parametrize("steps", [0, 1, 2, 100], ids=lambda steps: f"after {steps} steps")
def test_a_worker_ends_though_its_request_is_cancelled_twice(
    laptop: Published, held: Held, steps: int
) -> None:
    """A client leaves, and the service stops while it ends the worker: no transport stays open.

    In its first steps asyncio connects the worker's pipes.
    """

    async def run() -> None:
        workers = Workers(BOTH, held.command)
        asked = asyncio.create_task(
            workers.answer(Work(task=Task.RESOLVE, body=BODY, published=laptop))
        )
        while not held.has_begun():  # noqa: ASYNC110 - another process says so
            await asyncio.sleep(0)
        for _ in range(steps):
            await asyncio.sleep(0)
        for _ in range(4):
            asked.cancel()
            await asyncio.sleep(0)  # to its next step
        with pytest.raises(asyncio.CancelledError):
            await asked
        workers.close()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(run())
        loop.close()  # at once: what it would still do then is what a service that ends leaves
        gc.collect()
    held.wait_ended()
    assert [str(warning.message) for warning in warned] == []


def test_a_request_that_gets_no_worker_in_time_is_told_to_come_again(
    tmp_path: Path, laptop: Published, held: Held
) -> None:
    state, limits = (laptop, PublishedFacts(memory=1)), Limits(turn=0.01, deadline=600)
    with (
        serving(tmp_path / "s", lambda: state, limits, worker=held.command) as path,
        ThreadPoolExecutor() as clients,
    ):
        first = clients.submit(exchange, path, POST)
        held.wait_began()
        refused = exchange(path, POST)
        held.let_go()
        assert first.result(60).startswith(b"HTTP/1.1 200 ")

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1" in refused


def test_the_end_does_not_wait_for_a_worker_and_leaves_none(
    tmp_path: Path, laptop: Published, held: Held
) -> None:
    async def run() -> None:
        server = Server(
            lambda: (laptop, PublishedFacts(memory=1)), Limits(deadline=600), held.command
        )
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(tmp_path / "s"))
        await server.start(listening)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
            client.sendall(POST)
            await asyncio.to_thread(held.wait_began)
            await server.stop()  # the gate is never opened
            held.wait_ended()
            assert client.recv(1) == b""

    asyncio.run(run())


def test_a_client_that_goes_takes_its_worker_with_it(
    tmp_path: Path, laptop: Published, held: Held
) -> None:
    limits, faults = Limits(deadline=600, turn=600), list[dict[str, Any]]()
    state = (laptop, PublishedFacts(memory=1))
    with serving(tmp_path / "s", lambda: state, limits, faults, held.command) as path:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(POST)
            held.wait_began()
        held.wait_ended()

        with ThreadPoolExecutor() as clients:
            next_one = clients.submit(exchange, path, POST)
            held.wait_began()
            held.let_go()
            assert next_one.result(60).endswith(b"let go")
    assert faults == []


def test_a_client_that_only_ended_its_sending_gets_its_answer(
    tmp_path: Path, laptop: Published, held: Held
) -> None:
    state = (laptop, PublishedFacts(memory=1))
    with (
        serving(tmp_path / "s", lambda: state, worker=held.command) as path,
        ThreadPoolExecutor() as clients,
    ):
        client = clients.submit(exchange, path, POST, shut=True)
        held.wait_began()
        held.let_go()
        assert client.result(60).endswith(b"let go")


def test_a_worker_ends_at_the_deadline(tmp_path: Path, laptop: Published, held: Held) -> None:
    state, limits = (laptop, PublishedFacts(memory=1)), Limits(deadline=0.2)
    before = psutil.Process().children()
    with serving(tmp_path / "s", lambda: state, limits, worker=held.command) as path:
        said = exchange(path, POST)
        assert psutil.Process().children() == before

    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"more than 0.2 s" in said


def test_no_worker_is_alive_while_nobody_asks(tmp_path: Path, laptop: Published) -> None:
    before = psutil.Process().children()
    with serving(tmp_path / "s", lambda: (laptop, PublishedFacts(memory=1))) as path:
        assert b'"verdict": "starts"' in exchange(path, POST)
        assert psutil.Process().children() == before


@pytest.mark.parametrize(
    ("code", "status", "log"),
    [
        ("kill -9 $$", 503, []),
        ("exit 3", 500, ["a worker ended with status 3"]),
        ("echo nothing", 500, ["a worker sent no answer"]),
        ("echo '{\"status\": 200}'", 500, ["a worker sent no answer"]),
        ('echo \'{"status": 7, "type": "", "fault": ""}\'', 500, ["a worker sent no answer"]),
        ("echo '[]'", 500, ["a worker sent no answer"]),
        ("exec yes", 500, ["a worker sent more than it may"]),
    ],
)
def test_a_worker_that_fails_is_answered_for_and_the_next_one_works(
    tmp_path: Path, laptop: Published, code: str, status: int, log: list[str]
) -> None:
    faults: list[dict[str, Any]] = []
    state = (laptop, PublishedFacts(memory=1))
    commands = [["/bin/sh", "-c", code], ["printf", '{"status": 200, "type": "", "fault": ""}\n']]
    with serving(
        tmp_path / "s", lambda: state, faults=faults, worker=lambda _: commands.pop(0)
    ) as path:
        said, after = exchange(path, POST), exchange(path, POST)

    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert [str(one["exception"]) for one in faults] == log
    assert after.startswith(b"HTTP/1.1 200 ")


def test_a_worker_that_cannot_be_started_is_no_end_of_the_service(
    tmp_path: Path, laptop: Published
) -> None:
    state = (laptop, PublishedFacts(memory=1))
    with serving(tmp_path / "s", lambda: state, worker=lambda _: ["/nothing"]) as path:
        said = exchange(path, POST)
        after = exchange(path, get("/v1/health"))

    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"No such file" in said
    assert after.startswith(b"HTTP/1.1 200 ")


def test_the_host_of_the_last_scan_is_the_one_that_is_resolved_for(laptop: Published) -> None:
    other = replace(published_machine("synthetic-pvh-dom0"), scans=laptop.scans + 1)

    async def run() -> list[bytes]:
        workers = Workers(Limits())
        answers = [
            (await resolved(workers, BODY, published, os.getuid())).body
            for published in (laptop, other, other)
        ]
        workers.close()
        return answers

    sources = [json.loads(one)["answer"]["guests"][0]["list_source"] for one in asyncio.run(run())]
    assert sources == ["predicted", "hypervisor", "hypervisor"]


def _host_files() -> int:
    """Return how many files with a host are open in this process."""
    names = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            names.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return sum("dmaragent-host" in name for name in names)


def test_the_file_of_an_earlier_host_is_closed(laptop: Published) -> None:
    async def run() -> None:
        file = HostFile()
        first = await file.descriptor(laptop)
        assert await file.descriptor(laptop) == first
        inode = os.fstat(first).st_ino
        second = await file.descriptor(replace(laptop, scans=laptop.scans + 1))
        assert os.fstat(second).st_size
        assert os.fstat(second).st_ino != inode
        assert _host_files() == before + 1
        file.close()
        assert _host_files() == before

    before = _host_files()
    asyncio.run(run())


@dataclass
class Pickling:
    """A thread that pickles a host, and ends only if a test allows it."""

    begun: list[Host] = field(default_factory=list)
    may_end: threading.Event = field(default_factory=threading.Event)

    async def cancel(self, asked: asyncio.Task[int]) -> None:
        """Cancel a request, as the server does for a client that goes, while the thread works."""
        while not self.begun:  # noqa: ASYNC110 - a thread says so
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked


@pytest.fixture
def pickling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pickling]:
    real, held = workers_module._file_of, Pickling()

    def slow(host: Host) -> int:
        held.begun.append(host)
        assert held.may_end.wait(60)
        return real(host)

    monkeypatch.setattr(workers_module, "_file_of", slow)
    yield held
    held.may_end.set()


def test_requests_that_are_cancelled_leave_one_file_and_the_next_request_has_it(
    laptop: Published, pickling: Pickling
) -> None:
    async def run() -> None:
        file = HostFile()
        for _ in range(3):
            await pickling.cancel(asyncio.create_task(file.descriptor(laptop)))
        pickling.may_end.set()
        assert os.fstat(await file.descriptor(laptop)).st_size
        assert (len(pickling.begun), _host_files()) == (1, before + 1)
        file.close()
        assert _host_files() == before

    before = _host_files()
    asyncio.run(run())


def test_a_file_that_a_newer_scan_replaces_while_it_is_made_is_closed(
    laptop: Published, pickling: Pickling
) -> None:
    async def run() -> None:
        file = HostFile()
        await pickling.cancel(asyncio.create_task(file.descriptor(laptop)))
        next_one = asyncio.create_task(file.descriptor(replace(laptop, scans=laptop.scans + 1)))
        await asyncio.sleep(0)
        pickling.may_end.set()
        await next_one
        while _host_files() > before + 1:  # noqa: ASYNC110 - a thread says so
            await asyncio.sleep(0)
        file.close()
        assert _host_files() == before

    before = _host_files()
    asyncio.run(run())


def test_a_host_that_cannot_be_pickled_leaves_no_file_and_is_tried_again(
    laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError(errno.ENOSPC, "No space left on device")]

    class Pickler(pickle.Pickler):
        def dump(self, host: Any) -> None:
            if failures:
                raise failures.pop()
            super().dump(host)

    async def run() -> None:
        file = HostFile()
        with pytest.raises(OSError, match="No space"):
            await file.descriptor(laptop)
        assert _host_files() == before
        assert os.fstat(await file.descriptor(laptop)).st_size
        file.close()

    before = _host_files()
    monkeypatch.setattr(pickle, "Pickler", Pickler)
    asyncio.run(run())
