"""The program as a whole: streams, help, hostile names, progress."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent import __version__
from dmaragent.commands import VERBS
from dmaragent.commands.shared.output import progress
from support.cli import run
from support.machines import MACHINES
from support.tables import EVERY_STRUCTURE, patched, resummed, rmrr, scope, table

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


def test_terminal_controls_from_firmware_are_shown_and_not_sent(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    hostile = b"\x1b]0;x\x07"
    path.write_bytes(resummed(patched(EVERY_STRUCTURE, [(10, hostile), (16, b"\x9b2J\xffabcd")])))

    for verb in ("inventory", "decode"):
        ran = run(capsys, verb, *(["--host"] if verb == "inventory" else []), path)
        assert '"\\x1b]0;x\\x07"' in ran.out
        assert "\x1b" not in ran.out
        assert "\x9b" not in ran.out


def test_a_file_name_cannot_address_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x\x1b[2J.bin"
    path.write_bytes(b"hello")

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert "\x1b" not in ran.err


def test_the_version_is_printed(capsys: Capture) -> None:
    ran = run(capsys, "--version")

    assert (ran.code, ran.out) == (0, f"dmaragent {__version__}\n")


def test_the_version_is_an_option_beside_others(capsys: Capture) -> None:
    ran = run(capsys, "--version", "inventory")

    assert (ran.code, ran.out) == (0, f"dmaragent {__version__}\n")


@pytest.mark.parametrize("verb", [["inventory"], ["rmrr-option"], ["agent", "run"], []])
def test_help_and_a_verb_is_the_help_of_the_verb(verb: list[str], capsys: Capture) -> None:
    ran = run(capsys, "help", *verb)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == run(capsys, *verb, "--help").out


def test_help_of_what_is_no_verb_is_refused(capsys: Capture) -> None:
    ran = run(capsys, "help", "inventroy")

    assert (ran.code, ran.out) == (2, "")


def test_a_verb_has_one_line_in_the_help(capsys: Capture) -> None:
    lines = run(capsys, "--help").out.splitlines()

    for verb, summary in VERBS.items():
        assert any(line.split() == [verb, *summary.split()] for line in lines), verb


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(table(*[rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1D, 0)))] * 5000))
    command = f"{sys.executable} -m dmaragent decode {path} | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)

    assert done.stdout.startswith(b"DMAR  length")
    assert done.stderr == b""


@pytest.mark.parametrize("verb", ["decode", "inventory"])
def test_a_pipe_is_read_to_its_end(verb: str, table_file: Path) -> None:
    """The writer holds the pipe open between two halves until the reader has had time to end."""
    option = "--host" if verb == "inventory" else ""
    fifo = table_file.parent / "fifo"
    os.mkfifo(fifo)
    program = f"{sys.executable} -m dmaragent {verb} {option} {fifo}"
    reader = subprocess.Popen(["sh", "-c", program], stdout=subprocess.PIPE)
    with fifo.open("wb", buffering=0) as writer:
        writer.write(EVERY_STRUCTURE[:100])
        writer.write(EVERY_STRUCTURE[100:])
    out, _ = reader.communicate(timeout=60)

    assert reader.returncode == 0
    assert b"DAMAGED" not in out


@pytest.mark.parametrize("stream", [">&-", ">/dev/full", "2>&- >/dev/full"])
@pytest.mark.parametrize(
    "what", ["--version", "--help", "inventory --help", "decode {}", "inventory --host {}"]
)
def test_a_closed_or_full_output_is_one_line_and_no_traceback(
    what: str, stream: str, table_file: Path
) -> None:
    command = f"{sys.executable} -m dmaragent {what.format(table_file)} {stream}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (0 if "2>" in stream else 1)


@pytest.mark.parametrize("what", ["decode -", "encode - -o -"])
def test_a_closed_input_is_one_line_and_no_traceback(what: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m dmaragent {what} <&-"], capture_output=True, check=False
    )

    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


def test_a_progress_bar_shows_on_a_terminal_once_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("dmaragent.commands.shared.output.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    assert list(progress(range(4), "decoding")) == [0, 1, 2, 3]

    shown = capsys.readouterr().err
    assert "decoding [" in shown
    assert "3/4" in shown
    assert shown.endswith("\r\x1b[K")
