"""The edits that a page tells its reader to make, made in a copy of the sources.

A page says ``In `FILE`, at the end of `NAME`:`` or ``above `NAME```, and a block of Python follows.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_EDIT = re.compile(
    r"^In `(?P<file>[^`]+)`, (?P<place>at the end of|above) `(?P<name>\w+)`:\n\n"
    r"```python\n(?P<code>.*?)```",
    re.DOTALL | re.MULTILINE,
)
_IGNORED = shutil.ignore_patterns("__pycache__", "vm")


@dataclass(frozen=True, slots=True)
class Edit:
    """One block of code, and where the page puts it."""

    file: str
    above: bool
    """Whether it goes above the name's assignment; else it is the last item of its value."""
    name: str
    code: str

    def make(self, copy: Path) -> None:
        """Put the block into the file of `copy`."""
        path = copy / self.file
        lines = path.read_text("utf-8").splitlines(keepends=True)
        value = _assignment(ast.parse("".join(lines)), self.name)
        if self.above:
            lines.insert(value.lineno - 1, f"{self.code}\n\n")
        else:
            assert value.end_lineno is not None
            lines.insert(value.end_lineno - 1, self.code)
        path.write_text("".join(lines), "utf-8")


def _assignment(module: ast.Module, name: str) -> ast.stmt:
    for statement in module.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return statement
    raise AssertionError(f"no {name} is assigned")


def edits_of(page: str) -> list[Edit]:
    """Return the edits of a page of docs/, in its order; every block of Python is one."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    edits = [
        Edit(match["file"], match["place"] == "above", match["name"], match["code"])
        for match in _EDIT.finditer(text)
    ]
    assert len(edits) == text.count("```python\n"), "a block does not say where it goes"
    return edits


def commands_of(page: str) -> list[str]:
    """Return the commands of a page that stand indented, in its order."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return re.findall(r"^    ((?:make|\.venv/bin/)\S* ?[^#\n]*)", text, re.MULTILINE)


def copy_sources(copy: Path) -> None:
    """Copy all that the commands of the pages read, but for recorded machines."""
    for folder in ("src", "parsers", "tests", "docs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=_IGNORED)
    for file in (*ROOT.glob("*.md"), ROOT / "pyproject.toml"):
        shutil.copy(file, copy)
    (copy / "testdata").symlink_to(ROOT / "testdata")


def run(copy: Path, *words: str, below: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python with `words` on the sources in `copy`, in its folder or in one `below` it."""
    paths = os.pathsep.join(str(copy / folder) for folder in ("src", "parsers"))
    return subprocess.run(
        [sys.executable, *words],
        cwd=copy / below,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def run_tests(copy: Path, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a page's `command`, ``.venv/bin/python -m pytest -q FILES``."""
    words = command.split()
    assert words[:4] == [".venv/bin/python", "-m", "pytest", "-q"]
    files = [str(file.relative_to(copy)) for word in words[4:] for file in sorted(copy.glob(word))]
    assert files
    return run(copy, *words[1:4], "-p", "no:cacheprovider", *options, *files)
