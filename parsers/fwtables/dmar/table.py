"""A DMAR table as it was decoded, and where its structures stand in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from fwtables.damage import Damage
from fwtables.dmar.layouts import BODIES, DEVICE_SCOPE, PATH_ENTRY, STRUCTURE_HEADER, TABLE
from fwtables.dmar.structures import ANDD, DMAR, RHSA, DeviceScope, Structure, UnknownStructure

SMALLEST = {int(kind): STRUCTURE_HEADER.size + body.size for kind, body in BODIES.items()}
"""By structure type: the bytes of its fixed part, type and length included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a byte string says, whole: the table, the bytes left over, and the damage.

    `table` is None where not even the table's fixed part could be read; `undecoded`
    is then the whole input.  `damage` is in order of offset; empty means sound.
    """

    table: DMAR | None
    undecoded: bytes = b""
    damage: tuple[Damage, ...] = ()


def located(table: DMAR) -> Iterator[tuple[int, Structure]]:
    """Yield each structure of `table` with its offset in bytes, in table order.

    The offset is that of its type, from the table's first byte.  `table` is
    `Decoded.table` where that is not None.
    """
    offset = TABLE.size
    for structure in table.structures:
        yield offset, structure
        offset += structure_length(structure)


def structure_length(structure: Structure) -> int:
    """Give the number of bytes that `structure` takes in a table, its type and length included."""
    if isinstance(structure, UnknownStructure):
        return STRUCTURE_HEADER.size + len(structure.body)
    length = SMALLEST[structure.TYPE] + len(structure.undecoded)
    if isinstance(structure, ANDD):
        return length + len(structure.acpi_object_name)
    if isinstance(structure, RHSA):
        return length
    return length + sum(scope_length(scope) for scope in structure.device_scope)


def scope_length(scope: DeviceScope) -> int:
    """Give the bytes that `scope` takes in a structure."""
    return DEVICE_SCOPE.size + PATH_ENTRY.size * len(scope.path) + len(scope.undecoded)
