"""A scheduler and workers of Dask on loopback, as child processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join(
    [str(ROOT / "src"), str(ROOT / "parsers"), os.environ.get("PYTHONPATH", "")]
)
_WAIT = """\
import sys, time
from distributed import Client
with Client(sys.argv[1]) as client:
    while len(client.nthreads()) != int(sys.argv[2]):
        time.sleep(0.1)
"""
"""Waits until the scheduler has so many workers; it has no event for a lost one."""
_LOCAL = "127.0.0.1"


def lacking(python: str = sys.executable) -> str:
    """Return why there can be no cluster; empty if there can."""
    command = [python, "-c", "import distributed, dmaragent.api"]
    environment = {**os.environ, "PYTHONPATH": PATHS}
    found = subprocess.run(command, env=environment, capture_output=True, check=False)
    return (
        "" if found.returncode == 0 else "distributed is not installed (Debian python3-distributed)"
    )


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.python = python
        self.workers: list[subprocess.Popen[bytes]] = []
        """In the order of their start."""
        self._file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", _LOCAL, "--port", "0", "--no-dashboard",
            "--no-show", "--scheduler-file", str(self._file),
        )  # fmt: skip
        self._written(self._file, self.scheduler)

    @property
    def address(self) -> str:
        """Return the address of the scheduler."""
        address: str = json.loads(self._file.read_text())["address"]
        return address

    def add_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, and return its process."""
        worker = self._start(
            "worker", self.address, "--host", _LOCAL, "--nthreads", "1", "--no-nanny",
            "--no-dashboard", "--local-directory", str(self.folder), **environment,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def wait_for(self, workers: int) -> None:
        """Wait until there are so many workers."""
        command = [self.python, "-c", _WAIT, self.address, str(workers)]
        environment = {**os.environ, "PYTHONPATH": PATHS}
        subprocess.run(command, env=environment, capture_output=True, check=True, timeout=300)

    def end(self) -> None:
        """End all processes by their id."""
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    def _start(self, what: str, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{what}-{len(self.workers)}.log").open("wb")
        with log:
            return subprocess.Popen(
                [self.python, "-m", f"distributed.cli.dask_{what}", *words],
                env={**os.environ, "PYTHONPATH": PATHS, **environment},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def _written(self, path: Path, process: subprocess.Popen[bytes]) -> None:
        """Wait until `process` has written the JSON at `path`."""
        while True:
            try:
                json.loads(path.read_text())
            except (FileNotFoundError, ValueError):
                assert process.poll() is None, "the scheduler ended"
                time.sleep(0.05)  # there is no event for a file that another program writes
            else:
                return


@contextmanager
def cluster(folder: Path, workers: int = 2, python: str = sys.executable) -> Iterator[Cluster]:
    """Start a scheduler and `workers`; end them."""
    folder.mkdir()
    made = Cluster(folder, python)
    try:
        for _ in range(workers):
            made.add_worker()
        made.wait_for(workers)
        yield made
    finally:
        made.end()
