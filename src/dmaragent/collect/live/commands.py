"""Running a command of the host, which may hang, or leave behind what holds its output open."""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass

ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
"""What a child process gets of the environment: nothing of the user's."""
_GRACE = 1.0
"""In seconds: how long a killed process may take to go; one in the kernel may never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What became of a command."""

    code: int | None
    """Its exit code; None where it had to be killed."""
    output: bytes
    errors: bytes


def run_within(seconds: float, command: list[str], given: bytes = b"") -> Ended:
    """Run `command`, `given` for its input, and kill all that it started after `seconds`.

    It has a process group of its own, as a child that it leaves behind may keep its output
    open; what was written until then counts, and all of it where the command itself ended.

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
    """Run `command` as :func:`run_within` does, and end it once it has written `most` bytes.

    Its exit code is None if it had to be killed.  What it complains of is not kept.

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
            pass  # it closed its output, and stays
        finally:
            if process.returncode is None:
                _killed(process)
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            process.stdout.close()
    return Ended(code=code, output=output, errors=b"")


def _read_within(process: subprocess.Popen[bytes], until: float, most: int) -> tuple[bytes, bool]:
    """Return what `process` wrote, `most` bytes at most, and whether it ended its output."""
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
    """Kill the group of `process`; give what it wrote, and wait for nobody longer than a moment."""
    with suppress(OSError):  # all of it is gone already
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=_GRACE)
    except subprocess.TimeoutExpired as error:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.poll()  # the command itself is gone: only who left its group holds the output
        return error.stdout or b"", error.stderr or b""
