"""The limits of the local API, each with its reason.  Pure.

The unit gives the service and its workers 128 MiB together (``MemoryMax=``), so that every
buffer has a bound here: :attr:`Limits.total_held` adds them up.
"""

from dataclasses import dataclass

from dmaragent.addresses import KIB, MIB

SLICE = 64 * KIB
"""Bytes of a response offered to the kernel at a time, and of an answer read from a worker."""
OBJECTS = 32 * KIB
"""Bytes for the Python objects of a connection: task, parser, request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What clients may use; sizes in bytes, times in seconds."""

    connections: int = 64
    """Clients at the same time; to serve one more, another is disconnected."""
    pending: int = 48
    """Of them, clients whose guest is resolved or waits for that; one more is refused."""
    pending_each: int = 40
    """Of these, clients of one user."""
    head: int = 16 * KIB
    """Request line and headers together."""
    body: int = 64 * KIB
    chunked: int = 256 * KIB
    """A body in chunks with its framing, which can be many times the body."""
    request_time: float = 5.0
    """From the connection to the end of the request."""
    response_time: float = 10.0
    """For a client to take the whole response."""
    linger: float = 1.0
    """For a client to close, once it has the response."""
    send_buffer: int = 32 * KIB
    """SO_SNDBUF: what the kernel keeps for a client that does not read (it doubles this)."""
    workers: int = 2
    """Worker processes at the same time."""
    workers_each: int = 1
    """Of them, workers of one user: the others never wait for that user's guests."""
    worker_memory: int = 36 * MIB
    """RLIMIT_DATA of a worker; two and the service fit in 128 MiB."""
    worker_space: int = 160 * MIB
    """RLIMIT_AS of a worker, for mappings that RLIMIT_DATA does not count, as those of files."""
    deadline: float = 8.0
    """For a worker to answer: half of the unit's TimeoutStopSec.  It takes 0.2 s where a processor is
    free, most of it to start, and took 1.5 s where six processes wanted each processor."""
    turn: float = 30.0
    """For a request to wait for a worker."""
    answer: int = 1 * MIB
    """Of one guest request; 2,048 regions come to about 0.8 MiB."""

    @property
    def per_connection(self) -> int:
        """The most bytes that a connection holds, in Python and in the kernel.

        A response that is being sent is not copied.
        """
        return self.head + self.body + 2 * self.send_buffer + OBJECTS

    @property
    def total_held(self) -> int:
        """The most bytes that clients can make the service hold besides what it publishes."""
        answers = self.workers * 2 * (self.answer + SLICE)  # as it came, and without its first line
        return self.connections * self.per_connection + answers


MOST_GUESTS = 32
"""Guests a request: 64 KiB hold about as many as ``xl list -l`` prints, at 2 KiB each."""
MOST_DEVICES = 256
"""Devices of all guests of a request: a virtual PCI bus has 32 slots of 8 functions, in QEMU and
in xen-pciback's vpci.c alike."""
MOST_REGIONS = 2048
"""Regions an answer may list: the largest host that is benchmarked has 2,000, real ones 9."""
