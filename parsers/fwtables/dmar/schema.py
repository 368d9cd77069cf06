"""The types of a DMAR table as plain data."""

from typing import Annotated, NotRequired, TypedDict

from fwtables.dmar.structures import STRUCTURES
from fwtables.fields import Address, Byte, Double, Hex, TableHeader, Word

PathStep = Annotated[str, ("pattern", r"^[0-9a-f]{2}\.[0-9a-f]{1,2}$")]
StructureName = Annotated[
    str, ("enum", (*(cls.__name__ for cls in STRUCTURES.values()), "unknown"))
]


class Scope(TypedDict):
    """A device scope entry."""

    type: Byte
    flags: Byte
    reserved: Hex
    enumeration_id: Byte
    start_bus_number: Byte
    path: list[PathStep]
    undecoded: Hex


class Structure(TypedDict):
    """A remapping structure; which fields it has depends on its kind."""

    structure: StructureName
    offset: int
    """Derived; encode does not read it."""
    length: int
    """Derived; encode does not read it."""
    type: NotRequired[Word]
    """Of an unknown structure."""
    body: NotRequired[Hex]
    """Of an unknown structure: the bytes after type and length."""
    flags: NotRequired[Byte]
    size: NotRequired[Byte]
    reserved: NotRequired[Hex]
    segment_number: NotRequired[Word]
    register_base_address: NotRequired[Address]
    base_address: NotRequired[Address]
    limit_address: NotRequired[Address]
    proximity_domain: NotRequired[Double]
    acpi_device_number: NotRequired[Byte]
    acpi_object_name: NotRequired[Hex]
    device_scope: NotRequired[list[Scope]]
    undecoded: NotRequired[Hex]


class Table(TableHeader):
    """The header and the structures; a text has one character a byte, U+0000 to U+00FF."""

    host_address_width: Byte
    """The width in bits, less one."""
    flags: Byte
    reserved: Hex
    structures: list[Structure]
