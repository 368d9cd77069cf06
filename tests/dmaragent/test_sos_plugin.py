"""The sos plugin: Debian's own sos runs it, and its reports answer as their host does."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.capturing import copy_machine
from support.cli import run

pytestmark = pytest.mark.slow  # sos runs for each case


Capture = pytest.CaptureFixture[str]
PLUGIN = Path(__file__).parents[2] / "integrations" / "sos" / "dmaragent.py"
SOS = Path("/usr/lib/python3/dist-packages/sos")


@pytest.fixture
def report(tmp_path: Path, require: Callable[[str], None]) -> Callable[..., Path]:
    """Give a function that runs sos with the plugin, in a copy of sos, and gives the report."""
    require("sos")
    if os.geteuid() != 0:
        pytest.skip("sos wants to be root")
    library = tmp_path / "library"
    shutil.copytree(SOS, library / "sos", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PLUGIN, library / "sos/report/plugins/dmaragent.py")

    def make(*options: object) -> Path:
        out = tmp_path / "reports"
        out.mkdir()
        words = ["report", "--batch", "--build", "--only-plugins", "dmaragent", "--tmp-dir", out]
        done = subprocess.run(
            ["/usr/bin/python3", "-B", shutil.which("sos") or "sos", *map(str, words)]
            + [str(each) for each in options],
            cwd=library,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (made,) = out.iterdir()
        return made

    return make


def _answer(capsys: Capture, verb: str, host: Path | str) -> Any:
    ran = run(capsys, verb, "--host", host, "--json")
    return ran.document["answer"] if ran.code != 2 else ran.err.replace(str(host), "HOST")


@pytest.mark.parametrize(
    "name",
    ["hp-dl380e-gen8", "lenovo-laptop", "qemu-q35-rmrr", "xen-pv-dom0", "synthetic-pvh-dom0"],
)
def test_a_report_of_a_machine_answers_as_the_machine(
    name: str, report: Callable[..., Path], tmp_path: Path, capsys: Capture
) -> None:
    tree = copy_machine(name, tmp_path).tree
    made = report("--sysroot", tree)
    for verb in ("inventory", "check"):
        assert _answer(capsys, verb, made) == _answer(capsys, verb, tree)


def test_a_report_of_this_machine_has_the_same_table_or_the_same_absence(
    report: Callable[..., Path], capsys: Capture
) -> None:
    made = _answer(capsys, "inventory", report())
    live = _answer(capsys, "inventory", "/")
    if isinstance(live, str):
        assert made == live
    else:
        assert (made["table"], made["regions"]) == (live["table"], live["regions"])


def test_of_a_device_a_report_holds_its_attributes_and_64_bytes(
    report: Callable[..., Path], tmp_path: Path
) -> None:
    tree = copy_machine("qemu-q35-rmrr", tmp_path).tree
    device = "sys/devices/pci0000:00/0000:00:02.0"
    (tree / device / "config").write_bytes(bytes(range(256)))
    (tree / device / "serial_number").write_text("secret\n")
    (tree / "sys/bus/pci/drivers/made-up").mkdir(parents=True)
    (tree / "sys/bus/pci/drivers/made-up/bind").write_text("not a thing to copy\n")
    (tree / device / "driver").unlink(missing_ok=True)
    (tree / device / "driver").symlink_to("../../../bus/pci/drivers/made-up")
    made = report("--sysroot", tree)
    assert (made / device / "config").read_bytes() == bytes(range(64))
    assert not (made / device / "serial_number").exists()
    assert os.readlink(made / device / "driver") == "../../../bus/pci/drivers/made-up"
    assert not (made / "sys/bus/pci/drivers/made-up/bind").exists()
