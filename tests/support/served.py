"""The local API over a recorded machine, on a socket."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dmaragent.agent.http import Server
from dmaragent.agent.limits import Limits
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from dmaragent.agent.workers import Command
from support.machines import MACHINES
from support.published import publish_host


def published_machine(name: str) -> Published:
    """Publish the inventory of a recorded machine."""
    return publish_host(str(MACHINES / name))


@contextmanager
def serving(
    path: Path,
    state: Callable[[], tuple[Published | None, PublishedFacts]],
    limits: Limits | None = None,
    faults: list[dict[str, Any]] | None = None,
    worker: Command | None = None,
) -> Iterator[Path]:
    """Serve on a socket at `path`, in a thread of its own; collect in `faults` what goes wrong.

    Without `limits`, a worker on a busy machine has ten minutes.
    """
    server = Server(state, limits or Limits(deadline=600, turn=600), worker)
    with _running(server, path, faults):
        yield path


@contextmanager
def serving_changes(
    path: Path,
    state: Callable[[], tuple[Published | None, PublishedFacts]],
    *,
    watching: int = 8,
) -> Iterator[Callable[[], None]]:
    """Serve as :func:`serving` does; the function wakes the clients that wait for a change.

    So many clients of a user can wait for one. No client of a busy machine is too slow.
    """
    patience = 600.0
    limits = Limits(
        watching_each=watching,
        request_time=patience,
        response_time=patience,
        deadline=patience,
        turn=patience,
    )
    server = Server(state, limits)
    with _running(server, path, None) as loop:

        def announce() -> None:
            loop.call_soon_threadsafe(server.announce)

        yield announce


@contextmanager
def _running(
    server: Server, path: Path, faults: list[dict[str, Any]] | None
) -> Iterator[asyncio.AbstractEventLoop]:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    loop = asyncio.new_event_loop()
    if faults is not None:
        loop.set_exception_handler(lambda _, told: faults.append(told))
    loop.run_until_complete(server.start(listening))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def exchange(path: Path, sent: bytes, *, shut: bool = False) -> bytes:
    """Send bytes, and give all that comes until the server closes the connection."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))  # blocking: else a full backlog is an error
        client.settimeout(60)
        received = bytearray()
        try:
            client.sendall(sent)
            if shut:
                client.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had said enough
        try:
            while data := client.recv(65536):
                received += data
        except ConnectionResetError:
            pass
        return bytes(received)
