"""A running machine asked by someone who may not read everything, with root's answers below.

The tables and the hypercall need root and do not change after boot, so root reads them once
(``dmaragent agent capture``).  Everything else is asked of the machine as it is now.
"""

import re

from dmaragent.collect.ledger import LEDGER, HostRequest
from dmaragent.collect.reader import HostReader
from dmaragent.readings import Missing, MissingKind


def _pattern(path: str) -> str:
    return re.escape(path).replace(r"\{\}", "[^/]+")


_OF_ROOT = {
    operation: re.compile(
        "|".join(
            _pattern(each.path)
            for each in LEDGER
            if each.needs_root and each.operation is operation
        )
        or "(?!)"
    )
    for operation in {each.operation for each in LEDGER}
}


def needs_root(request: HostRequest) -> bool:
    """Tell whether the ledger says that only root gets an answer to `request`."""
    return _OF_ROOT[request.operation].fullmatch(request.path) is not None


class OverlayHost:
    """A host that answers what needs root from `kept`, where that has it, the rest from `live`."""

    def __init__(self, live: HostReader, kept: HostReader) -> None:
        self._live = live
        self._kept = kept

    def read(self, request: HostRequest) -> bytes | Missing:
        """Read the file, or give what root read."""
        found = self._kept.read(request) if needs_root(request) else _UNKNOWN
        return self._live.read(request) if found == _UNKNOWN else found

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """List the directory: that needs no root."""
        return self._live.list(request)

    def link(self, request: HostRequest) -> str | Missing:
        """Read the link: that needs no root."""
        return self._live.link(request)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Make the call, or give what root got."""
        found = self._kept.call(request) if needs_root(request) else _UNKNOWN
        return self._live.call(request) if found == _UNKNOWN else found


_UNKNOWN = Missing(MissingKind.NOT_COLLECTED)
