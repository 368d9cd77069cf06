"""Cockpit with the page of this checkout: a real cockpit-ws and cockpit-bridge, without a login.

Only root can start it, because /run is another directory in its mount namespace: the page has the
paths of an installed agent.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "cockpit"
WS = "/usr/lib/cockpit/cockpit-ws"
BRIDGE = "/usr/bin/cockpit-bridge"
NOBODY = "65534"
_START = """\
mount --bind "$1" /run
export LISTEN_PID=$$ LISTEN_FDS=1
exec "$2" --no-tls --local-session="$3" 3<&"$4"
"""


def lacking() -> str:
    """Return why Cockpit cannot be started here; empty: it can."""
    for program, package in ((WS, "cockpit-ws"), (BRIDGE, "cockpit-bridge")):
        if not os.path.exists(program):
            return f"{program} is not installed (Debian package {package})"
    if os.geteuid():
        return "only root can mount another /run"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "this machine allows no mount namespaces"
    return ""


@dataclass(frozen=True, slots=True)
class Cockpit:
    """A running server."""

    address: str
    run: Path
    """The directory that its /run is."""

    @property
    def page(self) -> str:
        """The URL of the page, without Cockpit's menu."""
        return f"{self.address}/cockpit/@localhost/dmaragent/index.html"

    def link_agent(self, api: Path | None, published: Path | None) -> None:
        """Have the socket and the directory of an agent in /run; None: there is none."""
        for name, target in (("dmaragent.socket", api), ("dmaragent", published)):
            link, new = self.run / name, self.run / f"{name}.new"
            if target is None:
                link.unlink(missing_ok=True)
            else:
                new.symlink_to(target)
                new.replace(link)


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Make a folder that other users can reach; those of pytest, each new session of it closes."""
    with tempfile.TemporaryDirectory(prefix="dmaragent-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


@contextmanager
def cockpit(folder: Path, *, user: str = "", programs: Path | None = None) -> Iterator[Cockpit]:
    """Run Cockpit below `folder`, which its user can reach: root, or the number of another user.

    The commands of the page are looked for in `programs` first.
    """
    run, data = folder / "run", folder / "data" / "cockpit"
    run.mkdir(parents=True)
    data.mkdir(parents=True)
    shutil.copytree(PAGE, data / "dmaragent")
    session = folder / "session"
    become = f"setpriv --reuid={user} --regid={user} --clear-groups " if user else ""
    session.write_text(f"#!/bin/sh\nexec {become}{BRIDGE}\n")
    session.chmod(0o755)
    environment = {
        **os.environ,
        "XDG_DATA_DIRS": f"{folder}/data:/usr/share",
        "XDG_CONFIG_DIRS": f"{folder}/etc",
        "XDG_RUNTIME_DIR": f"{folder}/runtime",
        "HOME": str(folder),
    }
    if programs is not None:
        environment["PATH"] = f"{programs}:{environment['PATH']}"
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        open(folder / "cockpit.log", "wb") as log,
    ):
        number = listening.fileno()
        words = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "bash",
            "-euc",
            _START,
            "cockpit",
        ]
        with subprocess.Popen(
            [*words, str(run), WS, str(session), str(number)],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
            stdout=log,
            stderr=log,
        ) as server:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            listening.close()  # if the server ends, no client waits for it
            try:
                yield Cockpit(address, run)
            finally:
                server.terminate()
                server.wait()
