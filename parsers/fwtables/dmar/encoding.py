"""Encode a DMAR table: the inverse of ``decoding.py``; each field is checked."""

from fwtables.dmar.constants import StructureType
from fwtables.dmar.layouts import (
    BODIES,
    DEVICE_SCOPE,
    PATH_ENTRY,
    STRUCTURE_HEADER,
    TABLE,
    scope_length,
)
from fwtables.dmar.structures import ANDD, DMAR, DeviceScope, Scoped, Structure, UnknownStructure


def encode_dmar(table: DMAR) -> bytes:
    """Write `table` to bytes, with the header's length and checksum as they are.

    Raises:
        EncodeError: a value does not fit its field.

    """
    parts = [TABLE.pack(table, "table")]
    for number, structure in enumerate(table.structures):
        parts.append(_encode_structure(structure, f"structures[{number}]"))
    return b"".join(parts)


def _encode_structure(structure: Structure, where: str) -> bytes:
    if isinstance(structure, UnknownStructure):
        kind, body = structure.type, structure.body
    else:
        kind = structure.TYPE
        body = BODIES[StructureType(kind)].pack(structure, where)
        if isinstance(structure, ANDD):
            body += structure.acpi_object_name
        elif isinstance(structure, Scoped):
            for number, scope in enumerate(structure.device_scope):
                body += _encode_scope(scope, f"{where}.device_scope[{number}]")
        body += structure.undecoded
    length = STRUCTURE_HEADER.size + len(body)
    return STRUCTURE_HEADER.pack({"type": kind, "length": length}, where) + body


def _encode_scope(scope: DeviceScope, where: str) -> bytes:
    values = {name: getattr(scope, name) for name in DEVICE_SCOPE.names if name != "length"}
    head = DEVICE_SCOPE.pack(values | {"length": scope_length(scope)}, where)
    path = [PATH_ENTRY.pack(step, f"{where}.path[{n}]") for n, step in enumerate(scope.path)]
    return head + b"".join(path) + scope.undecoded
