"""The kernel's events about PCI functions that are added, removed or bound; pyudev stays in here."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Protocol

from dmaragent.agent import words
from dmaragent.errors import DmaragentError

_UDEVD = "/run/udev/control"
"""Exists while udevd runs: its events come after its database was written."""
_ROOM = 1 << 24
"""Bytes for waiting events; the kernel allows less to an unprivileged process."""


@dataclass(frozen=True, slots=True)
class Events:
    """The events since the last call."""

    names: tuple[str, ...]
    """The functions concerned, each once."""
    lost: bool = False
    """The kernel dropped events: anything can have changed."""


class Watch(Protocol):
    """A source of events."""

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when there are events."""

    def drain(self) -> Events:
        """Return the waiting events without blocking."""


class UdevWatch:
    """The events of this machine's PCI functions."""

    def __init__(self) -> None:
        """Begin to listen.

        Raises:
            DmaragentError: there is no udev library, or no netlink socket.

        """
        try:
            import pyudev  # noqa: PLC0415 - needs libudev, which the capture does not
        except ImportError as error:
            raise DmaragentError(words.pyudev_unusable(error)) from error
        source = "udev" if os.path.exists(_UDEVD) else "kernel"
        try:
            self._monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source)
            self._monitor.filter_by("pci")
            self._enlarge()
            self._monitor.start()
        except (OSError, ValueError) as error:
            raise DmaragentError(words.no_events(error)) from error

    def _enlarge(self) -> None:
        try:
            self._monitor.set_receive_buffer_size(_ROOM)
        except OSError:
            return  # a burst that is too large then counts as lost events, and everything is read again

    def fileno(self) -> int:
        """Return the descriptor of the netlink socket."""
        descriptor: int = self._monitor.fileno()
        return descriptor

    def drain(self) -> Events:
        """Return the waiting events without blocking."""
        names: dict[str, None] = {}
        lost = False
        while True:
            try:
                device = self._monitor.poll(timeout=0)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = True
                continue
            if device is None:
                return Events(tuple(names), lost)
            names[device.sys_name] = None
