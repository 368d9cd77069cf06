"""The values of enumerations: those of the schemas, and those that docs/glossary.md explains.

In the glossary a heading of the third level has the JSON keys in backquotes.  The rows of the table
below it are the values that these keys can have, in backquotes, each with its meaning.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/glossary.md"
SCHEMAS = ROOT / "docs/schema"

_KEYS_OF_THE_DOCUMENT = {"format", "version"}
"""Keys with one value, which names the document itself, as ``dmaragent.check`` does."""

Enumeration = tuple[str, frozenset[str]]
"""A JSON key, and the values that it can have in one place."""


def of_schemas() -> set[Enumeration]:
    """Return the enumerations of all schemas, without those that are part of a larger one."""
    found: set[Enumeration] = set()
    for path in sorted(SCHEMAS.glob("*.json")):
        found |= of_schema(json.loads(path.read_text("utf-8")))
    return {
        (key, values)
        for key, values in found
        if not any(key == other and values < more for other, more in found)
    }


def of_schema(schema: Mapping[str, Any]) -> set[Enumeration]:
    """Return the enumerations of `schema`; the constants of one key are one enumeration."""
    found: set[Enumeration] = set()
    constants: dict[str, set[str]] = {}
    for key, node in _nodes(schema, schema, ""):
        if "enum" in node:
            found.add((key, frozenset(str(value) for value in node["enum"] if value is not None)))
        elif node.get("const"):
            constants.setdefault(key, set()).add(str(node["const"]))
    for key in _KEYS_OF_THE_DOCUMENT & schema["properties"].keys():
        constants[key].discard(str(schema["properties"][key].get("const")))
    found |= {(key, frozenset(values)) for key, values in constants.items() if values}
    return found


def _nodes(node: Any, schema: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """Yield each object below `node` with the key that has its value in a document."""
    if isinstance(node, dict):
        yield key, node
        name = node.get("$ref", "").rpartition("/")[2]
        if name and "enum" in schema["$defs"][name]:
            yield key, schema["$defs"][name]
    for inner, child in _children(node, key):
        yield from _nodes(child, schema, inner)


def _children(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield what is in `node`, each with its key; enumerations of ``$defs`` only by reference."""
    if isinstance(node, list):
        yield from ((key, child) for child in node)
    if not isinstance(node, dict):
        return
    for word, child in node.items():
        if word == "properties":
            yield from child.items()
        elif word == "$defs":
            yield from (("", one) for one in child.values() if "enum" not in one)
        elif word not in ("enum", "const"):
            yield key, child


def of_page(text: str) -> dict[Enumeration, dict[str, str]]:
    """Return the enumerations of the glossary `text`, with the meaning of each value."""
    found: dict[Enumeration, dict[str, str]] = {}
    for section in re.split(r"^(?=##+ )", text, flags=re.MULTILINE):
        heading, _, body = section.partition("\n")
        if not heading.startswith("### `"):
            continue
        rows = re.findall(r"^\| `([^`]*)` \| (.+?) \|$", body, re.MULTILINE)
        meanings = dict(rows)
        if len(meanings) != len(rows):
            raise ValueError(f"a value is there twice: {heading}")
        keys = re.findall(r"`([^`]+)`", re.split(r" (?:of|on|for|in) ", heading)[0])
        for key in keys:
            if (key, frozenset(meanings)) in found:
                raise ValueError(f"explained twice: {heading}")
            found[key, frozenset(meanings)] = meanings
    return found
