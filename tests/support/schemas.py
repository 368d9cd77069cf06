"""docs/schema and the components of docs/openapi.json, from the types (``make docs``)."""

import ast
import inspect
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints

from dmaragent.present.json import schema as package
from dmaragent.present.json.schema.guest_request import GuestRequest
from dmaragent.present.json.schema.message_request import MessageRequest
from fwtables import fields
from fwtables import schema as tables
from fwtables.dmar import schema as dmar
from fwtables.ivrs import schema as ivrs

DOCS = Path(__file__).parents[2] / "docs"
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
_WIDTH = 100


def schemas() -> dict[str, str]:
    """Return the text of each schema by its file's name."""
    modules = [import_module(f"{package.__name__}.{name}") for name in _names()]
    texts = {}
    for name, module in zip(_names(), modules, strict=True):
        title = "".join(word.capitalize() for word in name.split("_"))
        document = getattr(module, f"{title}Document", None)
        if document is not None:
            text = _laid_out(_Schema([fields, dmar, ivrs, tables, *modules]).document(document))
            (version,) = get_args(get_type_hints(document).get("version", Literal[1]))
            texts[f"{name.replace('_', '-')}.v{version}.json"] = f"{text}\n"
    return texts


def openapi() -> str:
    """Return docs/openapi.json with what a client sends as a component; the rest stays."""
    text: dict[str, Any] = json.loads((DOCS / "openapi.json").read_text("utf-8"))
    schema = _Schema([], place="#/components/schemas")
    return (
        json.dumps(
            text | {"components": {"schemas": schema.components(GuestRequest, MessageRequest)}},
            indent=1,
        )
        + "\n"
    )


def _names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(package.__path__)]


class _Schema:
    """One document's schema; what has a name is a definition of its own."""

    def __init__(self, modules: list[ModuleType], place: str = "#/$defs") -> None:
        self._place = place
        self._defs: dict[str, Any] = {}
        self._owners: dict[str, type] = {}
        self._aliases = [
            (name, value, dict(_docstrings(_tree(module))).get(name, ""))
            for module in modules
            for name, value in vars(module).items()
            if get_origin(value) is Annotated
        ]

    def document(self, cls: type) -> dict[str, Any]:
        """Return the whole schema of `cls`, whose docstring begins with the title."""
        title, _, description = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title.removesuffix("."),
            "description": " ".join(description.split()),
            **self._object(cls),
        }
        return schema | ({"$defs": self._defs} if self._defs else {})

    def components(self, *classes: type) -> dict[str, Any]:
        """Return the schemas of `classes` and of what they contain, by name."""
        for cls in classes:
            self._value(cls)
        return self._defs

    def _object(self, cls: type) -> dict[str, Any]:
        hints = get_type_hints(cls, include_extras=True)
        descriptions = dict(_descriptions(cls))
        properties = {}
        for name, hint in hints.items():
            optional = get_origin(hint) is NotRequired
            properties[name] = self._value(get_args(hint)[0] if optional else hint)
            if name in descriptions:
                properties[name] |= {"description": descriptions[name]}
        required: frozenset[str] = vars(cls)["__required_keys__"]
        return {
            "type": "object",
            "required": [name for name in hints if name in required],
            "additionalProperties": False,
            "properties": properties,
        }

    def _value(self, hint: Any) -> dict[str, Any]:
        kind, parts = get_origin(hint), get_args(hint)
        if kind is Annotated:
            return self._annotated(hint, *parts)
        if kind is Literal:
            return {"enum": list(parts)} if len(parts) > 1 else {"const": parts[0]}
        if kind is list:
            return {"type": "array", "items": self._value(parts[0])}
        if kind is dict:
            names, values = map(self._value, parts)
            made = {"type": "object", "additionalProperties": values}
            return made if names == {"type": "string"} else made | {"propertyNames": names}
        if kind in (Union, UnionType):
            return _either([self._value(part) for part in parts])
        if hint in _PLAIN:
            return {"type": _PLAIN[hint]}
        if (name := hint.__name__) in self._owners:
            return self._defined(name, hint, {})
        self._owners[name] = hint
        about = " ".join(inspect.cleandoc(hint.__doc__ or "").split())
        return self._defined(name, hint, self._object(hint) | {"description": about})

    def _annotated(self, hint: Any, plain: Any, *keywords: Any) -> dict[str, Any]:
        named = [alias for alias in self._aliases if alias[1] == hint]
        # A module that imports an alias has it too, without the string below its definition.
        name, _, description = max(named, key=lambda alias: alias[2], default=("", hint, ""))
        made = self._value(plain)
        for keyword in keywords:
            if isinstance(keyword, tuple):
                made[keyword[0]] = keyword[1]
            else:
                made["enum"] = [member.value for member in keyword]
        if description:
            made["description"] = description
        return self._defined(name, hint, made) if name else made

    def _defined(self, name: str, hint: Any, made: dict[str, Any]) -> dict[str, Any]:
        """Have `made` in the definitions, and return a reference to it."""
        assert self._owners.setdefault(name, hint) == hint, f"two types have the name {name}"
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        if made:
            self._defs[name] = made
        return {"$ref": f"{self._place}/{name}"}


def _descriptions(cls: type) -> Iterator[tuple[str, str]]:
    """Return the docstring of each field of `cls` and of the classes that it extends."""
    module = sys.modules[cls.__module__]
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id != "TypedDict":
                    yield from _descriptions(getattr(module, base.id))
            yield from _docstrings(node)


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _docstrings(node: ast.Module | ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Return the names that are assigned or annotated in `node`, with the strings below them."""
    for named, below in pairwise(node.body):
        if isinstance(named, ast.Assign | ast.AnnAssign) and isinstance(below, ast.Expr):
            target = named.target if isinstance(named, ast.AnnAssign) else named.targets[0]
            if isinstance(target, ast.Name) and isinstance(below.value, ast.Constant):
                yield target.id, " ".join(str(below.value.value).split())


def _either(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what accepts any of `schemas`, of which no value fits two."""
    first, *others = schemas
    if others == [{"type": "null"}] and "type" in first and "enum" not in first:
        return first | {"type": [first["type"], "null"]}
    return {"oneOf": schemas}


def _laid_out(value: Any, margin: str = "") -> str:
    """Return `value` as JSON: what fits a line is in one."""
    line = json.dumps(value)
    if not isinstance(value, dict | list) or len(margin) + len(line) <= _WIDTH - 20:
        return line
    inner = f"{margin} "
    if isinstance(value, list):
        body = [_laid_out(item, inner) for item in value]
    else:
        body = [f"{json.dumps(key)}: {_laid_out(item, inner)}" for key, item in value.items()]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    return f"{opening}\n{inner}" + f",\n{inner}".join(body) + f"\n{margin}{closing}"


if __name__ == "__main__":
    for file, text in schemas().items():
        (DOCS / "schema" / file).write_text(text, "utf-8")
    (DOCS / "openapi.json").write_text(openapi(), "utf-8")
