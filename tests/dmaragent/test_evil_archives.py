"""Damaged and malicious archives: the answer or one clear error, and nothing written."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.formats.decompress import FREE_EXPANSION, LARGEST_RATIO
from dmaragent.collect.open_host import open_host
from dmaragent.errors import HostError
from dmaragent.present.escaping import visible
from support import evil_archives
from support.machines import MACHINES

pytestmark = pytest.mark.slow  # archives that expand to gigabytes


Case = tuple[str, bytes]
KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "cut": evil_archives.cut,
    "flipped": evil_archives.flipped,
    "shuffled": evil_archives.shuffled,
    "built": evil_archives.built,
}


def test_there_are_more_than_a_thousand() -> None:
    assert sum(1 for _ in itertools.chain(*(make() for make in KINDS.values()))) > 1000


@pytest.mark.parametrize("kind", KINDS)
def test_an_evil_archive_gives_the_answer_or_one_clear_error(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, temporary, given = (tmp_path / name for name in ("here", "temporary", "given"))
    for folder in (here, temporary, given):
        folder.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("TMPDIR", str(temporary))
    path = given / "bundle"
    expected = collect(open_host(str(MACHINES / evil_archives.MACHINE)).reader)
    wrong, refused = [], 0
    for what, data in KINDS[kind]():
        path.write_bytes(data)
        try:
            if collect(open_host(str(path)).reader) != expected:
                wrong.append(f"{what}: another answer")
        except HostError as error:
            refused += 1
            if not _is_clear(error, str(path)):
                wrong.append(f"{what}: {error.message}")
        except Exception as error:  # noqa: BLE001 - that none comes is what is tested
            wrong.append(f"{what}: {error!r}")

    assert wrong == []
    assert refused > 100
    assert [*here.iterdir(), *temporary.iterdir()] == []
    assert [each.name for each in given.iterdir()] == ["bundle"]


def _is_clear(error: HostError, path: str) -> bool:
    """Tell whether an error is one line of this archive that says what to do, and no page."""
    said = visible(error.message)
    return said == error.message and said.startswith(path) and bool(error.hint) and len(said) < 900


_CHILD = """
import re, sys
import dmaragent.collect.open_tree
from dmaragent.collect.open_host import open_host
from dmaragent.errors import HostError
def peak():
    return int(re.search("VmHWM:\\\\s+([0-9]+)", open("/proc/self/status").read())[1]) >> 10
before = peak()
try:
    open_host(sys.argv[1])
except HostError as error:
    print(error.message)
print(peak() - before)
"""
MOST_MEMORY = 32
"""MiB that opening one of these may add: a few pieces, and what the decoder needs."""


@pytest.mark.parametrize("name", evil_archives.BOMBS)
def test_a_bomb_is_given_up_early_and_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(evil_archives.BOMBS[name]())
    ran = subprocess.run(
        [sys.executable, "-c", _CHILD, path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    said, megabytes = ran.stdout.splitlines()
    assert said.startswith(str(path))
    assert int(megabytes) <= MOST_MEMORY
    assert ("Memory usage limit exceeded" in said) == name.startswith("xz that needs")
    if " of it expand to more than " in said:
        most = max(FREE_EXPANSION, LARGEST_RATIO * path.stat().st_size)
        assert int(said.rpartition(" ")[2]) <= most < evil_archives.BOMB
