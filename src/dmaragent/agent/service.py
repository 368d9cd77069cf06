"""The agent's loop: events in, a published inventory out. No polling.

An event only causes the whole host to be read again. So a lost event costs only the time until the
next one, and the published inventory is always from one scan.
"""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from dmaragent.agent import words
from dmaragent.agent.changes import changes
from dmaragent.agent.http import Server
from dmaragent.agent.journal import ERROR, INFO, NOTICE, WARNING, Journal
from dmaragent.agent.notify import Notifier
from dmaragent.agent.publish import Publisher, memory
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts
from dmaragent.agent.scan import scan
from dmaragent.agent.watch import Watch
from dmaragent.agent.workers import Command
from dmaragent.collect.reader import HostReader
from dmaragent.errors import DmaragentError

QUIET = 0.02
"""Seconds without an event after which a burst is over."""
LONGEST = 0.2
"""Seconds after which a burst that does not end is answered."""


def _nothing() -> None:
    """Do nothing: the local API is off."""


@dataclass(kw_only=True)
class Service:
    """One agent: its host, its source of events, its publisher."""

    open_host: Callable[[], HostReader]
    """Opens the host again for each scan: root's capture can be new."""
    watch: Watch
    publisher: Publisher
    notifier: Notifier
    journal: Journal
    watchdog: float | None = None
    """Seconds until systemd expects a sign of life; None without a watchdog."""
    listening: socket.socket | None = None
    """The socket of the local API; None if it is off."""
    worker: Command | None = None
    """Starts the workers; None for the usual program (``worker.py``)."""
    published: Published | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: bool = False
    """Whether a scan was requested by a signal, not by an event."""
    _deaf: OSError | None = None
    """Why events can no longer be read."""
    _failure: str = ""
    """Why the last scan failed."""
    _began: float | None = None
    """When the current scan began, by the monotonic clock."""
    _announce: Callable[[], None] = _nothing
    """Wakes the clients that wait for a change."""
    _untold: str = ""
    """The last message about the directory for metrics, so that it is logged once."""

    async def run(self) -> None:
        """Publish until :meth:`stop`.

        Any other end removes the published files, because they may no longer be true.

        Raises:
            DmaragentError: the files cannot be written, root's capture cannot be read, or the
                kernel's events can no longer be read.

        """
        try:
            await self._serve()
        except Exception as error:
            self.journal.write(words.agent_ends(error), ERROR)
            self.publisher.withdraw()
            raise
        self.notifier.say("STOPPING=1")

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
                stack.callback(loop.remove_signal_handler, number)
            loop.add_signal_handler(signal.SIGHUP, self.rescan)
            stack.callback(loop.remove_signal_handler, signal.SIGHUP)
            loop.add_reader(self.watch.fileno(), self._on_event)
            stack.callback(loop.remove_reader, self.watch.fileno())
            if self.listening is not None:
                server = Server(lambda: (self.published, self._facts()), start=self.worker)
                await server.start(self.listening)
                self._announce = server.announce
                stack.push_async_callback(server.stop)
            self._ready(await self._scan())
            if self.watchdog:
                alive = asyncio.create_task(self._say_alive(self.watchdog))
                stack.callback(alive.cancel)
            await self._follow()
        if self._deaf is not None:
            why = self._deaf.strerror or str(self._deaf)
            raise DmaragentError(
                words.no_more_events(why),
                words.start_again(),
            ) from self._deaf

    def _facts(self) -> PublishedFacts:
        return PublishedFacts(memory=memory(), failure=self._failure)

    def stop(self) -> None:
        """End :meth:`run`."""
        self._stop.set()
        self._wake.set()

    def rescan(self) -> None:
        """Read the host again."""
        self._asked = True
        self.notifier.reloading()
        self._wake.set()

    async def _follow(self) -> None:
        """Read the host again after each burst of events."""
        while not self._stop.is_set():
            await self._wake.wait()
            await self._settle()
            if self._stop.is_set():
                return
            asked, self._asked = self._asked, False
            self._wake.clear()
            published = await self._scan()
            if asked:
                self._ready(published)

    async def _settle(self) -> None:
        """Wait until no event arrives for a moment, unless the service is stopping."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + LONGEST
        while not self._stop.is_set() and loop.time() < latest:
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), QUIET)
            except TimeoutError:
                return

    async def _scan(self) -> Published:
        """Read the host and publish what is new, in a thread beside the loop."""
        before = self.published
        self._began = time.monotonic()
        try:
            after = await asyncio.to_thread(lambda: scan(self.open_host(), before, time.time()))
        except Exception as error:
            self._failure = str(error) or type(error).__name__
            self._announce()
            raise
        finally:
            self._began = None
        self.published = after
        self._announce()
        untold = self.publisher.publish(
            after, new=before is None or after.generation != before.generation
        )
        if untold and untold != self._untold:
            self.journal.write(untold, WARNING)
        self._untold = untold
        for change in changes(before, after):
            self.journal.write(
                change.sentence,
                WARNING if change.bad else NOTICE if before else INFO,
                **change.fields,
            )
        return after

    def _on_event(self) -> None:
        try:
            events = self.watch.drain()
        except OSError as error:
            self._deaf = (
                error  # without events, the published inventory would become outdated: start again
            )
            self.stop()
            return
        if events.lost:
            self.journal.write(words.events_dropped(), WARNING)
        if events.names or events.lost:
            self._wake.set()

    def _ready(self, published: Published) -> None:
        state = words.generation(published.generation, published.inventory.region_count)
        self.notifier.say("READY=1", f"STATUS={state}")

    async def _say_alive(self, within: float) -> None:
        with suppress(asyncio.CancelledError):
            while True:
                if self._is_alive(within):
                    self.notifier.ping()
                await asyncio.sleep(within / 2)

    def _is_alive(self, within: float) -> bool:
        """Return whether no scan hangs: each must be shorter than the watchdog's interval."""
        return self._began is None or time.monotonic() - self._began < within
