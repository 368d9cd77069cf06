"""The journal: a line for each change, with fields to search by.

Source: systemd's docs/JOURNAL_NATIVE_PROTOCOL.md.
"""

import os
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from dmaragent.present.escaping import visible

SOCKET = "/run/systemd/journal/socket"
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
"""Priorities of syslog(3)."""


_STDERR = 2


class Journal:
    """Writes lines to journald if standard error goes there, else to standard error."""

    def __init__(
        self,
        environment: Mapping[str, str],
        address: str = SOCKET,
        stream: TextIO | None = None,
    ) -> None:
        goes_there = environment.get("JOURNAL_STREAM", "") == _stream_number()
        self._address = address if goes_there else ""
        self._stream = stream

    def write(self, message: str, priority: int = INFO, **fields: str) -> None:
        """Write `message`; `fields` are journal fields, their names in capitals."""
        shown = visible(message)
        everything = {
            "MESSAGE": shown,
            "PRIORITY": str(priority),
            "SYSLOG_IDENTIFIER": "dmaragent",
            **{name: visible(value) for name, value in fields.items() if value},
        }
        if not (self._address and _send(self._address, everything)):
            with suppress(OSError, ValueError):  # closed or full: no reason to end the service
                print(f"<{priority}>{shown}", file=self._stream or sys.stderr, flush=True)


def _stream_number() -> str | None:
    """Return the device and inode of standard error, as JOURNAL_STREAM has those of the journal.

    Other programs inherit the variable: systemd.exec(5).
    """
    try:
        found = os.fstat(_STDERR)
    except OSError:  # closed
        return None
    return f"{found.st_dev}:{found.st_ino}"


def encode(fields: Mapping[str, str]) -> bytes:
    """Return `fields` in the journal's native protocol."""
    parts = []
    for name, value in fields.items():
        data = value.encode("utf-8", "backslashreplace")
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def _send(address: str, fields: Mapping[str, str]) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(encode(fields), address)
    except OSError:
        return False
    return True
