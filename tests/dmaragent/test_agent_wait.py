"""Clients that wait for a change: who is awakened, how many may wait, and that nobody else waits."""

import asyncio
import contextlib
import json
import os
import select
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent.connection import Connection
from dmaragent.agent.http import Server
from dmaragent.agent.http_messages import ApiRequest, ApiResponse
from dmaragent.agent.limits import MOST_WAIT, Limits
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts, Wait, respond
from support.agents import EHCI, NIC, agent, machine
from support.served import published_machine

FACTS = PublishedFacts(memory=1)


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


def _asked(published: Published, prefer: str, tag: str | None = None) -> ApiResponse | Wait:
    tagged = f'W/"{published.tag}"' if tag is None else tag
    request = ApiRequest(method="GET", target="/v1/health", if_none_match=tagged, prefer=prefer)
    answer = respond(request, published, FACTS)
    assert isinstance(answer, ApiResponse | Wait)
    return answer


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=1", 1),
        ("wait=50", 50),
        ("wait=51", MOST_WAIT),
        ("wait=999999999", MOST_WAIT),
        ('Wait = "7"', 7),
        ("respond-async, wait=3", 3),
        ("wait=3; foo=bar, wait=9", 3),
        ("wait=x, wait=4", 4),
    ],
)
def test_the_preference_is_read_as_its_standard_has_it(
    laptop: Published, prefer: str, seconds: int
) -> None:
    waits = _asked(laptop, prefer)

    assert isinstance(waits, Wait)
    assert waits.seconds == seconds
    assert waits.unchanged.status == 304
    assert dict(waits.unchanged.headers)["Preference-Applied"] == f"wait={seconds}"


@pytest.mark.parametrize(
    "prefer", ["", "wait", "wait=", "wait=-1", "wait=1.5", "await=3", "wait=1x"]
)
def test_what_is_no_preference_to_wait_is_ignored(laptop: Published, prefer: str) -> None:
    answer = _asked(laptop, prefer)

    assert isinstance(answer, ApiResponse)
    assert answer.status == 304
    assert "Preference-Applied" not in dict(answer.headers)


def test_who_has_another_generation_is_answered_at_once(laptop: Published) -> None:
    later = replace(laptop, generation=laptop.generation + 1)
    restarted = replace(laptop, started=laptop.started + 1)

    for other in (later, restarted):
        answer = _asked(other, "wait=50", f'W/"{laptop.tag}"')
        assert isinstance(answer, ApiResponse)
        assert answer.status == 200
    none = _asked(laptop, "wait=0")
    assert isinstance(none, ApiResponse)
    assert none.status == 304


class _Clients:
    """Clients of a server in this process."""

    def __init__(self, published: Published, limits: Limits) -> None:
        self.state: tuple[Published, PublishedFacts] = (published, FACTS)
        self.server = Server(lambda: self.state, limits)
        self._limits = limits
        self._stack = contextlib.ExitStack()

    def connect(self, request: bytes, user: int = os.getuid()) -> tuple[socket.socket, Connection]:
        """Connect a client of `user` that sends `request`."""
        ours, theirs = socket.socketpair()
        self._stack.enter_context(ours)
        ours.settimeout(0)
        ours.sendall(request)
        connection = Connection(theirs, self._limits)
        connection.user = user
        self.server._admit(connection)
        return ours, connection

    async def watch(self, user: int = os.getuid()) -> tuple[socket.socket, Connection]:
        """Connect a client that waits for a change; it waits, or is answered."""
        request = f'GET /v1/health HTTP/1.1\r\nHost: x\r\nIf-None-Match: W/"{self.state[0].tag}"'
        ours, connection = self.connect(f"{request}\r\nPrefer: wait=50\r\n\r\n".encode(), user)
        await _until(lambda: connection.watching or select.select([ours], [], [], 0)[0])
        return ours, connection

    async def close(self) -> None:
        await self.server.stop()
        self._stack.close()


async def _until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - it is a state of the server, of which no event tells
        await asyncio.sleep(0)


async def _answer(client: socket.socket) -> bytes:
    loop, received = asyncio.get_running_loop(), bytearray()
    while part := await loop.sock_recv(client, 65536):
        received += part
    client.close()
    return bytes(received)


@contextlib.asynccontextmanager
async def _clients(published: Published, **limits: Any) -> AsyncIterator[_Clients]:
    clients = _Clients(published, replace(Limits(linger=600, request_time=600), **limits))
    try:
        yield clients
    finally:
        await clients.close()


def test_every_client_that_waits_is_awakened_by_the_next_generation(laptop: Published) -> None:
    async def run() -> None:
        async with _clients(laptop) as clients:
            waiting = [(await clients.watch())[0] for _ in range(Limits().watching_each)]
            clients.server.announce()  # a scan that changed nothing
            for _ in range(100):
                await asyncio.sleep(0)
            assert sum(each.watching for each in clients.server._clients) == len(waiting)

            clients.state = (replace(laptop, generation=4), FACTS)
            clients.server.announce()
            for client in waiting:
                head, _, body = (await _answer(client)).partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 ")
                assert b"Preference-Applied: wait=50" in head
                assert json.loads(body)["answer"]["generation"] == 4

    asyncio.run(run())


def test_a_scan_that_fails_awakens_them_too(laptop: Published) -> None:
    async def run() -> None:
        async with _clients(laptop) as clients:
            client, _ = await clients.watch()
            clients.state = (laptop, replace(FACTS, failure="no table"))
            clients.server.announce()
            assert (await _answer(client)).startswith(b"HTTP/1.1 503 ")

    asyncio.run(run())


def test_only_so_many_may_wait_and_of_one_user_fewer(laptop: Published) -> None:
    async def run() -> None:
        async with _clients(laptop, watching=3, watching_each=2) as clients:
            for user in (1, 1):
                await clients.watch(user)
            share, _ = await clients.watch(1)
            assert (await _answer(share)).startswith(b"HTTP/1.1 503 ")
            (third, held) = await clients.watch(2)
            full, _ = await clients.watch(3)
            assert (await _answer(full)).startswith(b"HTTP/1.1 503 ")

            third.close()
            await _until(lambda: held not in clients.server._clients or _hung_up(clients.server))
            await clients.watch(3)
            assert sum(each.watching for each in clients.server._clients) == 3

    asyncio.run(run())


def _hung_up(server: Server) -> bool:
    """Have the server look for clients that closed, as its loop does."""
    server._cancel_closed()
    return False


def test_those_who_wait_take_no_connection_from_the_others(laptop: Published) -> None:
    async def run() -> None:
        async with _clients(laptop, connections=2, pending=1) as clients:
            waiting = [(await clients.watch())[0] for _ in range(8)]
            silent = [clients.connect(b"")[0] for _ in range(2)]
            await asyncio.sleep(0)
            asked, _ = clients.connect(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await _answer(asked)).startswith(b"HTTP/1.1 200 ")
            assert (await _answer(silent[0])).startswith(b"HTTP/1.1 408 ")
            assert sum(each.watching for each in clients.server._clients) == len(waiting)

    asyncio.run(run())


def test_the_end_does_not_wait_for_those_who_wait(laptop: Published) -> None:
    async def run() -> None:
        clients = _Clients(laptop, Limits())
        client, _ = await clients.watch()
        await clients.server.stop()
        assert await _answer(client) == b""

    asyncio.run(run())


def test_without_a_change_the_answer_is_304_after_the_time(laptop: Published) -> None:
    async def run() -> None:
        async with _clients(laptop) as clients:
            request = f'GET /v1/health HTTP/1.1\r\nHost: x\r\nIf-None-Match: "{laptop.tag}"'
            client, _ = clients.connect(f"{request}\r\nPrefer: wait=1\r\n\r\n".encode())
            head = await _answer(client)
            assert head.startswith(b"HTTP/1.1 304 ")
            assert b"Preference-Applied: wait=1" in head

    asyncio.run(run())


def test_a_device_without_a_region_awakens_them(tmp_path: Path) -> None:
    """A new driver of a device that no region names is a new generation, with the same digest."""

    async def run() -> None:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "s"))
            async with agent(tmp_path, machine(EHCI, NIC), api=listening) as one:
                first = one.publisher.scans[0]
                reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
                request = f'GET /v1/health HTTP/1.1\r\nHost: x\r\nIf-None-Match: W/"{first.tag}"'
                writer.write(f"{request}\r\nPrefer: wait=50\r\n\r\n".encode())
                one.host.links |= machine(EHCI, replace(NIC, driver="vfio-pci")).links
                one.watch.send(NIC.sbdf)
                answer = await reader.read()
                writer.close()
                assert json.loads(answer.partition(b"\r\n\r\n")[2])["answer"]["generation"] == 2
                assert one.publisher.scans[-1].digest == first.digest

    asyncio.run(run())
