"""The fields of frozen values as plain data and back: numbers, addresses, bytes, lists.

Plain data means dictionaries, lists, strings and integers, as JSON has them.  Addresses and
other numbers of 64 bits are "0x…" strings.  Identifiers of a table's header are strings with one
character a byte (U+0000 to U+00FF); all other bytes are hexadecimal.  The types of fields are here too, for schemas.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, NamedTuple, TypedDict, TypeVar

from fwtables.errors import DocumentError

Address = Annotated[str, ("pattern", "^0x[0-9a-f]{1,16}$")]
Hex = Annotated[str, ("pattern", "^([0-9a-f]{2})*$")]
Byte = Annotated[int, ("minimum", 0), ("maximum", 0xFF)]
Word = Annotated[int, ("minimum", 0), ("maximum", 0xFFFF)]
Double = Annotated[int, ("minimum", 0), ("maximum", 0xFFFFFFFF)]


class TableHeader(TypedDict):
    """The header of a table as plain data; a text has one character a byte, U+0000 to U+00FF."""

    signature: str
    length: Double
    revision: Byte
    checksum: Byte
    oem_id: str
    oem_table_id: str
    oem_revision: Double
    creator_id: str
    creator_revision: Double


_WIDE = ("_address", "_image", "_length")
"""Endings of the names of fields with 64 bits, which are "0x…" strings."""
_ADDRESS = re.compile(r"0x[0-9A-Fa-f]{1,16}")
_IDENTIFIERS = frozenset({"signature", "oem_id", "oem_table_id", "creator_id"})
_SHOWN = 20
"""Maximum characters of a wrong value that an error quotes."""

Writers = Mapping[str, Callable[[Any], Any]]
"""By the name of a field with a list: the function that writes an item."""
Readers = Mapping[str, Callable[[object, str], Any]]
"""By the name of a field with a list: the function that reads an item, with its place."""


def quoted(value: object) -> str:
    """Return the beginning of `value` in quotes, for an error."""
    return repr(str(value)[:_SHOWN])


_Value = TypeVar("_Value")

UNKNOWN = "unknown"
"""The name of the class that keeps what has no other class."""


class OneOf(NamedTuple):
    """The classes of which an object in JSON can be one."""

    key: str
    """The key whose value is the name of the class."""
    classes: Mapping[str, type[Any]]
    derived: frozenset[str] = frozenset()
    """Other keys that are written for readers and not read back."""


def classes_by_name(
    known: Iterable[type[_Value]], unknown: type[_Value]
) -> dict[str, type[_Value]]:
    """Return the classes `known` by their names, and `unknown` as :data:`UNKNOWN`."""
    return {**{cls.__name__: cls for cls in known}, UNKNOWN: unknown}


# Writing -------------------------------------------------------------------------------


def fields_document(value: Any, lists: Writers, skip: frozenset[str] = frozenset()) -> Any:
    """Return the fields of a frozen value as plain data, without the fields to `skip`."""
    return {
        field.name: _plain(field.name, getattr(value, field.name), lists)
        for field in fields(value)
        if field.name not in skip
    }


def table_document(table: Any, name: str, items: Iterable[Any]) -> Any:
    """Return `table` as plain data; `items` are those of its list `name`, as plain data."""
    return {**fields_document(table, {}, frozenset({name})), name: list(items)}


def _plain(name: str, value: Any, lists: Writers) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1") if name in _IDENTIFIERS else value.hex()
    if name in lists:
        return [lists[name](item) for item in value]
    return f"0x{value:x}" if name.endswith(_WIDE) else value


# Reading -------------------------------------------------------------------------------


def read_fields(
    cls: type[Any],
    values: Mapping[str, Any],
    where: str,
    lists: Readers,
    skip: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Read back the fields of `cls` that are in `values`, without the fields to `skip`.

    Raises:
        DocumentError: a value has the wrong type or form.

    """
    return {
        field.name: _read(field, values[field.name], f"{where}.{field.name}", lists)
        for field in fields(cls)
        if field.name in values and field.name not in skip
    }


def _read(field: Field[Any], value: object, where: str, lists: Readers) -> Any:
    if field.name in lists:
        return read_list(value, where, lists[field.name])
    if field.type is bytes:
        return (
            _identifier(value, where) if field.name in _IDENTIFIERS else hexadecimal(value, where)
        )
    return _address(value, where) if field.name.endswith(_WIDE) else integer(value, where)


def read_table(
    cls: type[_Value], name: str, read: Callable[[object, str], Any], document: object, where: str
) -> _Value:
    """Read back a table of `cls`; `read` reads an item of its list `name`.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    values = mapping(document, where, names_of(cls), required_of(cls))
    items = values.get(name, [])
    if not isinstance(items, list):
        raise DocumentError("must be a list", f"{where}.{name}")
    read_first = read_fields(cls, values, where, {}, frozenset({name}))
    return cls(**read_first, **{name: read_list(items, f"{where}.{name}", read)})


def read_one_of(document: object, kinds: OneOf, where: str, lists: Readers) -> Any:
    """Read back an object of one of the classes of `kinds`.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    if not isinstance(document, Mapping):
        raise DocumentError("must be an object", where)
    name = document.get(kinds.key)
    cls = kinds.classes.get(name) if isinstance(name, str) else None
    if cls is None:
        *others, last = kinds.classes
        wanted = f"{', '.join(others)} or {last}"
        raise DocumentError(f"{quoted(name)} is not {wanted}", f"{where}.{kinds.key}")
    allowed = {kinds.key} | kinds.derived | names_of(cls)
    values = mapping(document, where, allowed, required_of(cls))
    return cls(**read_fields(cls, values, where, lists))


def names_of(cls: type[Any]) -> set[str]:
    """Return the names of the fields of `cls`."""
    return {field.name for field in fields(cls)}


def required_of(cls: type[Any]) -> set[str]:
    """Return the names of the fields of `cls` that have no default."""
    return {field.name for field in fields(cls) if field.default is MISSING}


def mapping(value: object, where: str, known: set[str], required: set[str]) -> Mapping[str, Any]:
    """Return `value` if it is an object with `known` keys, all `required` ones among them."""
    if not isinstance(value, Mapping):
        raise DocumentError("must be an object", where)
    for name in value:
        if name not in known:
            raise DocumentError(f"unknown key {quoted(name)}", where)
    for name in sorted(required - value.keys()):
        raise DocumentError(f"the key {name!r} is missing", where)
    return value


def read_list(value: object, where: str, read: Callable[[object, str], Any]) -> tuple[Any, ...]:
    """Return the items of the list `value`, each read by `read`."""
    if not isinstance(value, list):
        raise DocumentError("must be a list", where)
    return tuple(read(item, f"{where}[{number}]") for number, item in enumerate(value))


def string(value: object, where: str) -> str:
    """Return `value`, a string."""
    if not isinstance(value, str):
        raise DocumentError("must be a string", where)
    return value


def integer(value: object, where: str) -> int:
    """Return `value`, an integer of 64 bits at most."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise DocumentError("must be an integer", where)
    if value.bit_length() > 64:
        raise DocumentError("is too large: the limit is 64 bits", where)
    return value


def hexadecimal(value: object, where: str) -> bytes:
    """Return the bytes of the hexadecimal digits `value`."""
    text = string(value, where)
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise DocumentError(f"{quoted(text)} is not hexadecimal", where) from error


def _address(value: object, where: str) -> int:
    text = string(value, where)
    if _ADDRESS.fullmatch(text):
        return int(text, 16)
    raise DocumentError(f'{quoted(text)} is not an address like "0x1000"', where)


def _identifier(value: object, where: str) -> bytes:
    text = string(value, where)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise DocumentError(f"{quoted(text)} has a character that is not a byte", where) from error
