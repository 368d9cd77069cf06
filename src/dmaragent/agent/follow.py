"""Follow the changes of this machine without the service: for ``dmaragent watch``.

As in the service, an event only causes the whole host to be read again, so a lost event loses no
change of state.
"""

import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dmaragent.agent import words
from dmaragent.agent.changes import Change, changes
from dmaragent.agent.published import Published
from dmaragent.agent.scan import scan
from dmaragent.agent.watch import Watch
from dmaragent.collect.reader import HostReader
from dmaragent.errors import DmaragentError

QUIET = 0.1
"""Seconds without an event after which a burst is over: a driver creates 64 virtual functions with
less between two."""
LONGEST = 2.0
"""Seconds after which a burst that does not end is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one reading of the host showed."""

    published: Published
    changes: tuple[Change, ...]
    """What changed since the step before; none for the first."""
    lost: bool
    """Whether the kernel dropped events, so that changes that were undone are unknown."""


class Ended(Exception):  # noqa: N818 - it is no error
    """A signal ends the program."""


class Waker:
    """Waits for events, for the end, and for the reader of the output to close it."""

    def __init__(self, watch: Watch, ending: int, output: int | None = None) -> None:
        """Wait for `watch`; the descriptor `ending` becomes readable for the end."""
        self._poll = select.poll()
        self._poll.register(watch.fileno(), select.POLLIN)
        self._poll.register(ending, select.POLLIN)
        self._ending = ending
        self._output = output
        if output is not None:
            # Without a reader, the kernel reports POLLERR for a pipe, and POLLHUP alone for a socket
            # of which the reader had read everything.
            self._poll.register(output, 0)

    def wait(self, seconds: float | None) -> bool:
        """Return whether events arrived within `seconds`; without them, wait for events.

        Raises:
            Ended: a signal arrived.
            BrokenPipeError: the reader closed the output.

        """
        ready = dict(self._poll.poll(None if seconds is None else seconds * 1000))
        if self._ending in ready:
            raise Ended
        if self._output is not None and self._output in ready:
            raise BrokenPipeError
        return bool(ready)


def follow(open_host: Callable[[], HostReader], watch: Watch, waker: Waker) -> Iterator[Step]:
    """Yield a step at once, and one after each burst of events, until a signal.

    Raises:
        DmaragentError: the host cannot be read, or the kernel's events can no longer be read.
        BrokenPipeError: the reader closed the output.

    """
    before: Published | None = None
    lost = False
    while True:
        after = scan(open_host(), before, time.time())
        differences = () if before is None else changes(before, after, most=None)
        yield Step(published=after, changes=differences, lost=lost)
        before = after
        try:
            lost = _burst(watch, waker)
        except Ended:
            return


def _burst(watch: Watch, waker: Waker) -> bool:
    """Wait for events and for their end; return whether the kernel dropped some."""
    lost = False
    latest: float | None = None
    while True:
        if not waker.wait(None if latest is None else QUIET):
            return lost
        try:
            events = watch.drain()
        except OSError as error:
            why = error.strerror or str(error)
            raise DmaragentError(words.no_more_events(why), words.watch_again()) from error
        lost = lost or events.lost
        now = time.monotonic()
        if latest is None and (events.names or events.lost):
            latest = now + LONGEST
        if latest is not None and now >= latest:
            return lost
