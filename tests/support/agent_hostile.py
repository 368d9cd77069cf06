"""Hostile clients of the local API, mixed by a seed, beside one that means well.

A bounded run is a test.  The long run, whose figures docs/faults.md has, is in tests/
``python -m support.agent_hostile --seconds 3600 --rest 6 --every 0.15``: a request of the client that
means well every 0.15 s, and of hostile ones about two a second, so that it takes part of a processor.
Run by root, the hostile clients have another user.
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
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import psutil

from support.agent_process import AgentProcess, running_agent
from support.machines import MACHINES
from support.served import exchange

NOBODY = 65534
THREADS = 12
_BEGUN = "begun\n"
"""What a process of hostile clients says before the first of them."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many hostile clients come, and how fast; times in seconds."""

    seed: int = 1
    acts: int = 1 << 30
    """Hostile clients of each process."""
    seconds: float = 600.0
    """They end after so long if `acts` of them did not come before."""
    pause: float = 1.0
    """What a client waits while it is connected, up to a few times this."""
    rest: float = 0.0
    """Between two clients of a process, on average."""
    every: float = 0.02
    """From a request of the client that means well to its next."""


class Hostile:
    """One client after the other; `chance` decides what each does."""

    def __init__(self, path: Path, pace: Pace) -> None:
        self._path = path
        self._chance = random.Random(pace.seed)  # noqa: S311 - the same each time
        self._pause = pace.pause
        self._rest = pace.rest
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
            self.half_open,
            self.big_body,
        )

    def act(self) -> None:
        """Be one client, after a rest."""
        time.sleep(self._chance.random() * 2 * self._rest)
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

    def half_open(self) -> None:
        with self._client() as client:
            request = post(_GUESTS[0])
            client.sendall(request[: self._chance.randrange(len(request))])
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass

    def big_body(self) -> None:
        head = b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        if self._chance.random() < 0.5:  # of a declared length, or in chunks
            exchange(self._path, head + b"Content-Length: %d\r\n\r\n" % (1 << 20) + bytes(1 << 20))
        else:
            chunk = b"1\r\n[\r\n"
            exchange(self._path, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100_000)


def be_hostile(path: Path, pace: Pace) -> Counter[str]:
    """Be hostile clients one after the other."""
    hostile, until = Hostile(path, pace), time.monotonic() + pace.seconds
    while sum(hostile.done.values()) < pace.acts and time.monotonic() < until:
        hostile.act()
    return hostile.done


@contextlib.contextmanager
def hostile_clients(path: Path, pace: Pace) -> Iterator[list[subprocess.Popen[str]]]:
    """Start hostile clients in processes of their own; all have begun.  Of root's, another user."""
    path.chmod(0o777)
    words = [sys.executable, "-m", "support.agent_hostile", "--be", str(path)]
    words += ["--acts", str(pace.acts), "--seconds", str(pace.seconds)]
    words += ["--pause", str(pace.pause), "--rest", str(pace.rest)]
    clients = [
        subprocess.Popen(
            [*words, "--seed", str(pace.seed + number)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        for number in range(THREADS)
    ]
    try:
        for client in clients:
            assert client.stdout is not None
            assert client.stdout.readline() == _BEGUN
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
    minutes: tuple[int, ...]
    """Bytes resident at the start of each minute."""
    workers: int
    """The most bytes that its workers had resident together, of every tenth request."""
    guests: int
    """Guests that the client that means well had resolved."""
    children: int
    """Processes of the agent when all had ended."""
    files: tuple[int, int]
    """Its descriptors when it began and when all had ended."""
    stop: float
    """Seconds from SIGTERM to its end, with hostile clients there."""
    log: list[str]


_WELL = ("/v1/devices/00:14.0", "/v1/inventory", "/v1/findings", "/v1/health", "/metrics")


def run(agent: AgentProcess, pace: Pace) -> Run:
    """Have hostile clients at `agent`, and one that means well; then end it."""
    process = psutil.Process(agent.child.pid)
    for _ in range(3):
        exchange(agent.api, post(_GUESTS[0]))
        exchange(agent.api, get("/v1/devices/00:14.0"))
    resident, files = [process.memory_info().rss], process.num_fds()
    minutes, workers = list[int](), 0
    taken, guests, unanswered, begin = list[float](), 0, 0, time.monotonic()
    with hostile_clients(agent.api, pace) as clients:
        while any(client.poll() is None for client in clients):
            asked = time.perf_counter()
            said = exchange(agent.api, get(_WELL[len(taken) % len(_WELL)]))
            taken.append(time.perf_counter() - asked)
            unanswered += not said.startswith(b"HTTP/1.1 200")
            resident.append(process.memory_info().rss)
            if len(taken) % 10 == 0:
                workers = max(workers, _resident_children(process))
            if len(taken) % 50 == 0:
                guests += 1
                said = exchange(agent.api, post(_GUESTS[0]))
                unanswered += not said.startswith(b"HTTP/1.1 200")
                agent.child.send_signal(signal.SIGHUP)
                agent.heard(b"READY=1")
            if time.monotonic() - begin >= 60 * len(minutes):
                minutes.append(resident[-1])
                sys.stderr.write(f"{len(minutes) - 1} min: {resident[-1]} B, {len(taken)} asked\n")
            time.sleep(max(0.0, begin + pace.every * len(taken) - time.monotonic()))
        done = Counter[str]()
        for client in clients:
            assert client.stdout is not None
            done.update(json.loads(client.stdout.read()))
    took = time.monotonic() - begin
    exchange(agent.api, post(_GUESTS[0]))  # the last in the line: all others have ended
    children, ended = len(process.children()), (files, process.num_fds())
    last = process.memory_info().rss
    with hostile_clients(agent.api, Pace(seed=pace.seed + 99, seconds=60.0, pause=pace.pause)):
        time.sleep(pace.pause)  # for some of each kind to be there
        stop = seconds_to_end(agent)
    taken.sort()
    return Run(
        seconds=took,
        hostile=dict(done),
        well=len(taken),
        unanswered=unanswered,
        median=taken[len(taken) // 2],
        p99=taken[len(taken) * 99 // 100],
        resident=(resident[0], max(resident), last),
        minutes=tuple(minutes),
        workers=workers,
        guests=guests,
        children=children,
        files=ended,
        stop=stop,
        log=agent.log.read_text("utf-8").splitlines()[:50],
    )


def seconds_to_end(agent: AgentProcess) -> float:
    """Send SIGTERM to the agent; return the seconds until it has ended."""
    exchange(agent.api, get("/v1/health"))
    begin = time.perf_counter()
    agent.child.send_signal(signal.SIGTERM)
    assert agent.child.wait(60) == 0
    return time.perf_counter() - begin


def _resident_children(process: psutil.Process) -> int:
    """Return the bytes resident of all processes that `process` has started."""
    total = 0
    for child in process.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            total += child.memory_info().rss
    return total


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--be", type=Path)
    for field in fields(Pace):
        parser.add_argument(f"--{field.name}", type=field.type, default=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    path = given.pop("be")
    pace = Pace(**given)
    if path is not None:
        if os.geteuid() == 0:  # not before: the interpreter may be root's alone
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        sys.stdout.write(_BEGUN)
        sys.stdout.flush()
        sys.stdout.write(json.dumps(be_hostile(path, pace)))
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_agent(Path(folder), _MACHINE) as agent:
            showed = run(agent, pace)
    sys.stdout.write(json.dumps(asdict(showed), indent=1) + "\n")


if __name__ == "__main__":
    main()
