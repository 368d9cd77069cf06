"""The local API over a recorded machine: what is published, and a server on a socket."""

import asyncio
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dmaragent.agent.connection import Limits
from dmaragent.agent.http import Server
from dmaragent.agent.model import Published
from dmaragent.agent.routes import Facts
from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.collect.opening import open_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.documents import inventory_document
from support.machines import MACHINES

GENERATION = 3
SCANNED = 1700000000.25


def publish(inventory: Inventory) -> Published:
    """Publish an inventory as the service does."""
    told = inventory_document(inventory, "live", "")
    digest = hashlib.sha256(json.dumps(told["answer"]).encode()).hexdigest()
    told["origin"] |= {"generation": GENERATION, "digest": digest}
    return Published(
        inventory=inventory,
        checked=check(inventory),
        document=json.dumps(told).encode(),
        generation=GENERATION,
        digest=digest,
        scanned=SCANNED,
        scans=5,
    )


def published_machine(name: str) -> Published:
    """Publish the inventory of a recorded machine."""
    opened = open_host(str(MACHINES / name))
    return publish(take_inventory(join(collect(opened.reader))))


@contextmanager
def serving(
    path: Path,
    state: Callable[[], tuple[Published | None, Facts]],
    limits: Limits | None = None,
    faults: list[dict[str, Any]] | None = None,
) -> Iterator[Path]:
    """Serve on a socket at `path`, in a thread of its own; collect in `faults` what goes wrong."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    loop = asyncio.new_event_loop()
    if faults is not None:
        loop.set_exception_handler(lambda _, told: faults.append(told))
    server = Server(state, limits or Limits())
    loop.run_until_complete(server.start(listening))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield path
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
