"""Running the hooks of integrations/ as libvirt and Proxmox do, beside programs that tests choose."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from support.kvm import domain, hostdev
from support.machines import MACHINES

INTEGRATIONS = Path(__file__).parents[2] / "integrations"
LIBVIRT = INTEGRATIONS / "libvirt/hook"
PROXMOX = INTEGRATIONS / "proxmox/hookscript"
SHELLS = ("dash", "busybox", "bash")
RAID = "bus='0x0a' slot='0' function='0'"
"""The controller of hp-dl380e-gen8 that Linux refuses."""
USB = "bus='0' slot='0x14' function='0'"
"""The controller of lenovo-laptop that Linux allows."""


_PATIENCE = 300
"""Seconds that dmaragent has for each of two questions: a busy machine takes more than ten."""


class Result(NamedTuple):
    """What a hook did."""

    code: int
    out: bytes
    err: bytes
    log: str
    """What it logged: the arguments of logger, then the text."""
    asked: list[str]
    """The arguments of each call of dmaragent."""


class StartHook:
    """A hook, its files below `folder`, and a dmaragent that each test writes."""

    def __init__(self, script: Path, folder: Path, shell: str = "dash") -> None:
        self.folder, self.programs = folder, folder / "bin"
        self.log, self.asked = folder / "log", folder / "asked"
        self.programs.mkdir(parents=True)
        self.name = script.parent.name
        self._write_program("logger", f'(echo "$@"; cat) >>{shlex.quote(str(self.log))}')
        text = script.read_text("utf-8")
        for path in ("/etc/dmaragent", "/etc/libvirt/qemu", "/run/libvirt/network", "/etc/pve"):
            text = text.replace(f"{path}/", f"{folder}{path}/")
        assert text.count("LIMIT=10") == 1
        self.script = folder / "hook"
        self._text = text
        self.limit(_PATIENCE)
        self.words = ["busybox", "sh"] if shell == "busybox" else [shell]

    def answer_from(self, machine: str) -> None:
        """Let dmaragent answer from a recorded machine."""
        host = shlex.quote(str(MACHINES / machine))
        python = shlex.quote(sys.executable)
        self.answer_by(f'exec {python} -I -m dmaragent "$@" --host {host}')

    def answer_by(self, line: str) -> None:
        """Let dmaragent be a script of `line`."""
        self._write_program("dmaragent", f'echo "$*" >>{shlex.quote(str(self.asked))}\n{line}')

    def limit(self, seconds: int) -> None:
        """Change how long the hook waits for dmaragent."""
        self.script.write_text(self._text.replace("LIMIT=10", f"LIMIT={seconds}"), "utf-8")

    def refuse(self) -> None:
        """Let the hook refuse guests, as the administrator does."""
        self.write("etc/dmaragent/refuse-guests", "")

    def write(self, path: str, text: str) -> None:
        """Write a file that the hook may read."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def remove_program(self, name: str) -> None:
        """Remove a program that the test wrote."""
        (self.programs / name).unlink()

    def start(self, *, refused: bool = False, name: str = "win10") -> Result:
        """Run it as before the start of a guest whose device Linux refuses on hp-dl380e-gen8."""
        device = RAID if refused else USB
        if self.name == "libvirt":
            xml = domain(hostdev(device))
            return self.run(name, "prepare", "begin", "-", stdin=xml.encode())
        address = "0a:00.0" if refused else "00:14.0"
        self.write(
            "etc/pve/qemu-server/100.conf", f"name: {name}\nmemory: 8192\nhostpci0: {address}\n"
        )
        return self.run("100", "pre-start")

    def run(self, *arguments: str, stdin: bytes = b"") -> Result:
        """Run it."""
        environment = {"PATH": f"{self.programs}:{os.environ['PATH']}", "LC_ALL": "C"}
        ran = subprocess.run(
            [*self.words, str(self.script), *arguments],
            input=stdin,
            capture_output=True,
            env=environment,
            cwd="/",
            timeout=3 * _PATIENCE,
            check=False,
        )
        log = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        asked = self.asked.read_text("utf-8").splitlines() if self.asked.exists() else []
        return Result(ran.returncode, ran.stdout, ran.stderr, log, asked)

    def _write_program(self, name: str, lines: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{lines}\n", "utf-8")
        file.chmod(0o755)
