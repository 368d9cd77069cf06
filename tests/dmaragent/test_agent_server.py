"""The server of the local API, asked as clients ask: in turn, at once, too many, to the end."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent import http as server
from dmaragent.agent.connection import Limits
from dmaragent.agent.messages import Request, Response
from dmaragent.agent.model import Published
from dmaragent.agent.routes import Facts, respond
from support.served import exchange, published_machine, serving

CLOSE = b"Host: x\r\nConnection: close\r\n"
HEALTH = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = json.dumps({"guest": 'name = "a"\ntype = "hvm"\nmemory = 4096\n'}).encode()
POST = b"POST /v1/resolve HTTP/1.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


@pytest.fixture
def service(tmp_path: Path, laptop: Published) -> Iterator[Path]:
    with serving(tmp_path / "socket", lambda: (laptop, Facts(memory=1))) as path:
        yield path


class Client(http.client.HTTPConnection):
    """Python's own client, on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))

    def get(self, target: str) -> Any:
        self.request("GET", target)
        response = self.getresponse()
        return response.status, response.read()


def test_a_connection_serves_many_requests(service: Path, laptop: Published) -> None:
    client = Client(service)
    client.connect()
    held = client.sock

    for _ in range(3):
        assert client.get("/v1/inventory") == (200, laptop.document)
        assert client.get("/nothing")[0] == 404
    assert client.sock is held
    client.close()


def test_requests_that_are_sent_ahead_are_served_in_their_order(service: Path) -> None:
    last = b"GET /nothing HTTP/1.1\r\n" + CLOSE + b"\r\n"
    post = POST + b"Host: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY

    said = exchange(service, HEALTH + post + HEALTH + last)

    formats = [one in said for one in (b"dmaragent.health", b"dmaragent.resolve")]
    assert formats == [True, True]
    order = [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert order == [b"200", b"200", b"200", b"404"]
    assert said.index(b"dmaragent.health") < said.index(b"dmaragent.resolve")


def test_nothing_behind_a_chunked_body_is_taken_for_a_request(service: Path) -> None:
    head = POST + b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

    said = exchange(service, head + chunks + HEALTH)

    assert said.count(b"HTTP/1.1 ") == 1
    assert b"dmaragent.resolve" in said
    assert b"Connection: close" in said


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


def test_a_client_too_many_is_told_so_and_the_others_are_served(
    tmp_path: Path, laptop: Published
) -> None:
    few = Limits(connections=2)
    with (
        serving(tmp_path / "socket", lambda: (laptop, Facts(memory=1)), few) as path,
        contextlib.ExitStack() as held,
    ):
        clients = [Client(path) for _ in range(2)]
        for client in clients:
            held.callback(client.close)
            assert client.get("/v1/health")[0] == 200

        said = exchange(path, HEALTH)

        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in said
        assert [client.get("/v1/health")[0] for client in clients] == [200, 200]


def test_what_takes_long_waits_for_its_turn_and_holds_up_nothing_else(
    tmp_path: Path, laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(request: Request, published: Published | None, facts: Facts) -> Response:
        if request.method == "POST":
            begun.release()
            go_on.wait(60)
        return respond(request, published, facts)

    monkeypatch.setattr(server, "respond", slow)
    asked = POST + CLOSE + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    answers: list[bytes] = []
    limits = Limits(turn=0.2)
    with serving(tmp_path / "socket", lambda: (laptop, Facts(memory=1)), limits) as path:
        clients = [
            threading.Thread(target=lambda: answers.append(exchange(path, asked))) for _ in range(2)
        ]
        for client in clients:
            client.start()
            assert begun.acquire(timeout=60)
        third = exchange(path, asked)
        fourth = exchange(path, b"GET /v1/health HTTP/1.1\r\n" + CLOSE + b"\r\n")
        go_on.set()
        for client in clients:
            client.join()

    assert third.startswith(b"HTTP/1.1 503 ")
    assert fourth.startswith(b"HTTP/1.1 200 ")
    assert [one[:13] for one in answers] == [b"HTTP/1.1 200 "] * 2


@pytest.mark.parametrize("target", [b"/v1/health", b"/v1/findings"], ids=["loop", "thread"])
def test_a_fault_of_ours_is_told_to_the_log_and_not_to_the_client(
    tmp_path: Path, laptop: Published, monkeypatch: pytest.MonkeyPatch, target: bytes
) -> None:
    def broken(*_: object) -> Response:
        raise ZeroDivisionError("a secret")

    faults: list[dict[str, Any]] = []
    asked = b"GET " + target + b" HTTP/1.1\r\n" + CLOSE + b"\r\n"
    state = (laptop, Facts(memory=1))
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
    with serving(tmp_path / "socket", lambda: (laptop, Facts(memory=1)), faults=faults) as path:
        client = Client(path)
        assert client.get("/v1/health")[0] == 200

    assert faults == []  # asyncio tells of a task that ends cancelled, in ten lines
    assert client.sock.recv(1) == b""
    client.close()
    assert path.exists()
