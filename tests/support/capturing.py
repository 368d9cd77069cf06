"""Running integrations/capture.sh: under each shell, on a tree that is a recorded machine."""

import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmaragent.collect import ledger
from dmaragent.collect.formats.disk_tree import DiskTree
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.recorded.host import DirectoryHost
from dmaragent.collect.recorded.manifest import LoggedReading, load_manifest
from dmaragent.collect.recorded.recording import record, write_files
from dmaragent.readings import Missing
from support.machines import MACHINES, materialize

SCRIPT = Path(__file__).parents[2] / "integrations" / "capture.sh"
SHELLS = ("dash", "busybox")
UNASKABLE = (
    ledger.UDEV_PCI,
    ledger.XEN_RDM,
    ledger.XEN_RDM_DEVICES,
    ledger.LIBXLUTIL,
    ledger.XL_LIST,
)
"""The calls that a shell cannot make: a bundle of the script says that nobody asked."""
_CALLS = {
    "boot-log": b"",
    "resources": b'{"memory_total": 1073741824, "boot_time": 1}',
    "xl-info": b"",
}
"""The calls that a shell can make, and what a host answers of which no answer was recorded."""
_APPLETS = (
    "awk cat cp date dd dmesg find gzip ln mkdir mktemp mv readlink rm sed sh sha256sum tar "
    "timeout true"
)
Log = dict[tuple[str, str], LoggedReading]


class CopiedHost(DirectoryHost):
    """A copied tree whose host also answered `calls`."""

    def __init__(self, root: Path, calls: dict[str, bytes]) -> None:
        super().__init__(DiskTree(str(root)))
        self._calls = calls

    def call(self, request: HostRequest) -> bytes | Missing:
        """Give the output."""
        return self._calls.get(request.path, super().call(request))


@dataclass(frozen=True)
class Copy:
    """A recorded machine laid out as a tree, with programs that answer its calls."""

    tree: Path
    programs: Path
    calls: dict[str, bytes]

    @property
    def options(self) -> list[object]:
        """How the script is told of it."""
        return ["--root", self.tree, *(["--calls"] if self.calls else [])]

    def record(self, target: Path) -> Log:
        """Record it with dmaragent itself, into `target`; give the log of what a shell can ask."""
        write_files(record(CopiedHost(self.tree, self.calls))[1], str(target))
        return read_log(target)


def copy_machine(name: str, target: Path) -> Copy:
    """Lay out the recorded machine `name` below `target`."""
    tree, programs = target / "tree", target / "programs"
    materialize(name, tree)
    _link_listed(tree)
    recorded = MACHINES / name / "calls"
    answers = {each.name: each.read_bytes() for each in recorded.iterdir()}
    if not _CALLS.keys() & answers.keys():
        return Copy(tree, programs, {})
    calls = {each: answers.get(each, silence) for each, silence in _CALLS.items()}
    add_program(programs, "dmesg", calls["boot-log"])
    add_program(programs, "xl", calls["xl-info"])
    facts = json.loads(calls["resources"])
    (tree / "proc").mkdir(exist_ok=True)
    (tree / "proc/meminfo").write_text(f"MemTotal: {facts['memory_total'] // 1024:>14} kB\n")
    (tree / "proc/stat").write_text(f"cpu 1 2 3\nbtime {facts['boot_time']}\n")
    return Copy(tree, programs, calls)


def _link_listed(tree: Path) -> None:
    """Make links of the functions that a group or a driver lists, as sysfs has them."""
    listed = [
        *tree.glob("sys/kernel/iommu_groups/*/devices/*"),
        *tree.glob("sys/bus/pci/drivers/*/*"),
    ]
    for place in listed:
        function = tree / "sys/bus/pci/devices" / place.name
        if function.is_symlink() and not place.is_symlink():
            place.unlink()
            up = "../" * (len(place.relative_to(tree).parts) - 2)
            place.symlink_to(os.readlink(function).replace("../../../", up, 1))


def add_program(directory: Path, name: str, output: bytes, code: int = 0) -> None:
    """Write a program of a shell that prints `output`, whatever it is asked."""
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.out").write_bytes(output)
    add_script(directory, name, f'cat "{directory / name}.out"; exit {code}')


def add_script(directory: Path, name: str, body: str) -> None:
    """Write a program of a shell."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{body}\n")
    (directory / name).chmod(0o755)


def command(shell: str, directory: Path, *options: object) -> tuple[list[str], dict[str, str]]:
    """Give the command that runs the script under `shell`, and its environment.

    Under busybox every tool is busybox's, as in an initramfs; links to it are in `directory`.
    """
    path, interpreter = os.environ["PATH"], [shell]
    if shell == "bash":
        interpreter = ["bash", "--posix"]
    if shell == "busybox":
        applets = directory / "applets"
        applets.mkdir(exist_ok=True)
        busybox = subprocess.run(["which", "busybox"], capture_output=True, text=True, check=True)
        for applet in _APPLETS.split():
            (applets / applet).unlink(missing_ok=True)
            (applets / applet).symlink_to(busybox.stdout.strip())
        path, interpreter = str(applets), [busybox.stdout.strip(), "sh"]
    environment = {"PATH": f"{directory / 'programs'}:{path}", "TMPDIR": str(directory)}
    return [*interpreter, str(SCRIPT), *map(str, options)], environment


def capture(shell: str, directory: Path, *options: object) -> subprocess.CompletedProcess[str]:
    """Run the script under `shell`; its temporary files go to `directory`."""
    words, environment = command(shell, directory, *options)
    return subprocess.run(
        words, env=environment, cwd=directory, capture_output=True, text=True, check=False
    )


def unpack(bundle: Path, target: Path) -> Path:
    """Unpack a bundle that holds only files and directories; give its one top directory."""
    with tarfile.open(bundle) as archive:
        members = archive.getmembers()
        assert all(each.isfile() or each.isdir() for each in members)
        assert members[0].name.endswith("/manifest.json")
        assert len({each.name for each in members}) == len(members)
        archive.extractall(target, filter="data")
    (top,) = target.iterdir()
    return top


def captured(shell: str, directory: Path, *options: object) -> Path:
    """Capture below `directory`, and give the unpacked bundle."""
    bundle = directory / "bundle.tar.gz"
    ran = capture(shell, directory, "-o", bundle, *options)
    assert ran.returncode == 0, ran.stderr
    return unpack(bundle, directory / "unpacked")


def read_log(recording: Path) -> Log:
    """Give the log of a recording, without the calls that no shell can make and the evidence."""
    log = load_manifest((recording / "manifest.json").read_bytes(), str(recording))
    left_out = {each.path for each in (*UNASKABLE, *ledger.EVIDENCE)}
    return {
        (operation.value, path): reading
        for (operation, path), reading in log.items()
        if path not in left_out
    }


def comparable(log: Log) -> dict[tuple[str, str], Any]:
    """Give what a log says of each reading: the kind of missing, or the names, or the bytes."""
    return {
        key: each.missing.kind.value if each.missing else (tuple(sorted(each.entries)), each.sha256)
        for key, each in log.items()
        if not (each.missing and each.missing.kind.value == "not-collected" and key[0] == "call")
    }
