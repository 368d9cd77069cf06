"""Run a command that can hang, or leave children that keep its output open."""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass

ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
"""The environment of a child process: nothing of the user's."""
_GRACE = 1.0
"""Seconds for a killed process to end; one in the kernel can stay forever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
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
        output, errors = _killed(process)
        return Ended(code=code, output=output, errors=errors)
    except BaseException:
        _killed(process)
        raise
    return Ended(code=process.returncode, output=output, errors=errors)


def run_bounded(seconds: float, command: list[str], given: bytes, most: int) -> Ended:
    """Run `command` like :func:`run_within`, and end it once it has written `most` bytes.

    Its exit code is None if it was killed. Its standard error is discarded.

    Raises:
        OSError: it cannot be run.

    """
    with tempfile.TemporaryFile() as source:
        source.write(given)
        source.seek(0)
        process = subprocess.Popen(
            command,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        output, code = b"", None
        try:
            output, ended = _read_within(process, time.monotonic() + seconds, most)
            code = process.wait(_GRACE) if ended else None
        except subprocess.TimeoutExpired:
            pass  # it closed its output, but runs on
        finally:
            if process.returncode is None:
                _killed(process)
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            process.stdout.close()
    return Ended(code=code, output=output, errors=b"")


def _read_within(process: subprocess.Popen[bytes], until: float, most: int) -> tuple[bytes, bool]:
    """Return what `process` wrote, up to `most` bytes, and whether it ended its output."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while most > 0 and selector.select(max(0.0, until - time.monotonic())):
            part = os.read(process.stdout.fileno(), min(most, 1 << 18))
            if not part:
                return b"".join(parts), True
            parts.append(part)
            most -= len(part)
    return b"".join(parts), False


def _killed(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Kill the group of `process`; return its output, and wait only for a moment."""
    with suppress(OSError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=_GRACE)
    except subprocess.TimeoutExpired as error:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.poll()  # the command has ended; a process that left its group keeps the output open
        return error.stdout or b"", error.stderr or b""
