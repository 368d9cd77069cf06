"""What a terminal changes about an answer: its width, and colours for verdicts."""

import os
import pty
import re
import subprocess
import sys
import tarfile
import termios
from pathlib import Path

import pytest

from dmaragent.commands.shared.terminal import NARROWEST, WIDEST
from dmaragent.present.screen import Screen, Tone, printed_on, toned
from support.cli import run
from support.machines import MACHINES
from support.screens import INPUTS

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]
VERBS = {
    "inventory": ["inventory", "--host", HP],
    "check": ["check", "--host", HP],
    "resolve": ["resolve", HP / "guests" / "usb.cfg", "--host", HP],
    "explain": ["explain", "0a:00.0", "--host", HP],
}
"""Answers that are longer than a line of any terminal."""


_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
"""What gives text a colour, and has no width."""


def _widest(text: str) -> int:
    return max(len(_SEQUENCE.sub("", line)) for line in text.splitlines() if str(HP) not in line)


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


RED, YELLOW, GREEN, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"
COLORED = {
    "check": (["check", "--host", HP], f"{YELLOW}warning{PLAIN}  "),
    "resolve": (
        ["resolve", HP / "guests", "--host", HP],
        f": {GREEN}will{PLAIN} {GREEN}start{PLAIN}",
    ),
    "one guest": (
        ["resolve", HP / "guests" / "usb.cfg", "--host", HP],
        f"usb: {RED}will{PLAIN} {RED}not{PLAIN} {RED}start{PLAIN} (",
    ),
    "a KVM guest": (
        ["resolve", INPUTS / "win10.xml", "--host", HP],
        f"win10: {RED}will{PLAIN} {RED}not{PLAIN} {RED}start{PLAIN} (",
    ),
    "a device of a KVM guest": (
        ["resolve", INPUTS / "win10.xml", "--host", HP, "--details"],
        f"{RED}blocked{PLAIN}",
    ),
    "hotplug": (
        ["hotplug", "00:1a.0", "--into", HP / "guests" / "none.cfg", "--host", HP],
        f": {RED}will{PLAIN} {RED}be{PLAIN} {RED}refused{PLAIN} (",
    ),
}
CONTROL = re.compile(r"\x1b\[\d+m")


def _be_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make standard output a terminal with colours."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize("verb", COLORED)
def test_a_verdict_has_its_colour_on_a_terminal(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    _be_a_terminal(monkeypatch)
    command, colored = COLORED[verb]

    assert colored in run(capsys, *command).out


@pytest.mark.parametrize("verb", COLORED)
def test_colour_is_all_that_a_terminal_adds(verb: str, capsys: Capture) -> None:
    command, _ = COLORED[verb]
    plain, colored = (run(capsys, *command, "--color", when) for when in ("never", "always"))

    assert "\x1b" not in plain.out
    assert CONTROL.sub("", colored.out) == plain.out
    assert (colored.code, colored.err) == (plain.code, plain.err)


@pytest.mark.parametrize(
    ("variable", "value", "options", "colored"),
    [
        pytest.param("NO_COLOR", "1", [], False, id="NO_COLOR"),
        pytest.param("NO_COLOR", "", [], True, id="NO_COLOR that is empty"),
        pytest.param("NO_COLOR", "1", ["--color=always"], True, id="the option is stronger"),
        pytest.param("TERM", "dumb", [], False, id="a terminal without colours"),
        pytest.param("TERM", "xterm", ["--color=never"], False, id="never"),
    ],
)
def test_a_user_says_whether_there_are_colours(  # noqa: PLR0913, PLR0917 - two fixtures and a case
    variable: str,
    value: str,
    options: list[str],
    colored: bool,  # noqa: FBT001 - of a table of cases
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    _be_a_terminal(monkeypatch)
    monkeypatch.setenv(variable, value)

    assert ("\x1b" in run(capsys, *VERBS["check"], *options).out) is colored


def test_a_file_or_a_pipe_has_no_colours(capsys: Capture) -> None:
    assert "\x1b" not in run(capsys, *VERBS["check"]).out


def test_a_document_and_files_have_no_colours(tmp_path: Path, capsys: Capture) -> None:
    assert "\x1b" not in run(capsys, *VERBS["check"], "--json", "--color=always").out
    for number, when in enumerate(("never", "always")):
        ran = run(capsys, "dump", "--host", HP, "-o", tmp_path / f"{number}", "--color", when)
        assert ran.code == 0
    assert _texts(tmp_path / "0") == _texts(tmp_path / "1")


def test_a_stranger_cannot_write_a_coloured_word(tmp_path: Path, capsys: Capture) -> None:
    with printed_on(Screen(colors=True)):
        marked = toned("forged", Tone.GOOD)
        unmarked = "".join(chr(ord(letter) + 1) for letter in marked)
    path = tmp_path / "guest.cfg"
    path.write_text(f'name = "x{unmarked}"\ntype = "hvm"\nmemory = 512\n', "utf-8")

    printed = run(capsys, "resolve", path, "--host", HP, "--color", "always").out

    assert f"x\\U{ord(unmarked[0]):08x}" in printed
    assert unmarked not in printed
