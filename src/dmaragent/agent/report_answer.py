"""Answer with the report of a host: a task of a worker. Pure."""

from __future__ import annotations

from dmaragent.agent.http_messages import ApiResponse
from dmaragent.agent.published import Stamp
from dmaragent.host import Host
from dmaragent.question.context import Question, context_of
from dmaragent.question.host_report import report_of

HTML = "text/html; charset=utf-8"


def answer(_: bytes, host: Host, __: Stamp) -> ApiResponse:
    """Return the page of ``dmaragent report`` for `host`."""
    page = report_of(context_of(host, Question()))
    return ApiResponse(status=200, content_type=HTML, body=page.encode("utf-8", "backslashreplace"))
