"""One client's connection: requests in, responses out, each within its limits.

h11 reads heads and chunks and frames what is sent.  Stricter than it, because nobody who
means well sends such: lines end with CR LF, no header is folded, a body has one length.  After
a chunked body the connection is closed, so that nothing behind it is ever taken for a request.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import h11

from dmaragent.agent.messages import Request, Response, problem

KIB = 1 << 10
_SLICE = 64 * KIB
"""What of a response is in memory beside the published document, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may take; sizes in bytes, times in seconds."""

    head: int = 16 * KIB
    """Request line and headers together."""
    body: int = 64 * KIB
    chunked: int = 256 * KIB
    """A chunked body with its framing, which can be many times the body."""
    request: float = 10.0
    """From the first byte of a request to its last."""
    idle: float = 30.0
    """Between requests."""
    response: float = 10.0
    """For the client to take a response."""
    linger: float = 1.0
    """For a refused client to read why, while what it still sends is dropped."""
    connections: int = 64
    """More are told so and closed: in the backlog they would hang without a word."""
    workers: int = 2
    """Answers that take long, at a time."""
    turn: float = 10.0
    """For such an answer to wait for its turn."""


class RefusedError(Exception):
    """Carries what is answered to a request that cannot be taken; the connection then ends."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class ClosedError(Exception):
    """The client is gone, or takes nothing."""


class Connection:
    """A client that sends one request after the other."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._ahead = bytearray()  # what was read and belongs to no request yet
        self._h11 = h11.Connection(h11.SERVER)
        self._method = ""
        self._last = False
        writer.transport.set_write_buffer_limits(high=0)  # drain() waits for all to be taken

    async def request(self, refuse: Callable[[Request], Response | None]) -> Request | None:
        """Read the next request; None: there is none, and the connection ends.

        `refuse` looks at a head whose body was not read yet.

        Raises:
            RefusedError: it cannot be taken.
            ClosedError: the client is gone.

        """
        try:
            async with asyncio.timeout(self._limits.idle):
                if not self._ahead and not await self._fill():
                    return None
        except TimeoutError:
            return None
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.head)
        self._method = ""
        try:
            async with asyncio.timeout(self._limits.request):
                return await self._whole(refuse)
        except TimeoutError as error:
            why = f"the request was not whole after {self._limits.request:g} s"
            raise _refused(HTTPStatus.REQUEST_TIMEOUT, why) from error
        except h11.RemoteProtocolError as error:
            raise RefusedError(problem(_status(error), f"this is no HTTP: {error}")) from error
        except ValueError as error:  # h11 before 0.15 takes a length of thousands of digits
            raise _bad("this is no HTTP: a number is too large") from error

    async def _fill(self) -> bool:
        """Read some more; False at the end."""
        try:
            data = await self._reader.read(self._limits.head)
        except ConnectionError as error:
            raise ClosedError from error
        self._ahead += data
        return bool(data)

    async def _whole(self, refuse: Callable[[Request], Response | None]) -> Request:
        self._h11.receive_data(await self._head())
        event = self._h11.next_event()
        if not isinstance(event, h11.Request):
            raise _bad("this is no request")
        self._method = event.method.decode("ascii")
        head = _Head(event)
        self._last = head.chunked
        request = head.request()
        early = head.fault(self._limits.body) or refuse(request)
        if early is not None:
            raise RefusedError(early)
        if self._h11.they_are_waiting_for_100_continue and not self._ahead:
            await self._write(
                self._h11.send(h11.InformationalResponse(status_code=100, headers=[]))
            )
        body = await (self._chunks() if head.chunked else self._exactly(head.length))
        return head.request(body)

    async def _head(self) -> bytes:
        """Take the head of a request off what was read, up to the empty line."""
        while True:
            end = self._ahead.find(b"\r\n\r\n")
            _check_head(bytes(self._ahead if end < 0 else self._ahead[: end + 4]))
            if 0 <= end <= self._limits.head - 4:
                return self._take(end + 4)
            if len(self._ahead) >= self._limits.head:
                why = f"request line and headers are more than {self._limits.head} bytes"
                raise _refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, why)
            if not await self._fill():
                raise _bad("the request ends in its head")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken

    async def _exactly(self, length: int) -> bytes:
        """Read a body whose length was declared, and is within the limit."""
        while len(self._ahead) < length:
            if not await self._fill():
                raise _bad("the body ends before its declared length")
        body = self._take(length)
        self._h11.receive_data(body)
        while not isinstance(self._h11.next_event(), h11.EndOfMessage):
            pass
        return body

    async def _chunks(self) -> bytes:
        """Read a body in chunks, which say their lengths one by one."""
        body = bytearray()
        framed = 0
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.EndOfMessage):
                return bytes(body)
            if isinstance(event, h11.Data):
                body += event.data
            elif event is h11.NEED_DATA:
                if not self._ahead and not await self._fill():
                    raise _bad("the body ends before its last chunk")
                framed += len(self._ahead)
                self._h11.receive_data(self._take(len(self._ahead)))
            if len(body) > self._limits.body or framed > self._limits.chunked:
                raise RefusedError(_too_large(self._limits.body))

    async def respond(self, response: Response, *, last: bool = False) -> bool:
        """Send `response`; tell whether another request may follow.

        Raises:
            ClosedError: the client is gone, or does not take it in time.

        """
        self._last |= last
        headers = [("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))]
        if response.content_type:
            headers.append(("Content-Type", response.content_type))
            headers.append(("Content-Length", str(len(response.body))))
        headers += response.headers
        if self._last:
            headers.append(("Connection", "close"))
        head = self._h11.send(
            h11.Response(
                status_code=response.status,
                headers=headers,
                reason=HTTPStatus(response.status).phrase.encode("ascii"),
            )
        )
        body = memoryview(b"" if self._method == "HEAD" else response.body)
        try:
            async with asyncio.timeout(self._limits.response):
                await self._write(head + body[:_SLICE])
                for start in range(_SLICE, len(body), _SLICE):
                    await self._write(body[start : start + _SLICE])
        except TimeoutError as error:
            self._writer.transport.abort()
            raise ClosedError from error
        return not self._last and h11.MUST_CLOSE not in self._h11.states.values()

    async def _write(self, data: bytes | memoryview) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError as error:
            raise ClosedError from error

    async def refuse(self, response: Response) -> None:
        """Send `response` as the last one, and drop for a moment what the client still sends.

        A socket that is closed on unread bytes breaks the client's writing, and a client that
        cannot write may never read why.
        """
        await self.respond(response, last=True)
        try:
            async with asyncio.timeout(self._limits.linger):
                self._writer.write_eof()
                while await self._reader.read(_SLICE):
                    pass
        except (TimeoutError, OSError):
            pass

    def close(self) -> None:
        """Let go of the client: what it did not take by now, it does not get."""
        self._writer.transport.abort()


class _Head:
    """What the head of a request says."""

    def __init__(self, event: h11.Request) -> None:
        self._event = event
        self.chunked = bool(self._all("transfer-encoding"))
        self.length = int(self._all("content-length") or "0")

    def _all(self, name: str) -> str:
        """Give a header's value; several are one list."""
        wanted = name.encode("ascii")
        found = [value for key, value in self._event.headers if key == wanted]
        return b", ".join(found).decode("latin-1")

    def request(self, body: bytes = b"") -> Request:
        """Give the request, with its `body` once that is there."""
        return Request(
            method=self._event.method.decode("ascii"),
            target=self._event.target.decode("latin-1"),
            content_type=self._all("content-type"),
            if_none_match=self._all("if-none-match"),
            body=body,
        )

    def fault(self, most: int) -> Response | None:
        """Say why it is not taken, whatever its body is; None: it is."""
        if self._event.http_version not in (b"1.0", b"1.1"):
            return problem(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this is HTTP/1.1")
        if self.chunked and self._all("content-length"):
            return problem(HTTPStatus.BAD_REQUEST, "a body has a length or chunks, not both")
        if self.chunked and self._event.http_version == b"1.0":
            return problem(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no chunks")
        if self._all("expect") and self._all("expect").lower() != "100-continue":
            return problem(HTTPStatus.EXPECTATION_FAILED, "of Expect only 100-continue is known")
        return _too_large(most) if self.length > most else None


_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\r\n[ \t]|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FIRST = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]")


def _check_head(head: bytes) -> None:
    """Refuse what no head holds as soon as it is seen: TLS, lines without CR, controls."""
    if not _FIRST.match(head):
        raise _bad("this does not begin as a request of HTTP does")
    if _BARE.search(head):
        raise _bad("a line does not end with CR LF, a header is folded, or there is a control")


def _status(error: h11.RemoteProtocolError) -> HTTPStatus:
    hint = HTTPStatus(error.error_status_hint)
    known = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, HTTPStatus.NOT_IMPLEMENTED)
    return hint if hint in known else HTTPStatus.BAD_REQUEST


def _too_large(most: int) -> Response:
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {most} bytes")


def _refused(status: HTTPStatus, why: str) -> RefusedError:
    return RefusedError(problem(status, why))


def _bad(why: str) -> RefusedError:
    return _refused(HTTPStatus.BAD_REQUEST, why)
