"""Hostile clients of the local API, mixed by a seed, beside one that means well.

A bounded run is a test; ``python -m support.agent_hostile --seconds 3600``, in tests/, is a long
one, whose figures docs/faults.md has.  Run by root, the hostile clients have another user.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from support.agent_process import AgentProcess, running_agent
from support.machines import MACHINES
from support.served import exchange

NOBODY = 65534
THREADS = 12
_MACHINE = MACHINES / "lenovo-laptop"


def post(guest: str, xen: str = "") -> bytes:
    """Return the request to resolve `guest`."""
    posted = {"guest": guest} | ({"xen": xen} if xen else {})
    body = json.dumps(posted).encode()
    head = b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def get(target: str) -> bytes:
    """Return the request for `target`."""
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


_TARGETS = ("inventory", "findings", "health", "devices/00:14.0", "devices/7f:1e.7", "nothing")
_HEADER = "type = 'hvm'\nmemory = 4096\nrdm = 'strategy=host'\n"
_LIBXL = '{"c_info":{"type":"hvm"},"b_info":{},"pcidevs":[%s]}'
_GUESTS = (
    _HEADER + "pci = ['00:14.0']\n",
    "pci = [" + ",".join(["''"] * 20_000) + "]",
    _HEADER + "pci = [" + ",".join(f"'00:{n >> 3:02x}.{n & 7}'" for n in range(256)) + "]",
    _HEADER + "pci = [" + ",".join(["''"] * 256) + "]",
    _LIBXL % ",".join(["{}"] * 20_000),
    "[" + ",".join([_LIBXL % ",".join(["{}"] * 8)] * 32) + "]",
    "[" * 30_000,
    "a = 1\n" * 10_000,
    "name = '" + "\u20ac" * 9_000 + "'",
)


class Hostile:
    """One client after the other; `chance` decides what each does."""

    def __init__(self, path: Path, chance: random.Random, pause: float) -> None:
        self._path = path
        self._chance = chance
        self._pause = pause
        self.done = Counter[str]()
        self._acts: tuple[Callable[[], None], ...] = (
            self.ask,
            self.resolve,
            self.hang_up,
            self.say_nothing,
            self.drip,
            self.garbage,
            self.flood,
            self.not_read,
            self.send_on,
        )

    def act(self) -> None:
        """Be one client."""
        act = self._chance.choice(self._acts)
        self.done[act.__name__] += 1
        with contextlib.suppress(OSError):
            act()

    @contextlib.contextmanager
    def _client(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(str(self._path))
            yield client

    def ask(self) -> None:
        exchange(self._path, get(f"/v1/{self._chance.choice(_TARGETS)}"))

    def resolve(self) -> None:
        xen = self._chance.choice(("", "4.17", "4.8", "documented", "9"))
        exchange(self._path, post(self._chance.choice(_GUESTS), xen))

    def hang_up(self) -> None:
        with self._client() as client:
            client.sendall(post(self._chance.choice(_GUESTS)))
            time.sleep(self._chance.random() * self._pause)

    def say_nothing(self) -> None:
        with self._client():
            time.sleep(self._chance.random() * 4 * self._pause)

    def drip(self) -> None:
        with self._client() as client:
            for byte in get("/v1/health")[: self._chance.randrange(40)]:
                client.send(bytes([byte]))
                time.sleep(self._pause / 10)

    def garbage(self) -> None:
        exchange(self._path, self._chance.randbytes(self._chance.randrange(1, 70_000)), shut=True)

    def flood(self) -> None:
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(self._client())

    def not_read(self) -> None:
        with self._client() as client:
            client.sendall(get("/v1/inventory"))
            time.sleep(self._chance.random() * 2 * self._pause)

    def send_on(self) -> None:
        with self._client() as client:
            client.sendall(get("/v1/health") * 10_000)


def be_hostile(path: Path, seed: int, acts: int, until: float, pause: float) -> Counter[str]:
    """Be hostile clients one after the other: `acts` of them, or until the time `until`."""
    hostile = Hostile(path, random.Random(seed), pause)  # noqa: S311 - the same each time
    while sum(hostile.done.values()) < acts and time.monotonic() < until:
        hostile.act()
    return hostile.done


@contextlib.contextmanager
def hostile_clients(
    path: Path, seed: int, acts: int = 1 << 30, seconds: float = 600.0, pause: float = 1.0
) -> Iterator[list[subprocess.Popen[str]]]:
    """Start hostile clients in processes of their own; with root's rights, as another user."""
    path.chmod(0o777)
    words = [sys.executable, "-m", "support.agent_hostile", "--be", str(path)]
    words += ["--acts", str(acts), "--seconds", str(seconds), "--pause", str(pause)]
    clients = [
        subprocess.Popen(
            [*words, "--seed", str(seed + number)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        for number in range(THREADS)
    ]
    try:
        yield clients
    finally:
        for client in clients:
            client.kill()
            client.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run showed."""

    seconds: float
    hostile: dict[str, int]
    """How many hostile clients of each kind."""
    well: int
    """Requests of the client that means well."""
    unanswered: int
    """Of them, answered with 5xx or not at all."""
    median: float
    """Seconds that its requests took."""
    p99: float
    resident: tuple[int, ...]
    """Bytes resident when it began, at the most, and at the end."""
    children: int
    """Processes of the agent when all had ended."""
    files: tuple[int, int]
    """Its descriptors when it began and when all had ended."""
    stop: float
    """Seconds from SIGTERM to its end, with hostile clients there."""
    log: list[str]


def run(agent: AgentProcess, seed: int, acts: int, seconds: float, pause: float) -> Run:
    """Have hostile clients at `agent`, and one that means well; then end it."""
    process = psutil.Process(agent.child.pid)
    for _ in range(3):
        exchange(agent.api, post(_GUESTS[0]))
        exchange(agent.api, get("/v1/devices/00:14.0"))
    resident, files = [process.memory_info().rss], process.num_fds()
    taken, unanswered, begin = list[float](), 0, time.monotonic()
    with hostile_clients(agent.api, seed, acts, seconds, pause) as clients:
        while any(client.poll() is None for client in clients):
            asked = time.perf_counter()
            said = exchange(agent.api, get("/v1/devices/00:14.0"))
            taken.append(time.perf_counter() - asked)
            unanswered += not said.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404"))
            resident.append(process.memory_info().rss)
            if len(taken) % 50 == 0:
                agent.child.send_signal(signal.SIGHUP)
                agent.heard(b"READY=1")
            time.sleep(pause / 50)
        done = Counter[str]()
        for client in clients:
            assert client.stdout is not None
            done.update(json.loads(client.stdout.read()))
    took = time.monotonic() - begin
    exchange(agent.api, post(_GUESTS[0]))  # the last in the line: all others have ended
    children, ended = len(process.children()), (files, process.num_fds())
    last = process.memory_info().rss
    with hostile_clients(agent.api, seed + 99, seconds=60.0, pause=pause):
        time.sleep(5 * pause)  # until they have started
        exchange(agent.api, get("/v1/health"))
        asked = time.perf_counter()
        agent.child.send_signal(signal.SIGTERM)
        agent.child.wait(60)
        stop = time.perf_counter() - asked
    taken.sort()
    return Run(
        seconds=took,
        hostile=dict(done),
        well=len(taken),
        unanswered=unanswered,
        median=taken[len(taken) // 2],
        p99=taken[len(taken) * 99 // 100],
        resident=(resident[0], max(resident), last),
        children=children,
        files=ended,
        stop=stop,
        log=agent.log.read_text("utf-8").splitlines()[:50],
    )


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--be", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--acts", type=int, default=1 << 30)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=1.0)
    given = parser.parse_args()
    if given.be is not None:
        if os.geteuid() == 0:  # not before: the interpreter may be root's alone
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        until = time.monotonic() + given.seconds
        done = be_hostile(given.be, given.seed, given.acts, until, given.pause)
        sys.stdout.write(json.dumps(done))
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_agent(Path(folder), _MACHINE) as agent:
            said = run(agent, given.seed, given.acts, given.seconds, given.pause)
    sys.stdout.write(json.dumps(asdict(said), indent=1) + "\n")


if __name__ == "__main__":
    main()
