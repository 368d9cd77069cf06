"""A DMAR table as plain data and back.

Facts that follow from others (``offset``, ``length`` of a structure) are written for readers
and not read back.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fwtables.dmar.layouts import located, structure_length
from fwtables.dmar.structures import (
    DMAR,
    STRUCTURES,
    DeviceScope,
    PathEntry,
    Structure,
    UnknownStructure,
)
from fwtables.errors import DocumentError
from fwtables.fields import (
    fields_document,
    mapping,
    names_of,
    quoted,
    read_fields,
    read_list,
    required_of,
)

if TYPE_CHECKING:
    from fwtables.dmar import schema

_UNKNOWN = "unknown"
_CLASSES: dict[str, type[Structure]] = {
    **{cls.__name__: cls for cls in STRUCTURES.values()},
    _UNKNOWN: UnknownStructure,
}
_NAMES = {cls: name for name, cls in _CLASSES.items()}
_STEP = re.compile(r"([0-9A-Fa-f]{1,2})\.([0-9A-Fa-f]{1,2})")
_STRUCTURES = frozenset({"structures"})
_DERIVED = {"structure", "offset", "length"}


def table_document(table: DMAR) -> "schema.Table":
    """Return `table` as plain data."""
    document: schema.Table = fields_document(table, {}, skip=_STRUCTURES)
    structures: list[Any] = [
        {
            "structure": _NAMES[type(structure)],
            "offset": offset,
            "length": structure_length(structure),
            **fields_document(structure, {"device_scope": _scope_document}),
        }
        for offset, structure in located(table)
    ]
    document["structures"] = structures
    return document


def _scope_document(scope: DeviceScope) -> Any:
    return fields_document(scope, {"path": str})


def read_table(document: object, where: str) -> DMAR:
    """Read back what :func:`table_document` returned, or an edited form of it.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    values = mapping(document, where, names_of(DMAR), required_of(DMAR))
    if not isinstance(values.get("structures", []), list):
        raise DocumentError("must be a list", f"{where}.structures")
    return DMAR(
        **read_fields(DMAR, values, where, {}, skip=_STRUCTURES),
        structures=read_list(values.get("structures", []), f"{where}.structures", _read_structure),
    )


def _read_structure(document: object, where: str) -> Structure:
    if not isinstance(document, Mapping):
        raise DocumentError("must be an object", where)
    name = document.get("structure")
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None:
        *others, last = _CLASSES
        wanted = f"{', '.join(others)} or {last}"
        raise DocumentError(f"{quoted(name)} is not {wanted}", f"{where}.structure")
    values = mapping(document, where, _DERIVED | names_of(cls), required_of(cls))
    return cls(**read_fields(cls, values, where, {"device_scope": _read_scope}))


def _read_scope(document: object, where: str) -> DeviceScope:
    values = mapping(document, where, names_of(DeviceScope), required_of(DeviceScope))
    return DeviceScope(**read_fields(DeviceScope, values, where, {"path": _read_step}))


def _read_step(value: object, where: str) -> PathEntry:
    step = _STEP.fullmatch(value) if isinstance(value, str) else None
    if step is None:
        raise DocumentError(f'{quoted(value)} is not "dd.f" in hexadecimal', where)
    return PathEntry(int(step[1], 16), int(step[2], 16))
