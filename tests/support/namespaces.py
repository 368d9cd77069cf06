"""Hosts to collect from: network namespaces, each with a real sshd, and one that collects from them.

Only root can make them.  Each host has a link to the collector's namespace and no other, and its own
loopback.  The configuration of ssh and of sshd is in a temporary folder; what both expect in /etc and
/run is mounted in the mount namespace that ``ip netns exec`` makes.  Everything ends with the block.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = "/usr/sbin/sshd"
_PORT = 22
LISTENER = """\
import socket

server = socket.create_server(("0.0.0.0", 22))
print("ready", flush=True)
accepted = [server.accept()]
print("accepted", flush=True)
while True:
    accepted.append(server.accept())
"""
"""A program that accepts connections and sends nothing."""


def lacking() -> str:
    """Return why no host can be made; empty: they can."""
    if os.geteuid():
        return "only root can make network namespaces"
    if not os.path.exists(SSHD):
        return "sshd is not installed (Debian package openssh-server)"
    if shutil.which("ip") is None:
        return "ip is not installed (Debian package iproute2)"
    name = f"dma{os.getpid()}-try"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "this machine allows no network namespaces"
    _ip("netns", "del", name)
    return ""


@dataclass
class Hosts:
    """The collector, and the hosts that it can reach."""

    folder: Path
    collector: str
    """The name of its namespace."""
    ends: ExitStack
    addresses: dict[str, str]
    ssh_lines: list[str]
    """The lines of the collector's ssh_config."""

    def add(self, host: str) -> str:
        """Make a host without a server; return its address."""
        number = len(self.addresses) + 1
        name, here, there = self._name(host), f"dma{number}c", f"dma{number}h"
        address = f"10.213.{number}.2"
        _ip("netns", "add", name)
        self.ends.callback(_ip, "netns", "del", name)
        link = ["link", "add", here, "type", "veth", "peer", "name", there, "netns", name]
        _ip("-n", self.collector, *link)
        for namespace, device, own in (
            (self.collector, here, f"10.213.{number}.1/24"),
            (name, there, f"{address}/24"),
        ):
            _ip("-n", namespace, "address", "add", own, "dev", device)
            _ip("-n", namespace, "link", "set", device, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        self.addresses[host] = address
        self.ssh_lines += [f"Host {host}", f"HostName {address}"]
        return address

    def serve(self, host: str, *settings: str, known_as: str | None = "") -> None:
        """Start sshd on a host and wait until it listens.

        `known_as` is the host whose key the collector expects; empty: its own; None: it knows none.
        """
        folder = self.folder / host
        folder.mkdir()
        key = self.key(host)
        lines = [
            f"HostKey {key}",
            f"AuthorizedKeysFile {self.key('collector')}.pub",
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "PrintLastLog no",
        ]
        (folder / "sshd_config").write_text("\n".join([*settings, *lines, ""]))
        program = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        server = self.start(host, "mount -t tmpfs none /run && mkdir /run/sshd", program)
        assert server.stderr is not None
        while "Server listening on 0.0.0.0" not in (line := server.stderr.readline()):
            assert line, f"sshd of {host} ended"
        if known_as is not None:
            public = Path(f"{self.key(known_as or host)}.pub").read_text()
            with (self.folder / "known_hosts").open("a") as known:
                known.write(f"{self.addresses[host]} {public}")

    def key(self, owner: str) -> Path:
        """Return the path of the key of a host or of the collector."""
        path = self.folder / f"key-{owner}"
        if not path.exists():
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", owner, "-f", str(path)]
            subprocess.run(words, check=True)
        return path

    def start(self, host: str, before: str, program: list[str]) -> subprocess.Popen[str]:
        """Start a program in the namespace of `host`; it ends with the block."""
        words = ["ip", "netns", "exec", self._name(host), "sh", "-c"]
        started = subprocess.Popen(
            [*words, f"{before} && exec {shlex.join(program)}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ends.callback(_end, started)
        return started

    def run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a program in the collector's namespace, with its configuration of ssh."""
        etc = self.folder / "etc-ssh"
        etc.mkdir(exist_ok=True)
        usual = [
            "Host *",
            f"IdentityFile {self.key('collector')}",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            f"UserKnownHostsFile {self.folder / 'known_hosts'}",
            "User root",
            "",
        ]
        (etc / "ssh_config").write_text("\n".join([*self.ssh_lines, *usual]))
        inside = f"mount --bind {shlex.quote(str(etc))} /etc/ssh && exec {shlex.join(words)}"
        return subprocess.run(
            ["ip", "netns", "exec", self.collector, "sh", "-c", inside],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _name(self, host: str) -> str:
        return f"dma{os.getpid()}-{host}"


@contextmanager
def hosts(folder: Path) -> Iterator[Hosts]:
    """Make a collector without hosts below `folder`."""
    with ExitStack() as ends:
        name = f"dma{os.getpid()}-collector"
        _ip("netns", "add", name)
        ends.callback(_ip, "netns", "del", name)
        _ip("-n", name, "link", "set", "lo", "up")
        (folder / "known_hosts").write_text("")
        yield Hosts(folder, name, ends, {}, [])


def program_of(folder: Path) -> Path:
    """Write the program ``dmaragent`` of this checkout into a folder for PATH."""
    folder.mkdir()
    (folder / "dmaragent").write_text(f'#!/bin/sh\nexec {sys.executable} -m dmaragent "$@"\n')
    (folder / "dmaragent").chmod(0o755)
    return folder


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _end(process: subprocess.Popen[str]) -> None:
    """End a server that this test started, by its number."""
    process.terminate()
    process.communicate()
