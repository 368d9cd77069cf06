"""The fast readers and writers of the DMAR table, derived from its grammars; sizes and places."""

from collections.abc import Iterator

from fwtables.dmar import structures
from fwtables.dmar.constants import StructureType
from fwtables.dmar.structures import (
    ANDD,
    DMAR,
    STRUCTURES,
    DeviceScope,
    PathEntry,
    Scoped,
    Structure,
    UnknownStructure,
)
from fwtables.layout import Layout, derive, located_from

TABLE = derive(DMAR.GRAMMAR)
STRUCTURE_HEADER = derive(structures.STRUCTURE_HEADER)
DEVICE_SCOPE = derive(DeviceScope.GRAMMAR)
PATH_ENTRY = derive(PathEntry.GRAMMAR)
BODIES: dict[int, Layout] = {
    StructureType(number): derive(cls.GRAMMAR) for number, cls in STRUCTURES.items()
}
"""By structure type: the fixed part after the structure's type and length."""
SMALLEST = {int(kind): STRUCTURE_HEADER.size + body.size for kind, body in BODIES.items()}
"""By structure type: the bytes of its fixed part, type and length included."""


def located(table: DMAR) -> Iterator[tuple[int, Structure]]:
    """Yield each structure of `table` with its offset in bytes, in table order.

    The offset is that of its type, from the table's first byte.  `table` is `Decoded.table`, if
    that is not None.
    """
    return located_from(TABLE.size, table.structures, structure_length)


def structure_length(structure: Structure) -> int:
    """Return the number of bytes of `structure` in a table, its type and length included."""
    if isinstance(structure, UnknownStructure):
        return STRUCTURE_HEADER.size + len(structure.body)
    length = SMALLEST[structure.TYPE] + len(structure.undecoded)
    if isinstance(structure, ANDD):
        return length + len(structure.acpi_object_name)
    if isinstance(structure, Scoped):
        return length + sum(scope_length(scope) for scope in structure.device_scope)
    return length


def scope_length(scope: DeviceScope) -> int:
    """Return the number of bytes of `scope` in a structure."""
    return DEVICE_SCOPE.size + PATH_ENTRY.size * len(scope.path) + len(scope.undecoded)
