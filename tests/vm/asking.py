"""What a machine is asked from inside, and the same asked of its bundle from outside."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import HostRequest
from dmaragent.collect.open_host import open_host
from dmaragent.collect.reader import HostReader
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.json.inventory import inventory_answer
from dmaragent.readings import Missing, MissingKind
from vm.ingredients import LabError
from vm.machine import Booted
from vm.suites import ROOT

CAPTURE = {"capture.sh": (ROOT / "integrations/capture.sh").read_bytes()}
"""The shell capture, as a file of the share."""

PRELUDE = """\
#!/bin/sh
# ask NAME VERB…: keep the answer of a verb.  Exit codes 0 and 1 are answers.
ask() {
    has_dmaragent || return 0
    name=$1
    shift
    dmaragent "$@" --json >"$name.json" 2>"$name.err"
    code=$?
    echo $code >"$name.code"
    [ $code -le 1 ] || { echo "dmaragent $*: $code"; cat "$name.err"; }
}
fail() {
    echo "$*"
    exit 1
}
# assign DEVICE…: take each from its driver for guests.  udev may still load drivers: one that probes
# a device meanwhile keeps it, and each guest with that device is then refused for this alone.  xl also
# fails for a device that Xen cannot quarantine; the device is assignable then.
assign() {
    modprobe xen-pciback
    for device; do
        udevadm settle --timeout=120
        xl -vvv pci-assignable-add "$device" >"assign.$device" 2>&1
        is_assignable "$device" && continue
        udevadm settle --timeout=120
        xl -vvv pci-assignable-add "$device" >>"assign.$device" 2>&1
        is_assignable "$device" || fail "$device is not assignable: $(cat "assign.$device")"
    done
}
is_assignable() {
    xl pci-assignable-list | grep -q "$1"
}
# Debian 11 has a Python that is too old for it.
has_dmaragent() {
    command -v dmaragent >/dev/null
}
dump() {
    has_dmaragent || return 0
    dmaragent dump -o bundle.tar.xz >dump.txt 2>&1 || [ $? -eq 1 ] || fail "dump: $(cat dump.txt)"
}
"""
BUNDLES = """\
dump
sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 || fail "capture.sh: $(cat capture.txt)"
"""
GROUPS = """\
for group in /sys/kernel/iommu_groups/*; do
    [ -d "$group" ] || continue
    for device in "$group"/devices/*; do
        while read -r region; do
            echo "${group##*/} ${device##*/} $region"
        done <"$group/reserved_regions"
    done
done >reserved_regions
dmesg >dmesg
"""
"""What the kernel says of every device's group."""


def document(booted: Booted, name: str) -> dict[str, Any]:
    """Give the document that a verb printed inside."""
    code = booted.text(f"{name}.code").strip()
    if code not in ("0", "1"):
        raise LabError(f"{booted.name}: {name} exited with {code}: {booted.text(f'{name}.err')}")
    loaded: dict[str, Any] = json.loads(booted.text(f"{name}.json"))
    return loaded


def bundle(booted: Booted) -> Path:
    """Return dmaragent's own bundle of a machine; the shell's if dmaragent does not run there."""
    own = booted.out / "bundle.tar.xz"
    return own if booted.suite.runs_dmaragent else booted.out / "captured.tar.gz"


def only_inside(booted: Booted) -> None:
    """Skip a test that compares with what dmaragent printed inside, if it does not run there."""
    if not booted.suite.runs_dmaragent:
        pytest.skip(f"Debian {booted.suite.debian} has a Python that is too old for dmaragent")


def answer(booted: Booted, name: str, *words: str) -> dict[str, Any]:
    """Return the answer that a verb printed inside, or, if it does not run there, of the bundle."""
    if not booted.suite.runs_dmaragent:
        return replayed(bundle(booted), name, *words)
    found: dict[str, Any] = document(booted, name)["answer"]
    return found


def replayed(host: Path, *words: str) -> dict[str, Any]:
    """Ask the same of a bundle, outside, in its folder."""
    program = "import sys; from dmaragent.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, *words, "--host", host.name, "--json"]
    done = subprocess.run(command, cwd=host.parent, capture_output=True, text=True, check=False)
    if done.returncode > 1 and not done.stdout:  # 2 with an answer: it cannot be said
        raise LabError(f"dmaragent {' '.join(words)} --host {host.name}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)["answer"]
    return found


def taken_without(host: Path, hidden: str) -> Inventory:
    """Take the inventory of a bundle of whose readings none with `hidden` in its path is there."""
    kept = _Hiding(open_host(str(host)).reader, hidden)
    return take_inventory(join(collect(kept)))


def inventory_without(host: Path, hidden: str) -> dict[str, Any]:
    """Give that inventory as a document's answer."""
    return {**inventory_answer(taken_without(host, hidden))}


class _Hiding:
    """A host some of whose files are not there."""

    def __init__(self, reader: HostReader, hidden: str) -> None:
        self._reader = reader
        self._hidden = hidden

    def _hides(self, request: HostRequest) -> bool:
        return self._hidden in request.path

    def read(self, request: HostRequest) -> bytes | Missing:
        return _ABSENT if self._hides(request) else self._reader.read(request)

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        return _ABSENT if self._hides(request) else self._reader.list(request)

    def link(self, request: HostRequest) -> str | Missing:
        return _ABSENT if self._hides(request) else self._reader.link(request)

    def call(self, request: HostRequest) -> bytes | Missing:
        return _ABSENT if self._hides(request) else self._reader.call(request)


_ABSENT = Missing(MissingKind.ABSENT, "hidden by the test")


def without_names(value: Any) -> Any:
    """Leave out what only udev knows, and a shell cannot ask for."""
    if isinstance(value, dict):
        names = ("vendor_name", "device_name")
        return {key: without_names(each) for key, each in value.items() if key not in names}
    if isinstance(value, list):
        return [without_names(each) for each in value]
    return value


def differing(left: Any, right: Any, where: str = "") -> list[str]:
    """Name the places where two answers differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = sorted(left.keys() | right.keys())
        return [
            each
            for key in keys
            for each in differing(left.get(key), right.get(key), f"{where}.{key}".lstrip("."))
        ]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [each for at, (a, b) in pairs for each in differing(a, b, f"{where}[{at}]")]
    return [] if left == right else [f"{where}: {str(left)[:60]} / {str(right)[:60]}"]
