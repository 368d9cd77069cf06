"""Programs that stand in strings, for child processes, import what there is: mypy reads none of them."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_FROM = re.compile(
    r"^\s*from ((?:dmaragent|fwtables|support)[\w.]*) import ([\w, ]+)", re.MULTILINE
)
_IMPORT = re.compile(r"^\s*import ((?:dmaragent|fwtables|support)[\w.]*)", re.MULTILINE)


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of each import in the string constants of the file at `path`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            program = node.value.replace("; ", "\n")
            for module in _IMPORT.findall(program):
                yield module, ""
            for module, names in _FROM.findall(program):
                for name in names.split(","):
                    yield module, name.split(" as ")[0].strip()


def _resolves(module: str, name: str) -> bool:
    try:
        loaded = importlib.import_module(module)
        if name and not hasattr(loaded, name):
            importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True


FILES = [
    path
    for folder in ("benchmarks", "fuzz", "src", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name not in ("test_architecture.py", "test_embedded_programs.py")
]


@pytest.mark.parametrize("folder", ["benchmarks", "fuzz", "src", "tests"])
def test_what_programs_in_strings_import_is_there(folder: str) -> None:
    files = [path for path in FILES if path.is_relative_to(ROOT / folder)]

    missing = [
        f"{path.relative_to(ROOT)}: {module} {name}"
        for path in files
        for module, name in _imports(path)
        if not _resolves(module, name)
    ]

    assert missing == []


def test_an_import_of_what_is_gone_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text('CHILD = """\\nimport sys\\nfrom dmaragent.nowhere import thing\\n"""\n')

    ((module, name),) = _imports(path)

    assert (module, name) == ("dmaragent.nowhere", "thing")
    assert not _resolves(module, name)
