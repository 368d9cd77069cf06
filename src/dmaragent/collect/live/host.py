"""This machine, asked through its file system; ``calls.py`` has what is no file."""

import os

from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.live.calls import call
from dmaragent.collect.reader import list_directory, missing, read_file
from dmaragent.readings import Missing


class LiveHost:
    """The machine this runs on."""

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
