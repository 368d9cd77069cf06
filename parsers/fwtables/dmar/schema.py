"""The types of a table as plain data: what :func:`fwtables.to_document` returns."""

from typing import Annotated, NotRequired, TypedDict

from fwtables.damage import DamageKind

Address = Annotated[str, ("pattern", "^0x[0-9a-f]{1,16}$")]
Hex = Annotated[str, ("pattern", "^([0-9a-f]{2})*$")]
PathStep = Annotated[str, ("pattern", r"^[0-9a-f]{2}\.[0-9a-f]{1,2}$")]
Byte = Annotated[int, ("minimum", 0), ("maximum", 0xFF)]
Word = Annotated[int, ("minimum", 0), ("maximum", 0xFFFF)]
Double = Annotated[int, ("minimum", 0), ("maximum", 0xFFFFFFFF)]
StructureName = Annotated[
    str, ("enum", ("DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP", "unknown"))
]


class Damage(TypedDict):
    """A place at which the table breaks the format."""

    offset: Annotated[int, ("minimum", 0)]
    field: str
    kind: Annotated[str, DamageKind]
    reason: str


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
    """Of an unknown structure: what follows type and length."""
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


class Table(TypedDict):
    """The header and the structures; a text has one character a byte, U+0000 to U+00FF."""

    signature: str
    length: Double
    revision: Byte
    checksum: Byte
    oem_id: str
    oem_table_id: str
    oem_revision: Double
    creator_id: str
    creator_revision: Double
    host_address_width: Byte
    """The width in bits, less one."""
    flags: Byte
    reserved: Hex
    structures: list[Structure]


class TableDocument(TypedDict):
    """A table, and what of it could not be decoded."""

    table: Table | None
    undecoded: Hex
    """The bytes from the first place that could not be read on."""
    damage: list[Damage]
