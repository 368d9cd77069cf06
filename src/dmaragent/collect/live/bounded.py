"""Run a command that may write without end."""

import os
import selectors
import subprocess
import tempfile
import time

from dmaragent.collect.live.commands import ENVIRONMENT, GRACE, Ended, killed


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
            code = process.wait(GRACE) if ended else None
        except subprocess.TimeoutExpired:
            pass  # it closed its output, but runs on
        finally:
            if process.returncode is None:
                killed(process)
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
