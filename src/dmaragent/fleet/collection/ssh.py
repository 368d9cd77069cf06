"""Run ssh, one process a host: bounded in time and in memory, and ended with its run."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO, NamedTuple

from dmaragent.fleet.collection.stream import MOST_TEXT, is_complete

_LONGEST_ERRORS = 1 << 14
"""The bytes that are kept of what ssh prints to standard error: its last ones."""
_CHUNK = 1 << 16
_GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL: ssh ends its own ProxyCommand when it is terminated."""
_TICK = 0.05
"""How often the end of a process is checked if another holds its standard error, such as the
master of a shared connection."""


class SshOptions(NamedTuple):
    """What the user sets of ssh; all else is in the user's own configuration."""

    user: str = ""
    options: tuple[str, ...] = ()
    """As of ``ssh -o``."""
    sudo: bool = False


class Ran(NamedTuple):
    """What ssh printed, and its exit code."""

    output: bytes
    errors: str
    code: int | None
    """None: it did not end in time, or printed too much, and was ended."""


def command(host: str, options: SshOptions) -> list[str]:
    """Return the command line of ssh that runs standard input on `host` with a shell.

    Of an option that is set twice, ssh uses the first: the user's can change all but BatchMode.
    """
    words = ["ssh", "-T", "-a", "-x", "-o", "BatchMode=yes"]
    for option in options.options:
        words += ["-o", option]
    if options.user:
        words += ["-l", options.user]
    # No forwarded port of the user's configuration is opened for each host, and no command of it
    # runs instead.  A banner is not an error.
    for option in ("ClearAllForwardings=yes", "RemoteCommand=none", "LogLevel=ERROR"):
        words += ["-o", option]
    return [*words, "--", host, "sudo -n sh -s" if options.sudo else "sh -s"]


class Runner:
    """Runs commands in threads; `end` ends those that run, and lets no other start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def end(self) -> None:
        """End all commands."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _signal(process, signal.SIGTERM)

    def run(self, words: Sequence[str], script: str, seconds: float, mark: str) -> Ran:
        """Run a command with the file `script` as its standard input.

        Args:
            words: the command.
            script: the path of a file.
            seconds: the time that it has.
            mark: the word that begins the last line of what it prints.

        """
        deadline = time.monotonic() + seconds
        with open(script, "rb") as source:
            process = self._start(words, source)
        if process is None:
            return Ran(b"", "", None)
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101
        try:
            with process.stdout, process.stderr:
                return _read(process, process.stdout, process.stderr, deadline, mark)
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)

    def _start(self, words: Sequence[str], source: IO[bytes]) -> subprocess.Popen[bytes] | None:
        """Start a command in a session of its own: it has no terminal to prompt on."""
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(
                words,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            self._running.add(process)
        return process


def _read(
    process: subprocess.Popen[bytes],
    stdout: IO[bytes],
    stderr: IO[bytes],
    deadline: float,
    mark: str,
) -> Ran:
    """Read what `process` prints until it ends, the document is there, or the time is over."""
    output, errors = bytearray(), bytearray()
    code: int | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        selector.register(stderr, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0 or len(output) > MOST_TEXT or is_complete(output[-_CHUNK:], mark):
                break
            reads_output = stdout in selector.get_map()
            ready = selector.select(left if reads_output else min(left, _TICK))
            if not ready and not reads_output and process.poll() is not None:
                break
            for key, _ in ready:
                read = os.read(key.fd, _CHUNK)
                if not read:
                    selector.unregister(key.fileobj)
                elif key.fileobj is stdout:
                    output += read
                else:
                    errors += read
                    del errors[:-_LONGEST_ERRORS]
    if len(output) <= MOST_TEXT:
        left = _GRACE if is_complete(output[-_CHUNK:], mark) else deadline - time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(max(0.0, left))
    return Ran(bytes(output), errors.decode("utf-8", "replace"), code)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started, and wait for it."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process group of `process`, if it still runs."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
