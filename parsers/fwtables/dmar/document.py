"""Tables as plain data and back: what ``dmaragent decode --json`` and ``encode`` exchange.

Rule: ``from_document(to_document(decoded)) == decoded``, so bytes survive the round
trip.  Plain data means dictionaries, lists, strings and integers.  Addresses are
"0x…" strings.  Identifiers of the header are strings of one character a byte
(U+0000 to U+00FF); all other bytes are hexadecimal.  Facts that follow from others
(``offset``, ``length`` of a structure) are written for readers and not read back.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

from fwtables.damage import Damage, DamageKind
from fwtables.dmar.structures import (
    ANDD,
    ATSR,
    DMAR,
    DRHD,
    RHSA,
    RMRR,
    SATC,
    SIDP,
    DeviceScope,
    PathEntry,
    Structure,
    UnknownStructure,
    structure_name,
)
from fwtables.dmar.table import Decoded, located, structure_length
from fwtables.errors import DocumentError

if TYPE_CHECKING:
    from fwtables.dmar import schema

_CLASSES: dict[str, type[Structure]] = {
    cls.__name__: cls for cls in (DRHD, RMRR, ATSR, RHSA, ANDD, SATC, SIDP, UnknownStructure)
}
_ADDRESS = re.compile(r"0x[0-9A-Fa-f]{1,16}")
_STEP = re.compile(r"([0-9A-Fa-f]{1,2})\.([0-9A-Fa-f]{1,2})")
_IDENTIFIERS = frozenset({"signature", "oem_id", "oem_table_id", "creator_id"})


def to_document(decoded: Decoded) -> "schema.TableDocument":
    """Give `decoded` as plain data, ready for JSON; :func:`from_document` reads it back.

    Addresses are texts ``0x...``, the header's identifiers are text, other bytes are in
    hexadecimal, lengths are numbers of bytes.  ``schema.py`` has it in full.
    """
    table = decoded.table
    return {
        "table": None if table is None else _table_document(table),
        "undecoded": decoded.undecoded.hex(),
        "damage": damage_document(decoded),
    }


def damage_document(decoded: Decoded) -> "list[schema.Damage]":
    """Give the damage of `decoded` as :func:`to_document` does, without its table."""
    return [
        {"offset": one.offset, "field": one.field, "kind": one.kind.value, "reason": one.reason}
        for one in decoded.damage
    ]


def from_document(document: object) -> Decoded:
    """Read back what :func:`to_document` gave, or an edited form of it.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    values = _mapping(document, "", {"table", "undecoded", "damage"}, {"table"})
    table = values["table"]
    return Decoded(
        table=None if table is None else _table(table, "table"),
        undecoded=_hex(values.get("undecoded", ""), "undecoded"),
        damage=tuple(
            _damage(one, f"damage[{n}]")
            for n, one in enumerate(_list(values.get("damage", []), "damage"))
        ),
    )


# Writing -------------------------------------------------------------------------------


def _table_document(table: DMAR) -> "schema.Table":
    document: schema.Table = _fields_document(table, skip={"structures"})
    structures: list[Any] = [
        {
            "structure": structure_name(each) if type(each) is not UnknownStructure else "unknown",
            "offset": offset,
            "length": structure_length(each),
            **_fields_document(each),
        }
        for offset, each in located(table)
    ]
    document["structures"] = structures
    return document


def _fields_document(value: Any, skip: frozenset[str] | set[str] = frozenset()) -> Any:
    return {
        field.name: _plain(field.name, getattr(value, field.name))
        for field in fields(value)
        if field.name not in skip
    }


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1") if name in _IDENTIFIERS else value.hex()
    if isinstance(value, tuple):
        return [
            str(each) if isinstance(each, PathEntry) else _fields_document(each) for each in value
        ]
    return f"0x{value:x}" if name.endswith("_address") else value


# Reading -------------------------------------------------------------------------------


def _table(document: object, where: str) -> DMAR:
    values = _mapping(document, where, {"structures", *_names(DMAR)}, _required(DMAR))
    structures = _list(values.get("structures", []), f"{where}.structures")
    read = _read_fields(DMAR, values, where, skip={"structures"})
    return DMAR(
        **read,
        structures=tuple(
            _structure(e, f"{where}.structures[{n}]") for n, e in enumerate(structures)
        ),
    )


def _structure(document: object, where: str) -> Structure:
    known = ", ".join(name for name in _CLASSES if name != "UnknownStructure") + " or unknown"
    if not isinstance(document, Mapping):
        raise DocumentError("must be an object", where)
    name = document.get("structure")
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if name == "unknown":
        cls = UnknownStructure
    if cls is None:
        raise DocumentError(f"{str(name)[:20]!r} is not {known}", f"{where}.structure")
    derived = {"structure", "offset", "length"}
    values = _mapping(document, where, derived | _names(cls), _required(cls))
    return cls(**_read_fields(cls, values, where))


def _read_fields(
    cls: type[Any], values: Mapping[str, Any], where: str, skip: set[str] | None = None
) -> dict[str, Any]:
    return {
        field.name: _read(field, values[field.name], f"{where}.{field.name}")
        for field in fields(cls)
        if field.name in values and field.name not in (skip or ())
    }


def _read(field: Field[Any], value: object, where: str) -> Any:
    if field.name == "device_scope":
        return tuple(_scope(each, f"{where}[{n}]") for n, each in enumerate(_list(value, where)))
    if field.name == "path":
        return tuple(
            _path_entry(each, f"{where}[{n}]") for n, each in enumerate(_list(value, where))
        )
    if field.type is bytes:
        return _identifier(value, where) if field.name in _IDENTIFIERS else _hex(value, where)
    return _address(value, where) if field.name.endswith("_address") else _integer(value, where)


def _scope(document: object, where: str) -> DeviceScope:
    values = _mapping(document, where, _names(DeviceScope), _required(DeviceScope))
    return DeviceScope(**_read_fields(DeviceScope, values, where))


def _path_entry(value: object, where: str) -> PathEntry:
    found = _STEP.fullmatch(value) if isinstance(value, str) else None
    if found:
        return PathEntry(int(found[1], 16), int(found[2], 16))
    raise DocumentError(f'{str(value)[:20]!r} is not "dd.f" in hexadecimal', where)


def _damage(document: object, where: str) -> Damage:
    names = {"offset", "field", "kind", "reason"}
    values = _mapping(document, where, names, names)
    try:
        kind = DamageKind(values["kind"])
    except ValueError as error:
        raise DocumentError(
            f"{str(values['kind'])[:20]!r} is no kind of damage", f"{where}.kind"
        ) from error
    offset = _integer(values["offset"], f"{where}.offset")
    return Damage(offset, _string(values["field"], where), kind, _string(values["reason"], where))


def _names(cls: type[Any]) -> set[str]:
    return {field.name for field in fields(cls)}


def _required(cls: type[Any]) -> set[str]:
    return {field.name for field in fields(cls) if field.default is MISSING}


def _mapping(value: object, where: str, known: set[str], required: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DocumentError("must be an object", where)
    for name in value:
        if name not in known:
            raise DocumentError(f"unknown key {str(name)[:20]!r}", where)
    for name in sorted(required - value.keys()):
        raise DocumentError(f"the key {name!r} is missing", where)
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise DocumentError("must be a list", where)
    return value


def _string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise DocumentError("must be a string", where)
    return value


def _integer(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise DocumentError("must be an integer", where)
    if value.bit_length() > 64:
        raise DocumentError("is too large a number", where)
    return value


def _address(value: object, where: str) -> int:
    text = _string(value, where)
    if _ADDRESS.fullmatch(text):
        return int(text, 16)
    raise DocumentError(f'{text[:20]!r} is not an address like "0x1000"', where)


def _hex(value: object, where: str) -> bytes:
    text = _string(value, where)
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise DocumentError(f"{text[:20]!r} is not hexadecimal", where) from error


def _identifier(value: object, where: str) -> bytes:
    text = _string(value, where)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise DocumentError(f"{text[:20]!r} holds a character that is no byte", where) from error
