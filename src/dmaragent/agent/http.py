"""HTTP/1.1 on a Unix socket: who is served, where the work is done, how it ends.

Who may ask is decided by the socket's permissions alone.  Every wait and every buffer has a
limit (``connection.Limits``), so that a client that is slow, broken or hostile holds up nobody
but itself.  What is answered is decided in ``routes.py``.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from dmaragent.agent.connection import ClosedError, Connection, Limits, RefusedError
from dmaragent.agent.messages import Request, Response, problem
from dmaragent.agent.model import Published
from dmaragent.agent.routes import Facts, is_heavy, refusal, respond

State = Callable[[], tuple[Published | None, Facts]]
"""Tells what is published at the moment, and the facts beside it."""
DEFAULT = Limits()
_RETRY = (("Retry-After", "1"),)
# From 3.13 on asyncio removes a socket's path at the end; this one is systemd's.
_KEEP_PATH: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}


class Server:
    """Serves the local API on a listening socket, from :meth:`start` to :meth:`stop`.

    What goes wrong in answering is told to the loop's exception handler; the client gets 500.
    """

    def __init__(self, state: State, limits: Limits = DEFAULT) -> None:
        self._state = state
        self._limits = limits
        self._workers = ThreadPoolExecutor(limits.workers, thread_name_prefix="answer")
        self._turns = asyncio.Semaphore(limits.workers)
        self._waiting: set[asyncio.Task[Any]] = set()  # for their client's next request
        self._busy: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serve on `listening`, a Unix stream socket, bound; its path stays when all ends."""
        self._server = await asyncio.start_unix_server(
            self._client,
            sock=listening,
            limit=self._limits.head,
            backlog=self._limits.connections,
            **_KEEP_PATH,
        )

    async def stop(self) -> None:
        """Accept nobody any more, let those be answered who asked, and close the socket."""
        if self._server is not None:
            self._server.close()
        for task in self._waiting:
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy, timeout=self._limits.response)
        rest = self._waiting | self._busy
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest)
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._limits)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this in one
        try:
            if len(self._waiting) + len(self._busy) >= self._limits.connections:
                why = f"{self._limits.connections} clients are connected already"
                busy = problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=_RETRY)
                await connection.respond(busy, last=True)
            else:
                self._busy.add(task)
                await self._serve(connection, task)
        except RefusedError as refused:
            with contextlib.suppress(ClosedError):
                await connection.refuse(refused.response)
        except (ClosedError, asyncio.CancelledError):
            pass  # only stop() cancels; asyncio would write each of those to the log, as a failure
        finally:
            self._busy.discard(task)
            self._waiting.discard(task)
            connection.close()

    async def _serve(self, connection: Connection, task: asyncio.Task[Any]) -> None:
        """Answer one request after the other, those that were sent ahead in their order."""
        more = True
        while more:
            self._busy.discard(task)
            self._waiting.add(task)
            request = await connection.request(refusal)
            if request is None:
                return
            self._waiting.discard(task)
            self._busy.add(task)
            response = await self._answer(request)
            more = await connection.respond(response, last=self._stopping)

    @property
    def _stopping(self) -> bool:
        return self._server is not None and not self._server.is_serving()

    async def _answer(self, request: Request) -> Response:
        try:
            if not is_heavy(request):
                return respond(request, *self._state())
            return await self._in_turn(request)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the service
            told = {"message": "an answer of the local API failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the agent has a fault; its log says")

    async def _in_turn(self, request: Request) -> Response:
        """Answer in a thread, once one is free."""
        try:
            async with asyncio.timeout(self._limits.turn):
                await self._turns.acquire()
        except TimeoutError:
            why = f"{self._limits.workers} long answers are being made, and others wait"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=_RETRY)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._workers, respond, request, *self._state())
        finally:
            self._turns.release()
