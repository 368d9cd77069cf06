"""dmaragent.client: each method against the service, and what it makes of refusals."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent.http import Server
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from dmaragent.client import ApiError, Client
from support.cli import check_document
from support.served import published_machine, serving

FACTS = PublishedFacts(memory=1)


@pytest.fixture(scope="module")
def laptop() -> Published:
    return published_machine("lenovo-laptop")


@pytest.fixture
def client(tmp_path: Path, laptop: Published) -> Iterator[Client]:
    with serving(tmp_path / "s", lambda: (laptop, FACTS)) as path:
        yield Client(str(path), timeout=600)


def test_every_answer_is_a_document_of_its_schema_with_the_generation(
    client: Client, laptop: Published
) -> None:
    documents: dict[str, Any] = {
        "dmaragent.inventory": client.inventory(),
        "dmaragent.devices": client.devices(),
        "dmaragent.check": client.findings(),
        "dmaragent.resolve": client.resolve('name="a"\ntype="hvm"\nmemory=512\n', xen="4.17"),
        "dmaragent.why": client.explain_message("libxl: error: RDM conflict at 0xad800000"),
    }
    for name, document in documents.items():
        check_document(document)
        assert document["format"] == name
        assert document["origin"]["generation"] == laptop.generation
        assert document["origin"]["digest"] == laptop.digest
    one = client.device("00:14.0")
    check_document(one)
    assert one["answer"]["device"] == "0000:00:14.0"
    assert client.health()["answer"]["generation"] == laptop.generation
    assert client.metrics().startswith("# HELP dmaragent_")
    assert client.report().startswith("<!DOCTYPE html>")


def test_a_refusal_is_an_exception_with_its_fields(client: Client) -> None:
    with pytest.raises(ApiError) as unknown:
        client.device("7f:1e.7")
    with pytest.raises(ApiError) as unread:
        client.resolve('type = "hvm"\nmemory =\n')

    assert (unknown.value.status, unknown.value.title) == (404, "Not Found")
    assert "0000:7f:1e.7" in unknown.value.detail
    assert unknown.value.hint
    assert (unread.value.status, unread.value.line) == (422, 2)


def test_a_name_cannot_leave_its_path(client: Client) -> None:
    for name in ("../health", "00:14.0?x", "a b\r\nX: y", "\N{SNOWMAN}"):
        with pytest.raises(ApiError) as refused:
            client.device(name)
        assert refused.value.status == 400


def test_an_agent_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client(str(tmp_path / "none")).health()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", ConnectionError),
        (b"nonsense\r\n\r\n", ConnectionError),
        (b"HTTP/1.1 500 Broken\r\nContent-Length: 2\r\n\r\n{}", ApiError),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1\r\n\r\n\xff", ApiError),
    ],
)
def test_what_is_no_agent_is_no_other_exception(
    tmp_path: Path, sent: bytes, error: type[Exception]
) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()

        def serve() -> None:
            with listening.accept()[0] as client:
                client.recv(65536)
                client.sendall(sent)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(error):
            Client(str(tmp_path / "s"), timeout=60).health()
        thread.join()


def test_who_waits_for_a_change_waits_at_least_a_second(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0"):
        next(Client(str(tmp_path / "socket")).generations(wait=0))


def test_generations_are_the_present_one_and_each_that_follows(
    tmp_path: Path, laptop: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = list[Server]()
    monkeypatch.setattr(Server, "start", _noting(servers, Server.start))
    state = [laptop]
    with serving(tmp_path / "s", lambda: (state[-1], FACTS)) as path:
        (server,) = servers
        watching = threading.Event()
        monkeypatch.setattr(Server, "_watch", _telling(watching, Server._watch))
        found = Client(str(path), timeout=600).generations()
        first = next(found)
        thread = threading.Thread(target=lambda: _publish_once(watching, server, state))
        thread.start()
        second = next(found)
        thread.join()
    assert first["answer"]["generation"] + 1 == second["answer"]["generation"]
    check_document(json.loads(json.dumps(second)))


def test_a_wait_without_a_change_yields_nothing_and_asks_again(tmp_path: Path) -> None:
    """The agent answers 304 (not modified), then the next generation."""
    path, asked = str(tmp_path / "s"), list[bytes]()
    answers = [
        b'HTTP/1.1 200 OK\r\nETag: W/"1"\r\nContent-Length: 3\r\n\r\n"a"',
        b'HTTP/1.1 304 Not Modified\r\nETag: W/"1"\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nETag: W/"2"\r\nContent-Length: 3\r\n\r\n"b"',
    ]
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            for answer in answers:
                with listening.accept()[0] as client:
                    asked.append(client.recv(65536))
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        found = Client(path, timeout=60).generations(wait=7)
        documents: list[object] = [next(found), next(found)]
        thread.join()
    assert documents == ["a", "b"]
    assert [b'If-None-Match: W/"1"\r\nPrefer: wait=7\r\n' in one for one in asked] == [
        False,
        True,
        True,
    ]


def test_an_agent_without_a_tag_is_not_asked_in_a_loop(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            with listening.accept()[0] as client:
                client.recv(65536)
                client.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"a"')

        thread = threading.Thread(target=serve)
        thread.start()
        found = Client(path, timeout=60).generations()
        first: object = next(found)
        with pytest.raises(ConnectionError):
            next(found)
        thread.join()
    assert first == "a"


def _noting(servers: list[Server], start: Any) -> Any:
    async def noted(self: Server, listening: socket.socket) -> None:
        servers.append(self)
        await start(self, listening)

    return noted


def _telling(watching: threading.Event, watch: Any) -> Any:
    async def told(*given: Any) -> Any:
        watching.set()
        return await watch(*given)

    return told


def _publish_once(watching: threading.Event, server: Server, state: list[Published]) -> None:
    assert watching.wait(600)
    after = replace(state[-1], generation=state[-1].generation + 1)

    def publish() -> None:
        state.append(after)
        server.announce()

    (loop,) = {task.get_loop() for task in server._tasks}
    loop.call_soon_threadsafe(publish)


def test_its_import_needs_the_standard_library_and_two_modules() -> None:
    code = (
        "import sys, dmaragent.client; "
        "print(sorted(name for name in sys.modules if name.startswith(('dmaragent', 'fwtables'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout.strip() == str(["dmaragent", "dmaragent.client", "dmaragent.service_paths"])


def test_a_short_timeout_does_not_end_a_long_wait(tmp_path: Path) -> None:
    """The agent answers after more than the timeout, and before the end of the wait."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            for number, pause in enumerate((0, 0.6)):
                with listening.accept()[0] as client:
                    client.recv(65536)
                    time.sleep(pause)
                    client.sendall(
                        b'HTTP/1.1 200 OK\r\nETag: W/"%d"\r\nContent-Length: 1\r\n\r\n%d'
                        % (number, number)
                    )

        thread = threading.Thread(target=serve)
        thread.start()
        found = Client(path, timeout=0.2).generations(wait=30)
        documents: list[object] = [next(found), next(found)]
        thread.join()
    assert documents == [0, 1]
