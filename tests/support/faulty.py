"""A recorded machine as the running one, on real files that a test can break while they are read."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.live.host import LiveHost
from dmaragent.readings import Missing, MissingKind
from support.machines import MACHINES, materialize

Calls = dict[str, Callable[[], bytes | Missing]]
_ABSENT = Missing(MissingKind.ABSENT, "not here")
FAILS_TO_READ = "/proc/self/mem"
"""A file that opens and cannot be read at its begin: Input/output error."""


class RootedHost(LiveHost):
    """The running machine, if its file system were the one below `root`."""

    def __init__(self, root: Path, calls: Calls) -> None:
        self._root = root
        self._calls = calls
        self.then: dict[str, Callable[[], None]] = {}
        """What happens once a path, or a call, was asked for."""

    def _below(self, request: HostRequest) -> HostRequest:
        return replace(request, path=f"{self._root}{request.path}")

    def _happen(self, path: str) -> None:
        self.then.pop(path, lambda: None)()

    def read(self, request: HostRequest) -> bytes | Missing:
        answer = super().read(self._below(request))
        self._happen(request.path)
        return answer

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        answer = super().list(self._below(request))
        self._happen(request.path)
        return answer

    def link(self, request: HostRequest) -> str | Missing:
        answer = super().link(self._below(request))
        self._happen(request.path)
        return answer

    def call(self, request: HostRequest) -> bytes | Missing:
        answer = self._calls.get(request.path, lambda: _ABSENT)()
        self._happen(request.path)
        return answer


def rooted(name: str, root: Path) -> RootedHost:
    """Lay out the recorded machine `name` below `root`, with udev's enumeration of it."""
    root.mkdir()
    materialize(name, root)
    enumeration = (MACHINES / name / "calls/udev-pci").read_bytes()
    return RootedHost(root, {"udev-pci": lambda: enumeration})


def device_of(root: Path, sbdf: str) -> Path:
    """Give the directory of a function below `root`."""
    return Path(os.path.realpath(root / "sys/bus/pci/devices" / sbdf))


def without_names(enumeration: bytes) -> bytes:
    """Give what udev says whose database is gone: the same functions, and none has a name."""
    return json.dumps([each | {"names": {}} for each in json.loads(enumeration)]).encode()
