"""What the program prints is on the golden screens, which `make screens` writes."""

import difflib
import re
import sys
from pathlib import Path

import pytest

from dmaragent.commands import VERBS
from support.screens import Screen, screen_files, unwritten
from support.wording import FOLDER, WORDS, read_sections

SCREENS = screen_files()
LARGEST = 1400 << 10
"""Bytes of all screens together: they are there to be read."""


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).with_suffix("").as_posix()


@pytest.mark.parametrize("path", SCREENS, ids=_name)
def test_a_verb_prints_its_golden_screen(path: Path) -> None:
    golden = path.read_text("utf-8")
    if sys.version_info[:2] != (3, 11) and "usage: " in golden:
        pytest.skip("argparse of Python 3.11 arranges the usage on this screen")

    printed = Screen.read(path).text()

    if printed != golden:
        before, after = golden.splitlines(), printed.splitlines()
        diff = difflib.unified_diff(before, after, _name(path), "printed now", lineterm="")
        pytest.fail("\n".join([*diff, "", "make screens, then read the diff"]), pytrace=False)


def test_every_machine_has_its_screens() -> None:
    assert [_name(path) for path, _ in unwritten()] == [], "make screens"


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_is_on_a_screen(verb: str) -> None:
    assert f"{verb} --help" in Screen.read(FOLDER / "help" / f"{verb}.txt").commands


@pytest.mark.parametrize("path", sorted(WORDS.glob("*.txt")), ids=lambda path: path.stem)
def test_golden_sentences_are_of_a_test_that_is_there(path: Path) -> None:
    (module,) = FOLDER.parent.rglob(f"{path.stem}.py")
    tests = set(re.findall(r"^def (test_\w+)", module.read_text("utf-8"), re.MULTILINE))

    assert {name.partition("[")[0] for name in read_sections(path)} <= tests, "make screens"


def test_all_screens_together_can_be_read() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*.txt")) <= LARGEST
