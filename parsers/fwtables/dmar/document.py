"""A DMAR table as plain data and back.

Values that follow from others (``offset``, ``length`` of a structure) are written for readers
and not read back.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fwtables import fields
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

if TYPE_CHECKING:
    from fwtables.dmar import schema

_KINDS = fields.OneOf(
    "structure",
    fields.classes_by_name(STRUCTURES.values(), UnknownStructure),
    derived=frozenset({"offset", "length"}),
)
_NAMES = {cls: name for name, cls in _KINDS.classes.items()}
_STEP = re.compile(r"([0-9A-Fa-f]{1,2})\.([0-9A-Fa-f]{1,2})")


def table_document(table: DMAR) -> "schema.Table":
    """Return `table` as plain data."""
    document: schema.Table = fields.table_document(table, "structures", _structures(table))
    return document


def _structures(table: DMAR) -> Iterator[Any]:
    for offset, structure in located(table):
        yield {
            "structure": _NAMES[type(structure)],
            "offset": offset,
            "length": structure_length(structure),
            **fields.fields_document(structure, {"device_scope": _scope_document}),
        }


def _scope_document(scope: DeviceScope) -> Any:
    return fields.fields_document(scope, {"path": str})


def read_table(document: object, where: str) -> DMAR:
    """Read back what :func:`table_document` returned, or an edited form of it.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    return fields.read_table(DMAR, "structures", _read_structure, document, where)


def _read_structure(document: object, where: str) -> Structure:
    lists = {"device_scope": _read_scope}
    structure: Structure = fields.read_one_of(document, _KINDS, where, lists)
    return structure


def _read_scope(document: object, where: str) -> DeviceScope:
    names, required = fields.names_of(DeviceScope), fields.required_of(DeviceScope)
    values = fields.mapping(document, where, names, required)
    return DeviceScope(**fields.read_fields(DeviceScope, values, where, {"path": _read_step}))


def _read_step(value: object, where: str) -> PathEntry:
    step = _STEP.fullmatch(value) if isinstance(value, str) else None
    if step is None:
        raise DocumentError(f'{fields.quoted(value)} is not "dd.f" in hexadecimal', where)
    return PathEntry(int(step[1], 16), int(step[2], 16))
