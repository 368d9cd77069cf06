"""Run a command that can hang, or leave children that keep its output open."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import NamedTuple

ENVIRONMENT = {
    "LC_ALL": "C",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
}
"""The environment of a child process: nothing of the user's. Xen built from source is in /usr/local.
"""
GRACE = 1.0
"""Seconds for a killed process to end; one in the kernel can stay forever."""


class Ended(NamedTuple):
    """The result of a command."""

    code: int | None
    """The exit code; None if the command was killed."""
    output: bytes
    errors: bytes


def run_within(seconds: float, command: list[str], given: bytes = b"") -> Ended:
    """Run `command` with the input `given`, and kill all its processes after `seconds`.

    It has its own process group, because a child that it leaves behind can keep its output open.
    Output before the time limit counts, and all of it if the command itself ended.

    Raises:
        OSError: it cannot be run.

    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(given, seconds)
    except subprocess.TimeoutExpired:
        code = process.poll()
        output, errors = killed(process)
        return Ended(code=code, output=output, errors=errors)
    except BaseException:
        killed(process)
        raise
    return Ended(code=process.returncode, output=output, errors=errors)


def killed(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Kill the group of `process`; return its output, and wait only for a moment."""
    with suppress(OSError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=GRACE)
    except subprocess.TimeoutExpired as error:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.poll()  # the command has ended; a process that left its group keeps the output open
        return error.stdout or b"", error.stderr or b""
