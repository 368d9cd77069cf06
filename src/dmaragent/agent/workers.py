"""Worker processes: their number per user, their time limits and their end.

Each request gets a process of its own, a new Python through asyncio's subprocesses. It is not a fork
of the service, because a fork would copy its threads and its current memory. No process waits
between requests. HACKING.md compares this with a pool.
"""

import asyncio
import contextlib
import copyreg
import fcntl
import os
import pickle
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from weakref import WeakValueDictionary

from dmaragent.agent import words
from dmaragent.agent.http_messages import RETRY, ApiResponse, problem
from dmaragent.agent.limits import SLICE, Limits
from dmaragent.agent.published import Published
from dmaragent.agent.routes import Work
from dmaragent.agent.tasks import Task, hint_of
from dmaragent.agent.worker import (
    command,
    environment,
    order,
    out_of_memory,
    read_only,
    received,
)
from dmaragent.host import Host

Command = Callable[[int], list[str]]
"""Returns the command of a worker that reads the host from the given descriptor."""
_ROOM = 8 * 1024
"""Bytes that a worker sends before the body: status, type, the end of a traceback."""


class WorkerFaultError(Exception):
    """An internal error in a worker; its text is the worker's traceback."""


class Workers:
    """Answers requests in separate processes."""

    def __init__(self, limits: Limits, start: Command | None = None) -> None:
        self._limits = limits
        self._start = start or self._command
        self._turns = asyncio.Semaphore(limits.workers)
        # A user's semaphore is removed when none of that user's requests waits or runs.
        self._shares = WeakValueDictionary[int, asyncio.Semaphore]()
        self._host = HostFile()

    def _command(self, descriptor: int) -> list[str]:
        limits = self._limits
        seconds = int(limits.deadline) + 1
        return command(
            descriptor, limits.answer, limits.worker_memory, limits.worker_space, seconds
        )

    @asynccontextmanager
    async def turn(self, user: int) -> AsyncIterator[None]:
        """Reserve a worker for `user` for the time of the context.

        Raises:
            TimeoutError: all workers were busy for too long.

        """
        share = self._shares.setdefault(user, asyncio.Semaphore(self._limits.workers_each))
        async with asyncio.timeout(self._limits.turn) as patience, share, self._turns:
            patience.reschedule(None)
            yield

    async def answer(self, work: Work) -> ApiResponse:
        """Have a worker answer `work`, within a :meth:`turn`.

        Cancelling it kills the worker.

        Raises:
            WorkerFaultError: the worker failed because of an internal error.

        """
        try:
            descriptor = await self._host.descriptor(work.published)
            process = await _started(self._start(descriptor), descriptor)
        except OSError as error:
            why = words.no_worker(error.strerror)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=RETRY)
        try:
            async with asyncio.timeout(self._limits.deadline):
                data = await self._exchange(
                    process, order(work.task, work.published.stamp) + work.body
                )
                await process.wait()
        except TimeoutError:
            why = words.takes_too_long(self._limits.deadline)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, hint=hint_of(work.task))
        finally:
            await _end(process)
        return _answer(data, process.returncode, work.task)

    async def _exchange(self, process: asyncio.subprocess.Process, body: bytes) -> bytes:
        """Send `body` to a worker, and return what it sends, up to the limit."""
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101 - likewise
        with contextlib.suppress(ConnectionError):  # it has ended; its status is the reason
            process.stdin.write(body)
            await process.stdin.drain()
        process.stdin.close()
        data = bytearray()
        while len(data) <= self._limits.answer + _ROOM:
            part = await process.stdout.read(SLICE)
            if not part:
                return bytes(data)
            data += part
        raise WorkerFaultError("a worker sent more than it may")

    def close(self) -> None:
        """Release the host; workers that still run have their own descriptors."""
        self._host.close()


def _answer(data: bytes, status: int | None, task: Task) -> ApiResponse:
    if status == 0:
        try:
            response, fault = received(data)
        except ValueError as error:
            raise WorkerFaultError("a worker sent no answer") from error
        if fault:
            raise WorkerFaultError(fault)
        return response
    if (
        status is not None and status < 0
    ):  # a signal: from its limits, or from the kernel when memory runs out
        return out_of_memory(task)
    raise WorkerFaultError(f"a worker ended with status {status}")


async def _started(arguments: list[str], descriptor: int) -> asyncio.subprocess.Process:
    """Start a worker, which gets `descriptor`.

    A cancellation meanwhile takes effect when the worker has started, and was ended: a second one
    would otherwise leave its transport open.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=[descriptor],
            env=environment(),
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        while not starting.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([starting])
        if starting.exception() is None:
            await _end(starting.result())
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill `process` if it still runs; nothing it does can delay that.

    A cancellation meanwhile takes effect when it has ended: a killed process ends at once, and asyncio
    would otherwise leave its transport open.
    """
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    cancelled = False
    while True:
        try:
            await _ended(process)
        except asyncio.CancelledError:
            cancelled = True
        else:
            break
    if cancelled:
        raise asyncio.CancelledError


async def _ended(process: asyncio.subprocess.Process) -> None:
    await process.wait()
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while await process.stdout.read(SLICE):  # what it had sent; asyncio closes the pipe at its end
        pass


class HostFile:
    """The host of the last scan, pickled once, in memory that is sealed against writing."""

    def __init__(self) -> None:
        self._scan = 0
        """The number of the scan that the host is from; 0 if there is no file."""
        self._made: asyncio.Future[int] | None = None
        """The descriptor, or a thread that makes it."""
        self._lock = asyncio.Lock()

    async def descriptor(self, published: Published) -> int:
        """Return the descriptor of a file with the host of `published`.

        A request that is cancelled leaves the file, finished or not, to the next one.
        """
        async with self._lock:
            made = self._made
            if made is None or self._scan != published.scans or _failed(made):
                self.close()
                loop = asyncio.get_running_loop()
                made = loop.run_in_executor(None, _file_of, published.inventory.host)
                self._scan, self._made = published.scans, made
            return await asyncio.shield(made)

    def close(self) -> None:
        """Release the file; one that a thread still makes, as soon as it is made."""
        made, self._made = self._made, None
        if made is not None and made.done():
            _close(made)
        elif made is not None:
            made.add_done_callback(_close)


def _failed(made: asyncio.Future[int]) -> bool:
    return made.done() and made.exception() is not None


def _close(made: asyncio.Future[int]) -> None:
    if not _failed(made):
        os.close(made.result())


def _file_of(host: Host) -> int:
    descriptor = os.memfd_create("dmaragent-host", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
            pickler.dispatch_table = copyreg.dispatch_table | {MappingProxyType: _reduce_mapping}
            pickler.dump(host)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _reduce_mapping(mapping: Mapping[Any, Any]) -> tuple[Any, ...]:
    return read_only, (dict(mapping),)
