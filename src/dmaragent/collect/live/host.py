"""This machine through its file system; ``calls.py`` has the calls.

For users other than root, root's answers are used for the tables and the hypercall. These need root
and do not change after boot, so root reads them once (``dmaragent agent capture``). Everything else
is read from the running machine.
"""

import os

from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.live.calls import call
from dmaragent.collect.reader import HostReader, list_directory, missing, read_file
from dmaragent.readings import NOT_COLLECTED, Missing


class LiveHost:
    """The machine that this program runs on."""

    def read(self, request: HostRequest) -> bytes | Missing:
        """Read the file."""
        return read_file(request.path, request)

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """List the directory."""
        return list_directory(request.path)

    def link(self, request: HostRequest) -> str | Missing:
        """Read the link."""
        try:
            return os.readlink(request.path)
        except OSError as error:
            return missing(error)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Make the call."""
        return call(request)


class OverlayHost:
    """A host whose answers are from `kept` if they need root and are there, else from `live`."""

    def __init__(self, live: HostReader, kept: HostReader) -> None:
        self._live = live
        self._kept = kept

    def read(self, request: HostRequest) -> bytes | Missing:
        """Read the file, or return what root read."""
        answer = self._kept.read(request) if request.needs_root else NOT_COLLECTED
        return self._live.read(request) if answer == NOT_COLLECTED else answer

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """List the directory, which needs no root."""
        return self._live.list(request)

    def link(self, request: HostRequest) -> str | Missing:
        """Read the link, which needs no root."""
        return self._live.link(request)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Make the call, or return what root got."""
        answer = self._kept.call(request) if request.needs_root else NOT_COLLECTED
        return self._live.call(request) if answer == NOT_COLLECTED else answer
