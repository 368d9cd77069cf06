"""A worker: the process that answers one guest request, and ends.

It gets limits of its own before it reads anything from a client: what a guest makes it use
ends the worker, never the service.  Request on standard input, answer on standard output, the
host from an inherited descriptor (``workers.py``).
"""

import gc
import json
import os
import pickle
import resource
import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, BinaryIO

from dmaragent.agent import words
from dmaragent.agent.guest_answer import answer_guests
from dmaragent.agent.http_messages import ApiResponse, problem
from dmaragent.host import Host

_OOM_SCORE = "/proc/self/oom_score_adj"
_WORST = "1000"
"""The kernel ends the process with the highest score first; raising one's own needs no right."""
_MOST_TRACE = 4096
"""Bytes of a traceback that the service writes to its log."""


def main(arguments: list[str]) -> None:
    """Answer the request on standard input; `arguments` are numbers, as :func:`command` has them.

    These are the descriptor that the host is read from, the most bytes of an answer, of memory
    and of address space, and the most seconds of processor time.
    """
    descriptor, most, memory, space, seconds = map(int, arguments)
    confine(memory, space, seconds)
    gc.disable()  # the process ends before garbage matters
    try:
        with open(f"/proc/self/fd/{descriptor}", "rb") as kept:  # anew: others read from theirs
            answered = answer(sys.stdin.buffer, kept, most)
    except MemoryError:
        answered = out_of_memory(), ""
    send(answered, sys.stdout.buffer)


def confine(memory: int, space: int, seconds: int) -> None:
    """Limit this process (bytes, bytes, seconds), and have it ended first if memory is scarce.

    Python's setrlimit is the system call prlimit64, which the unit's filter allows.
    """
    try:
        with open(_OOM_SCORE, "w", encoding="ascii") as score:
            score.write(_WORST)
    except OSError:
        pass  # without /proc the limits below still hold
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(posted: BinaryIO, kept: BinaryIO, most: int) -> tuple[ApiResponse, str]:
    """Return the answer to the request in `posted` on the host in `kept`, and a traceback or "".

    `kept` holds a pickle of the service's own, in a file that nobody can write to any more.
    """
    try:
        host: Host = pickle.load(kept)  # noqa: S301 - see above
        return answer_guests(posted.read(), host, most), ""
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a fault of ours is for the service's log
        why = words.fault()
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, why), traceback.format_exc()[-_MOST_TRACE:]


def out_of_memory() -> ApiResponse:
    """Return the answer to a request that needs more memory than a worker may have."""
    why = words.takes_too_much_memory()
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, hint=words.FEWER_GUESTS)


def read_only(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    """Return a view of `mapping`: what the pickle calls for each read-only mapping of the host."""
    return MappingProxyType(mapping)


def send(answered: tuple[ApiResponse, str], goal: BinaryIO) -> None:
    """Write an answer as :func:`received` reads it: a line of JSON, then the body."""
    response, fault = answered
    head = {"status": response.status, "type": response.content_type, "fault": fault}
    goal.write(json.dumps(head).encode("ascii") + b"\n")
    goal.write(response.body)
    goal.flush()


def received(data: bytes) -> tuple[ApiResponse, str]:
    """Return the answer that a worker sent.

    Raises:
        ValueError: it is none; the worker was ended, or is not to be trusted any more.

    """
    head, line, body = data.partition(b"\n")
    reply = json.loads(head)
    if not line or not isinstance(reply, dict):
        raise ValueError("no answer")
    status, kind, fault = reply.get("status"), reply.get("type"), reply.get("fault")
    if not (isinstance(status, int) and isinstance(kind, str) and isinstance(fault, str)):
        raise ValueError("no answer")  # noqa: TRY004 - likewise
    return ApiResponse(status=HTTPStatus(status).value, content_type=kind, body=body), fault


def command(*numbers: int) -> list[str]:
    """Return the command of a worker that calls :func:`main` with `numbers`.

    It searches for modules where the service does, and reads no site-packages anew (0.02 s).
    """
    start = f"import sys; sys.path[:] = {[path for path in sys.path if path]!r}; "
    start += "from dmaragent.agent.worker import main; main(sys.argv[1:])"
    return [sys.executable, "-I", "-S", "-c", start, *map(str, numbers)]


def environment() -> dict[str, str]:
    """Return the environment of a worker: nothing of the service's reaches it."""
    return {"LC_ALL": "C.UTF-8", "PATH": os.defpath}
