"""A client's connection: one request, one response, each within its limits.

h11 parses the request and frames the response. A connection serves one request, so anything that a
client sends after it is ignored.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator
from http import HTTPStatus

import h11

from dmaragent.agent import words
from dmaragent.agent.http_messages import ApiRequest, ApiResponse, problem
from dmaragent.agent.limits import SLICE, Limits

_PART = 4096
"""Bytes read from a client at a time."""
_CREDENTIALS = struct.Struct("iII")
"""struct ucred of unix(7): process, user, group."""


class RefusedError(Exception):
    """Carries the response to a request that cannot be read."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.response = problem(status, why)


class Connection:
    """A client on a connected socket, which this object closes.

    Every wait raises ConnectionError if the client disconnects.
    """

    def __init__(self, client: socket.socket, limits: Limits) -> None:
        client.settimeout(0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer)
        peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        self.user: int = _CREDENTIALS.unpack(peer)[1]
        self.descriptor = client.fileno()
        self.pending = False
        """Whether the client waits for the service, and not the service for the client."""
        self.watching = False
        """Whether it waits for a change, beside the connections that the limit counts."""
        self._client = client
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)
        self._loop = asyncio.get_running_loop()
        self._room = limits.head + 1  # one byte above the limit makes h11 reject it
        self._method = ""

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Limit the time for reading inside; raise RefusedError when it is exceeded."""
        try:
            async with asyncio.timeout(self._limits.request_time):
                yield
        except TimeoutError as error:
            why = words.request_late()
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, why) from error

    async def head(self) -> ApiRequest:
        """Read the request without its body.

        Raises:
            RefusedError: it cannot be read, or declares a body that is too large.

        """
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise ConnectionResetError  # the client sent no request
        if event.http_version not in (b"1.0", b"1.1"):
            raise RefusedError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, words.not_http_1_1())
        if int(_header(event, b"content-length") or "0") > self._limits.body:
            raise self._too_large()
        self._method = event.method.decode("ascii")
        return ApiRequest(
            method=self._method,
            target=event.target.decode("latin-1"),
            content_type=_header(event, b"content-type"),
            if_none_match=_header(event, b"if-none-match"),
            prefer=_header(event, b"prefer"),
        )

    async def body(self) -> bytes:
        """Read the body, after :meth:`head`.

        Raises:
            RefusedError: it cannot be read, or it is too large.

        """
        if self._h11.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._send(self._h11.send(go_on))
        self._room = self._limits.chunked
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > self._limits.body:
                raise self._too_large()
        return bytes(body)

    async def _event(self) -> object:
        """Return the next event of h11, which can read `_room` more bytes."""
        while True:
            try:
                event = self._h11.next_event()
            except (h11.RemoteProtocolError, ValueError) as error:
                # ValueError: h11 before 0.15 accepts a length of thousands of digits
                status = HTTPStatus(getattr(error, "error_status_hint", 400))
                raise RefusedError(status, words.not_http(error)) from error
            if event is not h11.NEED_DATA:
                return event
            if not self._room:
                raise self._too_large()
            part = await self._received(min(self._room, _PART))
            self._room -= len(part)
            self._h11.receive_data(part)

    def _too_large(self) -> RefusedError:
        why = words.body_too_large(self._limits.body)
        return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)

    async def _received(self, most: int) -> bytes:
        part = await self._loop.sock_recv(self._client, most)
        await asyncio.sleep(0)  # without this, a readable socket would give other tasks no turn
        return part

    async def send(self, response: ApiResponse) -> None:
        """Send `response`; raise TimeoutError if the client does not read it."""
        body = memoryview(b"" if self._method == "HEAD" else response.body)
        async with asyncio.timeout(self._limits.response_time):
            await self._send(self._head(response))
            for start in range(0, len(body), SLICE):
                await self._send(body[start : start + SLICE])
            self._client.shutdown(socket.SHUT_WR)

    async def linger(self) -> None:
        """Wait briefly until the client closes; raise TimeoutError if it does not.

        Closing a socket with unread bytes resets the connection, and the client may then never read
        the response.
        """
        async with asyncio.timeout(self._limits.linger):
            while await self._received(_PART):
                pass

    def drop(self, response: ApiResponse) -> None:
        """Send as much of a short `response` as the kernel takes, unless another one has begun."""
        with contextlib.suppress(h11.LocalProtocolError, OSError):
            self._client.send(self._head(response) + response.body)

    def _head(self, response: ApiResponse) -> bytes:
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
        await self._loop.sock_sendall(self._client, data)
        await asyncio.sleep(0)  # see above

    def close(self) -> None:
        """Close the socket."""
        self._client.close()


def _header(event: h11.Request, name: bytes) -> str:
    return b", ".join(value for key, value in event.headers if key == name).decode("latin-1")
