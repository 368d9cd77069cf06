"""The kernel's word that a PCI function came, went or has another driver: pyudev stops here."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Protocol

from dmaragent.agent import words
from dmaragent.errors import DmaragentError

_UDEVD = "/run/udev/control"
"""There while udevd runs: its events come after its database was written."""
_ROOM = 1 << 24
"""In bytes, for events that wait; the kernel gives less to who may not ask for so much."""


@dataclass(frozen=True, slots=True)
class Events:
    """What happened since the last time."""

    names: tuple[str, ...]
    """Of the functions it happened to, each once."""
    lost: bool = False
    """The kernel had to drop events: anything may have happened."""


class Watch(Protocol):
    """Where events come from."""

    def fileno(self) -> int:
        """Give the descriptor that can be read when something happened."""

    def drain(self) -> Events:
        """Give what happened, without waiting."""


class UdevWatch:
    """The events of the PCI functions of this machine."""

    def __init__(self) -> None:
        """Begin to listen.

        Raises:
            DmaragentError: there is no udev library, or no netlink.

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
            return  # a burst that is too large is then seen as lost events, and all is read again

    def fileno(self) -> int:
        """Give the netlink socket's descriptor."""
        descriptor: int = self._monitor.fileno()
        return descriptor

    def drain(self) -> Events:
        """Give what happened, without waiting."""
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
