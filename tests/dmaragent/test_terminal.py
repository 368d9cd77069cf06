"""What a terminal changes about an answer: how wide it is.  A file or a pipe gets 80 columns."""

import os
import pty
import subprocess
import sys
import tarfile
import termios
from pathlib import Path

import pytest

from dmaragent.commands.shared.terminal import NARROWEST, WIDEST
from support.cli import run
from support.machines import MACHINES

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]
VERBS = {
    "inventory": ["inventory", "--host", HP],
    "check": ["check", "--host", HP],
    "resolve": ["resolve", HP / "guests" / "usb.cfg", "--host", HP],
    "explain": ["explain", "0a:00.0", "--host", HP],
}
"""Answers that are longer than a line of any terminal."""


def _widest(text: str) -> int:
    return max(len(line) for line in text.splitlines() if str(HP) not in line)


@pytest.mark.parametrize("verb", VERBS)
def test_text_is_as_wide_as_the_terminal(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    widths = {}
    for columns in (NARROWEST, 80, 100, WIDEST, 300):
        monkeypatch.setenv("COLUMNS", str(columns))
        widths[columns] = _widest(run(capsys, *VERBS[verb]).out)

    # Bars of memory and lines to paste have a width of their own, below 80 columns.
    assert all(width <= max(columns, 80) for columns, width in widths.items())
    assert widths[80] < widths[100]
    assert widths[300] == widths[WIDEST] <= WIDEST


@pytest.mark.parametrize("columns", ["", "0", "-1", "many", "80"])
def test_text_is_80_columns_wide_if_the_width_is_unknown(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plain = run(capsys, *VERBS["check"]).out
    monkeypatch.setenv("COLUMNS", columns)

    assert run(capsys, *VERBS["check"]).out == plain


def test_the_terminal_itself_says_how_wide_it_is() -> None:
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 100))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "dmaragent", *map(str, VERBS["check"])]
    with subprocess.Popen(command, stdout=its, env=environment) as program:
        os.close(its)
        printed = _all_of(ours)
    os.close(ours)

    assert program.returncode == 1
    assert 80 < _widest(printed) <= 100


def _all_of(terminal: int) -> str:
    """Return all that is printed on a terminal, until nobody has it open."""
    printed = b""
    try:
        while part := os.read(terminal, 4096):
            printed += part
    except OSError:  # EIO: as Linux says that it is closed
        pass
    return printed.decode().replace("\r\n", "\n")


def test_what_to_do_next_is_wrapped_and_no_path_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    lines = run(capsys, "explain", "00:05.0", "--host", HP).err.splitlines()

    after = lines[[line.startswith("Next: ") for line in lines].index(True) :]
    assert all(line.startswith("      ") for line in after[1:])
    assert all(len(line) <= 60 or str(HP) in line for line in after)
    assert any(str(HP) in line for line in after)


def test_files_are_80_columns_wide_whatever_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    pages = []
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        bundle, page = tmp_path / f"{columns}.tar.xz", tmp_path / f"{columns}.html"
        run(capsys, "dump", "--host", HP, "-o", bundle)
        run(capsys, "report", "--host", HP, "-o", page)
        pages.append([page.read_bytes(), *_texts(bundle)])

    assert pages[0] == pages[1]


def _texts(bundle: Path) -> list[bytes]:
    """Return the texts in a bundle that are there for people."""
    with tarfile.open(bundle) as archive:
        members = [member for member in archive if member.name.endswith(".txt")]
        files = [archive.extractfile(member) for member in members]
        return [file.read() for file in files if file is not None]
