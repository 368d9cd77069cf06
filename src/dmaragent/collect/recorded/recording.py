"""Record a machine: every question and its answer, so that the answers can be read again.

``python -m dmaragent.collect.recorded.recording DIRECTORY`` records this machine, unredacted. The
captured machines in testdata/ were made this way.
"""

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from dmaragent import __version__
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.manifest import LoggedReading, Value, answer_bytes, log_reading
from dmaragent.readings import NOT_COLLECTED, HostSnapshot, Missing


class Recorder:
    """A host that passes every question on to `inner` and keeps the answers."""

    def __init__(self, inner: HostReader) -> None:
        self._inner = inner
        self.answers: dict[HostRequest, Value | Missing] = {}

    def read(self, request: HostRequest) -> bytes | Missing:
        """Read, and keep the answer."""
        answer = self._inner.read(request)
        self.answers[request] = answer
        return answer

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """List, and keep the answer."""
        answer = self._inner.list(request)
        self.answers[request] = answer
        return answer

    def link(self, request: HostRequest) -> str | Missing:
        """Read the link, and keep the answer."""
        answer = self._inner.link(request)
        self.answers[request] = answer
        return answer

    def call(self, request: HostRequest) -> bytes | Missing:
        """Make the call, and keep the answer."""
        answer = self._inner.call(request)
        self.answers[request] = answer
        return answer


class KeptHost:
    """A host that returns kept answers and nothing else."""

    def __init__(self, answers: Mapping[HostRequest, Value | Missing]) -> None:
        self._answers = answers

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return the bytes that were read."""
        answer = self._answer(request)
        return answer if isinstance(answer, bytes | Missing) else NOT_COLLECTED

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the names that were listed."""
        answer = self._answer(request)
        return answer if isinstance(answer, tuple | Missing) else NOT_COLLECTED

    def link(self, request: HostRequest) -> str | Missing:
        """Return the link's target."""
        answer = self._answer(request)
        return answer if isinstance(answer, str | Missing) else NOT_COLLECTED

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return the call's output."""
        return self.read(request)

    def _answer(self, request: HostRequest) -> Value | Missing:
        return self._answers.get(request, NOT_COLLECTED)


def record(host: HostReader) -> tuple[HostSnapshot, dict[str, bytes]]:
    """Collect from `host`; return the snapshot and the files of its recording by path."""
    recorder = Recorder(host)
    return collect(recorder), files_of(recorder.answers)


def files_of(
    answers: Mapping[HostRequest, Value | Missing],
    changed: Collection[HostRequest] = (),
    redaction: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """Return the files of a recording of `answers`, by path.

    The manifest marks the answers in `changed` as redacted, and contains `redaction`, a summary of
    the changes.
    """
    files: dict[str, bytes] = {}

    def readings() -> Iterator[LoggedReading]:
        for request in sorted(answers, key=lambda request: (request.operation, request.path)):
            answer = answers[request]
            reading = log_reading(request, answer, redacted=request in changed)
            if isinstance(answer, bytes | str):
                files[reading.file] = answer_bytes(answer)
            yield reading

    tool = f"dmaragent {__version__}"
    files[manifest.NAME] = manifest.dump_manifest(readings(), tool, redaction)
    return files


def write_files(files: dict[str, bytes], directory: str) -> None:
    """Write `files` below `directory`, which must not exist yet.

    Raises:
        OSError: it exists, or cannot be written.

    """
    os.makedirs(directory)
    for name, content in sorted(files.items()):
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(content)


if __name__ == "__main__":
    write_files(record(LiveHost())[1], sys.argv[1])
