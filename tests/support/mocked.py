"""A recorded machine played back to the real pyudev, libudev and file calls by umockdev.

umockdev shows a process made-up devices below /sys by preloading a library.  The
description it reads is written here from a recording; the ACPI tables are put into
its tree by the child process itself.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dmaragent.collect import manifest
from dmaragent.collect.ledger import Operation

_CHILD = """
import json, os, sys
from pathlib import Path
tables = Path(os.environ["UMOCKDEV_DIR"], "sys/firmware/acpi/tables")
tables.mkdir(parents=True)
for source in sys.argv[2:]:
    (tables / Path(source).name).write_bytes(Path(source).read_bytes())
from dmaragent.collect.live import LiveHost
from dmaragent.collect.recording import record, write_files
write_files(record(LiveHost())[1], sys.argv[1] + "/recording")
from dmaragent.cli import main
sys.stdout = open(sys.argv[1] + "/live.json", "w")
code = main(["inventory", "--json"])
sys.stdout.close()
sys.exit(code)
"""


def run_live(machine: Path, work: Path) -> tuple[int, dict[str, Any]]:
    """Take the inventory of `machine` as the running one.

    Give its exit code and document.  The recording made in the same process is then
    in `work`/recording.
    """
    description = work / "machine.umockdev"
    description.write_text(describe(machine))
    tables = sorted(map(str, (machine / "root/sys/firmware/acpi/tables").glob("*")))
    command = ["umockdev-run", "--device", str(description), "--"]
    done = subprocess.run(
        [*command, sys.executable, "-c", _CHILD, str(work), *tables],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
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
