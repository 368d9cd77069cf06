"""The local API on its Unix socket: who is served, and how it ends.

The permissions of the socket decide who may ask.  Every wait and every buffer has a limit
(``limits.py``), and each user a share.  ``routes.py`` decides what is answered.
"""

import asyncio
import contextlib
import resource
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from http import HTTPStatus

from dmaragent.agent.connection import ClosedError, Connection, RefusedError
from dmaragent.agent.limits import Limits
from dmaragent.agent.messages import RETRY, Request, Response, problem
from dmaragent.agent.model import Published
from dmaragent.agent.routes import Facts, Work, refusal, respond
from dmaragent.agent.workers import Command, Workers

State = Callable[[], tuple[Published | None, Facts]]
"""Returns what is published at the moment, and the facts beside it."""
DEFAULT = Limits()
RESERVED_FILES = 24
"""Descriptors for the rest of the service: at most 13 at rest, 9 for two workers and a scan."""
PAUSE = 0.5
"""Seconds until the next client is accepted, after one could not be."""


class Server:
    """Serves the local API on a listening socket, from :meth:`start` to :meth:`stop`.

    Faults of ours go to the loop's exception handler, and the client gets 500.
    """

    def __init__(
        self, state: State, limits: Limits = DEFAULT, start: Command | None = None
    ) -> None:
        self._state = state
        self._limits = affordable(limits, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._workers = Workers(self._limits, start)
        self._clients: dict[Connection, asyncio.Task[None]] = {}  # in the order they came
        self._leaving: dict[Connection, asyncio.Task[None]] = {}  # refused, and may read why
        self._untaken = Counter[int]()  # bytes of answers that a user has not taken yet
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening`, a bound Unix stream socket; its path stays when all ends."""
        listening.settimeout(0)
        listening.listen()  # clients that do not block fail on a full backlog
        self._run(self._accept(listening))

    async def stop(self) -> None:
        """End at once, whoever waits for an answer, and close the socket."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._workers.close()

    def _run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket) -> None:
        """Accept clients.  Where none can be accepted, say so once, and try again later."""
        loop = asyncio.get_running_loop()
        said = ""
        with listening:
            while True:
                try:
                    client, _ = await loop.sock_accept(listening)
                    self._admit(Connection(client, self._limits))
                    said = ""
                except OSError as error:  # no descriptor or no memory, here or in the kernel
                    why = f"clients of the local API cannot be accepted: {error.strerror}"
                    if why != said:
                        loop.call_exception_handler({"message": why})
                    said = why
                    await asyncio.sleep(PAUSE)
                await asyncio.sleep(0)  # a flood of clients does not keep the others waiting

    def _admit(self, connection: Connection) -> None:
        """Serve a client; if there is no room, refuse it, or another that is waited for too long.

        That is one of the same user, if that user has all it may have, and else of the user who
        has the most.
        """
        users = Counter(client.user for client in (*self._clients, connection))
        holder = None
        if users[connection.user] > self._limits.connections_each:
            holder = connection.user
        elif users.total() > self._limits.connections:
            holder = users.most_common(1)[0][0]
        refused = None if holder is None or self._cut_off(holder) else _FULL
        task = self._run(self._client(connection, refused))
        if refused is None:
            self._clients[connection] = task
        else:
            self._leave(connection, task)

    def _cut_off(self, user: int) -> bool:
        """Wait no longer for the oldest client of `user` that is waited for; False: none is."""
        for client in self._clients:
            if client.user == user and client.cut_off(self._limits.grace):
                self._leave(client, self._clients.pop(client))
                return True
        return False

    def _leave(self, connection: Connection, task: asyncio.Task[None]) -> None:
        """Let a client read why it was refused; the oldest of too many may not any more."""
        self._leaving[connection] = task
        if len(self._leaving) > self._limits.leaving:
            self._leaving.pop(next(iter(self._leaving))).cancel()

    async def _client(self, connection: Connection, refused: Response | None) -> None:
        try:
            with contextlib.suppress(ClosedError):
                await (self._serve(connection) if refused is None else connection.respond(refused))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the service
            self._report(error)
        finally:
            self._clients.pop(connection, None)
            self._leaving.pop(connection, None)
            connection.close()

    async def _serve(self, connection: Connection) -> None:
        method = ""
        try:
            request = await connection.request(refusal)
            if isinstance(request, Request):
                method = request.method
                answered = self._answer(request)
                if isinstance(answered, Work):
                    await self._work(answered, connection)
                    return
                request = answered
        except RefusedError as error:
            request = error.response
        await connection.respond(request, method)

    def _answer(self, request: Request) -> Response | Work:
        try:
            return respond(request, *self._state())
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the service
            self._report(error)
            return _FAULT

    async def _work(self, work: Work, connection: Connection) -> None:
        """Have a worker answer, unless the client goes; hold no more answers than may be held."""
        try:
            async with asyncio.timeout(None) as wanted:
                with connection.if_gone(lambda: wanted.reschedule(0)):
                    response = await self._workers.resolve(
                        work.body, work.published, connection.user
                    )
        except TimeoutError as error:
            raise ClosedError from error
        except OSError as error:
            why = f"no worker can be started: {error.strerror}"
            response = problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=RETRY)
        except Exception as error:  # noqa: BLE001 - likewise
            self._report(error)
            response = _FAULT
        user, size = connection.user, len(response.body)
        if (
            self._untaken[user] + size > self._limits.answers_each
            or self._untaken.total() + size > self._limits.answers
        ):
            why = "too many answers wait for their clients to read them"
            response = problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=RETRY)
            size = len(response.body)
        self._untaken[user] += size
        try:
            await connection.respond(response)
        finally:
            self._untaken[user] -= size
            if not self._untaken[user]:
                del self._untaken[user]

    def _report(self, error: Exception) -> None:
        told = {"message": "an answer of the local API failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(told)


_FULL = problem(
    HTTPStatus.SERVICE_UNAVAILABLE, "too many clients are connected already", headers=RETRY
)
_FAULT = problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the agent has a fault; its log says more")


def affordable(limits: Limits, files: int) -> Limits:
    """Return `limits` with as many connections as `files` descriptors allow, two a client."""
    total = max(2, (files - RESERVED_FILES) // 2)
    if total >= limits.connections + limits.leaving:
        return limits
    leaving = max(1, total // 5)
    connections = min(limits.connections, total - leaving)
    each = min(limits.connections_each, max(1, connections * 3 // 4))
    return replace(limits, connections=connections, connections_each=each, leaving=leaving)
