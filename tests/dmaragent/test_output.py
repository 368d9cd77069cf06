"""Outputs that cannot be written: full, closed by the reader, of every verb."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.commands import VERBS
from support.machines import MACHINES

pytestmark = pytest.mark.slow  # the program runs for each case


HP = MACHINES / "hp-dl380e-gen8"
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
EVERY_VERB = {
    "inventory": "inventory --host {}",
    "check": "check --host {}",
    "check, JSON": "check --host {} --json",
    "check --list": "check --list",
    "devices": "devices --host {}",
    "devices, CSV": "devices --host {} --csv",
    "explain": "explain 0a:00.0 --host {}",
    "why": "why 'RDM conflict at 0xe8000' --host {}",
    "resolve": "resolve --memory 4096 --pci 0a:00.0 --host {}",
    "hotplug": "hotplug 0a:00.0 --into {}/../guest.cfg --host {}",
    "diff": "diff {} {}",
    "fleet show": "fleet show {}/..",
    "boot-option": "boot-option --check rmrr=0xe8=0a:00.0 --host {}",
    "report": "report --host {} -o -",
    "dump": "dump --host {} -o -",
    "status": "status --runtime {}/../none",
    "decode": "decode {}",
    "schema": "schema inventory",
    "demo": "demo",
    "encode": "encode {}/../dmar.json -o -",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Give a link to a machine, with a guest and a table's JSON beside it."""
    (tmp_path / "machine").symlink_to(HP)
    (tmp_path / "guest.cfg").write_text('name = "g"\ntype = "hvm"\nmemory = 1024\n')
    command = [sys.executable, "-m", "dmaragent", "decode", "--json", str(HP)]
    document = subprocess.run(command, capture_output=True, check=True).stdout
    (tmp_path / "dmar.json").write_bytes(document)
    return tmp_path / "machine"


@needs_full
@pytest.mark.parametrize("verb", EVERY_VERB)
def test_an_output_that_cannot_be_written_is_said_in_one_line(verb: str, machine: Path) -> None:
    command = EVERY_VERB[verb].replace("{}/..", str(machine.parent)).replace("{}", str(machine))
    shell = f"{sys.executable} -m dmaragent {command} >/dev/full"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, check=False)

    words = shlex.split(f"{sys.executable} -m dmaragent {command}")
    left_out = _left_out(words).decode() if verb.startswith("fleet") else ""
    assert done.stderr.decode() == (
        f"{left_out}dmaragent: the output could not be written: No space left on device\n"
    )
    assert done.returncode == 2


def test_every_verb_is_held_against_a_full_output() -> None:
    assert {one.partition(" ")[0] for one in EVERY_VERB.values()} == {
        verb
        for verb in VERBS
        if verb not in ("agent", "watch")  # which prints nothing; which ends only by a signal
    }


@pytest.mark.parametrize("verb", EVERY_VERB)
def test_a_reader_that_has_seen_enough_hears_nothing(verb: str, machine: Path) -> None:
    command = EVERY_VERB[verb].replace("{}/..", str(machine.parent)).replace("{}", str(machine))
    reader, writer = os.pipe()
    os.close(reader)  # before anything is written: no race over who is first
    words = shlex.split(f"{sys.executable} -m dmaragent {command}")
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    left_out = _left_out(words) if verb.startswith("fleet") else b""
    assert (done.stderr, done.returncode) == (left_out, -signal.SIGPIPE)


def _left_out(words: list[str]) -> bytes:
    """Return what is said of files that are no documents, before the answer."""
    return subprocess.run(words, capture_output=True, check=False).stderr


@needs_full
@pytest.mark.parametrize("what", ["explain no-address", "no-verb"])
def test_an_error_that_cannot_be_written_keeps_its_exit_code(what: str) -> None:
    shell = f"{sys.executable} -m dmaragent {what} 2>/dev/full"

    assert subprocess.run(["sh", "-c", shell], capture_output=True, check=False).returncode == 2
