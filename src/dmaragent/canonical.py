"""A digest of a value that is equal for equal values, whatever order their sets were filled in.

Pure.
"""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

DIGITS = 12
"""The hexadecimal digits of a digest: enough to tell millions of classes apart."""


def digest(value: object, left_out: Mapping[type, frozenset[str]] | None = None) -> str:
    """Return the digest of `value` without the fields in `left_out`, by type."""
    text = json.dumps(canonical(value, left_out or {}), separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()[:DIGITS]


def canonical(value: object, left_out: Mapping[type, frozenset[str]]) -> Any:
    """Return `value` as what JSON has: named fields as objects, sets and mappings in order.

    Raises:
        TypeError: a part is not a value of these kinds.

    """
    if isinstance(value, Enum):
        return [type(value).__name__, value.name]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    names = _fields(value)
    if names is not None:
        skipped = left_out.get(type(value), frozenset())
        return {
            name: canonical(getattr(value, name), left_out) for name in names if name not in skipped
        }
    if isinstance(value, Mapping):
        pairs = [[canonical(key, left_out), canonical(value[key], left_out)] for key in value]
        return sorted(pairs, key=json.dumps)
    if isinstance(value, AbstractSet):
        return sorted((canonical(part, left_out) for part in value), key=json.dumps)
    if isinstance(value, tuple | list):
        return [canonical(part, left_out) for part in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _fields(value: object) -> tuple[str, ...] | None:
    """Return the names of the fields of a NamedTuple or a dataclass; None for other values."""
    if isinstance(value, tuple):
        names: tuple[str, ...] | None = getattr(value, "_fields", None)
        return names
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(field.name for field in fields(value))
    return None
