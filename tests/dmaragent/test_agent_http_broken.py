"""Broken and hostile clients: each is refused in a stated way, and the next one is served."""

import json
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.agent.limits import Limits
from dmaragent.agent.routes import PublishedFacts
from support.served import exchange, published_machine, serving

FAST = Limits(request_time=1.0, response_time=2.0, linger=0.2)
HOST = b"Host: x\r\n"
TYPED = HOST + b"Content-Type: application/json\r\n"
CHUNKED = b"POST /v1/resolve HTTP/1.1\r\n" + TYPED + b"Transfer-Encoding: chunked\r\n\r\n"


def get(target: bytes, headers: bytes = HOST) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + headers + b"\r\n"


def post(body: bytes, headers: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST /v1/resolve HTTP/1.1\r\n" + TYPED + headers + length + b"\r\n" + body


def guest(value: Any) -> bytes:
    return post(json.dumps({"guest": value}).encode())


BROKEN: dict[str, tuple[bytes, int]] = {
    "a line of one word": (b"GET\r\n\r\n", 400),
    "a line of two words": (b"GET /\r\n\r\n", 400),
    "a line of four words": (b"GET / x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an empty line first": (b"\r\n" + get(b"/v1/health"), 400),
    "a blank first": (b" " + get(b"/v1/health"), 400),
    "two blanks in the line": (b"GET  /v1/health HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tab in the line": (b"GET\t/v1/health\tHTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method with a colon": (b"GE:T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method in brackets": (b"(GET) / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a protocol in small letters": (b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    "a protocol that is none": (b"GET / HTTQ/1.1\r\n" + HOST + b"\r\n", 400),
    "a version of words": (b"GET / HTTP/one\r\n" + HOST + b"\r\n", 400),
    "a version of two digits": (b"GET / HTTP/1.11\r\n" + HOST + b"\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n" + HOST + b"\r\n", 400),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 505),
    "HTTP/2 without its preface": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a hello of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400),
    "a hello of SSH": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
    "zeros": (bytes(512), 400),
    "bytes above ASCII": (b"\xff" * 64, 400),
    "NUL in the line": (b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "NUL in a header": (get(b"/v1/health", HOST + b"X: a\0b\r\n"), 400),
    "a byte above ASCII in the line": (b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no host": (get(b"/v1/health", b""), 400),
    "two hosts": (get(b"/v1/health", HOST + HOST), 400),
    "lines that end with CR": (get(b"/v1/health").replace(b"\r\n", b"\r"), 400),
    "CR in a header": (get(b"/v1/health", HOST + b"X: a\rb\r\n"), 400),
    "a header without a colon": (get(b"/v1/health", HOST + b"nothing\r\n"), 400),
    "a header without a name": (get(b"/v1/health", HOST + b": x\r\n"), 400),
    "a blank before a colon": (get(b"/v1/health", b"Host : x\r\n"), 400),
    "a blank in a header's name": (get(b"/v1/health", HOST + b"a b: x\r\n"), 400),
    "a fold before all headers": (get(b"/v1/health", b" X: a\r\n" + HOST), 400),
    "a huge header": (get(b"/v1/health", HOST + b"X: " + b"a" * 20000 + b"\r\n"), 431),
    "many headers": (get(b"/v1/health", HOST + b"X: a\r\n" * 4000), 431),
    "a huge target": (get(b"/" + b"a" * 20000), 431),
    "a line without an end": (b"A" * 40000, 431),
    "two lengths": (
        b"POST /v1/resolve HTTP/1.1\r\n"
        + TYPED
        + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        400,
    ),
    "two lengths in one": (get(b"/v1/health", HOST + b"Content-Length: 2, 3\r\n"), 400),
    "a negative length": (get(b"/v1/health", HOST + b"Content-Length: -1\r\n"), 400),
    "a length with a sign": (get(b"/v1/health", HOST + b"Content-Length: +2\r\n"), 400),
    "a length in hexadecimal": (get(b"/v1/health", HOST + b"Content-Length: 0x2\r\n"), 400),
    "an empty length": (get(b"/v1/health", HOST + b"Content-Length:\r\n"), 400),
    "a length of many digits": (
        get(b"/v1/health", HOST + b"Content-Length: " + b"9" * 5000 + b"\r\n"),
        400,
    ),
    "a length and chunks": (
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n") + b"0\r\n\r\n",
        400,
    ),
    "chunks twice": (CHUNKED.replace(b": chunked", b": chunked, chunked"), 501),
    "chunks under another coding": (CHUNKED.replace(b": chunked", b": gzip, chunked"), 501),
    "an unknown coding": (CHUNKED.replace(b": chunked", b": xchunked"), 501),
    "a coding hidden by a tab": (CHUNKED.replace(b": chunked", b": \x0bchunked"), 400),
    "chunks in HTTP/1.0": (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
    "a chunk of no size": (CHUNKED + b"\r\nab\r\n0\r\n\r\n", 400),
    "a chunk of negative size": (CHUNKED + b"-1\r\nab\r\n0\r\n\r\n", 400),
    "a chunk's size in 0x": (CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n", 400),
    "a chunk of absurd size": (CHUNKED + b"f" * 40 + b"\r\n", 400),
    "a chunk larger than allowed": (CHUNKED + b"20000\r\n" + b"a" * 0x20000, 413),
    "chunks without an end": (CHUNKED + (b"400\r\n" + b"a" * 0x400 + b"\r\n") * 100, 413),
    "chunks that are all framing": (CHUNKED + (b"1;" + b"x" * 9000 + b"\r\na\r\n") * 60, 413),
    "a chunk that stays open": (CHUNKED + b"2\r\n{}", 400),
    "a body of 1 GB": (
        b"POST /v1/resolve HTTP/1.1\r\n"
        + TYPED
        + b"Content-Length: 1073741824\r\n\r\n"
        + b"a" * 99999,
        413,
    ),
    "a body of the largest size": (post(b" " * 65536), 400),
    "a body one byte too long": (post(b" " * 65537), 413),
    "a body that ends early": (post(b"{}").replace(b"Length: 2", b"Length: 9"), 400),
    "a type that is none": (post(b"{}").replace(b"application/json", b"text/plain"), 415),
    "a target that is no path": (get(b"health"), 400),
    "a tunnel": (b"CONNECT x:1 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a cut escape": (get(b"/v1/devices/%"), 400),
    "an escape of other letters": (get(b"/v1/devices/%zz"), 400),
    "an escape that is no UTF-8": (get(b"/v1/devices/%ff"), 400),
    "an escaped NUL": (get(b"/v1/devices/%00"), 400),
    "a path that climbs": (get(b"/v1/../../etc/passwd"), 404),
    "a device that climbs": (get(b"/v1/devices/../inventory"), 400),
    "a query where none is taken": (get(b"/v1/inventory?device=00:1d.0"), 400),
    "a method that nobody knows": (b"BREW /v1/inventory HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a trace": (b"TRACE /v1/inventory HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "JSON that is cut": (post(b'{"guest": '), 400),
    "JSON of depth 30,000": (post(b"[" * 30000), 400),
    "JSON that is not UTF-8": (post(b'{"guest": "\xff"}'), 400),
    "NaN": (post(b'{"guest": NaN}'), 400),
    "an infinite number": (post(b'{"guest": -Infinity}'), 400),
    "a huge number": (post(b'{"guest": ' + b"9" * 60000 + b"}"), 400),
    "a name twice": (post(b'{"guest": "", "guest": ""}'), 400),
    "an unknown field": (post(b'{"guest": "", "host": "/etc"}'), 422),
    "a list": (post(b"[]"), 422),
    "no guest": (post(b"{}"), 422),
    "a guest that is a number": (guest(7), 422),
    "half a character": (guest("name='\ud800'"), 422),
    "half a character of a byte": (guest("name='\udc80'"), 422),
    "a guest with NUL": (guest("name='a\0'"), 422),
    "a guest of another language": (guest("<domain/>"), 422),
    "a guest of cut JSON": (guest('{"c_info":'), 422),
    "a guest of deep JSON": (guest("[" * 30000), 422),
    "a guest of almost too deep JSON": (
        guest('{"c_info":{"type":"hvm","name":' + "[" * 900 + "]" * 900 + "}}"),
        422,
    ),
    "a guest of a huge number": (
        guest('{"c_info":{"type":"hvm"},"b_info":{"max_memkb":' + "9" * 9000 + "}}"),
        422,
    ),
    "a guest of deep lists": (guest("pci=" + "[" * 30000), 422),
    "an unknown toolstack": (post(b'{"guest": "", "toolstack": "kvm"}'), 422),
    "a release that is none": (post(b'{"guest": "", "xen": "new"}'), 422),
    "a release of old": (post(b'{"guest": "", "xen": "3.4"}'), 422),
}
"""What is sent, and the status that it is refused with."""


@pytest.fixture(scope="module")
def faults() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, faults: list[dict[str, Any]]
) -> Iterator[Path]:
    published = published_machine("lenovo-laptop")
    path = tmp_path_factory.mktemp("served") / "socket"
    with serving(path, lambda: (published, PublishedFacts(memory=1)), FAST, faults) as served:
        yield served


def check_served(path: Path) -> None:
    """See that the next client is served, and gets a whole answer."""
    said = exchange(path, get(b"/v1/health", HOST + b"Connection: close\r\n"))
    assert said.startswith(b"HTTP/1.1 200 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["answer"]["generation"] == 3


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) > 60


@pytest.mark.parametrize(("sent", "status"), BROKEN.values(), ids=BROKEN)
def test_a_broken_request_is_refused_and_the_next_client_served(
    service: Path, faults: list[dict[str, Any]], sent: bytes, status: int
) -> None:
    said = exchange(service, sent, shut=True)

    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/problem+json" in head
    told = json.loads(body)  # one answer, and nothing after it
    assert told["status"] == status
    assert "Traceback" not in told["detail"]
    assert faults == []
    check_served(service)


def _silent(_: socket.socket) -> None:
    """Say nothing at all."""


def _drip(client: socket.socket) -> None:
    """Send a byte whenever there is time, and never come to an end."""
    try:
        for byte in get(b"/v1/health", HOST + b"X: " + b"a" * 10**6):
            client.send(bytes([byte]))
            client.settimeout(0.01)
            try:
                if client.recv(1, socket.MSG_PEEK):
                    return
            except TimeoutError:
                continue
    except ConnectionError:
        return


@pytest.mark.parametrize(
    ("behave", "status"),
    [
        (_silent, b"HTTP/1.1 408 "),
        (lambda client: client.sendall(b"GET /v1/he"), b"HTTP/1.1 408 "),
        (lambda client: client.sendall(post(b"{}")[:-1]), b"HTTP/1.1 408 "),
        (lambda client: client.sendall(CHUNKED + b"2\r\n{"), b"HTTP/1.1 408 "),
        (_drip, b"HTTP/1.1 408 "),
    ],
    ids=["silent", "in the line", "in the body", "in a chunk", "byte by byte"],
)
def test_a_client_that_stops_is_let_go_after_the_limit(
    service: Path, behave: Callable[[socket.socket], None], status: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(service))
        behave(client)
        client.settimeout(60)
        received = b"".join(iter(lambda: client.recv(65536), b""))

    assert received.startswith(status)
    check_served(service)


def test_a_client_that_goes_without_reading_harms_nobody(service: Path) -> None:
    for _ in range(40):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(service))
            client.sendall(get(b"/v1/inventory"))

    check_served(service)


def test_a_client_that_never_stops_sending_is_cut_off(service: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(service))
        client.settimeout(60)
        client.sendall(get(b"/v1/inventory"))
        with pytest.raises(ConnectionError):
            client.sendall(bytes(1 << 29))
    check_served(service)


def test_a_client_that_never_reads_is_cut_off(tmp_path: Path) -> None:
    large = replace(published_machine("lenovo-laptop"), document=b" " * (1 << 22))
    with (
        serving(tmp_path / "socket", lambda: (large, PublishedFacts(memory=1)), FAST) as path,
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.connect(str(path))
        client.settimeout(60)
        client.sendall(get(b"/v1/inventory"))
        client.recv(1, socket.MSG_PEEK)
        check_served(path)
        poll = select.poll()
        poll.register(client, 0)
        assert poll.poll(60_000)  # it hangs up, with the most of the answer unsent
        received = b"".join(iter(lambda: client.recv(1 << 20), b""))
    assert len(received) < 1 << 21
