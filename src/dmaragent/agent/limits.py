"""The limits of the local API, each with its reason. Pure.

The unit allows the service and its workers 148 MiB together (``MemoryMax=``). So every buffer has a
limit here; :attr:`Limits.total_held` adds them up.
"""

from dataclasses import dataclass

from dmaragent.addresses import KIB, MIB

SLICE = 64 * KIB
"""The bytes of a response written to the kernel at a time, and of an answer read from a worker."""
OBJECTS = 32 * KIB
"""The bytes for the Python objects of a connection: task, parser, request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits for clients; sizes in bytes, times in seconds."""

    connections: int = 64
    """Connected clients; one more disconnects another."""
    pending: int = 48
    """Clients among them whose guest is resolved or waits for that; one more is refused."""
    pending_each: int = 40
    """The same for clients of one user."""
    watching: int = 16
    """Clients besides those connections that wait for a change; one more is refused."""
    watching_each: int = 8
    """The same for clients of one user, of whom each page of a browser can be one."""
    head: int = 16 * KIB
    """Request line and headers together."""
    body: int = 64 * KIB
    chunked: int = 256 * KIB
    """A body in chunks with its framing, which can be many times the size of the body."""
    request_time: float = 5.0
    """From the connection to the end of the request."""
    response_time: float = 10.0
    """For a client to read the whole response."""
    linger: float = 1.0
    """For a client to close the connection after the response."""
    send_buffer: int = 32 * KIB
    """SO_SNDBUF: the kernel's buffer for a client that does not read (the kernel doubles it)."""
    workers: int = 2
    """Concurrent worker processes."""
    workers_each: int = 1
    """The same for one user, so that other users never wait for that user's guests."""
    worker_memory: int = 46 * MIB
    """RLIMIT_DATA of a worker; two workers and the service fit in 148 MiB. A host with the most
    regions needs 35 MiB with Python 3.11, 43 MiB with 3.14 and 3.15."""
    worker_space: int = 160 * MIB
    """RLIMIT_AS of a worker, for mappings that RLIMIT_DATA does not count, such as files."""
    deadline: float = 8.0
    """For a worker to answer: half of the unit's TimeoutStopSec. It takes 0.2 s on an idle
    processor, mostly to start, and took 1.5 s with six processes per processor."""
    turn: float = 30.0
    """For a request to wait for a worker."""
    answer: int = 1 * MIB
    """The answer to one guest request; 2,048 regions take about 0.8 MiB."""

    @property
    def per_connection(self) -> int:
        """The most bytes that a connection holds, in Python and in the kernel.

        A response is sent without copying it.
        """
        return self.head + self.body + 2 * self.send_buffer + OBJECTS

    @property
    def total_held(self) -> int:
        """The most bytes that clients can make the service hold besides what it publishes."""
        answers = (
            self.workers * 2 * (self.answer + SLICE)
        )  # as received, and without its first line
        watching = self.watching * (self.per_connection - self.body)  # their requests have no body
        return self.connections * self.per_connection + watching + answers


MOST_WAIT = 50
"""Seconds that a client can wait for a change: below the minute after which programs between a
client and the agent often give up."""
MOST_FUNCTIONS = 4096
"""PCI functions of a host whose devices or report the agent answers."""
MOST_GUESTS = 32
"""Guests per request: 64 KiB contain about as many as ``xl list -l`` prints, at 2 KiB each."""
MOST_DEVICES = 256
"""Devices of all guests in a request: a virtual PCI bus has 32 slots of 8 functions, in QEMU and in
xen-pciback's vpci.c alike."""
MOST_REGIONS = 2048
"""Regions in an answer: the largest benchmark host has 2,000, real hosts have 9."""
