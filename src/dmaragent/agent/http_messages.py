"""Requests and responses of the local API, independent of their transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmaragent.present.json.schema import problem as schema

JSON = "application/json"
PROBLEM = "application/problem+json"
RETRY = (("Retry-After", "1"),)
"""The header of a refusal that is only temporary."""
_LONGEST_DETAIL = 500
"""Characters: a detail can quote text of a stranger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request; its texts are as received."""

    method: str
    target: str
    """The request target: a path, and a query after a ``?``."""
    content_type: str = ""
    if_none_match: str = ""
    prefer: str = ""
    body: bytes | None = None
    """None if it was not read yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResponse:
    """One response. For HEAD, `body` is that of GET, because its length is sent."""

    status: int
    content_type: str = ""
    """Empty if there is no content."""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def json_response(
    document: Mapping[str, object], headers: tuple[tuple[str, str], ...] = ()
) -> ApiResponse:
    """Return a response with a document in ASCII, as the commands print it."""
    return ApiResponse(status=200, content_type=JSON, body=_json_bytes(document), headers=headers)


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    hint: str = "",
    line: int | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> ApiResponse:
    """Return a refusal (RFC 9457); `hint` is the next step, `line` the wrong line of a guest.

    There is no ``type``, which means ``about:blank``: the title is then the status's phrase.
    """
    document: schema.ProblemDocument = {
        "title": status.phrase,
        "status": status.value,
        "detail": detail[:_LONGEST_DETAIL],
    }
    if hint:
        document["hint"] = hint
    if line is not None:
        document["line"] = line
    return ApiResponse(
        status=status.value, content_type=PROBLEM, body=_json_bytes(document), headers=headers
    )


def _json_bytes(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, indent=1).encode("ascii") + b"\n"
