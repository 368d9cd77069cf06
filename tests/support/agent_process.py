"""The agent as systemd starts it: a process that is told by its environment, on a socket."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProcess:
    """A running agent, and what systemd hears of it."""

    child: subprocess.Popen[bytes]
    systemd: socket.socket
    api: Path
    log: Path
    """Where its standard error goes."""

    def heard(self, word: bytes) -> bytes:
        """Wait until systemd hears `word`."""
        while True:
            said = self.systemd.recv(4096)
            if word in said:
                return said


@contextmanager
def running_agent(
    folder: Path, machine: Path | None = None, *, before: str = "", watchdog: float = 600.0
) -> Iterator[AgentProcess]:
    """Start the agent below `folder`, over a recorded `machine` or this one; it is ready.

    `before` are shell commands done before it starts, such as ``ulimit -n 30;``, and `watchdog` is in seconds.
    """
    runtime = folder / "run"
    runtime.mkdir()
    program = f"dmaragent agent run --runtime {runtime} --capture {folder}/none"
    if machine is not None:
        program = f"support.agent_child {runtime} {machine}"
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        socket.socket(socket.AF_UNIX) as listening,
        open(folder / "log", "wb") as log,
    ):
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(60)
        listening.bind(str(folder / "api"))
        listening.listen()
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": f"{watchdog * 1_000_000:.0f}",
            "LISTEN_FDS": "1",
            "PYTHONPATH": str(_TESTS),
        }
        start = f"LISTEN_PID=$$ exec {sys.executable} -m {program} 3<&{listening.fileno()}"
        with subprocess.Popen(
            ["bash", "-c", before + start],
            env=environment,
            pass_fds=[listening.fileno()],
            stderr=log,
        ) as child:
            agent = AgentProcess(
                child=child, systemd=systemd, api=folder / "api", log=folder / "log"
            )
            try:
                agent.heard(b"READY=1")
                yield agent
            finally:
                child.kill()
