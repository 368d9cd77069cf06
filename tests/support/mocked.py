"""A recorded machine played back to the real pyudev, libudev and file calls by umockdev.

umockdev shows a process made-up devices below /sys by preloading a library.  The
description it reads is written here from a recording; the other files of /sys are
copied into its tree by the child process itself.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from dmaragent.collect.ledger import Operation
from dmaragent.collect.recorded import manifest
from support.machines import MACHINES, materialize

_CHILD = """
import os, shutil, sys
machine, tree, work = sys.argv[1:]
shutil.copytree(tree + "/sys", os.environ["UMOCKDEV_DIR"] + "/sys", symlinks=True, dirs_exist_ok=True)
from dmaragent.collect import open_host
from dmaragent.collect.live import host as live
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.recorded.recording import record, write_files
class Half(LiveHost):
    \"\"\"Live below /sys and by udev; /proc and the other calls are the recording's.\"\"\"
    recorded = open_host.open_host(machine).reader
    def read(self, request):
        from_proc = request.path.startswith("/proc/")
        return self.recorded.read(request) if from_proc else super().read(request)
    def call(self, request):
        by_udev = request.path == "udev-pci"
        return super().call(request) if by_udev else self.recorded.call(request)
live.LiveHost = Half
write_files(record(Half())[1], work + "/recording")
from dmaragent.cli import main
sys.stdout = open(work + "/live.json", "w")
code = main(["inventory", "--json"])
sys.stdout.close()
sys.exit(code)
"""


def run_live(name: str, work: Path) -> tuple[int, dict[str, Any]]:
    """Take the inventory of the machine `name` as the running one.

    Give its exit code and document.  The recording made in the same process is then
    in `work`/recording.
    """
    description, tree = work / "machine.umockdev", work / "tree"
    description.write_text(describe(MACHINES / name))
    (tree / "sys").mkdir(parents=True)
    materialize(name, tree)
    for shown_by_umockdev in ("sys/devices", "sys/bus/pci/devices"):
        shutil.rmtree(tree / shown_by_umockdev, ignore_errors=True)
    done = subprocess.run(
        [
            *("umockdev-run", "--device", str(description), "--"),
            *(sys.executable, "-c", _CHILD, str(MACHINES / name), str(tree), str(work)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (work / "live.json").exists(), done.stderr
    return done.returncode, json.loads((work / "live.json").read_text())


def describe(machine: Path) -> str:
    """Write the PCI functions of a recording as umockdev describes devices."""
    log = manifest.load_manifest((machine / manifest.NAME).read_bytes(), str(machine))
    blocks = []
    for device in json.loads((machine / "calls/udev-pci").read_bytes()):
        path = device["path"]
        lines = [f"P: {path.removeprefix('/sys')}", "E: SUBSYSTEM=pci"]
        lines += [f"E: {name}={value}" for name, value in device["names"].items()]
        for (operation, read), reading in log.items():
            name = read.rpartition("/")[2]
            if read != f"{path}/{name}" or reading.missing is not None:
                continue
            content = (machine / reading.file).read_bytes()
            if operation is Operation.LINK:
                lines.append(f"L: {name}={content.decode()}")
            elif name == "config":
                lines.append(f"H: config={content.hex()}")
            else:
                lines.append(f"A: {name}={content.decode()[:-1]}\\n")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"
