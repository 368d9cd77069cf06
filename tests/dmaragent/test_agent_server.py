"""The server of the local API: one request a connection, too many clients, and the end."""

import asyncio
import contextlib
import errno
import json
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent import http as server
from dmaragent.agent.connection import Connection
from dmaragent.agent.http_messages import ApiResponse
from dmaragent.agent.limits import Limits
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts, Work
from dmaragent.agent.workers import Workers
from support.agent_workers import Held
from support.served import exchange, published_machine, serving
from support.wording import Worded

CLOSE = b"Host: x\r\nConnection: close\r\n"
HEALTH = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = json.dumps({"guest": 'name = "a"\ntype = "hvm"\nmemory = 4096\n'}).encode()
POST = b"POST /v1/resolve HTTP/1.1\r\nContent-Type: application/json\r\n"


_Admitted = tuple[socket.socket, Connection]
"""The client's end, and the server's."""


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    workers = Held(tmp_path)
    yield workers
    workers.close()


@pytest.fixture
def service(tmp_path: Path, laptop: Published) -> Iterator[Path]:
    with serving(tmp_path / "socket", lambda: (laptop, PublishedFacts(memory=1))) as path:
        yield path


def _clients(path: Path, number: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Connect clients that say nothing."""
    clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(number)]
    for client in clients:
        client.settimeout(60)
        client.connect(str(path))
    return clients


def _rest(client: socket.socket) -> bytes:
    """Read to the end, which is no reset."""
    return b"".join(iter(lambda: client.recv(65536), b""))


async def _until(true: Callable[[], object]) -> None:
    """Let the others in the loop go on until `true` returns something true."""
    while not true():  # noqa: ASYNC110 - it is a state of the server, of which no event tells
        await asyncio.sleep(0)


@pytest.mark.parametrize("second", [HEALTH, POST + b"Host: x\r\n\r\n", b"\0" * 999], ids=str)
def test_a_connection_serves_one_request_and_ends(service: Path, second: bytes) -> None:
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    for first in (HEALTH, POST + b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks):
        said = exchange(service, first + second)

        assert said.count(b"HTTP/1.1 ") == 1
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"Connection: close\r\n" in said


def test_a_client_that_asks_first_is_told_to_go_on(service: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(service))
        client.settimeout(60)
        client.sendall(
            POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        )
        assert client.recv(4096) == b"HTTP/1.1 100 \r\n\r\n"
        client.sendall(BODY)
        received = b"".join(iter(lambda: client.recv(65536), b""))

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_asks_first_is_refused_before_it_sends(service: Path) -> None:
    asked = POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 1073741824\r\n\r\n"

    assert exchange(service, asked).startswith(b"HTTP/1.1 413 ")


def test_a_half_closed_client_gets_its_answer(service: Path) -> None:
    assert exchange(service, HEALTH, shut=True).startswith(b"HTTP/1.1 200 ")


def test_http_1_0_is_answered_and_closed(service: Path) -> None:
    said = exchange(service, b"GET /v1/health HTTP/1.0\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"dmaragent.health" in said


def test_head_tells_the_length_and_sends_nothing(service: Path, laptop: Published) -> None:
    head, _, body = exchange(
        service, b"HEAD /v1/inventory HTTP/1.1\r\n" + CLOSE + b"\r\n"
    ).partition(b"\r\n\r\n")

    assert b"Content-Length: %d" % len(laptop.document) in head
    assert body == b""


def test_what_the_client_has_is_not_sent_again(service: Path, laptop: Published) -> None:
    asked = b'GET /v1/inventory HTTP/1.1\r\nIf-None-Match: W/"%s"\r\n' % laptop.digest.encode()

    head, _, body = exchange(service, asked + CLOSE + b"\r\n").partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert body == b""


def test_a_client_too_many_reads_why_to_its_end(
    tmp_path: Path, laptop: Published, held: Held
) -> None:
    asked = POST + CLOSE + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    few = Limits(pending=2, pending_each=2, workers_each=2, deadline=600, turn=600)
    state = (laptop, PublishedFacts(memory=1))
    with (
        serving(tmp_path / "socket", lambda: state, few, worker=held.command) as path,
        contextlib.ExitStack() as stack,
    ):
        waiting = _clients(path, 2, stack)
        for client in waiting:
            client.sendall(asked)
        held.wait_began()
        held.wait_began()  # both have a worker: neither is silent and could make room
        (third,) = _clients(path, 1, stack)
        third.sendall(asked)
        said = _rest(third)

        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in said
        assert json.loads(said.partition(b"\r\n\r\n")[2])["status"] == 503
        held.let_go()
        held.let_go()
        assert [_rest(client)[-6:] for client in waiting] == [b"let go"] * 2


def test_of_those_that_say_nothing_the_oldest_makes_room(tmp_path: Path, laptop: Published) -> None:
    few = Limits(connections=4, request_time=600)
    with (
        serving(tmp_path / "socket", lambda: (laptop, PublishedFacts(memory=1)), few) as path,
        contextlib.ExitStack() as stack,
    ):
        silent = _clients(path, 4, stack)
        said = exchange(path, HEALTH)

        assert said.startswith(b"HTTP/1.1 200 ")
        assert _rest(silent[0]).startswith(b"HTTP/1.1 408 ")
        for client in silent[1:]:
            client.sendall(HEALTH)
            assert _rest(client).startswith(b"HTTP/1.1 200 ")


def test_a_client_is_known_by_its_user_not_by_its_process_or_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = struct.pack("iII", 41, 42, 43)  # struct ucred of unix(7)

    async def user() -> int:
        near, far = socket.socketpair()
        with near, monkeypatch.context() as patch:
            patch.setattr(socket.socket, "getsockopt", lambda *_: credentials)
            connection = Connection(far, Limits())
            connection.close()
        return connection.user

    assert asyncio.run(user()) == 42


def _admitted(served: server.Server, user: int, stack: contextlib.ExitStack) -> _Admitted:
    """Connect a client of `user` that asks about a guest."""
    near, far = socket.socketpair()
    stack.enter_context(near).sendall(
        POST + CLOSE + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    )
    near.settimeout(0)
    connection = Connection(far, Limits(response_time=600))
    connection.user = user
    served._admit(connection)
    return near, connection


def test_guests_that_wait_keep_nobody_from_reading(laptop: Published, held: Held) -> None:
    async def run() -> None:
        limits = Limits(connections=4, pending=3, pending_each=3, turn=600, deadline=600)
        served = server.Server(lambda: (laptop, PublishedFacts(memory=1)), limits, held.command)
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as stack:
            guests = [_admitted(served, 1, stack)[1] for _ in range(3)]
            await _until(lambda: all(guest.pending for guest in guests))
            for user in (1, 2, 3):
                near, far = socket.socketpair()
                stack.enter_context(near).settimeout(0)
                connection = Connection(far, limits)
                connection.user = user
                served._admit(connection)
                await loop.sock_sendall(near, HEALTH)
                assert await loop.sock_recv(near, 12) == b"HTTP/1.1 200"
            assert all(guest.pending for guest in guests)
            await served.stop()

    asyncio.run(run())


def test_a_user_has_a_share_of_the_guests_that_wait(laptop: Published, held: Held) -> None:
    async def run() -> list[bytes]:
        limits = Limits(pending=3, pending_each=2, turn=600, deadline=600)
        served = server.Server(lambda: (laptop, PublishedFacts(memory=1)), limits, held.command)
        loop = asyncio.get_running_loop()

        async def status(user: int) -> bytes:
            near, connection = _admitted(served, user, stack)
            answer = asyncio.create_task(loop.sock_recv(near, 12))
            await _until(lambda: connection.pending or answer.done())
            if not answer.done():
                answer.cancel()
                return b"waits"
            return await answer

        with contextlib.ExitStack() as stack:
            statuses = [await status(user) for user in (1, 1, 1, 2, 2)]
            await served.stop()
        return statuses

    full = b"HTTP/1.1 503"
    assert asyncio.run(run()) == [b"waits", b"waits", full, b"waits", full]


def test_the_next_guest_of_a_user_is_resolved_once_the_client_has_the_answer_before(
    laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = list[bytes]()

    async def resolve(_: Workers, asked: Work) -> ApiResponse:
        begun.append(asked.body)
        return ApiResponse(status=200, content_type="text/plain", body=bytes(1 << 20))

    async def run() -> None:
        monkeypatch.setattr(Workers, "answer", resolve)
        served = server.Server(lambda: (laptop, PublishedFacts(memory=1)), Limits(turn=600))
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as stack:
            (first, _), (second, connection) = (_admitted(served, 1, stack) for _ in range(2))
            await _until(lambda: begun and (connection.pending or len(begun) > 1))
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(begun) == 1
            while await loop.sock_recv(first, 1 << 16):
                pass
            assert await loop.sock_recv(second, 12) == b"HTTP/1.1 200"
            assert len(begun) == 2
            await served.stop()

    asyncio.run(run())


def test_room_is_made_by_the_user_who_has_the_most(laptop: Published) -> None:
    async def run() -> None:
        limits = Limits(connections=3, request_time=600)
        served = server.Server(lambda: (laptop, PublishedFacts(memory=1)), limits)
        with contextlib.ExitStack() as stack:
            ours = list[socket.socket]()
            admitted = list[Connection]()
            for user in (1, 2, 2, 3, 3, 3):
                near, far = socket.socketpair()
                ours.append(stack.enter_context(near))
                near.settimeout(0)
                connection = Connection(far, limits)
                connection.user = user
                admitted.append(connection)
                served._admit(connection)
                await asyncio.sleep(0)
            left = [connection in served._clients for connection in admitted]
            assert left == [True, False, True, False, False, True]
            await served.stop()

    asyncio.run(run())


def test_however_many_come_and_say_nothing_few_are_kept(laptop: Published) -> None:
    async def run() -> None:
        limits = Limits(connections=2, request_time=600, linger=600)
        served = server.Server(lambda: (laptop, PublishedFacts(memory=1)), limits)
        with contextlib.ExitStack() as stack:
            for _ in range(50):
                near, far = socket.socketpair()
                stack.enter_context(near)
                served._admit(Connection(far, limits))
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(served._tasks) <= limits.connections + 1
            await served.stop()
            assert not served._tasks

    asyncio.run(run())


def test_one_that_sends_without_end_does_not_keep_others_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = [b""] + [b"x"] * 1000

    async def at_once(*_: object) -> bytes:
        return parts.pop()  # as sock_recv, if there is always something to read

    async def run() -> None:
        near, far = socket.socketpair()
        with near:
            connection, turns = Connection(far, Limits(linger=600)), 0
            sending = asyncio.create_task(connection.linger())
            monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_recv", at_once)
            while not sending.done():
                await asyncio.sleep(0)
                turns += 1
            connection.close()
        assert turns > 1000

    asyncio.run(run())


def test_where_clients_cannot_be_accepted_it_is_said_once(
    tmp_path: Path, laptop: Published, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr(server, "PAUSE", 0)
    full = OSError(errno.EMFILE, "Too many open files")
    failures = [full, full, full]
    accept = asyncio.SelectorEventLoop.sock_accept

    async def failing(loop: Any, listening: socket.socket) -> Any:
        if failures:
            raise failures.pop()
        return await accept(loop, listening)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_accept", failing)
    faults: list[dict[str, Any]] = []
    state = (laptop, PublishedFacts(memory=1))
    with serving(tmp_path / "socket", lambda: state, faults=faults) as path:
        assert exchange(path, HEALTH).startswith(b"HTTP/1.1 200 ")

    assert [list(one) for one in faults] == [["message"]]  # and no traceback
    worded(faults[0]["message"])


@pytest.mark.parametrize("files", [0, 26, 27, 28, 30, 64, 89, 104, 105, 1024])
def test_few_descriptors_mean_few_clients(files: int) -> None:
    most = server.affordable(Limits(), files)

    assert most.connections > most.pending >= most.pending_each >= 1
    assert most.watching >= most.watching_each >= 1
    assert most.connections + most.watching <= max(3, files - server.RESERVED_FILES)
    assert (most == Limits()) is (files >= 105)


def test_a_fault_of_ours_is_told_to_the_log_and_not_to_the_client(
    tmp_path: Path, laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> ApiResponse:
        raise ZeroDivisionError("a secret")

    faults: list[dict[str, Any]] = []
    asked = HEALTH
    state = (laptop, PublishedFacts(memory=1))
    with serving(tmp_path / "socket", lambda: state, faults=faults) as path:
        with monkeypatch.context() as patch:
            patch.setattr(server, "respond", broken)
            said = exchange(path, asked)
        after = exchange(path, asked)

    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in said
    assert [type(one["exception"]) for one in faults] == [ZeroDivisionError]
    assert after.startswith(b"HTTP/1.1 200 ")


def test_the_end_lets_idle_clients_go_and_leaves_the_path(
    tmp_path: Path, laptop: Published
) -> None:
    faults: list[dict[str, Any]] = []
    with serving(
        tmp_path / "socket", lambda: (laptop, PublishedFacts(memory=1)), faults=faults
    ) as path:
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        assert exchange(path, HEALTH).startswith(b"HTTP/1.1 200 ")

    assert faults == []  # asyncio tells of a task that ends cancelled, in ten lines
    assert client.recv(1) == b""
    client.close()
    assert path.exists()
