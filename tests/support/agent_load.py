"""The local API under load: 50 clients of 100 requests each, and what its memory does.

The server is a process of its own over one recorded machine.  The clients ask for the inventory, a
device, the findings and the metrics; every fifth request of two of them resolves a guest.  One
client alone, in turn, in the same run is what they are compared with.
"""

import http.client
import json
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

from support.agent_process import running_agent

ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "testdata/dmar_dumps/lenovo-laptop"
CLIENTS, REQUESTS = 50, 100
_GETS = ("/v1/inventory", "/v1/devices/00:14.0", "/v1/findings", "/metrics")
_GUEST = json.dumps({"guest": 'name="a"\ntype="hvm"\nmemory=4096\npci=["00:14.0"]\n'})


class Client(http.client.HTTPConnection):
    """Python's own client, on a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def ask(path: str, requests: int = REQUESTS, *, guests: bool = True) -> int:
    """Be one client, with `guests` to resolve; return how many requests were answered with 200."""
    client, fine = Client(path), 0
    for number in range(requests):
        kind = number % (len(_GETS) + 1)
        if kind < len(_GETS) or not guests:
            client.request("GET", _GETS[kind % len(_GETS)])
        else:
            headers = {"Content-Type": "application/json"}
            client.request("POST", "/v1/resolve", _GUEST, headers)
        response = client.getresponse()
        response.read()
        fine += response.status == 200
    client.close()
    return fine


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What 50 clients did to a server."""

    fine: int
    """Requests answered with 200."""
    before: int
    """Bytes resident once every kind of request was answered."""
    after: int
    alone: float
    """Requests a second of one client."""
    together: float
    """Of all at once."""


def load() -> Load:
    """Start a server, and put the load on it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_agent(Path(folder), MACHINE) as agent,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        path, process = str(agent.api), psutil.Process(agent.child.pid)
        ask(path, 10)
        begin = perf_counter()
        ask(path, guests=False)
        alone = REQUESTS / (perf_counter() - begin)
        before = process.memory_info().rss
        begin = perf_counter()
        asked = [clients.submit(ask, path, guests=one < 2) for one in range(CLIENTS)]
        fine = sum(one.result() for one in asked)
        together = CLIENTS * REQUESTS / (perf_counter() - begin)
        after = process.memory_info().rss
    return Load(fine=fine, before=before, after=after, alone=alone, together=together)
