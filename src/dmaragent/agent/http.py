"""The local API on its Unix socket: who is served, and when a connection ends.

The permissions of the socket control access. Every wait and every buffer has a limit
(``limits.py``), and each user has a share. ``routes.py`` produces the answers.
"""

import asyncio
import contextlib
import resource
import select
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from http import HTTPStatus

from dmaragent.agent import words
from dmaragent.agent.connection import Connection, RefusedError
from dmaragent.agent.http_messages import RETRY, ApiRequest, ApiResponse, problem
from dmaragent.agent.limits import Limits
from dmaragent.agent.published import Published
from dmaragent.agent.routes import PublishedFacts, Wait, Work, respond
from dmaragent.agent.workers import Command, Workers

State = Callable[[], tuple[Published | None, PublishedFacts]]
"""Returns what is published now, and the facts beside it."""
DEFAULT = Limits()
RESERVED_FILES = 25
"""Descriptors for the rest of the service: at most 14 when idle, 9 for two workers and a scan, 2
for clients that were disconnected for others."""
PAUSE = 0.5
"""Seconds to wait after a client could not be accepted."""


class Server:
    """Serves the local API on a listening socket, from :meth:`start` to :meth:`stop`.

    Internal errors go to the loop's exception handler, and the client gets 500.
    """

    def __init__(
        self, state: State, limits: Limits = DEFAULT, start: Command | None = None
    ) -> None:
        self._state = state
        self._limits = affordable(limits, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._workers = Workers(self._limits, start)
        self._clients: dict[Connection, asyncio.Task[None]] = {}  # in order of arrival
        self._hangups = select.epoll()
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening`, a bound Unix stream socket; its path remains afterwards."""
        listening.settimeout(0)
        listening.listen()  # for clients that do not block, a full backlog is an error
        asyncio.get_running_loop().add_reader(self._hangups, self._cancel_closed)
        self._run(self._accept(listening))

    async def stop(self) -> None:
        """End at once, even if clients wait for an answer, and close the socket."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        asyncio.get_running_loop().remove_reader(self._hangups)
        self._hangups.close()
        self._workers.close()

    def announce(self) -> None:
        """Wake the clients that wait for a change: what is published can be new."""
        self._news.set()
        self._news = asyncio.Event()

    def _run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket) -> None:
        """Accept clients. If that fails, report it once and try again later."""
        loop = asyncio.get_running_loop()
        reported = ""
        with listening:
            while True:
                try:
                    client, _ = await loop.sock_accept(listening)
                    self._admit(Connection(client, self._limits))
                    reported = ""
                except OSError as error:  # no descriptor or no memory, here or in the kernel
                    why = words.clients_not_accepted(error.strerror)
                    if why != reported:
                        loop.call_exception_handler({"message": why})
                    reported = why
                    await asyncio.sleep(PAUSE)
                await asyncio.sleep(0)  # a flood of new clients must not delay the others

    def _admit(self, connection: Connection) -> None:
        """Serve a client; if there is no room, disconnect the one waited for longest.

        That client belongs to the user who has the most of those that are waited for. There always
        is one, because fewer clients are pending than connections are allowed.
        """
        connected = [client for client in self._clients if not client.watching]
        if len(connected) >= self._limits.connections:
            awaited = [client for client in connected if not client.pending]
            users = Counter(client.user for client in (*awaited, connection))
            user = users.most_common(1)[0][0]
            oldest = next(client for client in awaited if client.user == user)
            oldest.drop(_LATE)
            self._clients.pop(oldest).cancel()
        task = self._run(self._client(connection))
        task.add_done_callback(lambda _: self._forget(connection))  # also if the task never began
        self._clients[connection] = task
        # An empty event mask still reports a hangup (epoll_ctl(2), EPOLLHUP), and one report is
        # enough. A client that only shut down its sending side is still connected.
        self._hangups.register(connection.descriptor, select.EPOLLONESHOT)

    def _forget(self, connection: Connection) -> None:
        self._clients.pop(connection, None)
        connection.close()  # which also ends the watch for a hangup

    def _cancel_closed(self) -> None:
        """Cancel the work for clients that have closed."""
        closed = {descriptor for descriptor, _ in self._hangups.poll(0)}
        for client, task in self._clients.items():
            if client.descriptor in closed:
                task.cancel()

    async def _client(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):  # it disconnected, or does not read
            async with contextlib.AsyncExitStack() as turn:
                await connection.send(await self._response(connection, turn))
            await connection.linger()

    async def _response(
        self, connection: Connection, turn: contextlib.AsyncExitStack
    ) -> ApiResponse:
        try:
            async with connection.reading():
                request = await connection.head()
                while (answer := respond(request, *self._state())) is None:
                    request = replace(request, body=await connection.body())
            if isinstance(answer, Wait):
                answer = await self._watch(answer, request, connection)
            if isinstance(answer, Work):
                answer = await self._work(answer, connection, turn)
        except RefusedError as error:
            return error.response
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - an internal error must not end the service
            fault = {"message": words.answer_failed(), "exception": error}
            asyncio.get_running_loop().call_exception_handler(fault)
            return _FAULT
        return answer

    async def _watch(
        self, wait: Wait, request: ApiRequest, connection: Connection
    ) -> ApiResponse | Work:
        """Wait until what is published changes. It takes no connection from the other clients."""
        users = [client.user for client in self._clients if client.watching]
        of_user = users.count(connection.user)
        if len(users) >= self._limits.watching or of_user >= self._limits.watching_each:
            return _FULL_OF_WATCHERS
        connection.watching = True
        try:
            async with asyncio.timeout(wait.seconds):
                while True:
                    await self._news.wait()  # nothing runs between this and the next line's answer
                    answer = respond(request, *self._state())
                    if answer is not None and not isinstance(answer, Wait):
                        return answer
        except TimeoutError:
            return wait.unchanged
        finally:
            connection.watching = False

    async def _work(
        self, work: Work, connection: Connection, turn: contextlib.AsyncExitStack
    ) -> ApiResponse:
        """Have a worker answer. Its `turn` lasts until the client has the answer.

        So the number of answers in memory is at most the number of turns.
        """
        users = [client.user for client in self._clients if client.pending]
        of_user = users.count(connection.user)
        if len(users) >= self._limits.pending or of_user >= self._limits.pending_each:
            return _FULL
        connection.pending = True
        try:
            await turn.enter_async_context(self._workers.turn(connection.user))
            return work.tagged(await self._workers.answer(work))
        except TimeoutError:
            why = words.workers_busy(self._limits.turn)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=RETRY)
        finally:
            connection.pending = False


_FULL_OF_WATCHERS = problem(HTTPStatus.SERVICE_UNAVAILABLE, words.too_many_watch(), headers=RETRY)
_FULL = problem(HTTPStatus.SERVICE_UNAVAILABLE, words.too_many_wait(), headers=RETRY)
_FAULT = problem(HTTPStatus.INTERNAL_SERVER_ERROR, words.fault())
_LATE = problem(HTTPStatus.REQUEST_TIMEOUT, words.request_given_up())


def affordable(limits: Limits, files: int) -> Limits:
    """Return `limits` with as many clients as `files` descriptors allow.

    One in five of them can wait for a change.
    """
    clients = max(3, files - RESERVED_FILES)
    watching = min(limits.watching, max(1, clients // 5))
    connections = min(limits.connections, clients - watching)
    pending = min(limits.pending, connections - 1)
    return replace(
        limits,
        connections=connections,
        pending=pending,
        pending_each=max(1, pending * limits.pending_each // limits.pending),
        watching=watching,
        watching_each=max(1, watching * limits.watching_each // limits.watching),
    )
