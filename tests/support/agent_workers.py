"""Workers that a test holds: each says that it began, and waits until it is let go."""

import os
import select
from pathlib import Path

ANSWER = b'{"status": 200, "type": "text/plain", "fault": ""}\nlet go'
"""What a held worker sends once it is let go."""
_WAIT = """
exec 9>"$0"
echo began >&9
read line <"$1"
printf %s "$2"
"""


class Held:
    """Stand-ins for workers; as long as any of them lives, a pipe is open."""

    def __init__(self, folder: Path) -> None:
        self._paths = [str(folder / "alive"), str(folder / "gate")]
        for path in self._paths:
            os.mkfifo(path)
        self._gate = os.open(self._paths[1], os.O_RDWR)  # both, so that it never comes to an end
        self._open()

    def _open(self) -> None:
        self._pipe = os.open(self._paths[0], os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def command(self, _: int) -> list[str]:
        """Return the command of one."""
        return ["/bin/sh", "-c", _WAIT, *self._paths, ANSWER.decode()]

    def wait_began(self) -> None:
        """Wait until one more has begun."""
        assert self._poll.poll(60_000), "no worker began"
        assert os.read(self._pipe, 6) == b"began\n"

    def has_begun(self) -> bool:
        """Return whether one more has begun."""
        return bool(self._poll.poll(0)) and os.read(self._pipe, 6) == b"began\n"

    def wait_ended(self) -> None:
        """Wait until none lives any more."""
        assert self._poll.poll(60_000), "a worker is still alive"
        assert os.read(self._pipe, 6) == b""
        os.close(self._pipe)  # a pipe that all writers left says so until it is opened again
        self._open()

    def let_go(self) -> None:
        """Let one that waits go on."""
        os.write(self._gate, b"\n")

    def close(self) -> None:
        """Close the pipes."""
        os.close(self._pipe)
        os.close(self._gate)
