"""An agent in a test: a host that changes, events when the test says so, what it said."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dmaragent.agent.journal import Journal
from dmaragent.agent.notify import Notifier
from dmaragent.agent.publish import Publisher
from dmaragent.agent.published import Published
from dmaragent.agent.service import Service
from dmaragent.agent.watch import Events
from dmaragent.agent.workers import Command
from support.hosts import FakeHost, Function, fake_host
from support.tables import drhd, rmrr, scope, table

TABLE = table(drhd(0xFED90000, flags=1), rmrr(0x3C000000, 0x3C0FFFFF, scope(1, 0, (0x1D, 0))))
EHCI = Function(sbdf="0000:00:1d.0", class_code=0x0C0320, driver="ehci-pci")
NIC = Function(sbdf="0000:03:00.0", driver="e1000e")


def machine(*functions: Function) -> FakeHost:
    """Make a host of these functions with one region, of 0000:00:1d.0."""
    return fake_host(list(functions), {"DMAR": TABLE})


class FakeWatch:
    """Events that a test sends."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._here.settimeout(0)
        self._there.settimeout(0)
        self.waiting: list[Events] = []
        self.error: OSError | None = None

    def send(self, *names: str, lost: bool = False) -> None:
        """Have an event happen."""
        self.waiting.append(Events(names, lost))
        with contextlib.suppress(BlockingIOError):  # so many wait that one more says nothing new
            self._there.send(b"x")

    def fail(self, error: OSError) -> None:
        """Have the next reading fail."""
        self.error = error
        self._there.send(b"x")

    def fileno(self) -> int:
        return self._here.fileno()

    def drain(self) -> Events:
        if self.error is not None:
            raise self.error
        with contextlib.suppress(BlockingIOError):
            while self._here.recv(4096):
                pass
        found, self.waiting = self.waiting, []
        names = dict.fromkeys(name for each in found for name in each.names)
        return Events(tuple(names), any(each.lost for each in found))

    def close(self) -> None:
        self._here.close()
        self._there.close()


class Hearing(Publisher):
    """A publisher that tells the test of every scan."""

    def __init__(self, runtime: Path) -> None:
        super().__init__(runtime=str(runtime))
        self.scans: list[Published] = []
        self.heard = asyncio.Event()

    def publish(self, published: Published, *, new: bool) -> str:
        problem = super().publish(published, new=new)
        self.scans.append(published)
        self.heard.set()
        return problem

    async def until(self, true: Callable[[Published], bool]) -> Published:
        """Wait for a scan of which `true` holds."""
        while True:
            self.heard.clear()
            for each in self.scans:
                if true(each):
                    return each
            await self.heard.wait()


@dataclass(kw_only=True)
class Agent:
    """A running agent."""

    runtime: Path
    host: FakeHost
    watch: FakeWatch
    said: StringIO
    publisher: Hearing
    service: Service
    running: asyncio.Task[None]


@asynccontextmanager
async def agent(
    runtime: Path,
    host: FakeHost,
    notify: str = "",
    api: socket.socket | None = None,
    worker: Command | None = None,
) -> AsyncIterator[Agent]:
    """Run an agent of `host` that publishes below `runtime`; it has scanned once."""
    watch, said, publisher = FakeWatch(), StringIO(), Hearing(runtime)
    environment = {"NOTIFY_SOCKET": notify} if notify else {}
    service = Service(
        open_host=lambda: host,
        watch=watch,
        publisher=publisher,
        notifier=Notifier(environment),
        journal=Journal({}, stream=said),
        listening=api,
        worker=worker,
    )
    running = asyncio.create_task(service.run())
    try:
        await publisher.until(lambda one: one.scans == 1)
        yield Agent(
            runtime=runtime,
            host=host,
            watch=watch,
            said=said,
            publisher=publisher,
            service=service,
            running=running,
        )
    finally:
        service.stop()
        await asyncio.wait([running])
        watch.close()
