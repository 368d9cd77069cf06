"""This machine, asked through its file system and udev."""

import os

from dmaragent.collect.ledger import UDEV_PCI, Request
from dmaragent.collect.reader import list_directory, missing, read_file
from dmaragent.snapshot import Missing, MissingKind


class LiveHost:
    """The machine this runs on."""

    def read(self, request: Request) -> bytes | Missing:
        """Read the file."""
        return read_file(request.path, request)

    def list(self, request: Request) -> tuple[str, ...] | Missing:
        """List the directory."""
        return list_directory(request.path)

    def link(self, request: Request) -> str | Missing:
        """Read the link."""
        try:
            return os.readlink(request.path)
        except OSError as error:
            return missing(error)

    def call(self, request: Request) -> bytes | Missing:
        """Make the call."""
        if request.path == UDEV_PCI.path:
            from dmaragent.collect.udev import enumerate_pci  # noqa: PLC0415 - costs 13 ms

            return enumerate_pci()
        return Missing(MissingKind.FAILED, f"no such call: {request.path}")
