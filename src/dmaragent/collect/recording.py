"""Recording a machine: every question and its answer, kept so that it can be asked again.

``python -m dmaragent.collect.recording DIRECTORY`` records this machine, unredacted.
It is how the captured machines in testdata/ were made.
"""

import os
import sys

from dmaragent import __version__
from dmaragent.collect import manifest
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import Request
from dmaragent.collect.live import LiveHost
from dmaragent.collect.manifest import LoggedReading, Value, answer_bytes, log_reading
from dmaragent.collect.reader import HostReader
from dmaragent.snapshot import HostSnapshot, Missing


class Recorder:
    """A host that passes every question on to `inner` and keeps the answers."""

    def __init__(self, inner: HostReader) -> None:
        self._inner = inner
        self.answers: dict[Request, Value | Missing] = {}

    def read(self, request: Request) -> bytes | Missing:
        """Read, and keep the answer."""
        answer = self._inner.read(request)
        self.answers[request] = answer
        return answer

    def list(self, request: Request) -> tuple[str, ...] | Missing:
        """List, and keep the answer."""
        answer = self._inner.list(request)
        self.answers[request] = answer
        return answer

    def link(self, request: Request) -> str | Missing:
        """Read the link, and keep the answer."""
        answer = self._inner.link(request)
        self.answers[request] = answer
        return answer

    def call(self, request: Request) -> bytes | Missing:
        """Make the call, and keep the answer."""
        answer = self._inner.call(request)
        self.answers[request] = answer
        return answer


def record(host: HostReader) -> tuple[HostSnapshot, dict[str, bytes]]:
    """Collect from `host`; give the snapshot and the files of its recording, by path in it."""
    recorder = Recorder(host)
    snapshot = collect(recorder)
    readings: list[LoggedReading] = []
    files: dict[str, bytes] = {}
    for request, answer in recorder.answers.items():
        reading = log_reading(request, answer)
        readings.append(reading)
        if isinstance(answer, bytes | str):
            files[reading.file] = answer_bytes(answer)
    files[manifest.NAME] = manifest.dump_manifest(readings, f"dmaragent {__version__}")
    return snapshot, files


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
