"""Structures to DMAR table bytes: the inverse of ``decoding.py``, field by checked field."""

from dataclasses import replace

from fwtables.dmar.constants import StructureType
from fwtables.dmar.layouts import BODIES, DEVICE_SCOPE, PATH_ENTRY, STRUCTURE_HEADER, TABLE
from fwtables.dmar.structures import ANDD, RHSA, DeviceScope, Structure, UnknownStructure
from fwtables.dmar.table import Decoded, scope_length
from fwtables.errors import EncodeError
from fwtables.layout import Layout


def encode(decoded: Decoded) -> bytes:
    """Write `decoded` back to bytes, header length and checksum as they stand.

    Of what `decode` gave these are the very bytes that were decoded.

    Raises:
        EncodeError: a value does not fit its field.

    """
    table = decoded.table
    if table is None:
        return decoded.undecoded
    parts = [_pack(TABLE, table, "table")]
    parts += [
        _encode_structure(each, f"structures[{n}]") for n, each in enumerate(table.structures)
    ]
    return b"".join(parts) + decoded.undecoded


def seal(decoded: Decoded) -> Decoded:
    """Give `decoded` with the header's length and checksum recomputed from its bytes.

    Raises:
        EncodeError: a value does not fit its field.

    """
    if decoded.table is None:
        return decoded
    data = encode(decoded)
    table = replace(decoded.table, length=len(data), checksum=0)
    total = sum(encode(replace(decoded, table=table)))
    return replace(decoded, table=replace(table, checksum=-total % 256))


def _encode_structure(structure: Structure, where: str) -> bytes:
    if isinstance(structure, UnknownStructure):
        kind, body = structure.type, structure.body
    else:
        kind = structure.TYPE
        body = _pack(BODIES[StructureType(kind)], structure, where)
        if isinstance(structure, ANDD):
            body += structure.acpi_object_name
        elif not isinstance(structure, RHSA):
            for number, scope in enumerate(structure.device_scope):
                body += _encode_scope(scope, f"{where}.device_scope[{number}]")
        body += structure.undecoded
    length = STRUCTURE_HEADER.size + len(body)
    return _pack(STRUCTURE_HEADER, {"type": kind, "length": length}, where) + body


def _encode_scope(scope: DeviceScope, where: str) -> bytes:
    values = {name: getattr(scope, name) for name in DEVICE_SCOPE.names if name != "length"}
    head = _pack(DEVICE_SCOPE, values | {"length": scope_length(scope)}, where)
    path = [_pack(PATH_ENTRY, hop, f"{where}.path[{n}]") for n, hop in enumerate(scope.path)]
    return head + b"".join(path) + scope.undecoded


def _pack(layout: Layout, values: object, where: str) -> bytes:
    """Pack the fields of `layout` from a mapping or an object, each checked to fit."""
    packed = []
    for name, limit, width in zip(layout.names, layout.limits, layout.widths, strict=True):
        value = values[name] if isinstance(values, dict) else getattr(values, name)
        if limit is None:
            if not isinstance(value, bytes) or len(value) != width:
                raise EncodeError(f"must be {_bytes(width)} long", f"{where}.{name}")
        elif not isinstance(value, int) or not 0 <= value < limit:
            raise EncodeError(f"{value} does not fit {_bytes(width)}", f"{where}.{name}")
        packed.append(value)
    return layout.packer.pack(*packed)


def _bytes(count: int) -> str:
    return f"{count} byte" + "s" * (count != 1)
