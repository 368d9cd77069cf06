"""Where a report is written to, and where it is not."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.answers.devices import device_rows
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.present.html import report_html
from dmaragent.present.html.devices import MOST_EXPLAINED, DeviceAnswers, devices_to_explain
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question, context_of
from dmaragent.question.host_report import report_of
from support.cli import run
from support.large import large_snapshot
from support.machines import MACHINES
from support.pages import Page
from support.wording import Worded

pytestmark = pytest.mark.slow  # the program runs for each case


Capture = pytest.CaptureFixture[str]
HP = MACHINES / "hp-dl380e-gen8"


def test_a_report_is_for_its_owner_alone(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "report.html"

    assert run(capsys, "report", "--host", HP, "-o", path).code == 0

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.html"]


def test_what_was_written_is_said_with_its_size(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "report.html"

    ran = run(capsys, "report", "--host", HP, "-o", path)

    assert (ran.out, ran.err) == (f"Wrote {path}: {-(-path.stat().st_size >> 10)} KiB\n", "")


def test_nothing_is_overwritten_without_force(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "report.html"
    path.write_text("precious")

    refused = run(capsys, "report", "--host", HP, "-o", path)
    assert (refused.code, path.read_text()) == (2, "precious")
    assert "--force" in refused.err

    assert run(capsys, "report", "--host", HP, "-o", path, "--force").code == 0
    assert path.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("options", [(), ("-o", "-")], ids=["default", "dash"])
def test_a_terminal_is_not_written_to(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    ran = run(capsys, "report", "--host", HP, *options)

    assert (ran.code, ran.out) == (2, "")
    assert "-o FILE" in ran.err


@pytest.mark.parametrize("options", [(), ("-o", "-")], ids=["default", "dash"])
def test_standard_output_has_the_same_bytes_as_a_file(
    options: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    run(capsys, "report", "--host", HP, "-o", tmp_path / "report.html")

    command = [sys.executable, "-m", "dmaragent", "report", "--host", str(HP), *options]
    done = subprocess.run(command, capture_output=True, check=True)

    assert done.stdout == (tmp_path / "report.html").read_bytes()


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)

    ran = run(capsys, "report", "--host", HP, "-o", tmp_path / "report.html")

    assert ran.code == 2
    worded(ran.err)
    assert os.listdir(tmp_path) == []


def test_a_guest_that_cannot_be_read_is_an_error(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "report", "--host", HP, "-o", tmp_path / "x", "--guest", tmp_path / "gone")

    assert ran.code == 2
    worded(ran.err)
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_no_guest_gets_no_advice_about_options_that_report_lacks(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "passwd"
    path.write_text("root:x:0:0:root:/root:/bin/bash\n")

    ran = run(capsys, "report", "--host", HP, "-o", tmp_path / "x", "--guest", path)

    assert ran.code == 2
    assert "--" not in ran.err
    worded(ran.err, str(path))


def test_a_release_that_is_named_decides_about_regions_too() -> None:
    host = str(MACHINES / "qemu-q35-rmrr")
    asked = ask_host(host, Question(xen="4.17"))

    named = Page(report_of(asked, named=True)).text
    own = Page(report_of(asked)).text

    assert own != named
    assert own.count("4.19") > named.count("4.19")


def test_a_very_large_host_has_a_page_of_bearable_size() -> None:
    host = join(large_snapshot(4096, 200))
    inventory = take_inventory(host)
    asked = context_of(host, Question())
    rows = device_rows(asked.inventory, asked.facts, asked.stack)

    page = Page(report_html(inventory, None, DeviceAnswers(rows)))

    assert len(page.source) < 2 << 20
    assert len([one for one in page.elements if "data-region" in one.attributes]) == 200
    assert page.text.count("0007:05:00.0") == 0
    assert len(devices_to_explain(rows)) == MOST_EXPLAINED
