"""A client of the agent's local API, for programs in Python.

It needs only the standard library. ``docs/api.md`` describes the answers. Their types are for mypy,
and their names are private::

    from dmaragent.client import Client

    client = Client()
    for row in client.devices()["answer"]["devices"]:
        print(row["device"], row["linux"]["can"])
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dmaragent.service_paths import SOCKET

if TYPE_CHECKING:
    from dmaragent.present.json.schema.check import CheckDocument
    from dmaragent.present.json.schema.devices import DevicesDocument
    from dmaragent.present.json.schema.health import HealthDocument
    from dmaragent.present.json.schema.inventory import InventoryDocument
    from dmaragent.present.json.schema.resolve import ResolveDocument
    from dmaragent.present.json.schema.why import WhyDocument

__all__ = ["ApiError", "Client"]

_JSON = "application/json"
_OK, _NOT_MODIFIED = 200, 304
_WAIT = 50
"""Seconds of one long poll; the agent's limit."""


class ApiError(Exception):
    """A refusal of the agent: a problem document (RFC 9457)."""

    def __init__(
        self, status: int, title: str, detail: str, hint: str = "", line: int | None = None
    ) -> None:
        """Carry the fields of the document; `hint` is the next step, `line` the guest's wrong line."""
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.hint = hint
        self.line = line


class Client:
    """The local API on a Unix socket. Each method makes one request on its own connection.

    Methods raise :class:`ApiError` if the agent refuses, and OSError if it cannot be reached, is
    too slow, or closes the connection.
    """

    def __init__(self, path: str = SOCKET, timeout: float = 60.0) -> None:
        """Use the socket at `path`; `timeout` is in seconds, for each wait."""
        self._path = path
        self._timeout = timeout

    def inventory(self) -> InventoryDocument:
        """Return the reserved regions of the host and their devices."""
        document: InventoryDocument = self._get("/v1/inventory")
        return document

    def devices(self) -> DevicesDocument:
        """Return which devices Xen and Linux can pass through."""
        document: DevicesDocument = self._get("/v1/devices")
        return document

    def device(self, name: str) -> InventoryDocument:
        """Return the reserved regions of one device, such as ``0000:00:14.0``."""
        document: InventoryDocument = self._get(f"/v1/devices/{quote(name, safe='')}")
        return document

    def findings(self) -> CheckDocument:
        """Return the findings about the firmware's table."""
        document: CheckDocument = self._get("/v1/findings")
        return document

    def health(self) -> HealthDocument:
        """Return whether the agent has read its host, and when."""
        document: HealthDocument = self._get("/v1/health")
        return document

    def report(self) -> str:
        """Return everything about the host as one HTML page."""
        return self._request("GET", "/v1/report")[1].decode("utf-8")

    def metrics(self) -> str:
        """Return the metrics in Prometheus' text format."""
        return self._request("GET", "/metrics")[1].decode("utf-8")

    def resolve(
        self, guest: str, xen: str | None = None, toolstack: str | None = None
    ) -> ResolveDocument:
        """Return whether the guests of the text `guest` start.

        Args:
            guest: an xl.cfg, libxl's JSON, libvirt's XML or a Proxmox VMID.conf.
            xen: a release such as ``4.17``, or ``documented``; the host's by default.
            toolstack: ``xl``, ``libvirt``, ``qubes`` or ``xapi``; by the format by default.

        """
        fields = {"guest": guest, "xen": xen, "toolstack": toolstack}
        document: ResolveDocument = self._post("/v1/resolve", fields)
        return document

    def explain_message(self, message: str) -> WhyDocument:
        """Return what the messages in a text mean on the host."""
        document: WhyDocument = self._post("/v1/explain-message", {"message": message})
        return document

    def generations(self, wait: int = _WAIT) -> Iterator[HealthDocument]:
        """Yield the state of the agent now, and again after each change of what it publishes.

        It waits in the agent, at most `wait` seconds a request, and ends only by an exception. If
        the agent starts again, that is an OSError: iterate again, and the first state is the present
        one.

        Raises:
            ValueError: `wait` is less than 1; the agent would answer each request at once.

        """
        if wait < 1:
            raise ValueError(f"wait is {wait}, and must be 1 or more")
        headers: dict[str, str] = {}
        while True:
            response, body = self._request("GET", "/v1/health", headers=headers, wait=wait)
            if response.status == _OK:
                yield json.loads(body)
            tag = response.headers["ETag"]
            if tag is None:  # each request would be answered at once
                raise ConnectionError(f"{self._path}: this agent cannot wait for a change")
            headers = {"If-None-Match": tag, "Prefer": f"wait={wait}"}

    def _get(self, path: str) -> Any:
        return json.loads(self._request("GET", path)[1])

    def _post(self, path: str, fields: Mapping[str, str | None]) -> Any:
        given = {name: value for name, value in fields.items() if value is not None}
        headers = {"Content-Type": _JSON}
        return json.loads(self._request("POST", path, json.dumps(given), headers)[1])

    def _request(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        wait: float = 0,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Return the response and its body; 304 is not an error. The agent waits first for `wait` s."""
        connection = _Connection(self._path, self._timeout + wait)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{self._path}: the answer is not HTTP: {error}") from error
        finally:
            connection.close()
        if response.status in (_OK, _NOT_MODIFIED):
            return response, content
        raise _error(response, content)


class _Connection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _error(response: http.client.HTTPResponse, content: bytes) -> ApiError:
    try:
        problem = json.loads(content)
        return ApiError(
            response.status,
            problem["title"],
            problem["detail"],
            problem.get("hint", ""),
            problem.get("line"),
        )
    except (ValueError, TypeError, KeyError, AttributeError):  # no answer of the agent
        return ApiError(response.status, response.reason, content.decode("utf-8", "replace"))
