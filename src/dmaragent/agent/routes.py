"""The local API: a response for each request, from what is published.

Pure. ``docs/openapi.json`` describes it, and a test compares the two. Answers contain only facts
that are never redacted: see ``redaction.py``. Everything here is fast; slow work becomes a
:class:`Work` for a worker process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from dmaragent.agent import metrics, words
from dmaragent.agent.guest_request import read_guest_request
from dmaragent.agent.http_messages import (
    JSON,
    RETRY,
    ApiRequest,
    ApiResponse,
    json_response,
    problem,
)
from dmaragent.agent.limits import MOST_FUNCTIONS, MOST_WAIT
from dmaragent.agent.message_request import read_message_request
from dmaragent.agent.published import Published
from dmaragent.agent.tasks import Task, hint_of
from dmaragent.host.device_names import parse_device_name
from dmaragent.present.json.common import TOOL
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.words.host import FIND_DEVICES, absence_words, no_device_words
from dmaragent.readings import Missing

if TYPE_CHECKING:
    from dmaragent.present.json.schema import health as schema

OK = HTTPStatus.OK.value
LIVE: Final = "live"
"""The kind of host in every answer's origin: the machine that the agent runs on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFacts:
    """Facts of the service besides what it published."""

    memory: int | None = 0
    """The resident memory of its process in bytes; None: unknown."""
    failure: str = ""
    """Why the last scan failed, in words; empty if it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request after the quick checks; a worker answers it."""

    task: Task
    published: Published
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    """The headers of the answer, if there is one."""

    def tagged(self, response: ApiResponse) -> ApiResponse:
        """Return what a worker answered with the headers of the answer."""
        return replace(response, headers=self.headers) if response.status == OK else response


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A client that has the published generation and waits for the next one."""

    seconds: int
    unchanged: ApiResponse
    """The answer if none is published within that time."""


Handler = Callable[[ApiRequest, Published, str], ApiResponse | Work | Wait | None]
"""Answers from what is published; the text is the last part of the path, decoded."""


def respond(
    request: ApiRequest, published: Published | None, facts: PublishedFacts
) -> ApiResponse | Work | Wait | None:
    """Return the answer to `request`; None if its body must be read first.

    After a failed scan, only the metrics are served, because they contain their age. The older
    inventory may no longer be true.
    """
    if request.target == "*" and request.method == "OPTIONS":
        return _allow("GET, HEAD, POST, OPTIONS")
    try:
        path, last, query = _parts(request.target)
    except ValueError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    if path not in _ROUTES:
        return problem(HTTPStatus.NOT_FOUND, words.nothing_at_path(), hint=words.all_paths(_PATHS))
    methods, handler = _ROUTES[path]
    if request.method == "OPTIONS":
        return _allow(methods)
    if request.method not in methods.split(", "):
        allow = (("Allow", methods),)
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, words.methods_of_path(methods), headers=allow)
    if query:
        why = words.no_query(len(query))
        return problem(HTTPStatus.BAD_REQUEST, why)
    if handler is None:
        return _metrics(published, facts)
    if facts.failure:
        return _unavailable(words.scan_failed(facts.failure))
    if published is None:
        return _unavailable(words.not_scanned())
    return handler(request, published, last)


_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HEX = re.compile(rb"%(..)")
_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


def _parts(target: str) -> tuple[str, str, str]:
    """Return the route of a target, the value of the route's variable, and the query.

    A path is used as received: ``..`` and ``//`` have no special meaning.

    Raises:
        ValueError: it is not a path.

    """
    authority = _AUTHORITY.match(target)
    path, _, query = target[authority.end() if authority else 0 :].partition("?")
    if not path.startswith("/") or "#" in target or _ESCAPE.search(target):
        raise ValueError(words.target_not_path())
    try:
        decoded = _HEX.sub(_byte, path.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(words.path_not_utf8()) from error
    if decoded.startswith(_DEVICES):
        return _DEVICES, decoded.removeprefix(_DEVICES), query
    return decoded, "", query


def _byte(escape: re.Match[bytes]) -> bytes:
    return bytes([int(escape[1], 16)])


def _allow(methods: str) -> ApiResponse:
    return ApiResponse(status=HTTPStatus.NO_CONTENT.value, headers=(("Allow", methods),))


def _unavailable(why: str) -> ApiResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, headers=RETRY)


def _inventory(request: ApiRequest, published: Published, _: str) -> ApiResponse:
    """Return the published document, unless the client has an equal one.

    The tag is weak: equal answers have one digest, but can differ in generation and tool.
    """
    tag = ("ETag", f'W/"{published.digest}"')
    if _has_tag(request.if_none_match, published.digest):
        return ApiResponse(status=HTTPStatus.NOT_MODIFIED.value, headers=(tag,))
    return ApiResponse(status=OK, content_type=JSON, body=published.document, headers=(tag,))


_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def _has_tag(if_none_match: str, digest: str) -> bool:
    return if_none_match.strip() == "*" or digest in _TAG.findall(if_none_match)


def _device(_: ApiRequest, published: Published, text: str) -> ApiResponse:
    try:
        name = parse_device_name(text)
    except ValueError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    inventory = published.inventory
    sbdf = name.sbdf
    there = () if sbdf else name.functions_among(inventory.host.topology.known)
    if sbdf is None and len(there) == 1:
        sbdf = there[0]
    if sbdf is None:
        known = not isinstance(inventory.host.topology.functions, Missing)
        return problem(
            HTTPStatus.BAD_REQUEST,
            words.device_without_function(text),
            hint=words.its_functions(list(map(str, there)) if known else None),
        )
    if not inventory.may_know(sbdf):
        return problem(HTTPStatus.NOT_FOUND, no_device_words(sbdf), hint=FIND_DEVICES)
    document = inventory_document(inventory.of_device(sbdf), LIVE, "")
    published.stamp.put_in(document)
    return json_response(document)


def _findings(_: ApiRequest, published: Published, __: str) -> ApiResponse:
    absence = published.inventory.absence
    if absence is not None or published.findings is None:
        why, hint = ("", "") if absence is None else absence_words(absence)
        return problem(HTTPStatus.NOT_FOUND, why, hint=hint)
    return ApiResponse(status=OK, content_type=JSON, body=published.findings)


_PREFERENCE = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def _wait(prefer: str) -> int | None:
    """Return the seconds that a client wants to wait at most, capped; None if it does not wait.

    Source: RFC 7240, section 4.3. The first of several counts, and an invalid one is ignored.
    """
    waits = filter(None, map(_PREFERENCE.fullmatch, prefer.split(",")))
    first = next(waits, None)
    return None if first is None else min(int(first[1]), MOST_WAIT)


def _health(request: ApiRequest, published: Published, _: str) -> ApiResponse | Wait:
    """Return the state of the agent; for a client that has this generation, 304 or a wait."""
    headers: tuple[tuple[str, str], ...] = (("ETag", f'W/"{published.tag}"'),)
    seconds = _wait(request.prefer)
    if seconds is not None:
        headers += (("Preference-Applied", f"wait={seconds}"),)
    if _has_tag(request.if_none_match, published.tag):
        unchanged = ApiResponse(status=HTTPStatus.NOT_MODIFIED.value, headers=headers)
        return Wait(seconds=seconds, unchanged=unchanged) if seconds else unchanged
    return json_response(_health_document(published), headers)


def _health_document(published: Published) -> schema.HealthDocument:
    inventory = published.inventory
    answer: schema.Answer = {
        "generation": published.generation,
        "digest": published.digest,
        "scanned": published.scanned,
        "scans": published.scans,
        "table_present": not isinstance(inventory.iommu, Missing),
        "complete": inventory.complete,
    }
    return {
        "format": "dmaragent.health",
        "version": 1,
        "origin": {"tool": TOOL, "host": {"kind": LIVE, "path": ""}},
        "answer": answer,
    }


def _metrics(published: Published | None, facts: PublishedFacts) -> ApiResponse:
    text = metrics.metrics_text(published, memory=facts.memory, failed=bool(facts.failure))
    return ApiResponse(status=OK, content_type=metrics.CONTENT_TYPE, body=text.encode("utf-8"))


def _of_host(task: Task) -> Handler:
    """Return the handler of a document about the whole host that a worker makes."""

    def handler(request: ApiRequest, published: Published, _: str) -> ApiResponse | Work:
        headers = (("ETag", f'W/"{published.tag}"'),)
        if _has_tag(request.if_none_match, published.tag):
            return ApiResponse(status=HTTPStatus.NOT_MODIFIED.value, headers=headers)
        functions = len(published.inventory.host.topology.known)
        if functions > MOST_FUNCTIONS:
            why = words.too_many_functions(MOST_FUNCTIONS, functions)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, hint=hint_of(task))
        return Work(task=task, published=published, headers=headers)

    return handler


def _posted(task: Task, read: Callable[[bytes], object]) -> Handler:
    """Return the handler of a request with a body, which `read` checks quickly."""

    def handler(request: ApiRequest, published: Published, _: str) -> ApiResponse | Work | None:
        if not _is_json(request.content_type):
            why = words.body_not_json_type(JSON)
            return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)
        if request.body is None:
            return None
        checked = read(request.body)
        if isinstance(checked, ApiResponse):
            return checked
        return Work(task=task, published=published, body=request.body)

    return handler


def _is_json(content_type: str) -> bool:
    kind, _, parameter = content_type.partition(";")
    charset = parameter.strip().lower().replace('"', "")
    return kind.strip().lower() == JSON and charset in ("", "charset=utf-8")


_DEVICES = "/v1/devices/"
_READ, _POST = "GET, HEAD, OPTIONS", "POST, OPTIONS"
_ROUTES: Mapping[str, tuple[str, Handler | None]] = {
    "/v1/inventory": (_READ, _inventory),
    "/v1/devices": (_READ, _of_host(Task.DEVICES)),
    _DEVICES: (_READ, _device),
    "/v1/findings": (_READ, _findings),
    "/v1/health": (_READ, _health),
    "/v1/report": (_READ, _of_host(Task.REPORT)),
    "/v1/resolve": (_POST, _posted(Task.RESOLVE, read_guest_request)),
    "/v1/explain-message": (_POST, _posted(Task.EXPLAIN_MESSAGE, read_message_request)),
    "/metrics": (_READ, None),
}
"""The methods and the handler of each path; None for the metrics, which need no scan."""
_PATHS = ", ".join(f"{path}SBDF" if path == _DEVICES else path for path in _ROUTES)
