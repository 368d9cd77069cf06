"""What the pages for developers tell step by step works, to the letter, in a copy of the sources."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.how_to import Edit, commands_of, copy_sources, edits_of, run, run_tests

pytestmark = pytest.mark.slow  # the tests of the page run in the copy


@pytest.fixture
def copy() -> Iterator[Path]:
    """Give a copy below a short path: some tests read lines that a long one would wrap."""
    with TemporaryDirectory(prefix="how-to-") as folder:
        copy_sources(Path(folder))
        yield Path(folder)


def _write_page(copy: Path, name: str) -> None:
    """Do for one page what ``make docs`` does for all."""
    made = run(copy, "-m", f"support.{name}_page", below="tests")
    (copy / f"docs/{name}.md").write_text(made.stdout, "utf-8")


def _follow(copy: Path, page: str, generated: str) -> list[Edit]:
    """Follow a page: its first edit makes the tests fail, the others make them pass."""
    first, *others = edits_of(page)
    tests = [command for command in commands_of(page) if " -m pytest " in command]

    first.make(copy)
    failed = run_tests(copy, tests[0], "--exitfirst")
    assert failed.returncode == 1, failed.stdout
    for edit in others:
        edit.make(copy)
    _write_page(copy, generated)
    assert set(tests[0].split()) <= set(tests[-1].split())  # so the last command runs all
    run_tests(copy, tests[-1], "--write-words")  # make screens
    passed = run_tests(copy, tests[-1])
    assert passed.returncode == 0, passed.stdout
    ruff = run(copy, "-m", "ruff", "check", *{edit.file for edit in (first, *others)})
    assert ruff.returncode == 0 or "No module named ruff" in ruff.stderr, ruff.stdout
    return [first, *others]


def _files(edits: list[Edit]) -> set[str]:
    return {edit.file for edit in edits}


def test_a_finding_is_added_as_the_page_says(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMARAGENT_CORPUS", str(copy / "none"))  # 5 is about real tables

    edits = _follow(copy, "adding-a-finding.md", "findings")

    assert len(_files(edits)) == 2
    assert "oem-id-blank" in run(copy, "-m", "dmaragent", "check", "--list").stdout


def test_a_message_is_added_as_the_page_says(copy: Path) -> None:
    edits = _follow(copy, "adding-a-message.md", "messages")

    assert len(_files(edits)) == 2
    assert "linux-device-asleep" in run(copy, "-m", "dmaragent", "why", "--list").stdout
