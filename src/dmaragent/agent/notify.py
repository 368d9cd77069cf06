"""What a service says to systemd and gets from it: readiness, the watchdog, sockets.

Source: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
"""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress

FIRST_SOCKET = 3


class Notifier:
    """Tells systemd how the service is; says nothing where nobody listens."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]

    def say(self, *lines: str) -> None:
        """Send `lines`, such as ``READY=1``.  A systemd that is gone is no failure of ours."""
        if not self._address:
            return
        datagram = "\n".join(lines).encode("utf-8", "replace")
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            channel.sendto(datagram, self._address)

    def reloading(self) -> None:
        """Say that the host is read again because somebody asked for it."""
        self.say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_seconds(environment: Mapping[str, str], pid: int) -> float | None:
    """Give how often systemd wants to hear of the process `pid`; None: not at all."""
    wanted = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(pid))
    if not wanted.isdigit() or int(wanted) == 0 or meant != str(pid):
        return None
    return int(wanted) / 1_000_000


def passed_sockets(environment: Mapping[str, str], pid: int) -> list[socket.socket]:
    """Give the sockets that systemd opened for the process `pid`."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(pid) or not count.isdigit():
        return []
    return [socket.socket(fileno=FIRST_SOCKET + number) for number in range(int(count))]
