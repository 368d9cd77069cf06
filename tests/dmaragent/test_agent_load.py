"""Many clients: all are answered, and what they make the agent hold has a bound."""

import contextlib
import fcntl
import json
import os
import re
import socket
import termios
import tracemalloc
from pathlib import Path

import pytest

from dmaragent.addresses import MIB
from dmaragent.agent.limits import Limits
from dmaragent.agent.routes import PublishedFacts
from support.agent_load import CLIENTS, REQUESTS, ROOT, load
from support.agent_workers import Held
from support.served import published_machine, serving

pytestmark = pytest.mark.slow  # services run


def test_fifty_clients_are_all_answered() -> None:
    assert load().fine == CLIENTS * REQUESTS == 5000


def _largest(limits: Limits) -> bytes:
    """Return the largest request there may be, of a guest that is read to its end."""
    guest = json.dumps({"guest": ""}).encode()
    posted = guest[:-2] + b" " * (limits.body - len(guest)) + b'"}'
    head = b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Content-Length: %d\r\nX: " % len(posted)
    return head + b"x" * (limits.head - len(head) - 4) + b"\r\n\r\n" + posted


def _until_taken(client: socket.socket) -> None:
    """Wait until the server has read all that was sent: unix(7), SIOCOUTQ."""
    while fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)) != bytes(4):
        os.sched_yield()


@pytest.mark.parametrize("cut", [0, 1], ids=["waiting for a worker", "not whole"])
def test_what_clients_make_it_hold_is_within_the_bound(tmp_path: Path, cut: int) -> None:
    limits = Limits(request_time=600.0, turn=600.0, deadline=600.0)
    held = Held(tmp_path)
    laptop, sent = published_machine("lenovo-laptop"), _largest(Limits())
    with (
        serving(
            tmp_path / "s", lambda: (laptop, PublishedFacts()), limits, worker=held.command
        ) as path,
        contextlib.ExitStack() as stack,
    ):
        clients = [
            stack.enter_context(socket.socket(socket.AF_UNIX))
            for _ in range(limits.connections if cut else limits.pending_each)
        ]
        tracemalloc.start()
        stack.callback(tracemalloc.stop)
        before = tracemalloc.get_traced_memory()[0]
        for client in clients:
            client.connect(str(path))
            client.sendall(sent[: len(sent) - cut])
        for client in clients:
            _until_taken(client)
        if not cut:
            held.wait_began()
        most = tracemalloc.get_traced_memory()[1] - before
        for client in clients:
            client.close()
        if not cut:
            held.wait_ended()
    held.close()

    assert len(sent) == limits.head + limits.body
    assert len(clients) * limits.body < most < len(clients) * limits.per_connection
    assert limits.total_held < 18 * MIB


def test_the_service_and_its_workers_fit_in_the_unit_s_memory() -> None:
    unit = (ROOT / "systemd/dmaragent.service").read_text("utf-8")
    memory = re.search(r"^MemoryMax=(\d+)M$", unit, re.MULTILINE)
    limits = Limits()

    assert memory is not None
    assert (
        36 * MIB + limits.total_held + limits.workers * limits.worker_memory <= int(memory[1]) * MIB
    )
