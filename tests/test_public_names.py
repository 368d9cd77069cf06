"""What other programs may use says what it means: every public name, and every field of it."""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import get_args, get_type_hints

import pytest

import dmaragent
import fwtables
from dmaragent import api

PUBLIC = [
    (package, name) for package in (dmaragent, api, fwtables) for name in sorted(package.__all__)
]
OF_EVERY_STRUCTURE = {
    *("TYPE", "reserved", "segment_number", "device_scope", "undecoded"),
    *("type", "device_id", "dte_settings", "reserved_2"),
}
"""What the heads of fwtables.dmar.structures and fwtables.ivrs.structures say once for all."""


def _said(package: ModuleType, name: str) -> str:
    """Give a name's docstring; of a value the string that stands below it."""
    value = getattr(package, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        said = value.__doc__ or ""
        return "" if said.startswith(f"{name}(") else said  # a dataclass's own is its signature
    for module in [package.__name__, *_imported_from(package, name)]:
        found = _below(importlib.import_module(module), name)
        if found:
            return found
    return ""


def _imported_from(package: ModuleType, name: str) -> list[str]:
    tree = ast.parse(inspect.getsource(package))
    return [
        str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and name in {one.name for one in node.names}
    ]


def _below(module: ModuleType, name: str) -> str:
    """Give the string that stands below the assignment of `name`."""
    body = ast.parse(inspect.getsource(module)).body
    for node, after in pairwise(body):
        assigned = isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        )
        if assigned and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
    return ""


def _field_names(value: object) -> tuple[str, ...]:
    """Return the names of the fields of a dataclass or a named tuple; none of anything else."""
    if is_dataclass(value):
        return tuple(field.name for field in fields(value))
    return tuple(getattr(value, "_fields", ()))


@pytest.mark.parametrize(("package", "name"), PUBLIC)
def test_a_public_name_says_what_it_means(package: ModuleType, name: str) -> None:
    said = _said(package, name)

    assert said.rstrip().split("\n")[0].strip().endswith((".", ":", ","))


@pytest.mark.parametrize(
    ("package", "name"), [each for each in PUBLIC if _field_names(getattr(*each))]
)
def test_a_field_of_a_public_class_says_what_it_is(package: ModuleType, name: str) -> None:
    cls = getattr(package, name)
    said = "\n".join(str(each.__doc__) for each in cls.__mro__) + "\n"
    said += "\n".join(_strings_in(each) for each in cls.__mro__ if _is_ours(each))
    silent = {
        field for field in _field_names(cls) if not re.search(rf"\b{field}\b", said)
    } - OF_EVERY_STRUCTURE

    assert silent == set()


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in {dmaragent.__name__, fwtables.__name__}


def _strings_in(cls: type) -> str:
    """Give the names of the fields that a string stands below."""
    (tree,) = ast.parse(dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    return "\n".join(
        node.target.id
        for node, after in pairwise(tree.body)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    )


@pytest.mark.parametrize(("package", "name"), PUBLIC)
def test_a_public_method_says_what_it_gives(package: ModuleType, name: str) -> None:
    value = getattr(package, name)
    if not inspect.isclass(value) or not value.__module__.startswith(("dmaragent", "fwtables")):
        return
    for method, made in vars(value).items():
        if not method.startswith("_") and (isinstance(made, property) or inspect.isfunction(made)):
            assert made.__doc__, f"{name}.{method}"


@pytest.mark.parametrize(("package", "name"), PUBLIC)
def test_a_public_function_names_the_errors_it_raises(package: ModuleType, name: str) -> None:
    function = getattr(package, name)
    if not inspect.isfunction(function):
        return
    raised = {
        getattr(node.exc.func, "id", "")
        for node in ast.walk(ast.parse(inspect.getsource(function)))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    }

    assert all(f"{error}: " in (function.__doc__ or "") for error in raised if error)


def test_the_types_that_public_names_lead_to_are_public_or_listed_as_private() -> None:
    """What a public name returns, takes or has as a field; docs/stability.md lists the exceptions."""
    found = {cls.__name__ for name in api.__all__ for cls in _types_of(getattr(api, name))}
    page = (Path(__file__).parents[1] / "docs/stability.md").read_text("utf-8")
    listed = page.split("a value of a private class: ")[1].split(". ")[0]

    assert sorted(found - set(api.__all__)) == re.findall(r"`(\w+)`", listed)


def _types_of(value: object) -> Iterator[type]:
    """Yield the classes of dmaragent in the annotations of a class or function, or in an alias."""
    if inspect.isfunction(value):
        hints: list[object] = [*get_type_hints(value).values()]
    elif isinstance(value, type) and _is_ours(value):
        own = [cls for cls in value.__mro__ if _is_ours(cls)]
        members = [(name, each) for cls in own for name, each in vars(cls).items()]
        public = [each for name, each in members if not name.startswith("_")]
        methods = [each.fget if isinstance(each, property) else each for each in public]
        fields_of = [get_type_hints(cls).items() for cls in own]
        hints = [hint for each in fields_of for name, hint in each if not name.startswith("_")]
        for method in methods:
            if inspect.isfunction(method):
                hints += get_type_hints(method).values()
    else:
        hints = [value]
    for hint in hints:
        yield from _classes_in(hint)


def _classes_in(hint: object) -> Iterator[type]:
    for part in get_args(hint):
        yield from _classes_in(part)
    if isinstance(hint, type) and _is_ours(hint):
        yield hint


def test_the_example_of_the_page_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs/stability.md").read_text("utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(root)
    exec(example, {})  # noqa: S102 - it is ours

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "False"
    assert any(line.startswith("Effect.REFUSED ") for line in lines)
    assert any("rdm_mem_boundary = " in line for line in lines[2:])


def test_the_example_of_the_parsers_runs(capsys: pytest.CaptureFixture[str]) -> None:
    from support.tables import EVERY_STRUCTURE  # noqa: PLC0415 - for this alone

    path = sys.modules["fwtables"].__path__[0]
    with open(f"{path}/../README.md", encoding="utf-8") as file:
        example = file.read().split("```python\n")[1].split("```")[0]
    exec(example, {"data": EVERY_STRUCTURE})  # noqa: S102 - it is ours
    exec(example, {"data": b"no table"})  # noqa: S102

    assert "there is not" not in capsys.readouterr().out
