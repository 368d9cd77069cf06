"""The tasks of a worker: what takes too long for the service itself. Pure.

Only the module of the chosen task is imported, because a worker's start counts.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from dmaragent.agent import words
from dmaragent.agent.http_messages import ApiResponse, problem
from dmaragent.agent.published import Stamp

if TYPE_CHECKING:
    from dmaragent.host import Host


class Task(Enum):
    """What a worker answers; the value is the verb that answers the same without limits."""

    RESOLVE = "resolve"
    DEVICES = "devices"
    REPORT = "report"
    EXPLAIN_MESSAGE = "why"


_MODULES = {
    Task.RESOLVE: "guest_answer",
    Task.DEVICES: "devices_answer",
    Task.REPORT: "report_answer",
    Task.EXPLAIN_MESSAGE: "message_answer",
}


class _Answering(Protocol):
    """The members of a task's module."""

    def answer(self, body: bytes, host: Host, stamp: Stamp) -> ApiResponse:
        """Return the answer to the request in `body` for `host`, with `stamp` in its origin."""


def hint_of(task: Task) -> str:
    """Return what to do about a request that needs more than a worker can use."""
    return words.FEWER_GUESTS if task is Task.RESOLVE else words.use_the_command(task.value)


def answer_task(task: Task, body: bytes, host: Host, stamp: Stamp, most: int) -> ApiResponse:
    """Return the answer of `task`, with at most `most` bytes."""
    module = cast("_Answering", import_module(f"dmaragent.agent.{_MODULES[task]}"))
    response = module.answer(body, host, stamp)
    if len(response.body) <= most:
        return response
    why = words.answer_too_large(most, len(response.body))
    if task is Task.RESOLVE:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why, hint=words.FEWER)
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if task is Task.EXPLAIN_MESSAGE:  # a shorter text has a shorter answer
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return problem(status, why, hint=words.use_the_command(task.value))
