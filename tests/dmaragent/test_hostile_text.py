"""Terminal commands in every text of a host, in its path and in a guest: no verb prints one."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
ESCAPE = "\x1b[2J"
_TEXTS = {"boot-log", "cmdline", "osrelease", "type", "guest_type", "extra", "xl-info"}
"""The last names of readings whose lines are texts of the kernel, the firmware or Xen."""
_OFF = {
    "qemu-q35-rmrr": ("cmdline", "intel_iommu=off,"),
    "qemu-amd-bookworm": ("cmdline", "amd_iommu=off,"),
    "xen-pv-dom0": ("xl-info", "iommu=off,"),
}
"""The boot option that a fix removes, so that commands to paste have the whole word."""
DEVICE = {"qemu-q35-rmrr": "01:00.0", "qemu-amd-bookworm": "00:02.0", "xen-pv-dom0": "01:00.0"}
FEDORA = "6.8.5-301.fc40.x86_64"
"""A kernel whose boot options grubby changes."""


def _hostile(machine: str, folder: Path) -> Path:
    """Copy a recording below a path with a terminal command, with one in each of its texts."""
    host = folder / f"host{ESCAPE}"
    shutil.copytree(MACHINES / machine, host)
    manifest = json.loads((host / "manifest.json").read_text("utf-8"))
    for reading in manifest["readings"]:
        name = reading["path"].rpartition("/")[2]
        text = name in _TEXTS or "/dmi/id/" in reading["path"]
        if reading["operation"] in ("read", "call") and reading["outcome"] == "value" and text:
            call = reading["operation"] == "call"
            file = host / ("calls" if call else "root") / reading["path"].lstrip("/")
            content = _with_commands(machine, name, file.read_bytes())
            file.chmod(0o600)
            file.write_bytes(content)
            reading["sha256"] = hashlib.sha256(content).hexdigest()
    groups = "/sys/kernel/iommu_groups"
    readings = [each for each in manifest["readings"] if not each["path"].startswith(groups)]
    readings.append({"operation": "list", "path": groups, "outcome": "absent", "detail": ESCAPE})
    manifest["readings"] = readings
    (host / "manifest.json").chmod(0o600)
    (host / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return host


def _with_commands(machine: str, name: str, content: bytes) -> bytes:
    file, option = _OFF[machine]
    lines = content.decode().splitlines()
    if name == "osrelease":
        lines = [FEDORA]
    elif name == "cmdline":
        lines = [f"{line} {option if file == name else ''}{ESCAPE}x" for line in lines]
    elif name == file:
        lines = [
            f"{line} {option}{ESCAPE}x" if "commandline" in line else f"{line}{ESCAPE}"
            for line in lines
        ]
    else:
        lines = [f"{line}{ESCAPE}" for line in lines]
    return "".join(f"{line}\n" for line in lines).encode()


def _commands(machine: str, host: Path, folder: Path) -> list[list[object]]:
    device, guest, log = DEVICE[machine], folder / f"g{ESCAPE}.cfg", folder / f"log{ESCAPE}"
    guest.write_text(f'name="{ESCAPE}"\ntype="hvm"\nmemory=4096\npci=["{device}"]\n', "utf-8")
    log.write_text(
        f"vfio-pci 0000:{device}: Device is ineligible for IOMMU domain attach due to platform "
        f"RMRR requirement.  Contact your platform vendor.{ESCAPE}\n",
        "utf-8",
    )
    at = ["--host", host]
    return [
        ["inventory", *at],
        ["inventory", "--details", *at],
        ["inventory", "--tree", *at],
        ["inventory", "--wide", *at],
        ["devices", *at],
        ["devices", "--all", *at],
        ["devices", "--csv", *at],
        ["explain", device, *at],
        ["explain", device, "--details", *at],
        ["resolve", guest, *at],
        ["resolve", guest, "--details", *at],
        ["resolve", folder, *at],
        ["hotplug", guest, device, *at],
        ["check", *at],
        ["check", "--details", *at],
        ["why", *at],
        ["why", log, *at],
        ["why", log, "--details", *at],
        ["boot-option", device, *at],
        ["boot-option", "--check", f"rmrr={ESCAPE}", *at],
        ["decode", host],
        ["diff", MACHINES / machine, host],
        ["diff", MACHINES / machine, host, "--details", "--guest", guest],
        ["report", "-o", folder / f"r{ESCAPE}.html", *at],
        ["dump", "-o", folder / f"d{ESCAPE}.tar.xz", *at],
        ["fleet", "show", host.parent],
        ["fleet", "device", DEVICE[machine], "--on", host.parent],
    ]


@pytest.mark.parametrize("machine", _OFF)
def test_no_verb_prints_a_terminal_command(
    machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pool = tmp_path / "pool"
    pool.mkdir()
    host = _hostile(machine, pool)
    raw = {}
    escaped = 0
    for command in _commands(machine, host, tmp_path):
        ran = run(capsys, *command)
        escaped += "\\x1b" in ran.out
        lines = [line for line in (ran.out + ran.err).splitlines() if not line.isprintable()]
        if lines:
            raw[" ".join(map(str, command[:3]))] = lines

    assert raw == {}
    assert escaped > 10


def test_no_text_in_a_bundle_has_a_terminal_command(tmp_path: Path, capsys: Capture) -> None:
    bundle = tmp_path / "bundle.tar.xz"

    run(capsys, "dump", "-o", bundle, "--no-redact", "--host", _hostile("xen-pv-dom0", tmp_path))

    with tarfile.open(bundle) as archive:
        files = [each for each in archive.getmembers() if each.name.endswith(".txt")]
        texts = [archive.extractfile(each).read().decode() for each in files]  # type: ignore[union-attr]
    assert len(texts) >= 3
    assert all(line.isprintable() for text in texts for line in text.splitlines())
    assert any("\\x1b" in text for text in texts)


def test_the_commands_of_a_fix_show_a_hostile_boot_option_escaped(
    tmp_path: Path, capsys: Capture
) -> None:
    host = _hostile("qemu-q35-rmrr", tmp_path)

    ran = run(capsys, "explain", "01:00.0", "--details", "--host", host)

    removed = [line for line in ran.out.splitlines() if "grubby" in line]
    assert removed
    assert all("intel_iommu=off,\\x1b[2Jx" in line for line in removed)
