"""``dmaragent dump`` as its user runs it: what is written, what is said, what is refused."""

import json
import os
import subprocess
import sys
import tarfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.collect import bundling
from dmaragent.collect.open_host import open_host
from dmaragent.commands.shared import bundle_reports as derived
from dmaragent.present.text.dump import dump_text
from dmaragent.present.words.bundle import WrittenBundle
from dmaragent.readings import Missing, MissingKind
from support.cli import run
from support.kvm import domain
from support.machines import MACHINES
from support.wording import Worded

pytestmark = pytest.mark.slow  # the program runs for each case


Capture = pytest.CaptureFixture[str]
DOM0 = MACHINES / "xen-pv-dom0"


def _names(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return archive.getnames()


def test_a_bundle_is_written_for_its_owner_alone_and_told(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    goal = tmp_path / "b.tar.xz"
    ran = run(capsys, "dump", "--host", DOM0, "-o", goal)

    assert (ran.code, ran.err) == (0, "")
    assert goal.stat().st_mode & 0o777 == 0o600
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"Wrote {goal}: ")
    worded(lines, "10")
    worded(lines[-1], goal)
    assert [each.name for each in tmp_path.iterdir()] == ["b.tar.xz"]


def test_a_folder_of_guests_can_hold_other_files(tmp_path: Path, capsys: Capture) -> None:
    """An empty file, a KVM guest and a file that is no guest: the Xen guest beside them counts."""
    folder = tmp_path / "guests"
    folder.mkdir()
    (folder / "win.cfg").write_text('name = "win"\nmemory = 512\nrdm = "strategy=host"\n')
    (folder / "empty").write_text("")
    (folder / "kvm.xml").write_text(domain())
    (folder / "notes.json").write_text("{")

    ran = run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "b", "--guest", folder)

    assert ran.code == 0
    skipped = ["empty", "notes.json", "kvm.xml"]
    assert [name for name in (*skipped, "win.cfg") if name in ran.err] == skipped


@pytest.mark.parametrize("text", [domain(), None], ids=["kvm", "empty-folder"])
def test_without_a_xen_guest_nothing_is_written(
    text: str | None, tmp_path: Path, capsys: Capture
) -> None:
    guest = tmp_path / "guest"
    if text is None:
        guest.mkdir()
        (guest / "empty").write_text("")
    else:
        guest.write_text(text)

    ran = run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "b", "--guest", guest)

    assert (ran.code, ran.out, (tmp_path / "b").exists()) == (2, "", False)


def test_a_bundle_holds_the_readings_and_what_people_read(tmp_path: Path, capsys: Capture) -> None:
    run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "b")

    names = [name.partition("/")[2] for name in _names(tmp_path / "b")]
    assert names[0] == "manifest.json"
    assert {name for name in names if name.startswith("derived/")} == {
        "derived/check.json",
        "derived/check.txt",
        "derived/inventory.json",
        "derived/inventory.txt",
        "derived/report.html",
        "derived/tree.txt",
        "derived/versions.json",
    }
    log = json.loads((DOM0 / "manifest.json").read_bytes())["readings"]
    kept = {
        ("calls/" if each["operation"] == "call" else "root") + each["path"]
        for each in log
        if "sha256" in each
    }
    assert kept <= set(names)


def _readings(path: Path) -> list[dict[str, Any]]:
    with tarfile.open(path) as archive:
        manifest = archive.extractfile("dmaragent-bundle/manifest.json")
        assert manifest is not None
        readings: list[dict[str, Any]] = json.load(manifest)["readings"]
    return readings


def test_the_same_host_gives_the_same_bundle(tmp_path: Path, capsys: Capture) -> None:
    for name in ("a", "b"):
        run(capsys, "dump", "--host", DOM0, "-o", tmp_path / name)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_that_is_there_is_replaced_when_asked_to(tmp_path: Path, capsys: Capture) -> None:
    goal = tmp_path / "b"
    goal.write_bytes(b"mine")
    ran = run(capsys, "dump", "--host", DOM0, "-o", goal)

    assert (ran.code, goal.read_bytes()) == (2, b"mine")
    assert "exists" in ran.err
    assert run(capsys, "dump", "--host", DOM0, "-o", goal, "--force").code == 0
    assert goal.read_bytes()[:6] == b"\xfd7zXZ\0"


def test_a_file_made_while_the_host_is_read_is_not_replaced(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = tmp_path / "b"
    pack = bundling.pack

    def meanwhile(*arguments: Any) -> bytes:
        goal.write_bytes(b"mine")
        return pack(*arguments)

    monkeypatch.setattr("dmaragent.commands.dump.pack", meanwhile)

    assert run(capsys, "dump", "--host", DOM0, "-o", goal).code == 2
    assert goal.read_bytes() == b"mine"


def test_without_a_name_it_is_named_after_the_time(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "dump", "--host", DOM0).code == 0

    assert [each.name for each in tmp_path.iterdir()] == ["dmaragent-bundle.tar.xz"]


def test_it_goes_through_a_pipe_and_speaks_beside_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dmaragent", "dump", "--host", str(DOM0)]
    done = subprocess.run([*command, "-o", "-"], capture_output=True, check=False)
    (tmp_path / "b").write_bytes(done.stdout)

    assert _names(tmp_path / "b")[0] == "dmaragent-bundle/manifest.json"
    assert done.stderr.startswith(b"Wrote to standard output: ")
    refused = subprocess.run([*command, "-o", "-", "--json"], capture_output=True, check=False)
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["format"] == "dmaragent.error"


def test_its_document(tmp_path: Path, capsys: Capture) -> None:
    ran = run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "b", "--json", "--no-redact")

    answer = ran.document["answer"]
    assert answer["path"] == str(tmp_path / "b")
    assert answer["size"] == (tmp_path / "b").stat().st_size
    assert (answer["redacted"], answer["replaced"], answer["lost"]) == (False, {}, [])


def test_what_could_not_be_read_is_told(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    tree = tmp_path / "tree"
    (tree / "sys/firmware/acpi/tables/DMAR").mkdir(parents=True)
    ran = run(capsys, "dump", "--host", tree, "-o", tmp_path / "b")

    assert ran.code == 1
    worded(ran.out, "/sys/firmware/acpi/tables/DMAR")


def test_who_may_read_more_of_another_host_is_not_root_here(worded: Worded) -> None:
    denied = (("acpi", Missing(MissingKind.DENIED, "Permission denied")),)
    written = WrittenBundle(
        path="b", size=1, host="live", source="", readings=1, lost=denied, redacted=True,
        replaced=(), words_left_out=0, problems=(),
    )  # fmt: skip

    worded(dump_text(written))
    elsewhere = [*dump_text(replace(written, host="bundle", source="a.tar.xz"))]
    worded(elsewhere)


def test_a_bundle_of_a_bundle_has_the_same_readings_and_marks(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "a")
    ran = run(capsys, "dump", "--host", tmp_path / "a", "-o", tmp_path / "b")

    worded(ran.out)
    first, second = (_readings(tmp_path / name) for name in ("a", "b"))
    assert first == second
    marked = [each["path"] for each in second if each.get("redacted")]
    assert marked == ["xl-info", "/proc/cmdline"]


def test_an_answer_of_ours_that_fails_costs_that_answer_alone(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    def fail(told: derived.BundledHost) -> str:
        raise ZeroDivisionError(f"{told.inventory.device} {told.kind}")

    monkeypatch.setitem(derived._MAKERS, "check.txt", fail)
    ran = run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "b")

    assert ran.code == 1
    worded(ran.out)
    names = [name.partition("/")[2] for name in _names(tmp_path / "b")]
    assert "derived/check.txt.failed" in names
    assert "derived/check.json" in names
    with tarfile.open(tmp_path / "b") as archive:
        why = archive.extractfile("dmaragent-bundle/derived/check.txt.failed")
        assert why is not None
        said = why.read().decode()
    assert said.startswith("dmaragent/commands/shared/bundle_reports.py:")
    assert said.splitlines()[-1] == f"ZeroDivisionError: {None} recorded"
    assert str(Path(derived.__file__).parents[1]) not in said


def test_an_interrupt_leaves_nothing(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    assert run(capsys, "dump", "--host", DOM0, "-o", tmp_path / "b").code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_and_is_told(tmp_path: Path, worded: Worded) -> None:
    goal = tmp_path / "b"
    limit = f"ulimit -f 1; trap '' XFSZ; exec {sys.executable} -m dmaragent"
    line = f"{limit} dump --host {DOM0} -o {goal}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    worded(done.stderr, goal)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_read_where_the_bundle_could_not_be_written(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr(bundling, "collect", None)
    (tmp_path / "b").touch()

    assert run(capsys, "dump", "-o", tmp_path / "b").code == 2
    worded(run(capsys, "dump", "-o", tmp_path / "no" / "b").err)
    worded(run(capsys, "dump", "-o", tmp_path, "--force").err)
    os.mkfifo(tmp_path / "pipe")
    worded(run(capsys, "dump", "-o", tmp_path / "pipe", "--force").err)
    assert "is empty" in run(capsys, "dump", "-o", "").err
    monkeypatch.setattr(os, "access", lambda *_: False)
    worded(run(capsys, "dump", "-o", tmp_path / "c").err)
    assert run(capsys, "dump").code == 2


def test_what_is_said_never_gets_into_the_bundle(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dmaragent", "dump", "--host", str(DOM0), "-o", "-"]
    shut = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    (tmp_path / "b").write_bytes(subprocess.run(shut, stdout=subprocess.PIPE, check=True).stdout)

    assert open_host(str(tmp_path / "b")).kind == "bundle"


def _on_a_terminal(stream: str, *options: str) -> tuple[int, bytes]:
    """Run it with `stream`, stdout or stderr, on a terminal; give its code and what came there."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "dmaragent", "dump", "--host", str(DOM0), *options]
    with os.fdopen(ours, "rb", 0) as terminal:
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": theirs, stream: theirs}
        ran = subprocess.Popen(command, **streams)
        os.close(theirs)
        said = b""
        with suppress(OSError):  # EIO: nobody has the other end any more
            while part := terminal.read(1 << 16):
                said += part
    return ran.wait(), said


def test_a_terminal_gets_no_bundle() -> None:
    code, said = _on_a_terminal("stdout", "-o", "-")

    assert code == 2
    assert b"terminal" in said
    assert b"\xfd7zXZ" not in said


def test_a_terminal_is_told_how_far_it_is(tmp_path: Path, worded: Worded) -> None:
    code, said = _on_a_terminal("stderr", "-o", str(tmp_path / "b"))

    assert code == 0
    lines = said.decode().split("\r\n")
    worded(lines)
