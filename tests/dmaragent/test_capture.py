"""integrations/capture.sh asks what the collector asks, and its bundles answer the same."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.boot_words import LINUX_WORDS, XEN_WORDS
from dmaragent.redaction import _INFO
from support import capturing
from support.capturing import (
    SCRIPT,
    SHELLS,
    captured,
    command,
    comparable,
    copy_machine,
    read_log,
    unpack,
)
from support.cli import run
from support.machines import MACHINES, NAMES

pytestmark = pytest.mark.slow  # the script runs for each case and shell


Capture = pytest.CaptureFixture[str]


def _answer(capsys: Capture, verb: str, host: Path) -> dict[str, Any]:
    ran = run(capsys, verb, "--host", host, "--json")
    if ran.code == 2:
        return {"error": ran.err.replace(str(host), "HOST")}
    answer: dict[str, Any] = ran.document["answer"]
    return answer


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_is_what_dmaragent_would_have_recorded(
    shell: str, name: str, tmp_path: Path, capsys: Capture, require: Callable[[str], None]
) -> None:
    require(shell)
    copy = copy_machine(name, tmp_path)
    expected = copy.record(tmp_path / "recorded")
    bundle = captured(shell, tmp_path, *copy.options, "--no-redact")
    assert comparable(read_log(bundle)) == comparable(expected)
    for verb in ("inventory", "check"):
        recorded = _answer(capsys, verb, tmp_path / "recorded")
        assert _answer(capsys, verb, bundle) == recorded


@pytest.mark.parametrize("proc_xen", [True, False])
def test_xen_is_read_by_proc_xen_if_sysfs_has_no_hypervisor(
    proc_xen: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    require: Callable[[str], None],
) -> None:
    """On a running machine: in a copy, what is not there was not collected."""
    require("dash")
    copy = copy_machine("xen-pv-dom0", tmp_path)
    shutil.rmtree(copy.tree / "sys/hypervisor")
    if not proc_xen:
        shutil.rmtree(copy.tree / "proc/xen")
    running = tmp_path / "running.sh"
    running.write_text(SCRIPT.read_text("utf-8").replace("absent=not-collected ", ""))
    monkeypatch.setattr(capturing, "SCRIPT", running)
    log = read_log(captured("dash", tmp_path, *copy.options))

    capabilities = log["read", "/proc/xen/capabilities"]
    assert (capabilities.missing is None) is proc_xen
    assert (("call", "xl-info") in log) is proc_xen
    assert (("list", "/sys/bus/pci/drivers/pciback") in log) is proc_xen


@pytest.mark.parametrize(
    "name", ["lenovo-laptop", "qemu-q35-rmrr", "synthetic-pvh-dom0", "xen-pv-dom0"]
)
def test_redacting_changes_no_answer(
    name: str, tmp_path: Path, capsys: Capture, require: Callable[[str], None]
) -> None:
    require("busybox")
    copy = copy_machine(name, tmp_path)
    copy.record(tmp_path / "recorded")
    bundle = captured("busybox", tmp_path, *copy.options)
    for verb in ("inventory", "check"):
        recorded = _answer(capsys, verb, tmp_path / "recorded")
        assert _answer(capsys, verb, bundle) == recorded


def test_without_udev_only_the_names_of_devices_are_missing(
    tmp_path: Path, capsys: Capture, require: Callable[[str], None]
) -> None:
    require("dash")
    name = "hp-dl380e-gen8"
    bundle = captured("dash", tmp_path, *copy_machine(name, tmp_path).options)
    mine, theirs = (
        _answer(capsys, "inventory", each)["regions"] for each in (bundle, MACHINES / name)
    )
    without_names = re.compile(r"'(vendor_name|device_name|name|names)': [^,}]*")
    assert without_names.sub("", str(mine)) == without_names.sub("", str(theirs))


@pytest.mark.parametrize(
    ("name", "words"),
    [("LINUX_WORDS", LINUX_WORDS), ("XEN_WORDS", XEN_WORDS), ("INFO_LINES", _INFO)],
)
def test_the_script_keeps_the_same_words_as_a_dump(name: str, words: Iterable[str]) -> None:
    text = SCRIPT.read_text("utf-8").replace("\\\n", "")
    found = re.search(rf'^{name}="([^"]*)"', text, re.MULTILINE)
    assert found is not None
    assert sorted(found[1].split()) == sorted(words)


@pytest.mark.parametrize("shell", SHELLS)
def test_from_a_pipe_to_a_pipe_it_packs_the_same(
    shell: str, tmp_path: Path, require: Callable[[str], None]
) -> None:
    """As ssh runs it on a dom0 that has neither dmaragent nor room for a file."""
    require(shell)
    copy = copy_machine("lenovo-laptop", tmp_path)
    expected = captured(shell, tmp_path, *copy.options)
    piped = tmp_path / "piped.tar.gz"
    with SCRIPT.open("rb") as script, piped.open("wb") as out:
        words, environment = command(shell, tmp_path, "-o", "-", *copy.options)
        at = words.index(str(SCRIPT))
        done = subprocess.run(
            [*words[:at], "-s", "--", *words[at + 1 :]],
            stdin=script, stdout=out, stderr=subprocess.PIPE, cwd=tmp_path, env=environment,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = read_log(unpack(piped, tmp_path / "again"))
    assert comparable(again) == comparable(read_log(expected))
    assert not list(tmp_path.glob("*.partial-*"))


def test_a_pipe_that_closes_is_an_error(tmp_path: Path, require: Callable[[str], None]) -> None:
    require("dash")
    copy = copy_machine("lenovo-laptop", tmp_path)
    with SCRIPT.open("rb") as script, Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            ["dash", "-s", "--", "-o", "-", *map(str, copy.options)],
            stdin=script, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert b"standard output" in done.stderr


def test_shellcheck_finds_nothing(require: Callable[[str], None]) -> None:
    require("shellcheck")
    done = subprocess.run(
        ["shellcheck", "--shell=sh", "--norc", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
