"""A worker: a process for one request, which it answers before it ends.

It sets its own limits before it reads anything from a client, so a request that needs too much ends
only the worker. A line about the task and the request are on standard input, the answer on standard output,
and the host in an inherited descriptor (``workers.py``).
"""

from __future__ import annotations

import errno
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
from dmaragent.agent.http_messages import ApiResponse, problem
from dmaragent.agent.published import Stamp
from dmaragent.agent.tasks import Task, answer_task, hint_of
from dmaragent.host import Host

_OOM_SCORE = "/proc/self/oom_score_adj"
_WORST = "1000"
"""The kernel kills the process with the highest score first; raising it needs no privilege."""
_NOT_MAPPED = ("cannot allocate memory", "failed to map segment")
"""The errors of the C library's linker for a library without memory (elf/dl-load.c)."""
_MOST_TRACE = 4096
"""The bytes of a traceback that the service logs."""


def main(arguments: list[str]) -> None:
    """Answer the request on standard input; :func:`command` passes the `arguments`, all numbers.

    They are the descriptor of the host, the limits in bytes for the answer, the memory and the
    address space, and the limit in seconds of processor time.
    """
    descriptor, most, memory, space, seconds = map(int, arguments)
    confine(memory, space, seconds)
    gc.disable()  # the process ends before garbage matters
    given = json.loads(sys.stdin.buffer.readline())
    task, stamp = Task(given["task"]), Stamp(*given["stamp"])
    try:
        with open(
            f"/proc/self/fd/{descriptor}", "rb"
        ) as kept:  # opened again: other workers have their own position
            answered = answer(task, stamp, sys.stdin.buffer, kept, most)
    except MemoryError:
        answered = out_of_memory(task), ""
    send(answered, sys.stdout.buffer)


def confine(memory: int, space: int, seconds: int) -> None:
    """Limit this process (bytes, bytes, seconds), and make it the first to be killed for memory.

    Python's setrlimit is the system call prlimit64, which the unit's filter allows.
    """
    try:
        with open(_OOM_SCORE, "w", encoding="ascii") as score:
            score.write(_WORST)
    except OSError:
        pass  # the limits below work without /proc
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(
    task: Task, stamp: Stamp, posted: BinaryIO, kept: BinaryIO, most: int
) -> tuple[ApiResponse, str]:
    """Return the answer to the request in `posted` for the host in `kept`, and a traceback or "".

    `kept` contains a pickle that the service wrote, in a sealed file.

    Raises:
        MemoryError: the worker has too little memory for the answer.

    """
    try:
        host: Host = pickle.load(kept)  # noqa: S301 - see above
        return answer_task(task, posted.read(), host, stamp, most), ""
    except Exception as error:
        if lacks_memory(error):
            raise MemoryError from error
        why = words.fault()
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, why), traceback.format_exc()[-_MOST_TRACE:]


def lacks_memory(error: Exception) -> bool:
    """Return whether `error` is one that Python raises if the memory of a process ends.

    Besides MemoryError: CPython 3.13.5 raised SystemError ("error return without exception set") for
    a failed allocation in ``exec``; a system call has ENOMEM; and the linker cannot map a library.
    """
    if isinstance(error, ImportError):
        return any(part in str(error).lower() for part in _NOT_MAPPED)
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError | SystemError)


def out_of_memory(task: Task) -> ApiResponse:
    """Return the answer to a request that needs more memory than a worker can use."""
    why = words.takes_too_much_memory()
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, why, hint=hint_of(task))


def read_only(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    """Return a view of `mapping`; the pickle calls this for each read-only mapping of the host."""
    return MappingProxyType(mapping)


def send(answered: tuple[ApiResponse, str], goal: BinaryIO) -> None:
    """Write an answer for :func:`received`: a line of JSON, then the body."""
    response, fault = answered
    head = {"status": response.status, "type": response.content_type, "fault": fault}
    goal.write(json.dumps(head).encode("ascii") + b"\n")
    goal.write(response.body)
    goal.flush()


def order(task: Task, stamp: Stamp) -> bytes:
    """Return the line that tells a worker its task, for :func:`main`."""
    return json.dumps({"task": task.value, "stamp": stamp}).encode("ascii") + b"\n"


def received(data: bytes) -> tuple[ApiResponse, str]:
    """Return the answer that a worker sent.

    Raises:
        ValueError: it is not an answer; the worker was killed, or is no longer trusted.

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

    It uses the module path of the service and skips site-packages, which saves 0.02 s.
    """
    start = f"import sys; sys.path[:] = {[path for path in sys.path if path]!r}; "
    start += "from dmaragent.agent.worker import main; main(sys.argv[1:])"
    return [sys.executable, "-I", "-S", "-c", start, *map(str, numbers)]


def environment() -> dict[str, str]:
    """Return the environment of a worker, which has nothing of the service's."""
    return {"LC_ALL": "C.UTF-8", "PATH": os.defpath}
