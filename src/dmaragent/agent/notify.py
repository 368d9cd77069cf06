"""Messages between the service and systemd: readiness, the watchdog, sockets.

Source: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
"""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress

FIRST_SOCKET = 3


class Notifier:
    """Sends the state of the service to systemd; does nothing without systemd."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]

    def say(self, *lines: str) -> None:
        """Send `lines`, such as ``READY=1``. A missing systemd is not an error."""
        self._send(lines, wait=True)

    def ping(self) -> None:
        """Report to the watchdog that the service lives, unless systemd has not read earlier messages.

        To wait for systemd would stop the service, which clients then cannot reach.
        """
        self._send(("WATCHDOG=1",), wait=False)

    def _send(self, lines: tuple[str, ...], *, wait: bool) -> None:
        if not self._address:
            return
        datagram = "\n".join(lines).encode("utf-8", "replace")
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            channel.setblocking(wait)
            channel.sendto(datagram, self._address)

    def reloading(self) -> None:
        """Report that a reload was requested and that the host is read again."""
        self.say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_seconds(environment: Mapping[str, str], pid: int) -> float | None:
    """Return the interval of systemd's watchdog for the process `pid`; None without a watchdog."""
    wanted = environment.get("WATCHDOG_USEC", "")
    meant = environment.get("WATCHDOG_PID", str(pid))
    if not wanted.isdigit() or int(wanted) == 0 or meant != str(pid):
        return None
    return int(wanted) / 1_000_000


def passed_sockets(environment: Mapping[str, str], pid: int) -> list[socket.socket]:
    """Return the sockets that systemd opened for the process `pid`."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(pid) or not count.isdigit():
        return []
    return [socket.socket(fileno=FIRST_SOCKET + number) for number in range(int(count))]
