"""HTTP requests to the agent's local API: in one process, without a socket."""

import asyncio
import json
import re
import socket
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import cache
from typing import Any, cast

import h11

from dmaragent.agent.connection import Connection
from dmaragent.agent.http import DEFAULT, Server
from dmaragent.agent.http_messages import ApiResponse
from dmaragent.agent.routes import PublishedFacts, Work
from dmaragent.agent.tasks import answer_task
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from fuzz.kinds import Kind, hold, hold_bounded
from fuzz.machines import large_host
from support.published import publish

_DATE = re.compile(rb"\r\nDate: [^\r]*")
_STATUSES = frozenset({100, 200, 204, 304, 400, 404, 405, 413, 415, 417, 422, 431, 501, 505})


class _InProcess:
    """Answers like a worker, but with coverage and without a thousand starts of Python."""

    def turn(self, _: int) -> AbstractAsyncContextManager[None]:
        """Do not wait."""
        return nullcontext()

    async def answer(self, work: Work) -> ApiResponse:
        """Answer."""
        host, stamp = work.published.inventory.host, work.published.stamp
        return answer_task(work.task, work.body, host, stamp, DEFAULT.answer)


class _Service:
    """A server for a synthetic host, and its event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.faults: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, told: self.faults.append(told))
        self.published = publish(take_inventory(join(collect(large_host()))))
        self.server = self.loop.run_until_complete(self._start())

    async def _start(self) -> Server:
        server = Server(lambda: (self.published, PublishedFacts(memory=1)))
        server._workers = _InProcess()  # type: ignore[assignment]
        return server

    def exchange(self, data: bytes) -> bytes:
        """Send `data` and then nothing more; return the responses."""
        return self.loop.run_until_complete(self._exchange(data))

    async def _exchange(self, data: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(0)
            await self.loop.sock_sendall(ours, data)  # it fits: the largest input is 16 KiB
            ours.shutdown(socket.SHUT_WR)
            self.server._admit(Connection(theirs, DEFAULT))
            sent = bytearray()
            while part := await self.loop.sock_recv(ours, 1 << 16):
                sent += part
        if self.server._tasks:
            await asyncio.wait(self.server._tasks)
        return bytes(sent)


@cache
def _service() -> _Service:
    return _Service()


def check(data: bytes) -> None:
    """Send `data`, and check the promises about the responses."""
    service = _service()
    sent = service.exchange(data)
    hold(not service.faults, f"a fault: {service.faults[:1]}")
    again = service.exchange(data)
    hold(
        _DATE.sub(b"", sent) == _DATE.sub(b"", again), "the same requests are answered differently"
    )
    answers = _answers(data, sent)
    hold(len(answers) <= 1, "a connection has more than one answer")
    hold_bounded(len(sent), data, "what is sent", each=2000, free=200_000)
    for response, body in answers:
        _check_answer(response, body)


def _answers(data: bytes, sent: bytes) -> list[tuple[h11.Response, bytes]]:
    """Parse the responses like a client; which of them answer HEAD requests is unknown."""
    found: list[tuple[h11.Response, bytes]] = []
    heads = b"HEAD " in data
    while sent:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        client.receive_data(sent)
        event = client.next_event()
        while isinstance(event, h11.InformationalResponse):
            event = client.next_event()
        hold(isinstance(event, h11.Response), "an answer is no HTTP")
        response = cast("h11.Response", event)
        body = bytearray()
        while isinstance(event := client.next_event(), h11.Response | h11.Data):
            body += event.data if isinstance(event, h11.Data) else b""
        if heads:  # the start of the next response is then unknown
            return found
        hold(isinstance(event, h11.EndOfMessage), "an answer is not whole")
        found.append((response, bytes(body)))
        sent = client.trailing_data[0]
    return found


def _check_answer(response: h11.Response, body: bytes) -> None:
    hold(response.status_code in _STATUSES, f"the status is {response.status_code}")
    kind = dict(response.headers).get(b"content-type", b"")
    if kind.endswith(b"json"):
        told = json.loads(body)
        hold(
            kind != b"application/problem+json" or told["status"] == response.status_code, "status"
        )
        hold("Traceback" not in told.get("detail", ""), "a traceback is answered")


_HOST = b"Host: x\r\n"


def _get(target: bytes, headers: bytes = _HOST) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + headers + b"\r\n"


def _post(body: bytes, headers: bytes = b"", path: bytes = b"/v1/resolve") -> bytes:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def seeds() -> list[bytes]:
    """Return requests for every route, and pipelined ones."""
    config = "name='a'\ntype='hvm'\nmemory=2048\npci=['00:1d.0']\n"
    guest = json.dumps({"guest": config, "xen": "4.17", "toolstack": "xl"}).encode()
    chunked = b"POST /v1/resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    chunked += b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(guest), guest)
    targets = (
        b"/v1/inventory",
        b"/v1/findings",
        b"/v1/health",
        b"/metrics",
        b"/v1/devices/00:1d.0",
        b"/v1/devices",
        b"/v1/report",
    )
    return [
        *(_get(target) for target in targets),
        _post(guest),
        chunked,
        _post(b'{"message": "DMAR: RMRR 00:1d.0"}', path=b"/v1/explain-message"),
        _get(b"/v1/health") + _post(guest) + _get(b"/metrics", _HOST + b"Connection: close\r\n"),
        _get(b"/v1/inventory", _HOST + b'If-None-Match: W/"abc", *\r\n'),
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /v1/inventory HTTP/1.0\r\n\r\n",
        _post(b"{}", b"Expect: 100-continue\r\n"),
    ]


WORDS = (
    *(b"GET ", b"POST ", b"HEAD ", b"OPTIONS ", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"Host: x\r\n"),
    *(b"\r\n", b"\r\n\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"/v1/inventory", b"/v1/devices/"),
    *(
        b"/v1/resolve",
        b"/v1/explain-message",
        b'"message"',
        b"/v1/health",
        b"/metrics",
        b"%3a",
        b"%00",
        b"?",
        b"*",
        b"http://x",
        b'"guest"',
    ),
    *(
        b'{"guest": "',
        b'"xen": "4.17"',
        b"\\n",
        b"\\ud800",
        b"[[[[",
        b"9999999999",
        b"If-None-Match: ",
    ),
)

KIND = Kind(name="requests", check=check, seeds=seeds, words=WORDS, text=True, largest=16384)
