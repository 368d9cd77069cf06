"""A client's connection: one request, one response, each within its limits.

h11 reads the request and frames the response.  A connection is never used again, so nothing that
a client sends after its request means anything.
"""

import asyncio
import contextlib
import select
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus

import h11

from dmaragent.agent.limits import SLICE, Limits
from dmaragent.agent.messages import Request, Response, problem

_PART = 4096
"""Bytes read from a client at a time."""
_CREDENTIALS = struct.Struct("iII")
"""struct ucred of unix(7): process, user, group."""


class RefusedError(Exception):
    """Carries the response to a request that cannot be read."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.response = problem(status, why)


class ClosedError(Exception):
    """The client is gone, or does not read."""


class Connection:
    """A client on a connected socket, which this closes."""

    def __init__(self, client: socket.socket, limits: Limits) -> None:
        client.settimeout(0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer)
        peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self.user: int = _CREDENTIALS.unpack(peer)[1]
        self._client = client
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)
        self._loop = asyncio.get_running_loop()
        self._patience: asyncio.Timeout | None = None
        self._since = 0.0

    @contextlib.asynccontextmanager
    async def _waiting(self, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        """Wait for the client for so long, or until :meth:`cut_off`; then raise TimeoutError."""
        self._since = self._loop.time()
        try:
            async with asyncio.timeout(seconds) as self._patience:
                yield self._patience
        finally:
            self._patience = None

    def cut_off(self, grace: float) -> bool:
        """Wait no longer for this client; return False if nothing waits for it so long."""
        now, patience = self._loop.time(), self._patience
        if patience is None or patience.expired() or now - self._since < grace:
            return False
        patience.reschedule(now)
        return True

    async def request(self, refusal: Callable[[Request], Response | None]) -> Request | Response:
        """Read the request; `refusal` may answer from the head alone, before the body is sent.

        Raises:
            RefusedError: it cannot be read.
            ClosedError: the client is gone, and asked nothing.

        """
        try:
            async with self._waiting(self._limits.head_time) as patience:
                event = await self._begin()
                if not isinstance(event, h11.Request):
                    raise ClosedError
                patience.reschedule(self._loop.time() + self._limits.request_time)
                return await self._whole(event, refusal)
        except TimeoutError as error:
            why = "the request was not sent in time, or others needed the connection"
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, why) from error
        except h11.RemoteProtocolError as error:
            raise RefusedError(_status(error), f"this is no HTTP: {error}") from error
        except ValueError as error:  # h11 before 0.15 accepts a length of thousands of digits
            why = "this is no HTTP: a number is too large"
            raise RefusedError(HTTPStatus.BAD_REQUEST, why) from error

    async def _whole(
        self, event: h11.Request, refusal: Callable[[Request], Response | None]
    ) -> Request | Response:
        if event.http_version not in (b"1.0", b"1.1"):
            raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this is HTTP/1.1")
        if int(_header(event, b"content-length") or "0") > self._limits.body:
            raise self._too_large()
        early = refusal(_request(event))
        if early is not None:
            return early
        if self._h11.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._send(self._h11.send(go_on))
        return _request(event, await self._body())

    async def _begin(self) -> object:
        """Return the first thing that the client sends, whole: of a request, the head."""
        room = self._limits.head + 1  # with one byte more than the limit, h11 refuses it
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            part = await self._received(min(room, _PART))
            room -= len(part)
            self._h11.receive_data(part)
        return event

    async def _received(self, most: int = _PART) -> bytes:
        try:
            part = await self._loop.sock_recv(self._client, most)
        except ConnectionError as error:
            raise ClosedError from error
        await asyncio.sleep(0)  # if there is something to read, sock_recv gives others no turn
        return part

    async def _body(self) -> bytes:
        body, framed = bytearray(), 0
        while not isinstance(event := self._h11.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                body += event.data
            else:
                part = await self._received()
                framed += len(part)
                self._h11.receive_data(part)
            if len(body) > self._limits.body or framed > self._limits.chunked:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> RefusedError:
        why = f"a body has at most {self._limits.body} bytes"
        return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)

    async def respond(self, response: Response, method: str = "") -> None:
        """Send `response`, and wait for a moment until the client closes.

        A socket that is closed on unread bytes resets the connection, and the client may then
        never read the response.

        Raises:
            ClosedError: the client is gone, or does not read.

        """
        body = memoryview(b"" if method == "HEAD" else response.body)
        try:
            async with self._waiting(self._limits.response_time):
                await self._send(self._head(response))
                for start in range(0, len(body), SLICE):
                    await self._send(body[start : start + SLICE])
                self._client.shutdown(socket.SHUT_WR)
            async with self._waiting(self._limits.linger):
                while await self._received():
                    pass
        except (TimeoutError, OSError) as error:
            raise ClosedError from error

    def _head(self, response: Response) -> bytes:
        headers = [("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))]
        if response.content_type:
            headers.append(("Content-Type", response.content_type))
            headers.append(("Content-Length", str(len(response.body))))
        headers += [*response.headers, ("Connection", "close")]
        phrase = HTTPStatus(response.status).phrase.encode("ascii")
        event = h11.Response(status_code=response.status, headers=headers, reason=phrase)
        head: bytes = self._h11.send(event)
        return head

    async def _send(self, data: bytes | memoryview) -> None:
        try:
            await self._loop.sock_sendall(self._client, data)
        except ConnectionError as error:
            raise ClosedError from error
        await asyncio.sleep(0)  # likewise

    @contextlib.contextmanager
    def if_gone(self, act: Callable[[], None]) -> Iterator[None]:
        """Call `act` as soon as the client closes; one that only ended its sending is still there.

        A poll for nothing at all still reports a hangup: epoll_ctl(2), EPOLLHUP.
        """
        with select.epoll() as hangup:

            def gone() -> None:
                self._loop.remove_reader(hangup)  # it would be reported again and again
                act()

            hangup.register(self._client, 0)
            self._loop.add_reader(hangup, gone)
            try:
                yield
            finally:
                self._loop.remove_reader(hangup)

    def close(self) -> None:
        """Close the socket."""
        self._client.close()


def _header(event: h11.Request, name: bytes) -> str:
    return b", ".join(value for key, value in event.headers if key == name).decode("latin-1")


def _request(event: h11.Request, body: bytes = b"") -> Request:
    return Request(
        method=event.method.decode("ascii"),
        target=event.target.decode("latin-1"),
        content_type=_header(event, b"content-type"),
        if_none_match=_header(event, b"if-none-match"),
        body=body,
    )


def _status(error: h11.RemoteProtocolError) -> HTTPStatus:
    hint = HTTPStatus(error.error_status_hint)
    known = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HTTPStatus.NOT_IMPLEMENTED)
    return hint if hint in known else HTTPStatus.BAD_REQUEST
