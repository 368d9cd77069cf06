"""The verb check: what it prints, how it ends, and that it answers alike everywhere."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dmaragent.checks.all_rules import RULES
from dmaragent.checks.common.model import Checked, Severity
from dmaragent.collect import reader
from dmaragent.collect.recorded.recording import record
from dmaragent.commands.check import LEVELS, exit_code
from support.checked import BASE, LIMIT, UNIT, USB, host
from support.cli import run
from support.machines import MACHINES, NAMES, materialize
from support.tables import rmrr, table
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
OVERLAP = MACHINES / "synthetic-overlap"


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "DMAR.bin"
    path.write_bytes(content)
    return path


def test_a_finding_is_short_and_details_show_its_bytes(capsys: Capture, worded: Worded) -> None:
    short = run(capsys, "check", "--host", OVERLAP)
    ran = run(capsys, "check", "--host", OVERLAP, "--details")

    assert "RMRR base_address" not in short.out
    assert f"check --host {OVERLAP} --details\n" in short.out

    assert ran.code == 1
    first, rest = ran.out.split("\n\n", 1)
    worded(first, OVERLAP)
    worded(rest, "Region 2", "0x7b808000")
    assert "\n    0x68: 00 80 80 7b 00 00 00 00  RMRR base_address: 0x7b808000\n" in rest
    for label in ("  Xen    Xen switches VT-d off", "  Linux  ", "  Fix    ", "  Source "):
        assert f"\n{label}" in rest


def test_where_nothing_is_wrong_it_says_what_was_looked_at(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "check", "--host", MACHINES / "lenovo-laptop")

    assert ran.code == 0
    worded(ran.out)


def test_a_table_alone_names_what_could_not_be_asked(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = _file(tmp_path, table(UNIT, rmrr(BASE, LIMIT, USB)))
    ran = run(capsys, "check", "--host", path, "--details")

    assert ran.code == 0
    worded(ran.out.partition(")\n")[2])
    assert "scope-start-bus" in ran.out


@pytest.mark.parametrize(
    ("machine", "level", "code"),
    [
        ("synthetic-overlap", "critical", 1),
        ("synthetic-overlap", "never", 0),
        ("synthetic-odd-scopes", "critical", 0),
        ("synthetic-odd-scopes", "error", 1),
        ("hp-dl380e-gen8", "error", 0),
        ("hp-dl380e-gen8", "warning", 1),
        ("dell-r820", "warning", 0),
        ("dell-r820", "info", 1),
    ],
)
def test_the_exit_code_is_by_the_worst_that_was_found(
    machine: str, level: str, code: int, capsys: Capture
) -> None:
    assert run(capsys, "check", "--host", MACHINES / machine, "--fail-on", level).code == code


@pytest.mark.parametrize("decoded", [True, False])
@pytest.mark.parametrize("level", LEVELS)
def test_without_a_finding_what_counts_is_whether_the_table_was_decoded(
    level: str, *, decoded: bool
) -> None:
    checked = Checked(findings=(), decoded=decoded, asked=1, not_asked=())

    assert exit_code(checked, level) == (0 if decoded else 1)


@pytest.mark.parametrize("verb", [("check", "--host"), ("rmrr-option", "--from-log")], ids=str)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    verb: tuple[str, str],
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    worded: Worded,
) -> None:
    monkeypatch.setattr(reader, "WRITER_WITHIN", 0)
    os.mkfifo(tmp_path / "pipe")
    ran = run(capsys, *verb, tmp_path / "pipe")

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


def test_a_file_that_has_nothing_to_give_yet_is_told_and_not_taken_for_its_end(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    """/proc/kmsg is a regular file, and blocks once it gave what the kernel said."""
    regular = SimpleNamespace(S_ISFIFO=lambda _: False, S_ISREG=lambda _: True)
    monkeypatch.setattr(reader, "stat", regular)
    os.mkfifo(tmp_path / "kmsg")
    kernel = os.open(tmp_path / "kmsg", os.O_RDWR)
    os.write(kernel, b"DMAR")
    ran = run(capsys, "check", "--host", tmp_path / "kmsg")
    os.close(kernel)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


def test_a_pipe_whose_writer_is_slow_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer has it open and writes nothing while it is looked at; then a thread does."""
    monkeypatch.setattr(reader, "WRITER_WITHIN", 0)
    read, write = os.pipe()
    blocking = os.set_blocking

    def written(descriptor: int, value: object) -> None:
        os.write(write, b"DMAR")
        os.close(write)
        blocking(descriptor, bool(value))

    monkeypatch.setattr(os, "set_blocking", written)

    assert reader.read_stream(f"/proc/self/fd/{read}", 100) == b"DMAR"
    os.close(read)


def test_a_device_is_no_host(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "check", "--host", "/dev/zero")

    assert ran.code == 2
    worded(ran.err)


@pytest.mark.parametrize("content", [bytes(100), b"DMAR"], ids=["zeros", "cut off"])
def test_a_table_that_says_nothing_is_not_fine(
    content: bytes, tmp_path: Path, capsys: Capture
) -> None:
    ran = run(capsys, "check", "--host", _file(tmp_path, content))

    assert ran.code in (1, 2)
    assert "nothing wrong" not in ran.out


def test_without_a_table_it_says_why(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "check", "--host", MACHINES / "synthetic-sosreport-without-table")

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


def test_every_rule_is_listed_without_a_host(capsys: Capture) -> None:
    text = run(capsys, "check", "--list")
    listed = run(capsys, "check", "--list", "--json")

    assert text.code == listed.code == 0
    rules = listed.document["answer"]["rules"]
    assert [one["id"] for one in rules] == [rule.id for rule in RULES]
    assert all(one["needs"][0] == "table" for one in rules)
    assert len(text.out.splitlines()) > len(RULES)


@pytest.mark.parametrize("name", NAMES)
def test_the_document_is_the_text_and_the_same_of_a_copy(
    name: str, tmp_path: Path, capsys: Capture
) -> None:
    text = run(capsys, "check", "--host", MACHINES / name, "--details")
    if text.code == 2:
        return
    recorded = run(capsys, "check", "--host", MACHINES / name, "--json").document
    materialize(name, tmp_path / "copy")
    copied = run(capsys, "check", "--host", tmp_path / "copy", "--json").document

    answer = recorded["answer"]
    assert sum(answer["counts"].values()) == len(answer["findings"])
    # A copied directory has no calls, so neither Xen's release nor the boot log.
    ids = {one["id"] for one in answer["findings"]}
    assert {one["id"] for one in copied["answer"]["findings"]} <= ids
    words = " ".join(text.out.split())
    assert all(" ".join(one["said"].split()) in words for one in answer["findings"])
    assert max(map(len, text.out.splitlines()[2:] or [""])) <= 80


def test_the_levels_are_the_severities() -> None:
    assert (*(one.value for one in Severity), "never") == LEVELS


def test_what_the_memory_map_says_is_made_visible(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    made = host(rmrr(0x1000000, 0x100FFFF, USB))
    made.files["/sys/firmware/memmap/2/type"] = b"\x1b[2J RAM\n"
    for file, content in record(made)[1].items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    ran = run(capsys, "check", "--host", tmp_path)

    # No kernel writes such a type: it is damage, and what needs the whole map is not looked at.
    worded(ran.out.partition(")\n")[2])
    assert "\x1b" not in ran.out + run(capsys, "check", "--host", tmp_path, "--json").out


def test_the_bytes_of_evidence_are_at_their_offset(tmp_path: Path, capsys: Capture) -> None:
    content = table(UNIT, rmrr(BASE, BASE - 1, USB))
    ran = run(capsys, "check", "--host", _file(tmp_path, content), "--json")
    (found,) = json.loads(ran.out)["answer"]["findings"]

    for each in found["evidence"]:
        data = bytes.fromhex(each["bytes"])
        assert content[each["offset"] : each["offset"] + len(data)] == data
    assert [each["value"] for each in found["evidence"]] == ["0x7b800000", "0x7b7fffff"]
