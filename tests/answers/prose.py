"""Documents without their prose: the strings that docs/schema marks with ``x-prose``.

Two documents that are equal without prose have the same facts, whatever the words.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"
REMOVED = "(prose)"
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


@cache
def _schema(format_name: str, version: int) -> dict[str, Any] | None:
    name = format_name.removeprefix("dmaragent.").replace("_", "-")
    path = SCHEMAS / f"{name}.v{version}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def without_prose(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of :mod:`answers.answer` with the prose of its document removed."""
    document = answer["document"]
    if not isinstance(document, dict) or "format" not in document:
        return answer
    schema = _schema(str(document["format"]), int(document["version"]))
    if schema is None:
        return answer
    return answer | {"document": _removed(document, schema, schema.get("$defs", {}))}


def _removed(value: Any, schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]] | schema
    for part in schema.get("oneOf", ()):
        value = _removed(value, part, defs)
    types = schema.get("type", ())
    names = [types] if isinstance(types, str) else types
    if not any(isinstance(value, _TYPES[name]) for name in names):
        return value
    if isinstance(value, str):
        return REMOVED if schema.get("x-prose") and value else value
    if isinstance(value, list) and "items" in schema:
        return [_removed(item, schema["items"], defs) for item in value]
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        every = others if isinstance(others, dict) else {}
        return {key: _removed(item, known.get(key, every), defs) for key, item in value.items()}
    return value
